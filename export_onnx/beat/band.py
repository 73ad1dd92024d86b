"""A band around a drum performance: bass, chords and lead in a style, written in beats."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

__all__ = ["PROGRAMS", "BandNote", "accompany", "style_of"]


class BandNote(NamedTuple):
    """A note; place and length in beats."""

    part: str
    beat: float
    length: float
    pitch: int
    velocity: int


PROGRAMS = {
    "jazz": ((32,), (0, 26), (65, 66, 56, 11)),
    "latin": ((33,), (0,), (56, 73)),
    "reggae": ((33,), (27, 16), (17,)),
    "funk": ((36,), (28, 7), (61,)),
    "hiphop": ((38,), (4, 88), (80,)),
    "ballad": ((33,), (0, 4, 24), (73, 40, 52)),
    "dance": ((38,), (81, 90), (80, 81)),
    "rock": ((34,), (29, 30, 27), (30, 29)),
    "pop": ((33,), (0, 25, 27), (73, 80, 53)),
}
"""General MIDI programs to choose from, by style: bass, chords, lead."""

_STYLES = {
    "jazz": "jazz",
    "swing": "jazz",
    "latin": "latin",
    "afrocuban": "latin",
    "reggae": "reggae",
    "funk": "funk",
    "soul": "funk",
    "afrobeat": "funk",
    "hiphop": "hiphop",
    "punk": "rock",
    "rock": "rock",
    "pop": "pop",
    "dance": "dance",
}
_MAJOR, _MINOR = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10)
_MAJOR_ROOTS = ((0, 7, 9, 5), (0, 5, 7, 5), (0, 9, 5, 7), (9, 5, 0, 7), (0, 4, 5, 7), (0, 10, 5, 0))
_MINOR_ROOTS = ((0, 8, 3, 10), (0, 5, 8, 7), (0, 10, 8, 7), (0, 3, 10, 5))
_MINOR_IN_MAJOR, _MINOR_IN_MINOR = (2, 4, 9), (0, 5)


def style_of(name: str, rng: np.random.Generator) -> str:
    """Return the style for the name of a drum performance; unknown ones are drawn."""
    for word, style in _STYLES.items():
        if word in name:
            return style
    return str(rng.choice(list(PROGRAMS)))


class _Writer:
    def __init__(self, metre: int, swing: float, rng: np.random.Generator) -> None:
        self.notes: list[BandNote] = []
        self.metre, self.swing, self.rng = metre, swing, rng
        major = rng.random() < 0.55
        table, minors = (
            (_MAJOR_ROOTS, _MINOR_IN_MAJOR) if major else (_MINOR_ROOTS, _MINOR_IN_MINOR)
        )
        self.roots = table[rng.integers(len(table))]
        self.minors = minors
        self.key = int(rng.integers(12))
        self.scale = _MAJOR if major else _MINOR
        self.riff = rng.integers(0, 7, 16)
        self.strum = int(rng.integers(3))

    def begin(self, start: int, bar: int, hold: int) -> None:
        """Go to a bar that begins on beat ``start``."""
        self.start, self.bar = start, bar
        root = self.roots[(bar // hold) % len(self.roots)]
        following = self.roots[((bar + 1) // hold) % len(self.roots)]
        self.root = 36 + (self.key + root) % 12
        self.next_root = 36 + (self.key + following) % 12
        third = 3 if root in self.minors else 4
        self.chord = [48 + (self.key + root) % 12 + step for step in (0, third, 7)]

    def add(self, part: str, beat: float, length: float, pitch: int, velocity: int) -> None:
        """Write a note of this bar."""
        touch = int(velocity + self.rng.integers(-9, 10))
        self.notes.append(BandNote(part, self.start + beat, length, pitch, min(127, max(1, touch))))

    def play_chord(self, beat: float, length: float, velocity: int, shift: int = 12) -> None:
        """Write a chord of this bar."""
        for pitch in self.chord:
            self.add("chord", beat, length, pitch + shift, velocity)

    def off(self, beat: int) -> float:
        """Return the place of the off-beat eighth."""
        return beat + self.swing

    def sing(self, share: float, steps: int, velocity: int) -> None:
        """Write a lead line on ``steps`` places a beat."""
        for i in range(self.metre * steps):
            if self.rng.random() < share:
                degree = self.scale[self.riff[(i + 3 * self.bar) % 16] % 7]
                beat = float(i // steps) if i % steps == 0 else self.off(i // steps)
                self.add("lead", beat, 0.8 / steps, 67 + self.key % 7 + degree, velocity)


def _jazz(w: _Writer) -> None:
    walk = (w.root, w.root + int(w.rng.choice((3, 4, 5))), w.root + 7, w.next_root - 1)
    for beat in range(w.metre):
        w.add("bass", beat, 0.9, walk[beat % 4] if beat < w.metre - 1 else walk[3], 85)
        if w.rng.random() < 0.15:
            w.add("bass", w.off(beat), 0.25, walk[beat % 4], 60)
    places = ((0, w.off(1)), (w.off(1),), (w.off(0), w.off(2 % w.metre)), (w.off(3 % w.metre),))
    for place in places[w.rng.integers(4)]:
        w.play_chord(place, 0.5, 58)
    if (w.bar // 2) % 3 != 2:
        w.sing(0.62, 2, 75)


def _latin(w: _Writer) -> None:
    w.add("bass", 0 if w.bar == 0 else 1.5, 1.2, w.root, 92)
    if w.metre == 4:
        w.add("bass", 3, 1.0, w.next_root, 95)
    sparse = (w.bar + w.key) % 2
    for beat in (0, 0.5, 1.5, 2.5, 3.5) if sparse else (0.5, 1.5, 2, 3, 3.5):
        if beat < w.metre:
            w.play_chord(beat, 0.35, 72)


def _reggae(w: _Writer) -> None:
    for beat, step in ((0, 0), (0.75, 0), (1.5, 7), (2.5, 5), (3.5, 0)):
        if beat < w.metre and w.rng.random() < 0.8:
            w.add("bass", beat, 0.45, w.root + step, 98)
    for beat in range(w.metre):
        w.play_chord(beat + 0.5, 0.18, 80)


def _funk(w: _Writer) -> None:
    steps = (0, 0, 7, 10, 12, 7, 5)
    for i, beat in enumerate((0, 0.75, 1.5, 1.75, 2.5, 3.25, 3.5)):
        if beat < w.metre and (i == 0 or w.rng.random() < 0.8):
            w.add("bass", beat, 0.35, w.root + steps[w.riff[i] % 7], 94)
    for i in range(w.metre * 4):
        if w.rng.random() < (0.35 if i % 4 else 0.2):
            w.play_chord(i / 4, 0.12, 64, shift=24)


def _hiphop(w: _Writer) -> None:
    for beat in (0, 1.75, 2.5):
        if beat < w.metre and (beat == 0 or w.rng.random() < 0.8):
            w.add("bass", beat, 0.9, w.root, 94)
    w.play_chord(0, w.metre * 0.95, 66)


def _ballad(w: _Writer) -> None:
    w.add("bass", 0, w.metre * 0.9, w.root, 80)
    row = [*w.chord, w.chord[0] + 12, *w.chord[::-1]]
    for i in range(w.metre * 2):
        w.add("chord", i / 2, 0.6, row[i % len(row)] + 12, 68 if i == 0 else 60)
    w.sing(0.5, 1, 72)


def _dance(w: _Writer) -> None:
    for beat in range(w.metre):
        w.add("bass", beat + 0.5, 0.4, w.root, 100)
        w.add("bass", beat + 0.75, 0.2, w.root + 12, 80)
        w.play_chord(beat + (0.5 if beat % 2 else 0.0), 0.4, 74)
    w.sing(0.7, 2, 80)


def _rock(w: _Writer) -> None:
    count = w.metre * 2
    for i in range(count):
        beat = float(i // 2) if i % 2 == 0 else w.off(i // 2)
        if w.rng.random() < 0.93:
            pitch = w.root if i < count - 1 else w.next_root
            w.add("bass", beat, 0.45, pitch, 86 if i % 2 else 100)
        strummed = (i % 2 == 0, i in (0, 3, 6), w.rng.random() < 0.7)[w.strum]
        if strummed:
            w.play_chord(beat, 0.5, 82 if i in (0, 4) else 70)
    w.sing(0.4, 2, 82)


_BARS: dict[str, Callable[[_Writer], None]] = {
    "jazz": _jazz,
    "latin": _latin,
    "reggae": _reggae,
    "funk": _funk,
    "hiphop": _hiphop,
    "ballad": _ballad,
    "dance": _dance,
    "rock": _rock,
    "pop": _rock,
}
_TWO_BARS_A_CHORD = ("reggae", "funk", "hiphop", "ballad")


def accompany(
    style: str, n_beats: int, metre: int, swing: float, rng: np.random.Generator
) -> list[BandNote]:
    """Write the parts for so many beats, of which beat 0 is a downbeat.

    Parameters
    ----------
    style : str
        Of `PROGRAMS`.
    swing : float
        Place of the off-beat eighth within its beat, 0.5..0.7.
    """
    writer = _Writer(metre, swing, rng)
    for bar, start in enumerate(range(0, n_beats, metre)):
        writer.begin(start, bar, 2 if style in _TWO_BARS_A_CHORD else 1)
        _BARS[style](writer)
    return writer.notes
