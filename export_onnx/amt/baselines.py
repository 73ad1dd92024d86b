"""Baselines that count: n-grams, and n-grams with a cache of the song so far.

They give, for one song, the probabilities of every slot and of every change, as `hits.score_song`
expects them. They are fitted to the same training songs; for changes, to their chords with repeats
merged.

References
----------
Witten, Bell: The zero-frequency problem. IEEE Trans. Information Theory 37 (1991).
"""

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

from engine.generators.amt.vocabulary import N_CHORDS
from export_onnx.amt.songs import Song

__all__ = ["BASELINES", "CountModel", "merged", "runs_of"]

BASELINES: dict[str, tuple[int, bool]] = {
    "unigram": (1, False),
    "2-gram": (2, False),
    "4-gram": (4, False),
    "4-gram + in-song cache": (4, True),
}
"""Name → order, and whether half of the opinion comes from what this song did before."""
_CACHE_ORDER = 6


def merged(chord: np.ndarray) -> np.ndarray:
    """Chords without repeats."""
    return np.asarray(chord[np.concatenate([[True], chord[1:] != chord[:-1]])])


def runs_of(chord: np.ndarray) -> np.ndarray:
    """Index into `merged` of each slot, shape (n,)."""
    return np.cumsum(np.concatenate([[0], np.diff(chord) != 0]))


class _Counts:
    """Counts of chords after contexts of up to `order` - 1 chords."""

    def __init__(self, order: int) -> None:
        self.order = order
        self._tables: list[dict[tuple[int, ...], Counter[int]]] = [
            defaultdict(Counter) for _ in range(order)
        ]

    def add(self, past: Sequence[int], chord: int) -> None:
        for length in range(min(self.order, len(past) + 1)):
            self._tables[length][tuple(past[len(past) - length :])][chord] += 1

    def blend(self, past: Sequence[int], lower: np.ndarray) -> np.ndarray:
        """Witten-Bell: each context as far as it was seen, the rest from the shorter one."""
        table = lower
        for length in range(min(self.order, len(past) + 1)):
            counts = self._tables[length].get(tuple(past[len(past) - length :]))
            if not counts:
                break
            seen = np.zeros(N_CHORDS)
            seen[list(counts)] = list(counts.values())
            kinds = len(counts)
            table = (seen + kinds * table) / (seen.sum() + kinds)
        return table


class CountModel:
    """Counts over training songs, optionally with the song's own.

    Parameters
    ----------
    songs : sequence of Song
        To count.
    order : int
        Context and chord together.
    cache : bool
        Mix in, half and half, counts of this song so far.
    """

    def __init__(self, songs: Sequence[Song], order: int, cache: bool) -> None:
        self.cache = cache
        self._slots, self._changes = _Counts(order), _Counts(order)
        for song in songs:
            for counts, chords in (
                (self._slots, song.chord.tolist()),
                (self._changes, merged(song.chord).tolist()),
            ):
                for index, chord in enumerate(chords):
                    counts.add(chords[max(0, index - order + 1) : index], chord)

    def _sequence(self, counts: _Counts, chords: list[int]) -> np.ndarray:
        """Probabilities of every chord of a sequence, shape (n, 157)."""
        own = _Counts(_CACHE_ORDER)
        rows = np.zeros((len(chords), N_CHORDS))
        flat = np.full(N_CHORDS, 1.0 / N_CHORDS)
        for index, chord in enumerate(chords):
            past = chords[max(0, index - _CACHE_ORDER + 1) : index]
            row = counts.blend(
                past[len(past) - counts.order + 1 :] if counts.order > 1 else [], flat
            )
            if self.cache:
                rows[index] = 0.5 * row + 0.5 * own.blend(past, row)
                own.add(past, chord)
            else:
                rows[index] = row
        return rows

    def song(self, song: Song) -> tuple[np.ndarray, np.ndarray]:
        """Probabilities of every slot and of every change, both (n, 157)."""
        chords = song.chord.tolist()
        slot = self._sequence(self._slots, chords)
        change = self._sequence(self._changes, merged(song.chord).tolist())
        return slot, change[runs_of(song.chord)]
