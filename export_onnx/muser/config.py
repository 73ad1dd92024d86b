"""Sizes and training schedules of MusER's networks."""

from dataclasses import dataclass

from engine.generators.muser.vocabulary import ELEMENTS

__all__ = ["CONDITION_SIZE", "LATENT_ELEMENTS", "CodesConfig", "DecoderConfig", "PriorConfig"]

CONDITION_SIZE = 3
"""Valence, arousal, and 1 where they are known."""

LATENT_ELEMENTS = ELEMENTS[1:]
"""Elements with a learned codebook: all but the mode, which has two values of its own."""


@dataclass(frozen=True)
class CodesConfig:
    """The vector-quantised autoencoder of single beats.

    Attributes
    ----------
    slice_size : int
        Dimensions of an element's latent slice.
    hidden : int
        Width of the networks of one element.
    commitment, regulariser, adversary : float
        Weights beside the reconstruction.
    slope : float
        Factor on the difference of two latents before tanh.
    decay : float
        Of the codebook's running means.
    dead_below : float
        Running count per batch under which a code is moved onto a random beat.
    """

    slice_size: int = 8
    hidden: int = 96
    commitment: float = 0.25
    regulariser: float = 0.3
    adversary: float = 0.1
    slope: float = 2.0
    decay: float = 0.98
    dead_below: float = 0.3
    batch: int = 1024
    steps: int = 2500
    learning_rate: float = 2e-3
    seed: int = 20251121


@dataclass(frozen=True)
class DecoderConfig:
    """The decoder of events: a recurrent layer, attention over a long memory, a head per field.

    Attributes
    ----------
    hidden : int
        Width of the recurrent layer and of the attention's blocks.
    field_size, code_size : int
        Embedding of one field of an event, of one element's code.
    head : int
        Width of each field's own decoder.
    blocks, feed : int
        Blocks of the attention, width of their feed-forward layers.
    keys : int
        Heads of keys and values; each serves a query at the event's own place and one at the place
        whose figures come back.
    drop_condition : float
        Share of sequences that do not see the emotion, and of those that do not see the form.
    length : int
        Events per training sequence, and of the memory.
    """

    hidden: int = 256
    field_size: int = 32
    code_size: int = 16
    head: int = 128
    blocks: int = 3
    feed: int = 1024
    keys: int = 4
    dropout: float = 0.15
    drop_condition: float = 0.15
    length: int = 1024
    batch: int = 2
    learning_rate: float = 1e-3
    seed: int = 20251122


@dataclass(frozen=True)
class PriorConfig:
    """The emotion prior over the codes of beats.

    Attributes
    ----------
    hidden : int
        Width of the recurrent layers.
    code_size, past_size : int
        Embedding of a code of the last beat, of one some bars ago.
    head : int
        Width of each element's own network.
    drop_condition : float
        Share of sequences that do not see the emotion.
    length : int
        Beats per training sequence.
    """

    hidden: int = 256
    layers: int = 2
    code_size: int = 32
    past_size: int = 16
    head: int = 192
    dropout: float = 0.2
    drop_condition: float = 0.15
    length: int = 96
    batch: int = 32
    learning_rate: float = 2e-3
    seed: int = 20251123
