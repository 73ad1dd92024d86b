"""Losses of the two training stages; unknown labels are masked out."""

import torch
from torch import Tensor
from torch.nn import functional

from export_onnx.tracker.batches import Batch

__all__ = ["harmony_loss", "mood_loss", "words_loss"]

# Relative importance of the parts of the mood loss.
_MEAN, _AGREEMENT, _QUADRANT, _TAGS, _DEVIATION = 2.0, 0.5, 0.6, 1.0, 0.1
# Logarithm of the deviation asked for where there is no music.
_IGNORANT = -0.2


def _weighted(values: Tensor, weight: Tensor) -> Tensor:
    return (values * weight).sum() / weight.sum().clamp(min=1e-6)


def _delay(labels: Tensor, hops: int) -> Tensor:
    """Ask for the label of `hops` hops ago; unknown where there is none."""
    if hops == 0:
        return labels
    missing = torch.full_like(labels[:, :hops], -1)
    return torch.cat([missing, labels[:, :-hops]], 1)


def harmony_loss(chord: Tensor, key: Tensor, batch: Batch, delay_hops: int) -> Tensor:
    """Cross entropy of chord and key logits."""
    target = _delay(batch.chord, delay_hops)
    known = (target >= 0).float()
    loss = functional.cross_entropy(
        chord.transpose(1, 2), target.clamp(min=0), reduction="none", label_smoothing=0.02
    )
    chord_loss = _weighted(loss, known)
    known = (batch.key >= 0).float() * batch.weight
    # Keys of POP909 come from the recording's annotation, those of the other sets are estimates.
    known = known * torch.where(batch.source == 0, 1.0, 0.3)
    loss = functional.cross_entropy(
        key.transpose(1, 2), batch.key.clamp(min=0), reduction="none", label_smoothing=0.05
    )
    return chord_loss + 0.6 * _weighted(loss, known)


def _disagreement(predicted: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """1 - concordance correlation of one data set's hops in the batch."""
    total = weight.sum().clamp(min=1e-6)
    mean_p, mean_t = (predicted * weight).sum() / total, (target * weight).sum() / total
    dev_p, dev_t = predicted - mean_p, target - mean_t
    covariance = (dev_p * dev_t * weight).sum() / total
    spread = ((dev_p**2 + dev_t**2) * weight).sum() / total
    return 1.0 - 2.0 * covariance / (spread + (mean_p - mean_t) ** 2 + 1e-4)


def words_loss(logits: Tensor, shares: Tensor, weight: Tensor) -> Tensor:
    """Binary cross entropy of tags or moods (B, n, words), each by itself; NaN is unknown."""
    known = (~torch.isnan(shares)).float() * weight[..., None]
    each = functional.binary_cross_entropy_with_logits(
        logits, torch.nan_to_num(shares), reduction="none"
    )
    return _weighted(each, known)


def mood_loss(
    affect: Tensor, quadrant: Tensor, tags: Tensor, batch: Batch, n_sources: int
) -> tuple[Tensor, dict[str, float]]:
    """Sum of the mood losses and its parts for the log.

    `affect` (B, n, 4) before tanh and with log deviations, `quadrant` and `tags` logits.
    """
    mean = torch.tanh(affect[..., :2])
    log_std = affect[..., 2:].clamp(-4.0, 0.5)
    known = (~torch.isnan(batch.affect)).float() * batch.weight[..., None]
    target = torch.nan_to_num(batch.affect)
    error = (mean - target).square()
    # A quadrant is no rating: deviations are learned where listeners rated on a scale.
    rated = known * (batch.quadrant < 0).float()[..., None]
    deviation = log_std + 0.5 * error.detach() * torch.exp(-2.0 * log_std)
    noise = (batch.source < 0).float()[..., None].expand_as(log_std)
    distance = torch.zeros(())
    agreement = torch.zeros(())
    parts: dict[str, float] = {}
    for source in range(n_sources):
        here = known * (batch.source == source).float()[..., None]
        if not bool(here.sum() > 0):
            continue
        distance = distance + _weighted(error, here)
        for column in (0, 1):
            lost = _disagreement(mean[..., column], target[..., column], here[..., column])
            agreement = agreement + lost
            parts[f"ccc{source}{'va'[column]}"] = 1.0 - float(lost.detach())
    known_quadrant = (batch.quadrant >= 0).float() * batch.weight
    quadrant_loss = _weighted(
        functional.cross_entropy(
            quadrant.transpose(1, 2),
            batch.quadrant.clamp(min=0),
            reduction="none",
            label_smoothing=0.05,
        ),
        known_quadrant,
    )
    tag_loss = words_loss(tags, batch.tags, batch.weight)
    total = (
        _MEAN * distance
        + _AGREEMENT * agreement
        + _QUADRANT * quadrant_loss
        + _TAGS * tag_loss
        + _DEVIATION * _weighted(deviation, rated)
        + _DEVIATION * _weighted((log_std - _IGNORANT).square(), noise)
    )
    parts.update(
        mse=float(distance.detach()),
        quadrant=float(quadrant_loss.detach()),
        tags=float(tag_loss.detach()),
    )
    return total, parts
