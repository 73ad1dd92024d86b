"""The decoder: a recurrent layer and attention over events, then a small decoder per field.

Both read the last event, the codes of the beat, the place in the bar, the emotion and the form. The
fields of the next event are chosen in the order onset, pitch, duration, velocity; each depends on
the previous ones.

`forward` runs whole sequences in training; `DecoderStep` and `FieldStep` are the same weights as
the step graphs.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from engine.generators.muser.model import FORMS
from engine.generators.muser.vocabulary import (
    CODEBOOKS,
    ELEMENTS,
    END_TICK,
    FIELDS,
    MOST_BEATS_PER_BAR,
)
from engine.music.rhythm import TICKS
from export_onnx.muser.attention import HEAD_SIZE, Block, places_of
from export_onnx.muser.config import CONDITION_SIZE, DecoderConfig

__all__ = ["CodeEmbedding", "Decoder", "DecoderStep", "FieldStep", "Given", "PhaseEmbedding"]


class CodeEmbedding(nn.Module):
    """Codes of a beat to one vector, element by element; the code past the last means none."""

    offsets: Tensor

    def __init__(self, size: int) -> None:
        super().__init__()
        sizes = [CODEBOOKS[name] + 1 for name in ELEMENTS]
        starts = torch.tensor([0, *sizes[:-1]]).cumsum(0)
        self.register_buffer("offsets", starts, persistent=False)
        self.table = nn.Embedding(sum(sizes), size)
        self.size = size * len(ELEMENTS)

    def forward(self, codes: Tensor) -> Tensor:
        """Embed codes, shape (..., 8), as (..., size)."""
        found: Tensor = self.table(codes + self.offsets)
        return found.flatten(-2)


class PhaseEmbedding(nn.Module):
    """Place in the bar and length of the bar."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.table = nn.Embedding(MOST_BEATS_PER_BAR * MOST_BEATS_PER_BAR, size)

    def forward(self, phase: Tensor) -> Tensor:
        """Embed (position, length - 1), shape (..., 2), as (..., size)."""
        found: Tensor = self.table(phase[..., 1] * MOST_BEATS_PER_BAR + phase[..., 0])
        return found


class Given(NamedTuple):
    """What the decoder is told with each event; shapes with (B, T) in front.

    Attributes
    ----------
    event : int64, (..., 4)
        The event before; `NO_EVENT` opens a beat.
    codes, phase : int64, (..., 8) and (..., 2)
        Of the beat of the event to come.
    condition : float32, (..., 3)
        Valence, arousal, and 1 where they are known.
    form : int64, (..., 2)
        Index into `FORMS`, and beats back to where the figures come from.
    beat : int64, (...)
        Number of that beat, modulo `PERIOD`.
    """

    event: Tensor
    codes: Tensor
    phase: Tensor
    condition: Tensor
    form: Tensor
    beat: Tensor


Memory = tuple[Tensor, Tensor]
"""Keys and values, shape (blocks, 2, heads, M, size), and the mask of `Block.step`."""


class Decoder(nn.Module):
    """Events of a beat given its codes, the emotion, the form and everything before."""

    offsets: Tensor

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.config = config
        hidden, size = config.hidden, config.field_size
        sizes = [field.size + 1 for field in FIELDS]
        self.register_buffer("offsets", torch.tensor([0, *sizes[:-1]]).cumsum(0), persistent=False)
        self.fields = nn.Embedding(sum(sizes), size)
        self.codes = CodeEmbedding(config.code_size)
        self.phase = PhaseEmbedding(16)
        given = self.codes.size + 16
        event = size * len(FIELDS)
        self.enter = nn.Linear(event + given, hidden)
        self.recurrent = nn.GRU(hidden, hidden, batch_first=True)
        self.given = nn.Linear(given, hidden)
        self.open = nn.Linear(event + given + 2 * hidden, hidden)
        self.emotion = nn.Linear(CONDITION_SIZE, hidden)
        self.form = nn.Embedding(len(FORMS), hidden)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.blocks))
        self.close = nn.Linear(hidden, hidden)
        nn.init.zeros_(self.close.weight)
        nn.init.zeros_(self.close.bias)
        self.norm = nn.LayerNorm(hidden)
        self.dropout = nn.Dropout(config.dropout)
        own = hidden + self.codes.size
        self.heads = nn.ModuleList(
            nn.Sequential(
                nn.Linear(own + number * size, config.head),
                nn.GELU(),
                nn.Linear(config.head, field.size),
            )
            for number, field in enumerate(FIELDS)
        )

    @property
    def memory(self) -> tuple[int, ...]:
        """Shape of the memory: blocks, keys and values, heads, events, size."""
        config = self.config
        return config.blocks, 2, config.keys, config.length, HEAD_SIZE

    def embed(self, event: Tensor) -> Tensor:
        """Embed the fields of events, shape (..., 4), as (..., 4, field_size)."""
        found: Tensor = self.fields(event + self.offsets)
        return found

    def context(
        self, given: Given, state: Tensor, memory: Memory | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Read events.

        Parameters
        ----------
        given : Given
            The events before, and the beats of the events to come.
        state : float32, shape (1, B, hidden)
            Of the recurrent layer.
        memory : (Tensor, Tensor), optional
            For a single event: what `Block.step` takes, keys and values with one more axis in
            front, the block.

        Returns
        -------
        context : float32, shape (B, T, hidden)
        state : float32, shape (1, B, hidden)
        entry : float32, shape (blocks, 2, heads, size)
            Keys and values of a single event; empty without a memory.
        """
        event, codes, phase, condition, form, beat = given
        told = torch.cat([self.codes(codes), self.phase(phase)], -1)
        x = torch.cat([self.embed(event).flatten(-2), told], -1)
        start = state[0][:, None]
        out, state = self.recurrent(self.dropout(self.enter(x)), state)
        before = torch.cat([start, out[:, :-1]], 1)
        y = self.open(torch.cat([x, before, out], -1))
        y = self.dropout(y + self.emotion(condition) + self.form(form[..., 0]))
        at = beat + (event[..., 0] % (END_TICK + 1) % END_TICK) / TICKS
        own, source = places_of(at), places_of(at - form[..., 1])
        entries = []
        for number, block in enumerate(self.blocks):
            assert isinstance(block, Block)
            if memory is None:
                y = block(y, own, source)
            else:
                y, entry = block.step(y, own, source, memory[0][number], memory[1])
                entries.append(entry)
        out = out + self.given(told) + self.close(y)
        found = torch.stack(entries) if entries else out.new_zeros(0)
        return self.dropout(self.norm(out)), state, found

    def logits(self, context: Tensor, codes: Tensor, event: Tensor) -> list[Tensor]:
        """Return the logits of every field of the next event, each given those before it."""
        own = torch.cat([context, self.codes(codes)], -1)
        known = self.embed(event).flatten(-2)
        size = self.config.field_size
        return [
            head(torch.cat([own, known[..., : number * size]], -1))
            for number, head in enumerate(self.heads)
        ]

    def forward(self, given: Given, following: Tensor) -> list[Tensor]:
        """Return the logits of the events that follow those of a sequence.

        Parameters
        ----------
        following : int64, shape (B, T, 4)
            The event after each in its beat; an onset of ``END_TICK`` closes the beat.

        Returns
        -------
        logits : list of float32, shape (B, T, n_values), one per field
        """
        state = torch.zeros((1, len(given.event), self.config.hidden))
        context, _, _ = self.context(given, state)
        return self.logits(context, given.codes, following)


class DecoderStep(nn.Module):
    """One event: the fields of `Given` without the time axis, state, memory and its mask."""

    def __init__(self, decoder: Decoder) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(
        self,
        event: Tensor,
        codes: Tensor,
        phase: Tensor,
        condition: Tensor,
        form: Tensor,
        beat: Tensor,
        state: Tensor,
        memory: Tensor,
        unseen: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return the context, shape (1, H), the next state and the entry for the memory."""
        given = Given(*(x[:, None] for x in (event, codes, phase, condition, form, beat)))
        context, state, entry = self.decoder.context(given, state, (memory, unseen))
        return context[:, 0], state, entry


class FieldStep(nn.Module):
    """All fields' logits side by side, shape (1, sum of sizes)."""

    def __init__(self, decoder: Decoder) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(self, context: Tensor, codes: Tensor, event: Tensor) -> Tensor:
        """Return the logits of every field given those before it."""
        return torch.cat(self.decoder.logits(context, codes, event), -1)
