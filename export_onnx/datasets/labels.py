"""Labels over time and the names of keys and chords."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

__all__ = ["EMOPIA_LEVEL", "TAGS", "Span", "chord_index", "common_scale", "key_index", "read_spans"]

_PITCH_CLASS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_MAJOR = ("", "maj", "maj6", "maj7", "maj9", "6", "7", "9", "11", "13")
_MINOR = ("min", "min6", "min7", "min9", "min11", "minmaj7")


@dataclass(frozen=True, slots=True)
class Span:
    """A label that holds from `start_s` to `end_s`; `label` indexes KEYS or CHORDS, -1 unknown."""

    start_s: float
    end_s: float
    label: int


def _root(name: str) -> int:
    shift = sum({"#": 1, "b": -1}[sign] for sign in name[1:])
    return (_PITCH_CLASS[name[0]] + shift) % 12


def key_index(name: str) -> int:
    """Index into KEYS of a name like ``Gb:maj``; -1 where it is none."""
    root, _, mode = name.partition(":")
    try:
        return _root(root) + {"maj": 0, "min": 12}[mode]
    except (KeyError, IndexError):
        return -1


def chord_index(name: str) -> int:
    """Index into CHORDS of a name like ``Bb:min7/b3``.

    Sevenths and added tones fold into their major or minor triad; diminished, augmented,
    suspended and unknown chords give -1, as in the MIREX major/minor vocabulary.
    """
    if name == "N":
        return 0
    root, _, quality = name.partition(":")
    quality = quality.split("/")[0].split("(")[0]
    try:
        if quality in _MAJOR:
            return 1 + _root(root.split("/")[0])
        if quality in _MINOR:
            return 13 + _root(root)
    except (KeyError, IndexError):
        pass
    return -1


def read_spans(text: str, index: Callable[[str], int]) -> tuple[Span, ...]:
    """Read lines of start [s], end [s] and a name; `index` turns the name into a label."""
    spans = []
    for line in text.splitlines():
        parts = line.split()
        if len(parts) == 3:
            spans.append(Span(float(parts[0]), float(parts[1]), index(parts[2])))
    return tuple(spans)


# The nine emotions of the Geneva Emotional Music Scale, in Emotify's column order.
TAGS = (
    "amazement",
    "solemnity",
    "tenderness",
    "nostalgia",
    "calmness",
    "power",
    "joyful_activation",
    "tension",
    "sadness",
)


# EMOPIA knows only the quadrant: its clips are placed at +-0.6 on the shared [-1, 1] scale, about
# where the strongly rated pieces of VGMIDI lie, so that both sets can train one output.
EMOPIA_LEVEL = 0.6

# Mean and deviation of valence and arousal among the training pieces of sets with ratings.
_RATINGS = {
    "emotify": ((0.0, 0.0), (0.4, 0.4)),
    "vgmidi": ((0.18, 0.06), (0.28, 0.3)),
}


def common_scale(dataset: str, affect: np.ndarray) -> np.ndarray:
    """Bring labels (..., 2) of a set, valence and arousal, to the scale that all sets share.

    Where raters place zero and how far they go differs from set to set: rated sets get the mean 0
    and the deviation of the sets that know quadrants only.
    """
    zero, spread = _RATINGS.get(dataset, ((0.0, 0.0), (EMOPIA_LEVEL, EMOPIA_LEVEL)))
    moved = (np.asarray(affect, np.float64) - zero) * (EMOPIA_LEVEL / np.array(spread))
    return np.asarray(np.clip(moved, -1.0, 1.0))
