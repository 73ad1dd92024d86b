"""Sizes of the chord model and settings of its training."""

from dataclasses import dataclass

__all__ = ["INTENT_GROUPS", "NetworkConfig", "TrainConfig"]


INTENT_GROUPS = (
    "valence",
    "arousal",
    "density",
    "loudness",
    "motion",
    "since",
    "until",
    "energy",
    "semantic",
)
"""What guidance strengthens; key, tempo and metre are facts and stay in both of its branches."""


@dataclass(frozen=True)
class NetworkConfig:
    """Sizes.

    Attributes
    ----------
    width, layers, heads, hidden : int
        Of the transformer.
    window : int
        Slots its attention reaches back.
    memory : int
        Slots the copy heads reach back; training crops songs to as many.
    pair : int
        Width of the description of a pair of slots.
    key : int
        Width of a copy head's query.
    change_heads, stay_heads : int
        Copy heads for the next other chord, and for whether the chord stays.
    copy : bool
        Without them the transformer is alone.
    dropout : float
    """

    width: int = 96
    layers: int = 3
    heads: int = 4
    hidden: int = 256
    window: int = 128
    memory: int = 256
    pair: int = 16
    key: int = 16
    change_heads: int = 2
    stay_heads: int = 2
    copy: bool = True
    dropout: float = 0.2


@dataclass(frozen=True)
class TrainConfig:
    """Training.

    Attributes
    ----------
    batch : int
        Songs per step.
    crop : int
        Longest stretch of a song [slots].
    drop_group, drop_all : float
        Probability that a group, or everything, is hidden from the network.
    noise : float
        Deviation of the noise on the groups that are measured.
    semantic_noise : float
        The same on the CLIP components, which could tell each video from all others.
    delay : int
        The intent groups come up to so many slots late.
    transpose : float
        Probability that a song is transposed to a wrong key; its mode is hidden then.
    affect : float
        Weight of the affective-similarity loss.
    average_decay : float
        Of the running mean of the weights.
    shares : tuple
        Data set and how often each of its songs is drawn per epoch.
    """

    epochs: int = 12
    batch: int = 16
    crop: int = 256
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    drop_group: float = 0.3
    drop_all: float = 0.1
    noise: float = 0.1
    semantic_noise: float = 0.5
    delay: int = 2
    transpose: float = 0.1
    affect: float = 0.05
    average_decay: float = 0.995
    shares: tuple[tuple[str, int], ...] = (
        ("pop909", 1),
        ("vgmidi", 1),
        ("emopia", 1),
        ("muvisync", 1),
    )
    seed: int = 20251121
