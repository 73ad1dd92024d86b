"""Valence from plain statistics of harmony and sound: few weights, fitted in closed form.

The emotion networks learn their own features from a few hundred rated pieces and err on pieces that
differ from these. Here only the last step is learned: a kernel regression on a set of landmarks.
Its inputs are running means of the outputs of the harmony network (trained on chords and keys, not
on emotion), of salient notes, register, consonance, brightness and onsets, and how well the pitch
classes fit major and minor keys. Its errors differ from those of the networks, so both together
predict better than either.
"""

import torch
from torch import Tensor, nn

from export_onnx.tracker.config import FrontEndConfig
from export_onnx.tracker.harmony import HarmonyOutput, rotate_to_tonic
from export_onnx.tracker.pools import RunningMean
from export_onnx.tracker.salience import GAPS, NUMBERS, note_statistics, salience
from export_onnx.tracker.tonal import DEGREES, TONAL, Tonal

__all__ = ["DIGEST", "LANDMARKS", "Digest"]

_BANDS = 16
_INTERVALS = 6
_TAU_S = 7.0
# Pieces that the regression compares with.
LANDMARKS = 1240
# Triads and pitch classes from the tonic, intervals, bands, rises, and single numbers.
_PLAIN = 24 + 12 + _INTERVALS + _BANDS + _BANDS + 12
# Distributions of pitch classes: of all sound, of notes that stand out, of the chords named.
_CLASSES = 3
_POOLED = _PLAIN + _CLASSES * 12 + len(GAPS) + NUMBERS
DIGEST = _PLAIN + _CLASSES * TONAL + DEGREES + len(GAPS) + NUMBERS
_RARE = 0.02


def _triads() -> Tensor:
    """Pitch classes of the 24 major and minor triads, (24, 12), each of sum 1."""
    classes = torch.zeros(24, 12)
    for quality, third in enumerate((4, 3)):
        for root in range(12):
            for step in (0, third, 7):
                classes[12 * quality + root, (root + step) % 12] = 1.0 / 3.0
    return classes


class Digest(nn.Module):
    """Statistics per hop, their running means, and the regression on landmarks.

    Parameters
    ----------
    front : FrontEndConfig
        Sizes of the front end.
    """

    centre: Tensor
    scale: Tensor
    landmarks: Tensor
    weights: Tensor
    width: Tensor
    offset: Tensor
    triads: Tensor
    met: Tensor

    def __init__(self, front: FrontEndConfig) -> None:
        super().__init__()
        self.front = front
        self.turn = 12 - front.pitch_low % 12
        self.pool = RunningMean((_TAU_S,), front.hops_per_second)
        self.tonal = Tonal()
        self.register_buffer("triads", _triads(), persistent=False)
        steps = torch.arange(1, _INTERVALS + 1)[:, None] + torch.arange(12)[None]
        self.register_buffer("met", (steps % 12).reshape(-1), persistent=False)
        self.register_buffer("centre", torch.zeros(DIGEST))
        self.register_buffer("scale", torch.ones(DIGEST))
        self.register_buffer("landmarks", torch.zeros(LANDMARKS, DIGEST))
        self.register_buffer("weights", torch.zeros(LANDMARKS, 1))
        self.register_buffer("width", torch.ones(()))
        self.register_buffer("offset", torch.zeros(1))
        # The frame and the notes before the first hop.
        self.flux_state = (front.n_mels + front.n_semitones,)
        self.pool_state = (1, _POOLED + 1)

    def _fold(self, semitones: Tensor) -> Tensor:
        """Sum (B, n, semitones) over octaves; index 0 is C."""
        classes = semitones.reshape(*semitones.shape[:2], -1, 12).sum(2)
        return torch.cat([classes[..., self.turn :], classes[..., : self.turn]], 2)

    def describe(
        self,
        mel: Tensor,
        pitch: Tensor,
        contrast: Tensor,
        activity: Tensor,
        harmony: HarmonyOutput,
        flux_state: Tensor,
        pool_state: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return the statistics so far (B, n, DIGEST) and the two new states.

        All powers are relative to the running level; `flux_state` (B, mels + semitones).
        """
        batch, n, frames, mels = mel.shape
        series = mel.reshape(batch, n * frames, mels) * 0.2 + 1.0
        before = torch.cat([flux_state[:, None, :mels], series[:, :-1]], 1)
        rise = (series - before).clamp(min=0.0).reshape(batch, n, frames, mels)
        bands = series.reshape(batch, n, frames, mels).mean(2)
        bands = bands.reshape(batch, n, _BANDS, mels // _BANDS).mean(3)
        onset = rise.mean(3).amax(2, keepdim=True)
        rises = rise.mean(2).reshape(batch, n, _BANDS, mels // _BANDS).mean(3)

        per = self.front.bins_per_semitone
        bins = pitch.reshape(batch, n, self.front.n_semitones, per)
        tones = bins.amax(3)
        peak = bins[..., per // 2] - torch.maximum(bins[..., 0], bins[..., per - 1])
        sharp = torch.sigmoid(4.0 * (peak - 0.5)) * torch.sigmoid(tones + 3.0)
        likely = torch.softmax(tones, 2)
        height = torch.arange(self.front.n_semitones) / 12.0
        register = (likely * height).sum(2, keepdim=True)
        breadth = (likely * (height - register).square()).sum(2, keepdim=True)
        lowest = torch.softmax(tones - 1.5 * height, 2)
        bass = (lowest * height).sum(2, keepdim=True)

        sounding = self._fold((0.5 * tones).exp())
        classes = sounding / sounding.sum(2, keepdim=True).clamp(min=1e-6)
        others = classes[..., self.met].reshape(batch, n, _INTERVALS, 12)
        met = (others * classes[:, :, None]).sum(3)
        key = torch.softmax(harmony.key, 2)
        chord = torch.softmax(harmony.chord, 2)
        tonic = (key[..., :12] + key[..., 12:]).reshape(-1, 12)
        parts = torch.cat([chord[..., 1:].reshape(-1, 2, 12), classes.reshape(-1, 1, 12)], 1)
        turned = rotate_to_tonic(parts, tonic).reshape(batch, n, 36)
        doubt = [-(p * torch.log(p + 1e-6)).sum(2, keepdim=True) for p in (key, chord)]
        minor = chord[..., 13:].sum(2, keepdim=True)
        plain = [
            *doubt,
            key[..., :12].sum(2, keepdim=True),
            chord[..., :1],
            minor,
            onset,
            torch.sigmoid(20.0 * (onset - 0.12)),
            sharp.sum(2, keepdim=True) * 0.1,
            register,
            breadth,
            bass,
            contrast.square(),
        ]
        salient = salience(bins)
        notes = note_statistics(salient, flux_state[:, mels:], self.front)
        named = chord[..., 1:] @ self.triads
        whole = [turned, met, bands, rises, *plain]
        whole += [sounding, self._fold(salient), named, notes]
        means, pool_state = self.pool(torch.cat(whole, 2), activity, pool_state)
        flux_state = torch.cat([series[:, -1], salient[:, -1]], 1)
        return self.conclude(means[:, :, 0]), flux_state, pool_state

    def conclude(self, means: Tensor) -> Tensor:
        """Statistics (B, n, DIGEST) of running means (B, n, _POOLED)."""
        batch, n = means.shape[:2]
        first = _PLAIN + _CLASSES * 12
        classes = means[..., _PLAIN:first].reshape(-1, 12)
        found, degrees = self.tonal(classes)
        found = found.reshape(batch, n, _CLASSES * TONAL)
        # The degrees of the notes that stand out.
        degrees = degrees.reshape(batch, n, _CLASSES, DEGREES)[:, :, 1]
        pairs = torch.log(means[..., first : first + len(GAPS)] + _RARE)
        rest = means[..., first + len(GAPS) :]
        return torch.cat([means[..., :_PLAIN], found, degrees, pairs, rest], 2)

    def judge(self, statistics: Tensor) -> Tensor:
        """Valence (B, n) of statistics (B, n, DIGEST)."""
        normal = ((statistics - self.centre) / self.scale).clamp(-4.0, 4.0)
        squares = normal.square().sum(2, keepdim=True) + self.landmarks.square().sum(1)
        distance = (squares - 2.0 * normal @ self.landmarks.T).clamp(min=0.0)
        near = torch.exp(-distance / (2.0 * self.width.square() * DIGEST))
        return (near @ self.weights)[..., 0] + self.offset
