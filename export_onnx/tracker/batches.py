"""Random crops and splices of prepared clips, with labels and weights per hop."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from export_onnx.datasets.jamendo import MOODS
from export_onnx.tracker.config import FrontEndConfig
from export_onnx.tracker.score_teacher import COURSE
from export_onnx.tracker.store import Clip
from export_onnx.training.stage import TrainConfig

__all__ = ["Batch", "Sampler", "make_noise"]

# How far into a sound (or past a splice) a label counts in full [s].
_SETTLE_S = 1.2
# The end of a clip is where a musician asks what it was: crops reach it this often, and its last
# seconds, in which a final chord may ring, count more.
_END_SHARE = 0.45
_END_S, _END_WEIGHT = 5.0, 3.0
# Parts that are no music (noise of any colour and movement): the tracker is to admit ignorance.
_NOISE_SHARE = 0.04
# Raters' curves within a piece are noisy (split-half r 0.3): trust them by this share.
_CURVE_SHARE = 0.5


@dataclass(frozen=True)
class Batch:
    """Tensors of one training step; B sequences of n hops.

    Attributes
    ----------
    affect : float32, (B, n, 2)
        Valence and arousal, NaN where unknown.
    quadrant : int64, (B, n)
        -1 where unknown.
    tags : float32, (B, n, 9)
        NaN where unknown.
    chord, key : int64, (B, n)
        -1 where unknown.
    weight : float32, (B, n)
        How much a hop counts: little just after a start or a splice.
    source : int64, (B, n)
        Index of the data set in the sampler's order; -1 where there is no music.
    course : float32, (B, n, COURSE)
        What the notes say (see `score_teacher`), NaN where unknown.
    moods : float32, (B, n, 56)
        NaN where unknown.
    """

    mel: Tensor
    pitch: Tensor
    affect: Tensor
    quadrant: Tensor
    tags: Tensor
    chord: Tensor
    key: Tensor
    weight: Tensor
    source: Tensor
    course: Tensor
    moods: Tensor


def make_noise(
    front: FrontEndConfig, rng: np.random.Generator, length: int
) -> tuple[np.ndarray, np.ndarray]:
    """Log powers of `length` hops of a random smooth spectrum, steady or moving.

    Returns mel, float32, shape (length, frames, mels), and pitch, float32, shape (length, bins).
    """
    knots = rng.normal(-9.0, 2.0, 6)
    spectrum = np.interp(np.linspace(0, 5, front.n_mels), np.arange(6), knots)
    frames = length * front.frames_per_hop
    pace = int(rng.choice([2, 6, 20, frames]))
    moves = rng.normal(0.0, rng.uniform(0.0, 2.5), frames // pace + 2)
    envelope = np.interp(np.arange(frames) / pace, np.arange(len(moves)), moves)
    mel = spectrum[None] + envelope[:, None] + rng.normal(0.0, 0.6, (frames, front.n_mels))
    bins = np.interp(np.linspace(0, 3.2, front.n_pitch_bins), np.arange(6), knots) - 2.5
    slow = envelope.reshape(length, -1).mean(1)
    pitch = bins[None] + slow[:, None] + rng.normal(-0.5, 1.0, (length, front.n_pitch_bins))
    return (
        mel.reshape(length, front.frames_per_hop, front.n_mels).astype(np.float32),
        pitch.astype(np.float32),
    )


class Sampler:
    """Draws batches, cycling through every data set in its own shuffled order.

    Parameters
    ----------
    share : dict of str to int
        Sequences per batch from each data set.
    """

    def __init__(
        self,
        clips: list[Clip],
        share: dict[str, int],
        train: TrainConfig,
        front: FrontEndConfig,
        seed: int,
        splices: bool,
    ) -> None:
        self.names = tuple(share)
        self.share = share
        self.train = train
        self.front = front
        self.splices = splices
        self.rng = np.random.default_rng(seed)
        self.pieces: dict[str, list[list[Clip]]] = {}
        for name in share:
            pieces: dict[str, list[Clip]] = {}
            for clip in clips:
                if clip.dataset == name:
                    pieces.setdefault(clip.name, []).append(clip)
            self.pieces[name] = list(pieces.values())
        self._order: dict[str, list[int]] = {name: [] for name in share}
        self.n_hops = round(train.crop_s * front.hops_per_second)

    def steps_per_epoch(self) -> int:
        """Batches until the first set was seen once; the others cycle."""
        first = self.names[0]
        return max(1, len(self.pieces[first]) // self.share[first])

    def _next(self, name: str) -> Clip:
        order = self._order[name]
        if not order:
            order.extend(self.rng.permutation(len(self.pieces[name])).tolist())
        variants = self.pieces[name][order.pop()]
        return variants[int(self.rng.integers(len(variants)))]

    def draw(self) -> Batch:
        """Draw the next batch (before augmentation)."""
        rows = []
        for number, name in enumerate(self.names):
            for _ in range(self.share[name]):
                rows.append(self._sequence(name, number))
        stacked = [np.stack([row[i] for row in rows]) for i in range(len(rows[0]))]
        tensors = [torch.from_numpy(array) for array in stacked]
        return Batch(
            mel=tensors[0].float(),
            pitch=tensors[1].float(),
            affect=tensors[2],
            quadrant=tensors[3].long(),
            tags=tensors[4],
            chord=tensors[5].long(),
            key=tensors[6].long(),
            weight=tensors[7],
            source=tensors[8].long(),
            course=tensors[9],
            moods=tensors[10],
        )

    def _sequence(self, name: str, number: int) -> list[np.ndarray]:
        """Fill one sequence with pieces, spliced where a clip ends or by chance."""
        parts: list[list[np.ndarray]] = []
        filled = 0
        while filled < self.n_hops:
            room = self.n_hops - filled
            source, index = name, number
            if parts and self.rng.random() < 0.3:
                index = int(self.rng.integers(len(self.names)))
                source = self.names[index]
            clip = self._next(source)
            length = min(room, clip.n_hops)
            if self.splices and room > 110 and self.rng.random() < self.train.splice_probability:
                length = min(length, int(self.rng.integers(55, room - 50)))
            if self.splices and self.rng.random() < _NOISE_SHARE:
                parts.append(self._noise(length))
            else:
                parts.append(self._part(clip, length, index))
            filled += length
        return [np.concatenate([part[i] for part in parts]) for i in range(len(parts[0]))]

    def _part(self, clip: Clip, length: int, number: int) -> list[np.ndarray]:
        start = int(self.rng.integers(0, clip.n_hops - length + 1))
        if self.rng.random() < _END_SHARE:
            start = clip.n_hops - length
        stop = start + length
        level = float(self.rng.normal(0.0, 0.7)) if self.splices else 0.0
        labels = clip.labels[start:stop]
        affect = labels[:, :2].copy()
        if clip.dataset == "vgmidi":
            affect = self._rated(clip, start, stop)
        tags = np.full((length, 9), np.nan, np.float32)
        if clip.tags is not None:
            tags[:] = clip.tags
        moods = np.full((length, len(MOODS)), np.nan, np.float32)
        if clip.moods is not None:
            moods[:] = clip.moods
        course = np.full((length, COURSE), np.nan, np.float32)
        if clip.course is not None:
            course[:] = clip.course[start:stop]
        age_s = np.arange(length, dtype=np.float32) / self.front.hops_per_second
        weight = np.clip(0.05 + age_s / _SETTLE_S, 0.0, 1.0).astype(np.float32)
        if clip.quadrant >= 0:
            left = clip.n_hops - np.arange(start, stop)
            weight[left <= _END_S * self.front.hops_per_second] *= _END_WEIGHT
        return [
            clip.mel[start:stop].astype(np.float32) + np.float32(level),
            clip.pitch[start:stop].astype(np.float32) + np.float32(level),
            affect.astype(np.float32),
            np.full(length, clip.quadrant, np.int64),
            tags,
            labels[:, 2].astype(np.int64),
            labels[:, 3].astype(np.int64),
            weight,
            np.full(length, number, np.int64),
            course,
            moods,
        ]

    def _noise(self, length: int) -> list[np.ndarray]:
        """No music, without labels (source -1)."""
        mel, pitch = make_noise(self.front, self.rng, length)
        unknown = np.full(length, -1, np.int64)
        return [
            mel,
            pitch,
            np.full((length, 2), np.nan, np.float32),
            unknown,
            np.full((length, 9), np.nan, np.float32),
            unknown,
            unknown,
            np.ones(length, np.float32),
            unknown,
            np.full((length, COURSE), np.nan, np.float32),
            np.full((length, len(MOODS)), np.nan, np.float32),
        ]

    def _rated(self, clip: Clip, start: int, stop: int) -> np.ndarray:
        """VGMIDI curve moved back by the listeners' reaction time, drawn towards its mean."""
        lag = round(self.train.reaction_s * self.front.hops_per_second)
        index = np.minimum(np.arange(start, stop) + lag, clip.n_hops - 1)
        curve = clip.labels[index, :2]
        if clip.mean_affect is None:
            return curve
        mean = np.asarray(clip.mean_affect, np.float32)
        return np.asarray(mean + _CURVE_SHARE * (curve - mean), np.float32)
