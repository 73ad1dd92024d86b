"""What a swapped conditioning costs the chord model."""

from collections.abc import Sequence

import numpy as np

from engine.generators.amt.conditioning import MASKS, SLICES
from export_onnx.amt.songs import Song, condition
from export_onnx.training.metrics import Score, bootstrap

__all__ = ["swap_cost", "swapped"]

_OWN = ("mode", "tempo", "phase")


def swapped(song: Song, other: Song) -> np.ndarray:
    """Conditioning of `song` with all that is intended taken from `other`, stretched to fit."""
    told, theirs = condition(song), condition(other)
    place = np.linspace(0, len(other) - 1, len(song)).round().astype(int)
    mixed = np.array(theirs[place])
    for name in _OWN:
        mixed[:, SLICES[name]] = told[:, SLICES[name]]
        mixed[:, MASKS[name]] = told[:, MASKS[name]]
    return mixed


def swap_cost(
    songs: Sequence[Song], own: Sequence[np.ndarray], other: Sequence[np.ndarray]
) -> Score:
    """Rise of the surprise per slot [nats] when the conditioning is another song's.

    ``own`` and ``other`` are the probabilities of every slot, (n, SIZE), under both.
    """
    rises = []
    for song, right, wrong in zip(songs, own, other, strict=True):
        rows = np.arange(1, len(song))
        target = song.chord[1:].astype(np.int64)
        ratio = np.log(right[rows, target] + 1e-9) - np.log(wrong[rows, target] + 1e-9)
        rises.append(ratio.mean())
    names = [f"{song.dataset}/{song.group}" for song in songs]
    return bootstrap(lambda x: float(x.mean()), [np.array(rises)], names)
