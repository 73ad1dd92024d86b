"""Salience of each semitone as a separate note, and statistics of the salient notes."""

import torch
from torch import Tensor

from export_onnx.tracker.config import FrontEndConfig

__all__ = ["GAPS", "NUMBERS", "note_statistics", "salience"]

# Partials of a lower tone: semitones above it and how far below it they are expected [nepers].
_PARTIALS = ((12, 0.5), (19, 0.5), (24, 1.0), (28, 1.0))
_QUIET_NEPER = -12.0
# Semitones between two notes that sound together.
GAPS = (1, 2, 3, 4, 5, 6, 7, 9, 11, 12, 13, 14)
NUMBERS = 11
_BASS, _TREBLE = 15, 48
_OUTER_STEEP = 6.0


def _above(tones: Tensor, semitones: int) -> Tensor:
    """Put at the place of each semitone what sounds so many semitones lower."""
    quiet = torch.full_like(tones[..., :semitones], _QUIET_NEPER)
    return torch.cat([quiet, tones[..., :-semitones]], 2)


def salience(bins: Tensor) -> Tensor:
    """Salience of each semitone, (B, n, semitones) in 0..1.

    A note is a peak among its bins and among its neighbours, loud enough, and more than a partial
    of a lower one. `bins` (B, n, semitones, bins) are log powers relative to the running level.
    """
    middle = bins.shape[3] // 2
    tones = bins.amax(3)
    peak = bins[..., middle] - torch.maximum(bins[..., 0], bins[..., -1])
    higher = torch.cat([tones[..., 1:], tones[..., -1:] - 3.0], 2)
    top = tones - torch.maximum(higher, _above(tones, 1))
    sharp = torch.sigmoid(4.0 * (peak - 0.3)) * torch.sigmoid(2.0 * (top - 0.5))
    loud = torch.sigmoid(2.0 * (tones + 3.0))
    partial = _above(tones, _PARTIALS[0][0]) - _PARTIALS[0][1]
    for semitones, below in _PARTIALS[1:]:
        partial = torch.maximum(partial, _above(tones, semitones) - below)
    return sharp * loud * torch.sigmoid(2.0 * (tones - partial))


def note_statistics(salient: Tensor, before: Tensor, front: FrontEndConfig) -> Tensor:
    """Pairs of notes by their gap and plain numbers, (B, n, len(GAPS) + NUMBERS).

    `before` (B, semitones) is the salience of the hop before the first.
    """
    batch, n, semitones = salient.shape
    room = torch.cat([salient, torch.zeros_like(salient[..., : max(GAPS)])], 2)
    index = torch.arange(semitones)[None] + torch.tensor(GAPS)[:, None]
    above = room[..., index.reshape(-1)].reshape(batch, n, len(GAPS), semitones)
    pairs = (above * salient[:, :, None]).sum(3)
    rise = (salient - torch.cat([before[:, None], salient[:, :-1]], 1)).clamp(min=0.0)
    new = rise.sum(2, keepdim=True)
    height = torch.arange(front.n_semitones) / 12.0
    some = salient + 1e-3
    centre = (some * height).sum(2, keepdim=True) / some.sum(2, keepdim=True)
    outer = []
    for steep in (_OUTER_STEEP, -_OUTER_STEEP):
        likely = torch.softmax(steep * height + 2.0 * torch.log(some), 2)
        outer.append((likely * height).sum(2, keepdim=True))
    highest, lowest = outer
    numbers = [
        salient.sum(2, keepdim=True),
        new,
        centre,
        highest,
        lowest,
        highest - lowest,
        highest.square(),
        centre.square(),
        torch.sigmoid(12.0 * (new - 0.5)),
        salient[..., :_BASS].sum(2, keepdim=True),
        salient[..., _TREBLE:].sum(2, keepdim=True),
    ]
    return torch.cat([pairs, *numbers], 2)
