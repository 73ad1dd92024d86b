"""Emotion prior: predicts the codes of each beat for valence and arousal that may change.

Recurrent layers run over beats; they get the codes of the last beat and, so that motifs return, of
the beats one, two and four bars ago. The emotion enters at every beat by scaling and shifting
(FiLM), in the layers and again where the codes are chosen, so a changed target has effect at once,
without a restart. Within a beat the elements are chosen in order, each given the previous ones: to
impose the tempo, the mode or the chord, its code is set directly.

References
----------
Perez et al.: FiLM: visual reasoning with a general conditioning layer. AAAI 2018.
"""

import torch
from torch import Tensor, nn

from engine.generators.muser.model import LOOKBACK_BARS
from engine.generators.muser.vocabulary import CODEBOOKS, ELEMENTS
from export_onnx.muser.config import CONDITION_SIZE, PriorConfig
from export_onnx.muser.decoder import CodeEmbedding, PhaseEmbedding

__all__ = ["ElementStep", "Prior", "PriorStep"]


class _Film(nn.Module):
    """Scales and shifts a layer by the emotion."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.network = nn.Sequential(
            nn.Linear(CONDITION_SIZE, 48), nn.GELU(), nn.Linear(48, 2 * size)
        )

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        scale, shift = self.network(condition).chunk(2, -1)
        moved: Tensor = x * (1.0 + scale) + shift
        return moved


class Prior(nn.Module):
    """Codes of the next beat given the beats before and the emotion."""

    def __init__(self, config: PriorConfig) -> None:
        super().__init__()
        self.config = config
        hidden = config.hidden
        self.last = CodeEmbedding(config.code_size)
        self.past = nn.ModuleList(CodeEmbedding(config.past_size) for _ in LOOKBACK_BARS)
        self.phase = PhaseEmbedding(16)
        width = self.last.size + len(LOOKBACK_BARS) * config.past_size * len(ELEMENTS) + 16
        self.enter = nn.Linear(width, hidden)
        self.film = _Film(hidden)
        self.recurrent = nn.GRU(
            hidden, hidden, config.layers, batch_first=True, dropout=config.dropout
        )
        self.skip = nn.Linear(width, hidden)
        self.norm = nn.LayerNorm(hidden)
        self.dropout = nn.Dropout(config.dropout)
        self.inner = nn.ModuleList(
            nn.Embedding(CODEBOOKS[name] + 1, config.code_size) for name in ELEMENTS
        )
        self.opens = nn.ModuleList(
            nn.Linear(hidden + number * config.code_size, config.head)
            for number in range(len(ELEMENTS))
        )
        self.films = nn.ModuleList(_Film(config.head) for _ in ELEMENTS)
        self.closes = nn.ModuleList(nn.Linear(config.head, CODEBOOKS[name]) for name in ELEMENTS)

    def context(
        self, past: Tensor, phase: Tensor, condition: Tensor, state: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Run over beats.

        Parameters
        ----------
        past : int64, shape (B, T, 1 + len(LOOKBACK_BARS), 8)
        phase : int64, shape (B, T, 2)
        condition : float32, shape (B, T, 3)
        state : float32, shape (layers, B, hidden)

        Returns
        -------
        context : float32, shape (B, T, hidden)
        state : float32, shape (layers, B, hidden)
        """
        parts = [self.last(past[..., 0, :])]
        parts += [embed(past[..., 1 + i, :]) for i, embed in enumerate(self.past)]
        x = self.dropout(torch.cat([*parts, self.phase(phase)], -1))
        out, state = self.recurrent(self.film(self.enter(x), condition), state)
        return self.dropout(self.norm(out + self.skip(x))), state

    def logits(self, context: Tensor, condition: Tensor, codes: Tensor) -> list[Tensor]:
        """Return the logits of every element's code, each given those before it."""
        known = context
        found = []
        for number in range(len(ELEMENTS)):
            x = self.films[number](self.opens[number](known), condition)
            found.append(self.closes[number](self.dropout(nn.functional.gelu(x))))
            known = torch.cat([known, self.inner[number](codes[..., number])], -1)
        return found

    def forward(
        self, past: Tensor, phase: Tensor, condition: Tensor, codes: Tensor
    ) -> list[Tensor]:
        """Return the logits of the codes of a sequence of beats, shape (B, T, n_codes) each."""
        shape = (self.config.layers, len(past), self.config.hidden)
        context, _ = self.context(past, phase, condition, condition.new_zeros(shape))
        return self.logits(context, condition, codes)


class PriorStep(nn.Module):
    """One beat: (1, 4, 8), (1, 2), (1, 3), (layers, 1, H)."""

    def __init__(self, prior: Prior) -> None:
        super().__init__()
        self.prior = prior

    def forward(
        self, past: Tensor, phase: Tensor, condition: Tensor, state: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return the context, shape (1, H), and the next state."""
        context, state = self.prior.context(
            past[:, None], phase[:, None], condition[:, None], state
        )
        return context[:, 0], state


class ElementStep(nn.Module):
    """All elements' logits side by side, shape (1, sum of codes)."""

    def __init__(self, prior: Prior) -> None:
        super().__init__()
        self.prior = prior

    def forward(self, context: Tensor, condition: Tensor, codes: Tensor) -> Tensor:
        """Return the logits of every element given those before it."""
        return torch.cat(self.prior.logits(context, condition, codes), -1)
