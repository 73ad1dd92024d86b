"""A teacher: larger than the student, bidirectional over a whole clip, trained on one data set."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.emotion.model import QUADRANTS
from export_onnx.datasets.labels import TAGS
from export_onnx.studies.teacher_inputs import TeacherInput

__all__ = ["Teacher", "TeacherConfig", "opinions", "random_batch", "teacher_loss"]

# Of the loss parts, as for the student.
_MEAN, _AGREEMENT, _QUADRANT, _TAGS, _DEVIATION = 2.0, 0.5, 0.6, 1.0, 0.1
# Shortest crop of a clip in training, and the longest that a batch holds [steps].
_SHORTEST, _LONGEST = 16, 64
_MASKED = 6


@dataclass(frozen=True)
class TeacherConfig:
    """Sizes of a teacher."""

    size: int = 160
    gru_size: int = 128
    layers: int = 2
    attention_heads: int = 4
    hidden: int = 192
    dropout: float = 0.4


class Teacher(nn.Module):
    """Whole clips to valence, arousal and their deviations, quadrant and tags.

    Parameters
    ----------
    centre, scale : Tensor
        Mean and deviation of the features over the training steps, shape (n_features,).
    """

    centre: Tensor
    scale: Tensor

    def __init__(self, centre: Tensor, scale: Tensor, config: TeacherConfig) -> None:
        super().__init__()
        self.register_buffer("centre", centre)
        self.register_buffer("scale", scale)
        self.enter = nn.Linear(len(centre), config.size)
        self.norm = nn.LayerNorm(config.size)
        self.local = nn.Conv1d(config.size, config.size, 5, padding=2)
        self.gru = nn.GRU(
            config.size,
            config.gru_size,
            config.layers,
            batch_first=True,
            bidirectional=True,
            dropout=config.dropout if config.layers > 1 else 0.0,
        )
        size = 2 * config.gru_size + config.size
        self.attention = nn.Linear(size, config.attention_heads)
        self.mix = nn.Linear(size * (config.attention_heads + 1), config.hidden)
        self.dropout = nn.Dropout(config.dropout)
        self.affect = nn.Linear(config.hidden, 4)
        self.quadrant = nn.Linear(config.hidden, len(QUADRANTS))
        self.tags = nn.Linear(config.hidden, len(TAGS))

    def forward(self, steps: Tensor, present: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return affect (B, 4; before tanh, log deviations), quadrant and tag logits.

        `steps` (B, n, F), `present` (B, n): 1 where a clip still lasts, 0 in the padding.
        """
        normal = ((steps - self.centre) / self.scale).clamp(-6.0, 6.0)
        entered = functional.gelu(self.norm(self.enter(self.dropout(normal))))
        entered = entered * present[..., None]
        local = functional.gelu(self.local(entered.transpose(1, 2))).transpose(1, 2)
        entered = (entered + self.dropout(local)) * present[..., None]
        lengths = present.sum(1).long().clamp(min=1)
        packed = nn.utils.rnn.pack_padded_sequence(
            entered, lengths, batch_first=True, enforce_sorted=False
        )
        recurrent, _ = nn.utils.rnn.pad_packed_sequence(
            self.gru(packed)[0], batch_first=True, total_length=steps.shape[1]
        )
        heard = torch.cat([recurrent, entered], 2)  # (B, n, size)
        scores = self.attention(heard).masked_fill(present[..., None] == 0, -1e4)
        pooled = torch.einsum("bnh,bns->bhs", torch.softmax(scores, 1), heard).flatten(1)
        mean = heard.sum(1) / present.sum(1, keepdim=True)
        mixed = functional.gelu(self.mix(self.dropout(torch.cat([pooled, mean], 1))))
        hidden = self.dropout(mixed)
        return self.affect(hidden), self.quadrant(hidden), self.tags(hidden)


@dataclass(frozen=True)
class TeacherBatch:
    """Clips of one step; labels NaN or -1 where unknown."""

    steps: Tensor  # (B, n, F)
    present: Tensor  # (B, n)
    affect: Tensor  # (B, 2)
    quadrant: Tensor  # (B,)
    tags: Tensor  # (B, 9)


def _stack(views: Sequence[TeacherInput], parts: Sequence[np.ndarray]) -> TeacherBatch:
    length = max(len(part) for part in parts)
    steps = np.zeros((len(parts), length, parts[0].shape[1]), np.float32)
    present = np.zeros((len(parts), length), np.float32)
    for row, part in enumerate(parts):
        steps[row, : len(part)] = part
        present[row, : len(part)] = 1.0
    unknown = (np.nan, np.nan)
    affect = np.array([unknown if v.affect is None else v.affect for v in views], np.float32)
    tags = np.array([[np.nan] * 9 if v.tags is None else v.tags for v in views], np.float32)
    return TeacherBatch(
        torch.from_numpy(steps),
        torch.from_numpy(present),
        torch.from_numpy(affect),
        torch.tensor([view.quadrant for view in views]),
        torch.from_numpy(tags),
    )


def random_batch(
    views: Sequence[TeacherInput], size: int, rng: np.random.Generator
) -> TeacherBatch:
    """Draw views, cut a stretch out of each, hide a few steps, and tilt its features a little."""
    chosen = [views[int(index)] for index in rng.choice(len(views), size, len(views) < size)]
    parts = []
    for view in chosen:
        longest = min(len(view.steps), _LONGEST)
        length = int(rng.integers(min(_SHORTEST, longest), longest + 1))
        start = int(rng.integers(0, len(view.steps) - length + 1))
        part = view.steps[start : start + length].astype(np.float32)
        width = part.shape[1]
        knots = rng.normal(0.0, 0.15, 8)
        part += np.interp(np.linspace(0, 7, width), np.arange(8), knots).astype(np.float32)
        part += rng.normal(0.0, 0.05, part.shape).astype(np.float32)
        if length > 2 * _MASKED:
            hidden = int(rng.integers(0, length - _MASKED))
            part[hidden : hidden + _MASKED] = part.mean(0)
        parts.append(part)
    return _stack(chosen, parts)


def _disagreement(predicted: Tensor, target: Tensor) -> Tensor:
    """1 - concordance correlation of a batch."""
    gap = (predicted.mean() - target.mean()).square()
    covariance = ((predicted - predicted.mean()) * (target - target.mean())).mean()
    spread = predicted.var(correction=0) + target.var(correction=0)
    return 1.0 - 2.0 * covariance / (spread + gap + 1e-4)


def teacher_loss(answer: tuple[Tensor, Tensor, Tensor], batch: TeacherBatch) -> Tensor:
    """Loss on the labels that the batch has."""
    affect, quadrant, tags = answer
    loss = torch.zeros(())
    known = ~torch.isnan(batch.affect[:, 0])
    if bool(known.any()):
        mean, target = torch.tanh(affect[known, :2]), batch.affect[known]
        error = (mean - target).square()
        log_std = affect[known, 2:].clamp(-4.0, 0.5)
        deviation = log_std + 0.5 * error.detach() * torch.exp(-2.0 * log_std)
        loss = loss + _MEAN * error.mean() + _DEVIATION * deviation.mean()
        for column in (0, 1):
            loss = loss + _AGREEMENT * _disagreement(mean[:, column], target[:, column])
    placed = batch.quadrant >= 0
    if bool(placed.any()):
        loss = loss + _QUADRANT * functional.cross_entropy(
            quadrant[placed], batch.quadrant[placed], label_smoothing=0.05
        )
    tagged = ~torch.isnan(batch.tags[:, 0])
    if bool(tagged.any()):
        each = functional.binary_cross_entropy_with_logits(tags[tagged], batch.tags[tagged])
        loss = loss + _TAGS * each
    return loss


def opinions(teacher: Teacher, views: Sequence[TeacherInput], size: int = 32) -> np.ndarray:
    """Ask a teacher about whole clips; float32, shape (n, 17).

    Valence, arousal, their deviations, four quadrant and nine tag probabilities.
    """
    teacher.eval()
    order = sorted(range(len(views)), key=lambda index: len(views[index].steps))
    said = np.zeros((len(views), 17), np.float32)
    with torch.no_grad():
        for start in range(0, len(order), size):
            rows = order[start : start + size]
            chosen = [views[index] for index in rows]
            batch = _stack(chosen, [view.steps for view in chosen])
            affect, quadrant, tags = teacher(batch.steps, batch.present)
            deviation = affect[:, 2:].clamp(-4.0, 0.5).exp()
            parts = [
                torch.tanh(affect[:, :2]),
                deviation,
                torch.softmax(quadrant, 1),
                torch.sigmoid(tags),
            ]
            said[rows] = torch.cat(parts, 1).numpy()
    return said
