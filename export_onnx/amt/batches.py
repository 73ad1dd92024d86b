"""Songs to batches: crops, wrong keys, and conditioning that is delayed, noisy or hidden."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from engine.generators.amt.conditioning import GROUPS, MASKS, SLICES
from engine.generators.amt.vocabulary import (
    AMT_QUALITIES,
    END,
    PAD,
    QUALITY_OF,
    SIZE,
    transpose,
)
from export_onnx.amt.config import INTENT_GROUPS, TrainConfig
from export_onnx.amt.songs import Song, condition

__all__ = ["Batch", "Sampler", "hold_out", "quality_prior", "whole_song"]

_NOISY = ("valence", "arousal", "density", "loudness", "motion", "energy")
_BUCKET = 8
_TRANSPOSED = np.array([[transpose(i, k) for i in range(SIZE)] for k in range(12)])


@dataclass(frozen=True)
class Batch:
    """Aligned stretches of songs.

    Attributes
    ----------
    before : int64 tensor, shape (batch, slots)
        The chord before each slot, END before the first.
    target : int64 tensor, shape (batch, slots)
        The chord of each slot, PAD beyond the song's end.
    told : float tensor, shape (batch, slots, WIDTH)
        Conditioning as the network gets it.
    affect : float tensor, shape (batch, 2)
        Mean valence and arousal of the song.
    trust : float tensor, shape (batch,)
        Of these, 0 if they are not told.
    prior : float tensor, shape (batch, 13)
        Shares of the qualities in the song's mode.
    dynamics : float tensor, shape (batch, slots, 2)
        Onsets per beat and loudness of each slot, NaN beyond the song's end.
    """

    before: torch.Tensor
    target: torch.Tensor
    told: torch.Tensor
    affect: torch.Tensor
    trust: torch.Tensor
    prior: torch.Tensor
    dynamics: torch.Tensor


def hold_out(songs: Sequence[Song], share: float, seed: int) -> tuple[list[Song], list[Song]]:
    """Split the training songs by group into those to learn from and those to choose by."""
    rng = np.random.default_rng(seed)
    groups = sorted({(song.dataset, song.group) for song in songs})
    order = rng.permutation(len(groups))
    aside = {groups[i] for i in order[: round(share * len(groups))]}
    kept = [song for song in songs if (song.dataset, song.group) not in aside]
    return kept, [song for song in songs if (song.dataset, song.group) in aside]


def quality_prior(songs: Sequence[Song]) -> dict[bool, np.ndarray]:
    """Shares of the qualities in major (True) and minor (False), float64, shape (13,)."""
    prior = {}
    for major in (True, False):
        chord = np.concatenate([s.chord[(s.column("mode") > 0) == major] for s in songs])
        quality = np.asarray(QUALITY_OF)[chord[chord > 0]] - 1
        counts = np.bincount(quality, minlength=len(AMT_QUALITIES)) + 1.0
        prior[major] = counts / counts.sum()
    return prior


def whole_song(song: Song) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Chords before each slot, chords, conditioning of a song, with END where it ends."""
    told, chord = condition(song), song.chord.astype(np.int64)
    if song.complete:
        chord = np.append(chord, END)
        told = np.concatenate([told, told[-1:]])
    before = np.concatenate([[END], chord[:-1]])
    return before, chord, told


class Sampler:
    """Draws batches of songs of similar length."""

    def __init__(self, songs: Sequence[Song], config: TrainConfig, seed: int) -> None:
        self.config = config
        self._songs = songs
        self._rng = np.random.default_rng(seed)
        self._prior = quality_prior(songs)
        shares = dict(config.shares)
        self._order = [
            index for index, song in enumerate(songs) for _ in range(shares.get(song.dataset, 0))
        ]

    def __len__(self) -> int:
        return -(-len(self._order) // self.config.batch)

    def __iter__(self) -> Iterator[Batch]:
        size = self.config.batch
        order = self._rng.permutation(self._order)
        wide = size * _BUCKET
        batches = []
        for start in range(0, len(order), wide):
            near = sorted(order[start : start + wide], key=lambda i: len(self._songs[i]))
            batches += [near[i : i + size] for i in range(0, len(near), size)]
        for index in self._rng.permutation(len(batches)):
            yield self._collate([self._songs[i] for i in batches[index]])

    def _dropped(self, song: Song) -> set[str]:
        rng, config = self._rng, self.config
        if rng.random() < config.drop_all:
            return set(GROUPS)
        dropped = {name for name in GROUPS if rng.random() < config.drop_group}
        for name, trust in zip(("valence", "arousal"), song.trust, strict=True):
            if rng.random() > trust:
                dropped.add(name)
        return dropped

    def _tell(self, told: np.ndarray, dropped: set[str]) -> None:
        rng, config = self._rng, self.config
        late = int(rng.integers(0, config.delay + 1))
        for name in GROUPS:
            place, bit = SLICES[name], MASKS[name]
            if name in dropped:
                told[:, place] = 0.0
                told[:, bit] = 0.0
                continue
            if late and name in INTENT_GROUPS:
                told[late:, place] = told[:-late, place].copy()
                told[late:, bit] = told[:-late, bit].copy()
            if name == "semantic":
                told[:, place] += (
                    rng.normal(0.0, config.semantic_noise, GROUPS[name]) * told[:, bit : bit + 1]
                )
            if name in _NOISY:
                noise = rng.normal(0.0, config.noise, (len(told), 1)).astype(np.float32)
                offset = np.float32(rng.normal(0.0, config.noise))
                told[:, place] += (noise + offset) * told[:, bit : bit + 1]

    def _collate(self, songs: list[Song]) -> Batch:
        rng, config = self._rng, self.config
        rows = []
        for song in songs:
            before, chord, told = whole_song(song)
            heard = np.full((len(chord), 2), np.nan, np.float32)
            heard[: len(song)] = np.stack([song.column("density"), song.column("loudness")], 1)
            if len(chord) > config.crop:
                start = int(rng.integers(0, len(chord) - config.crop + 1))
                part = slice(start, start + config.crop)
                before, chord, told = before[part], chord[part], told[part].copy()
                heard = heard[part]
            dropped = self._dropped(song)
            if rng.random() < config.transpose:
                by = _TRANSPOSED[int(rng.integers(1, 12))]
                before, chord = by[before], by[chord]
                dropped.add("mode")  # who tells the mode knows the key
            self._tell(told, dropped)
            untold = "valence" in dropped or "arousal" in dropped
            rows.append((before, chord, told, heard, untold))
        slots = max(len(chord) for _, chord, *_ in rows)
        before = np.full((len(rows), slots), PAD, np.int64)
        target = np.full((len(rows), slots), PAD, np.int64)
        told = np.zeros((len(rows), slots, rows[0][2].shape[1]), np.float32)
        dynamics = np.full((len(rows), slots, 2), np.nan, np.float32)
        for index, (b, c, t, d, _) in enumerate(rows):
            before[index, : len(b)], target[index, : len(c)], told[index, : len(t)] = b, c, t
            dynamics[index, : len(d)] = d
        affect = np.stack([[s.column("valence").mean(), s.column("arousal").mean()] for s in songs])
        trust = [
            0.0 if row[-1] else float(s.trust.min()) for row, s in zip(rows, songs, strict=True)
        ]
        prior = np.stack([self._prior[bool(s.column("mode").mean() > 0)] for s in songs])
        return Batch(
            torch.from_numpy(before),
            torch.from_numpy(target),
            torch.from_numpy(told),
            torch.from_numpy(affect).float(),
            torch.tensor(trust),
            torch.from_numpy(prior).float(),
            torch.from_numpy(dynamics),
        )
