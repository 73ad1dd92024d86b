"""Which chord is taken from what the model foresees."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from engine.generators.amt.model import Foresight
from engine.generators.amt.vocabulary import (
    AMT_QUALITIES,
    N_CHORDS,
    NO_CHORD_ID,
    chord_id,
    pitch_classes,
)
from engine.music.keys import Key

__all__ = ["Leaning", "choose"]

_BRIGHTNESS: Final[dict[str, float]] = {
    "maj6": 0.8,
    "maj": 0.7,
    "maj7": 0.5,
    "sus2": 0.2,
    "7": 0.2,
    "sus4": 0.0,
    "aug": -0.3,
    "min7": -0.5,
    "min": -0.6,
    "min6": -0.6,
    "hdim7": -0.8,
    "dim": -0.9,
    "dim7": -0.9,
}
"""How happy a quality sounds by itself, -1..1; triads by their third, as listeners rate them
(Lahdelma & Eerola, "Single chords convey distinct emotional qualities", 2016)."""
_TILT: Final = 2.0
"""Preference for bright chords per unit of valence [nats per unit of brightness], where the mode
is against it; half of it where the mode says it already, and needs its other chords."""
_FOREIGN: Final = (0.0, 0.5, 2.5, 4.0, 5.0)
"""Cost of a chord with so many notes foreign to the key [nats]: one is a borrowed chord or a
dominant on the way, two mostly lose the key."""
_LIVELY: Final = 0.4
"""How much less a chord tends to stay per unit of arousal [nats]: lively harmony moves faster."""
_LONGEST_RUN: Final = 4
"""Slots after which a chord has to change."""
_AGREES: Final = 6.0
"""What a chord gains that holds all of what somebody plays [nats]."""
_NUCLEUS: Final = 0.94
"""Least probability of the chords that are drawn from: what is rarer is mostly a mistake."""


@dataclass(frozen=True, slots=True)
class Leaning:
    """What the moment asks of the chord besides what the model makes of it.

    Attributes
    ----------
    valence, arousal : float
        Target.
    tonic, dominant : float
        Preference for the chord of rest, and for the one that pulls to it [nats].
    inside : bool
        Whether only chords of the key's own notes may sound.
    agreement : float64 array, shape (N_CHORDS,), or None
        How well each chord goes with what somebody plays, -1..1.
    """

    valence: float
    arousal: float = 0.0
    tonic: float = 0.0
    dominant: float = 0.0
    inside: bool = False
    agreement: np.ndarray | None = None


def _by_quality(roots: tuple[int, ...], qualities: tuple[str, ...]) -> np.ndarray:
    found = np.zeros(N_CHORDS)
    for root in roots:
        found[[chord_id(root, quality) for quality in qualities]] = 1.0
    return found


@lru_cache(maxsize=1)
def _brightness() -> np.ndarray:
    row = [_BRIGHTNESS[quality] for quality in AMT_QUALITIES]
    return np.array([0.0, *(row * 12)])


@lru_cache(maxsize=2)
def _foreign(mode: str) -> np.ndarray:
    """Return how many notes of each id are foreign to C major, or to A minor with G sharp."""
    scale = set(Key(0, "maj").pitch_classes)
    if mode == "min":
        scale.add(8)
    return np.array([len(set(pitch_classes(identity)) - scale) for identity in range(N_CHORDS)])


@lru_cache(maxsize=1)
def _inside() -> np.ndarray:
    return np.asarray(_foreign("maj") == 0)  # natural A minor has the notes of C major


@lru_cache(maxsize=2)
def _functions(mode: str) -> tuple[np.ndarray, np.ndarray]:
    """Return which ids are chords of rest and which pull to them, in C major or A minor."""
    if mode == "maj":
        return _by_quality((0,), ("maj", "maj7", "maj6")), _by_quality((7,), ("maj", "7", "sus4"))
    return _by_quality((9,), ("min", "min7", "min6")), _by_quality((4,), ("maj", "7", "min"))


def choose(
    foresight: Foresight,
    leaning: Leaning,
    mode: str,
    present: int,
    run: int,
    temperature: float,
    point: float,
) -> int:
    """Return the id of the chord that is to sound.

    Whether the chord changes is the model's affair, so valence moves which chords come and not
    how long they last.

    Parameters
    ----------
    foresight : Foresight
        What the model says.
    leaning : Leaning
        What the moment asks for.
    mode : {'maj', 'min'}
        Of the key.
    present : int
        Id of the present chord, or `END` before the first.
    run : int
        For how many slots it has sounded.
    temperature : float
        0 takes the likeliest; 1 draws as the model says.
    point : float
        A number in [0, 1) that decides.
    """
    said = leaning.valence > 0 if mode == "maj" else leaning.valence < 0
    tilt = (0.5 if said else 1.0) * _TILT * leaning.valence
    scores = np.asarray(foresight.change[:N_CHORDS], np.float64) + tilt * _brightness()
    scores -= np.array(_FOREIGN)[_foreign(mode)]
    scores[NO_CHORD_ID] = -np.inf
    if present < N_CHORDS:
        scores[present] = -np.inf
    if leaning.inside:
        scores[~_inside()] = -np.inf
    scores -= _log_sum(scores)
    stays = 0 < present < N_CHORDS and run < _LONGEST_RUN
    if stays and not (leaning.inside and not _inside()[present]):
        odds = min(max(foresight.stay, 1e-6), 1.0 - 1e-6)
        odds = odds / (1.0 - odds) * np.exp(-_LIVELY * leaning.arousal)
        scores -= np.log1p(odds)
        scores[present] = np.log(odds / (1.0 + odds))
    if leaning.agreement is not None:
        scores += _AGREES * leaning.agreement
    rest, pull = _functions(mode)
    scores += leaning.tonic * rest + leaning.dominant * pull
    if temperature <= 0.0:
        return int(scores.argmax())
    shares = np.exp((scores - scores.max()) / temperature)
    order = np.argsort(-shares, kind="stable")
    reached = np.cumsum(shares[order]) / shares.sum()
    kept = int(np.searchsorted(reached, _NUCLEUS)) + 1
    return int(order[min(np.searchsorted(reached, point * reached[kept - 1], "right"), kept - 1)])


def _log_sum(scores: np.ndarray) -> float:
    highest = scores.max()
    return float(highest + np.log(np.exp(scores - highest).sum()))
