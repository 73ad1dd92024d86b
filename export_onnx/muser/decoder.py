"""Two-level decoder: a recurrent layer over events, then a small decoder per field, in order.

The global level reads the last event, the codes of the beat and the place in the bar. The fields of
the next event are chosen in the order onset, pitch, duration, velocity; each depends on the
previous ones.

`forward` runs whole sequences in training; `DecoderStep` and `FieldStep` are the same
weights as the step graphs.
"""

import torch
from torch import Tensor, nn

from engine.generators.muser.vocabulary import CODEBOOKS, ELEMENTS, FIELDS, MOST_BEATS_PER_BAR
from export_onnx.muser.config import DecoderConfig

__all__ = ["CodeEmbedding", "Decoder", "DecoderStep", "FieldStep", "PhaseEmbedding"]


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


class Decoder(nn.Module):
    """Events of a beat given its codes and everything before."""

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
        self.enter = nn.Linear(size * len(FIELDS) + given, hidden)
        self.recurrent = nn.GRU(hidden, hidden, batch_first=True)
        self.given = nn.Linear(given, hidden)
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

    def embed(self, event: Tensor) -> Tensor:
        """Embed the fields of events, shape (..., 4), as (..., 4, field_size)."""
        found: Tensor = self.fields(event + self.offsets)
        return found

    def context(
        self, event: Tensor, codes: Tensor, phase: Tensor, state: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Run the global level.

        Parameters
        ----------
        event : int64, shape (B, T, 4)
            The events before.
        codes, phase : int64, shapes (B, T, 8) and (B, T, 2)
            Of the beats of the events to come.
        state : float32, shape (1, B, hidden)

        Returns
        -------
        context : float32, shape (B, T, hidden)
        state : float32, shape (1, B, hidden)
        """
        given = torch.cat([self.codes(codes), self.phase(phase)], -1)
        x = torch.cat([self.embed(event).flatten(-2), given], -1)
        out, state = self.recurrent(self.dropout(self.enter(x)), state)
        return self.dropout(self.norm(out + self.given(given))), state

    def logits(self, context: Tensor, codes: Tensor, event: Tensor) -> list[Tensor]:
        """Return the logits of every field of the next event, each given those before it."""
        own = torch.cat([context, self.codes(codes)], -1)
        known = self.embed(event).flatten(-2)
        size = self.config.field_size
        return [
            head(torch.cat([own, known[..., : number * size]], -1))
            for number, head in enumerate(self.heads)
        ]

    def forward(
        self, event: Tensor, codes: Tensor, phase: Tensor, following: Tensor
    ) -> list[Tensor]:
        """Return the logits of the events that follow those of a sequence.

        Parameters
        ----------
        event, following : int64, shape (B, T, 4)
            Each event and the one after it in its beat; `NO_EVENT` opens a beat, an onset of
            ``END_TICK`` closes it.
        codes, phase : int64, shapes (B, T, 8) and (B, T, 2)
            Of their beats.

        Returns
        -------
        logits : list of float32, shape (B, T, n_values), one per field
        """
        state = torch.zeros((1, len(event), self.config.hidden))
        context, _ = self.context(event, codes, phase, state)
        return self.logits(context, codes, following)


class DecoderStep(nn.Module):
    """One event through the global level: (1, 4), (1, 8), (1, 2), (1, 1, H)."""

    def __init__(self, decoder: Decoder) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(
        self, event: Tensor, codes: Tensor, phase: Tensor, state: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return the context, shape (1, H), and the next state."""
        context, state = self.decoder.context(event[:, None], codes[:, None], phase[:, None], state)
        return context[:, 0], state


class FieldStep(nn.Module):
    """All fields' logits side by side, shape (1, sum of sizes)."""

    def __init__(self, decoder: Decoder) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(self, context: Tensor, codes: Tensor, event: Tensor) -> Tensor:
        """Return the logits of every field given those before it."""
        return torch.cat(self.decoder.logits(context, codes, event), -1)
