"""Judge two: a recurrent network that reads the notes one after the other.

It gets no statistics of the clip: velocity, gaps and lengths are inputs note by note, pitch as
height and as degree above the tonic of the major scale that fits the clip best (so relative
minor and major have the same degrees).
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from engine.music.profile import key_correlations
from export_onnx.judges.judge import HIGH_AROUSAL, HIGH_VALENCE, TeacherOutput
from export_onnx.judges.notes import Notes
from export_onnx.training.progress import Progress

__all__ = ["SequenceConfig", "SequenceJudge", "fit_sequence"]

_NUMBERS = 5
_HEADS = 8


@dataclass(frozen=True)
class SequenceConfig:
    """Sizes and training of the network; chosen on folds of the training songs.

    Attributes
    ----------
    window : int
        Notes read at once; longer clips are judged by the mean over windows, half overlapping.
    networks : int
        Networks averaged, each from a seed of its own.
    shift : int
        Largest shift of the register in training [semitones]; degrees stay.
    """

    hidden: int = 32
    window: int = 160
    epochs: int = 10
    networks: int = 3
    batch_size: int = 32
    learning_rate: float = 3e-3
    weight_decay: float = 2e-2
    dropout: float = 0.4
    smoothing: float = 0.05
    shift: int = 2
    seed: int = 20251121


@dataclass(frozen=True)
class _Sequence:
    """One clip as the network reads it: degree (n,) and numbers (n, 5)."""

    degree: np.ndarray
    numbers: np.ndarray


def _home(notes: Notes) -> int:
    """Tonic of the major scale that fits best: the key's own, or its relative major's."""
    lengths = np.maximum(notes.end_s - notes.start_s, 0.02)
    histogram = np.bincount(notes.pitch % 12, lengths, 12).astype(np.float64)
    key = int(key_correlations(histogram).argmax())
    return key % 12 if key < 12 else (key + 3) % 12


def _sequence(notes: Notes) -> _Sequence:
    groups = notes.onset_groups()
    onsets = notes.onsets_s()
    typical = float(np.median(np.diff(onsets))) if len(onsets) > 1 else 0.5
    gaps = np.log(np.clip(np.diff(onsets, append=onsets[-1] + typical), 0.03, 4.0))[groups]
    order = np.lexsort((notes.pitch, groups))
    numbers = np.stack(
        [
            (notes.pitch - 60) / 12,
            notes.velocity / 127 * 4 - 2,
            gaps + 1.4,
            np.log(np.clip(notes.end_s - notes.start_s, 0.03, 8.0)) + 0.4,
            np.diff(groups, prepend=-1) > 0,
        ],
        1,
    ).astype(np.float32)
    return _Sequence(((notes.pitch - _home(notes)) % 12)[order], numbers[order])


class _Network(nn.Module):
    """Bidirectional GRU, attention pooling, three heads in one output."""

    def __init__(self, config: SequenceConfig) -> None:
        super().__init__()
        hidden = config.hidden
        self.degree = nn.Embedding(12, 12)
        self.inward = nn.Linear(12 + _NUMBERS, hidden)
        self.recurrent = nn.GRU(hidden, hidden, batch_first=True, bidirectional=True)
        self.attention = nn.Linear(2 * hidden, 4)
        self.drop = nn.Dropout(config.dropout)
        self.outward = nn.Linear(8 * hidden, _HEADS)

    def forward(
        self, degree: torch.Tensor, numbers: torch.Tensor, present: torch.Tensor
    ) -> torch.Tensor:
        """Return logits (b, 8) of degree (b, n), numbers (b, n, 5), present (b, n)."""
        entered = self.inward(torch.cat([self.degree(degree), numbers], -1))
        states, _ = self.recurrent(self.drop(nn.functional.gelu(entered)))
        states = self.drop(states)  # (b, n, 2h)
        looks = self.attention(states).masked_fill(~present[..., None], -1e9).softmax(1)
        pooled = torch.einsum("bnk,bnc->bkc", looks, states).flatten(1)
        logits: torch.Tensor = self.outward(self.drop(pooled))
        return logits


def _batch(
    sequences: Sequence[_Sequence], starts: Sequence[int], window: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    degree = np.zeros((len(sequences), window), np.int64)
    numbers = np.zeros((len(sequences), window, _NUMBERS), np.float32)
    present = np.zeros((len(sequences), window), bool)
    for row, (sequence, start) in enumerate(zip(sequences, starts, strict=True)):
        piece = slice(start, start + window)
        n = len(sequence.degree[piece])
        degree[row, :n] = sequence.degree[piece]
        numbers[row, :n] = sequence.numbers[piece]
        present[row, :n] = True
    return torch.from_numpy(degree), torch.from_numpy(numbers), torch.from_numpy(present)


class SequenceJudge:
    """Averaged networks; see `fit_sequence`."""

    name = "sequence network"

    def __init__(self, config: SequenceConfig, networks: Sequence[nn.Module]) -> None:
        self.config = config
        self.networks = [network.eval() for network in networks]

    def judge(self, clips: Sequence[Notes]) -> TeacherOutput:
        """Return the opinion on each clip; windows count by equal shares."""
        window = self.config.window
        rows = np.zeros((len(clips), _HEADS))
        with torch.no_grad():
            for index, clip in enumerate(clips):
                if len(clip) < 2:
                    continue
                sequence = _sequence(clip)
                starts = list(range(0, max(1, len(clip) - window // 2), window // 2))
                batch = _batch([sequence] * len(starts), starts, window)
                logits = torch.stack([network(*batch) for network in self.networks])
                rows[index] = logits.mean((0, 1)).double().numpy()
        shares = np.exp(rows[:, :4] - rows[:, :4].max(1, keepdims=True))
        shares /= shares.sum(1, keepdims=True)
        return TeacherOutput(shares, rows[:, 5] - rows[:, 4], rows[:, 7] - rows[:, 6])

    def save(self, path: Path) -> None:
        """Write configuration and weights."""
        weights = [network.state_dict() for network in self.networks]
        torch.save({"config": asdict(self.config), "weights": weights}, path)

    @classmethod
    def load(cls, path: Path) -> "SequenceJudge":
        """Read what `save` wrote."""
        stored = torch.load(path, weights_only=True)
        config = SequenceConfig(**stored["config"])
        networks = []
        for weights in stored["weights"]:
            network = _Network(config)
            network.load_state_dict(weights)
            networks.append(network)
        return cls(config, networks)


def _fit_one(
    sequences: list[_Sequence], quadrants: np.ndarray, config: SequenceConfig, seed: int
) -> _Network:
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = _Network(config)
    size = min(config.batch_size, len(sequences))
    steps = max(1, config.epochs * len(sequences) // size)
    optimiser = torch.optim.AdamW(
        network.parameters(), config.learning_rate, weight_decay=config.weight_decay
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, config.learning_rate, total_steps=steps, pct_start=0.2
    )
    targets = [
        (slice(0, 4), quadrants),
        (slice(4, 6), HIGH_VALENCE[quadrants].astype(np.int64)),
        (slice(6, 8), HIGH_AROUSAL[quadrants].astype(np.int64)),
    ]
    order = np.zeros(0, np.int64)
    with Progress("sequence judge", steps) as progress:
        for _ in range(steps):
            if len(order) < size:
                order = rng.permutation(len(sequences))
            chosen, order = order[:size], order[size:]
            picked = [sequences[index] for index in chosen]
            starts = [
                int(rng.integers(0, max(1, len(one.degree) - config.window + 1))) for one in picked
            ]
            degree, numbers, present = _batch(picked, starts, config.window)
            shift = rng.integers(-config.shift, config.shift + 1, len(picked)) / 12
            numbers[..., 0] += torch.from_numpy(shift.astype(np.float32))[:, None]
            logits = network(degree, numbers, present)
            loss = torch.zeros(())
            for columns, labels in targets:
                loss = loss + nn.functional.cross_entropy(
                    logits[:, columns],
                    torch.from_numpy(labels[chosen]),
                    label_smoothing=config.smoothing,
                )
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            progress.advance(f"loss {loss.item():.2f}")
    return network


def fit_sequence(
    clips: Sequence[Notes], quadrants: np.ndarray, config: SequenceConfig | None = None
) -> SequenceJudge:
    """Learn from clips and their quadrants 0..3, shape (n,).

    Neither velocity nor speed is altered in training: the judge uses both. The
    same clips, seed and number of threads give the same networks.
    """
    config = config or SequenceConfig()
    sequences = [_sequence(clip) for clip in clips]
    networks = [
        _fit_one(sequences, quadrants.astype(np.int64), config, config.seed + number)
        for number in range(config.networks)
    ]
    return SequenceJudge(config, networks)
