"""Clips as running sums, ready to be joined: a cut between two clips is exact in closed form.

Running sums from a zero state are linear: what they are k steps after a cut is what the clip before
left, decayed k steps, plus what the clip after would have given alone.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from engine.emotion.slow_model import FAST_OUTPUTS
from export_onnx.tracker.slow.change import DIGEST_S, STEP_S
from export_onnx.tracker.slow.features import FAST, SETS, Clip
from export_onnx.tracker.slow.head import Head

__all__ = ["Corpus", "fast_columns"]


def fast_columns() -> list[int]:
    """Columns of `Clip.fast` that the head hears."""
    columns: list[int] = []
    start = 0
    for name, width in FAST.items():
        if name in FAST_OUTPUTS:
            columns += range(start, start + width)
        start += width
    return columns


@dataclass(frozen=True)
class Corpus:
    """All steps of some clips, stacked.

    Attributes
    ----------
    pools : Tensor, shape (steps, taus, F + 1)
        Running sums of the head from the start of each clip.
    digest : Tensor, shape (steps, G + 1)
        Running sums of the fast graph.
    labels : Tensor, shape (steps, 2)
        Valence and arousal of the moment.
    clip : int array, shape (steps,)
        Which clip a step is of.
    first, count : int arrays, shape (clips,)
        Steps of every clip.
    """

    clips: tuple[Clip, ...]
    pools: Tensor
    digest: Tensor
    labels: Tensor
    clip: np.ndarray
    first: np.ndarray
    count: np.ndarray

    @classmethod
    def of(cls, clips: list[Clip], head: Head) -> "Corpus":
        """Run the pools of `head` over every clip."""
        columns = fast_columns()
        count = np.array([len(clip.embedding) for clip in clips])
        first = np.concatenate([[0], np.cumsum(count)[:-1]])
        rows = [np.concatenate([clip.embedding, clip.fast[:, columns]], 1) for clip in clips]
        values = torch.from_numpy(np.concatenate(rows).astype(np.float32))
        pools = torch.zeros(len(values), *head.pools.state)
        state = torch.zeros(len(clips), *head.pools.state)
        for step in range(int(count.max())):
            here = np.flatnonzero(count > step)
            _, state[here] = head.pools(
                values[first[here] + step], torch.ones(len(here), 1), state[here]
            )
            pools[first[here] + step] = state[here]
        return cls(
            tuple(clips),
            pools,
            torch.from_numpy(np.concatenate([clip.digest for clip in clips]).astype(np.float32)),
            torch.from_numpy(np.concatenate([clip.labels for clip in clips]).astype(np.float32)),
            np.repeat(np.arange(len(clips)), count),
            first,
            count,
        )

    def features(self, head: Head, steps: np.ndarray, before: np.ndarray | None = None) -> Tensor:
        """Features of steps, each after another clip's step of `before` (-1: a fresh start)."""
        pools, digest = self.pools[steps], self.digest[steps]
        if before is not None:
            age = torch.from_numpy(steps - self.first[self.clip[steps]] + 1).float()
            joined = torch.from_numpy((before >= 0).astype(np.float32))
            past = np.maximum(before, 0)
            keep = head.pools.keep[None, :, :] ** age[:, None, None]
            pools = pools + joined[:, None, None] * keep * self.pools[past]
            fade = torch.exp(-age * STEP_S / DIGEST_S)[:, None]
            digest = digest + joined[:, None] * fade * self.digest[past]
        return head.of_sums(pools, digest)

    def of_set(self, name: str) -> np.ndarray:
        """Return the indices of the clips of a set."""
        return np.array([i for i, clip in enumerate(self.clips) if clip.dataset == name], int)

    @property
    def sets(self) -> tuple[str, ...]:
        """Sets that are there, in the order of SETS."""
        there = {clip.dataset for clip in self.clips}
        return tuple(name for name in SETS if name in there)
