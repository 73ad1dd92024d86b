"""Loss against the teacher that reads the notes (see `score_teacher`)."""

import torch
from torch import Tensor
from torch.nn import functional

from export_onnx.tracker.batches import Batch

__all__ = ["score_teacher_loss"]

# Relative importance; the statistics of the notes are an additional task.
_COURSE, _LIKELY, _STATISTICS = 2.0, 0.4, 0.3
# Distance of valence and arousal from zero at which EMOPIA's quadrants become likely.
_BORDER = 0.25


def _weighted(values: Tensor, weight: Tensor) -> Tensor:
    return (values * weight).sum() / weight.sum().clamp(min=1e-6)


def score_teacher_loss(
    affect: Tensor, quadrant: Tensor, statistics: Tensor, batch: Batch, n_sources: int
) -> tuple[Tensor, dict[str, float]]:
    """Loss against `batch.course` and its parts for the log.

    Squared error of valence and arousal, every data set alike; cross entropy of the quadrants where
    a set has them; Huber's loss of the normalised note statistics. `affect` (B, n, 4) before tanh,
    `quadrant` logits, `statistics` (B, n, FEATURES).
    """
    known = (~torch.isnan(batch.course[..., 0])).float() * batch.weight
    course = torch.nan_to_num(batch.course)
    error = (torch.tanh(affect[..., :2]) - course[..., :2]).square().sum(2)
    distance = torch.zeros(())
    for source in range(n_sources):
        distance = distance + _weighted(error, known * (batch.source == source).float())
    high = torch.sigmoid(course[..., :2] / _BORDER)
    valence, arousal = high[..., 0], high[..., 1]
    likely = torch.stack(
        [
            valence * arousal,
            (1.0 - valence) * arousal,
            (1.0 - valence) * (1.0 - arousal),
            valence * (1.0 - arousal),
        ],
        2,
    )
    surprise = -(likely * torch.log_softmax(quadrant, 2)).sum(2)
    quadrant_loss = _weighted(surprise, known * (batch.quadrant >= 0).float())
    beside = functional.smooth_l1_loss(statistics, course[..., 2:], reduction="none").mean(2)
    beside = _weighted(beside, known)
    total = _COURSE * distance + _LIKELY * quadrant_loss + _STATISTICS * beside
    parts = {"course_mse": float(distance.detach()), "notes": float(beside.detach())}
    return total, parts
