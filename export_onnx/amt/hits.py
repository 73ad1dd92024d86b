"""Hits and perplexity of next-chord predictions, per song, over half bars and over changes.

*Half bars*: every slot but the first of a song, sustained chords included. *Changes*: only slots
whose chord differs from the previous one, which is excluded (repeats merged).
A chord is a hit at k if fewer than k chords are more probable; ties share the remaining places.
"""

from dataclasses import dataclass

import numpy as np

__all__ = ["RANKS", "VIEWS", "SongScore", "macro", "score_song"]

VIEWS = ("half bars", "changes")
RANKS = (1, 3, 5)
_LOWEST = 1e-12


@dataclass(frozen=True)
class SongScore:
    """How well the chords of one song are predicted.

    Attributes
    ----------
    hits : float64 array, shape (2, 3)
        Views by ranks.
    surprise : float64 array, shape (2,)
        Mean negative log-likelihood [nats] per view.
    """

    hits: np.ndarray
    surprise: np.ndarray


def _hits(table: np.ndarray, target: np.ndarray) -> np.ndarray:
    own = table[np.arange(len(target)), target][:, None]
    above, equal = (table > own).sum(1), (table == own).sum(1)
    free = np.array(RANKS)[None, :] - above[:, None]
    return np.asarray(np.clip(free / equal[:, None], 0.0, 1.0).mean(0))


def _surprise(table: np.ndarray, target: np.ndarray) -> float:
    own = table[np.arange(len(target)), target]
    return float(-np.log(np.maximum(own, _LOWEST)).mean())


def score_song(chord: np.ndarray, slot: np.ndarray, change: np.ndarray) -> SongScore | None:
    """Score the predictions for one song; None for a song without a single change.

    Parameters
    ----------
    chord : int array, shape (n,)
        What sounds.
    slot, change : float arrays, shape (n, chords)
        Probabilities of each slot's chord, and of the next chord should it change; the first rows
        are not looked at.
    """
    target = np.asarray(chord[1:], np.int64)
    moved = np.flatnonzero(target != chord[:-1])
    if len(moved) == 0:
        return None
    other = change[1:][moved].astype(np.float64)
    other[np.arange(len(moved)), chord[:-1][moved]] = 0.0
    other /= np.maximum(other.sum(1, keepdims=True), _LOWEST)
    every = slot[1:].astype(np.float64)
    return SongScore(
        hits=np.stack([_hits(every, target), _hits(other, target[moved])]),
        surprise=np.array([_surprise(every, target), _surprise(other, target[moved])]),
    )


def macro(scores: list[SongScore]) -> dict[str, float]:
    """Mean over songs by name, such as ``half bars hits@1``; perplexity of the mean surprise."""
    hits = np.mean([score.hits for score in scores], 0)
    surprise = np.mean([score.surprise for score in scores], 0)
    named = {}
    for v, view in enumerate(VIEWS):
        for r, rank in enumerate(RANKS):
            named[f"{view} hits@{rank}"] = float(hits[v, r])
        named[f"{view} perplexity"] = float(np.exp(surprise[v]))
    return named
