"""The music of the demo piece: four public-domain themes, set for a small orchestra.

1. Edvard Grieg, "Morning Mood" from Peer Gynt (op. 46 no. 1, 1875): flute, then oboe
   (which answers a third higher in Grieg, here in the same key).
2. Ludwig van Beethoven, piano sonata op. 27 no. 2 "Moonlight" (1801), opening bars.
3. Edvard Grieg, "In the Hall of the Mountain King" (op. 46 no. 4): from a whisper to a storm.
4. Ludwig van Beethoven, symphony no. 9 (1824), the "Ode to Joy", in full and once more softly.
"""

from dataclasses import dataclass
from typing import Final

__all__ = ["LINES", "PARTS", "SECTIONS", "TEMPO_CURVE", "Line", "Part", "Section", "time_of"]


@dataclass(frozen=True, slots=True)
class Part:
    """An instrument: General MIDI ``program``, ``channel`` 0..15, ``pan`` and ``volume`` 0..127."""

    name: str
    channel: int
    program: int
    pan: int
    volume: int


@dataclass(frozen=True, slots=True)
class Line:
    """Some bars for one part.

    Attributes
    ----------
    part : str
        Name of the part.
    beat : int
        Where it starts [quarter notes].
    text : str
        The music, see `presets.demo.notation`.
    loud : tuple of (int, int)
        Velocity at its beginning and end.
    octave : int
        Octaves added.
    bar : int
        Bar length [quarter notes].
    """

    part: str
    beat: int
    text: str
    loud: tuple[int, int]
    octave: int = 0
    bar: int = 4


@dataclass(frozen=True, slots=True)
class Section:
    """One mood of the piece: ``quadrant`` 1..4 is what it is meant to express."""

    name: str
    start_beat: int
    end_beat: int
    key: str
    quadrant: int


PARTS: Final = (
    Part("flute", 0, 73, 70, 105),
    Part("oboe", 1, 68, 58, 96),
    Part("clarinet", 2, 71, 74, 96),
    Part("bassoon", 3, 70, 66, 105),
    Part("horns", 4, 60, 46, 92),
    Part("trumpets", 5, 56, 78, 88),
    Part("trombones", 6, 57, 84, 88),
    Part("timpani", 7, 47, 62, 112),
    Part("harp", 8, 46, 30, 96),
    Part("drums", 9, 48, 64, 92),
    Part("piano", 10, 0, 64, 122),
    Part("violins", 11, 48, 40, 104),
    Part("violas", 12, 48, 76, 92),
    Part("cellos", 13, 48, 88, 100),
    Part("plucked", 14, 45, 72, 112),
    Part("basses", 15, 43, 92, 104),
)

SECTIONS: Final = (
    Section("Morning Mood", 0, 24, "E:maj", 4),
    Section("Moonlight", 24, 42, "C#:min", 3),
    Section("Mountain King", 42, 74, "B:min", 2),
    Section("Mountain King, the storm", 74, 96, "F#:maj", 2),
    Section("Ode to Joy", 96, 128, "D:maj", 1),
    Section("Ode to Joy, softly", 128, 145, "D:maj", 4),
)

TEMPO_CURVE: Final = (
    (0, 108.0),
    (8, 116.0),
    (20, 116.0),
    (24, 88.0),
    (24, 76.0),
    (36, 76.0),
    (42, 60.0),
    (42, 140.0),
    (58, 160.0),
    (74, 190.0),
    (90, 218.0),
    (96, 190.0),
    (96, 156.0),
    (124, 160.0),
    (128, 132.0),
    (128, 126.0),
    (138, 110.0),
    (142, 80.0),
    (145, 66.0),
)
"""(beat, quarter notes per minute), linear in between; a beat named twice is a sudden change."""

_MORNING: Final = (
    "B5e~ G#5~ F#5~ E5~ F#5~ G#5~ | B5e~ G#5~ F#5~ E5~ F#5s~ G#5~ F#5~ G#5~ | "
    "B5e~ G#5~ B5~ C#6~ G#5~ C#6~ | B5e~ G#5~ F#5~ E5q."
)
_MOONLIGHT: Final = (
    "G#3t~ C#4~ E4~ G#3~ C#4~ E4~ G#3~ C#4~ E4~ G#3~ C#4~ E4~ | "
    "G#3t~ C#4~ E4~ G#3~ C#4~ E4~ G#3~ C#4~ E4~ G#3~ C#4~ E4~ | "
    "A3t~ C#4~ E4~ A3~ C#4~ E4~ A3~ D4~ F#4~ A3~ D4~ F#4~ | "
    "G#3t~ B#3~ F#4~ G#3~ C#4~ E4~ G#3~ C#4~ D#4~ F#3~ B#3~ D#4~ | E3t~ G#3~ C#4~ E3+G#3+C#4q"
)
_KING: Final = (
    "B2e' C#3' D3' E3' F#3' D3' F#3q' | E#3e' C#3' E#3q' E3e' C3' E3q' | "
    "B2e' C#3' D3' E3' F#3' D3' F#3' B3' | A3e' F#3' D3' F#3' A3h"
)
_KING_OFF_BEATS: Final = (
    "rq B3+D4+F#4q' rq B3+D4+F#4q' | rq C#4+E#4+G#4q' rq C4+E4+G4q' | "
    "rq B3+D4+F#4q' rq B3+D4+F#4q' | rq A3+D4+F#4q' rq A3+D4+F#4q'"
)
_KING_BASS: Final = (
    "B1+B2q' r B1+B2' r | C#2+C#3' r C2+C3' r | B1+B2' r B1+B2' r | D2+D3' r B1+B2' r"
)
_KING_FIFTH: Final = (
    "F#4e' G#4' A#4' B4' C#5' A#4' C#5q^ | D5e' A#4' D5q^ C#5e' A#4' C#5q^ | "
    "F#4e' G#4' A#4' B4' C#5' A#4' C#5q^ | D5e' A#4' D5q^ C#5h^"
)
_KING_FIFTH_CHORDS: Final = (
    "F#3+A#3+C#4q^ F#3+A#3+C#4e' F#3+A#3+C#4' F#3+A#3+C#4q^ F#3+A#3+C#4' | "
    "F#3+A#3+D4q^ F#3+A#3+D4' F#3+A#3+C#4^ F#3+A#3+C#4' | "
    "F#3+A#3+C#4q^ F#3+A#3+C#4e' F#3+A#3+C#4' F#3+A#3+C#4q^ F#3+A#3+C#4' | "
    "F#3+A#3+D4q^ F#3+A#3+D4' F#3+A#3+C#4h^"
)
_KING_END: Final = "B3+D4+F#4e^ r r B3+D4+F#4^ r r B3+D4+F#4^ B3+D4+F#4^ | B3+D4+F#4q^ r"
_JOY_A: Final = "F#4q F#4 G4 A4 | A4 G4 F#4 E4 | D4 D4 E4 F#4 | F#4q. E4e E4h"
_JOY_B: Final = "F#4q F#4 G4 A4 | A4 G4 F#4 E4 | D4 D4 E4 F#4 | E4q. D4e D4h"
_JOY_CHORDS_A: Final = (
    "F#3+A3+D4e F#3+A3+D4 F#3+A3+D4 F#3+A3+D4 E3+G3+C#4 E3+G3+C#4 F#3+A3+D4 F#3+A3+D4 | "
    "F#3+A3+D4e F#3+A3+D4 E3+G3+C#4 E3+G3+C#4 F#3+A3+D4 F#3+A3+D4 E3+A3+C#4 E3+A3+C#4 | "
    "F#3+B3+D4e F#3+B3+D4 F#3+B3+D4 F#3+B3+D4 E3+G3+C#4 E3+G3+C#4 F#3+A3+D4 F#3+A3+D4 | "
)
_JOY_CHORDS: Final = (
    _JOY_CHORDS_A
    + "F#3+A3+D4e F#3+A3+D4 F#3+A3+D4 E3+A3+C#4 E3+A3+C#4h | "
    + _JOY_CHORDS_A
    + "E3+A3+C#4e E3+A3+C#4 E3+G3+C#4 F#3+A3+D4 F#3+A3+D4h"
)
_JOY_BASS: Final = (
    "D2q A2 A2 D2 | D2 A2 D2 A2 | B2 F#2 A2 D2 | D2 A2 A2h | "
    "D2q A2 A2 D2 | D2 A2 D2 A2 | B2 F#2 A2 D2 | A2 A2 D2h"
)
_JOY_SOFT_CHORDS: Final = (
    "F#3+A3+D4h~ E3+G3+C#4q~ F#3+A3+D4~ | F#3+A3+D4h~ F#3+A3+D4q~ E3+A3+C#4~ | "
    "F#3+B3+D4h~ E3+G3+C#4q~ F#3+A3+D4~ | E3+G3+C#4h~ F#3+A3+D4h. "
)

LINES: Final = (
    # Morning Mood: flute over held strings and horn; oboe and violins answer.
    Line("flute", 0, _MORNING, (79, 86), bar=3),
    Line("horns", 0, "E3+B3h.~ | E3+B3~ | E3+B3q.~ E3+C#4~ | E3+B3h.", (62, 67), bar=3),
    Line("violas", 0, "G#3+B3h.~ | G#3+B3~ | G#3+B3q.~ G#3+C#4~ | G#3+B3h.", (63, 69), bar=3),
    Line("cellos", 0, "E2+B2h.~ | E2+B2~ | E2+B2q.~ C#3+G#3~ | E2+B2h.", (63, 69), bar=3),
    Line("harp", 9, "E3e B3 E4 G#4 B4 E5", (71, 67), bar=3),
    Line("oboe", 12, _MORNING, (80, 84), bar=3),
    Line("violins", 12, _MORNING, (74, 80), octave=-1, bar=3),
    Line("clarinet", 12, "G#4+B4h.~ | G#4+B4~ | G#4+B4q.~ G#4+C#5~ | G#4+B4h.", (60, 62), bar=3),
    Line("horns", 12, "E3+B3h.~ | E3+B3~ | E3+B3q.~ E3+C#4~ | E3+B3h.", (66, 66), bar=3),
    Line("violas", 12, "E3+G#3h.~ | E3+G#3~ | E3+G#3q.~ C#3+G#3~ | E3+G#3h.", (67, 67), bar=3),
    Line("cellos", 12, "E2+B2h.~ | E2+B2~ | E2+B2q.~ C#3+G#3~ | E2+B2h.", (67, 63), bar=3),
    Line("harp", 21, "E3e B3 E4 G#4 B4 E5", (73, 65), bar=3),
    # Moonlight: piano, low strings under it.
    Line("piano", 24, _MOONLIGHT, (78, 70)),
    Line(
        "piano", 24, "C#2+C#3w | B1+B2w | A1+A2h F#1+F#2h | G#1+G#2h G#1+G#2h | C#2+C#3h", (80, 72)
    ),
    Line("cellos", 24, "C#3w~ | B2w~ | A2h~ F#2h~ | G#2w~ | C#2+C#3h", (60, 54)),
    # Mountain King: plucked basses and bassoon, then more and more of everybody.
    Line("plucked", 42, _KING, (74, 81)),
    Line("bassoon", 42, _KING, (67, 76)),
    Line("plucked", 42, _KING_OFF_BEATS, (62, 69)),
    Line("basses", 42, _KING_BASS, (67, 74)),
    Line("violins", 58, _KING, (89, 105), octave=2),
    Line("oboe", 58, _KING, (84, 103), octave=1),
    Line("bassoon", 58, _KING, (90, 107)),
    Line("violas", 58, _KING_OFF_BEATS, (83, 102)),
    Line("horns", 58, _KING_OFF_BEATS, (78, 105)),
    Line("cellos", 58, _KING_BASS, (89, 107)),
    Line("basses", 58, _KING_BASS, (89, 107)),
    Line("timpani", 58, "B2q r B2 r | r r r r | B2 r B2 r | r r B2 B2", (79, 102)),
    Line("violins", 74, _KING_FIFTH, (113, 125), octave=1),
    Line("flute", 74, _KING_FIFTH, (113, 124), octave=1),
    Line("trumpets", 74, _KING_FIFTH, (105, 123)),
    Line("violas", 74, _KING_FIFTH, (110, 123)),
    Line("trombones", 74, _KING_FIFTH_CHORDS, (105, 123)),
    Line("horns", 74, _KING_FIFTH_CHORDS, (107, 123)),
    Line(
        "cellos",
        74,
        "F#2e F#2 F#2 F#2 F#2 F#2 F#2 F#2 | " * 3 + "F#2e F#2 F#2 F#2 F#2h^",
        (113, 124),
    ),
    Line("basses", 74, "F#2q F#2 F#2 F#2 | " * 3 + "F#2 F#2 F#2h^", (114, 125)),
    Line(
        "timpani",
        74,
        "F#2e F#2 F#2 F#2 F#2 F#2 F#2 F#2 | " * 3 + "F#2s F#2 F#2 F#2 F#2 F#2 F#2 F#2 F#2h^",
        (103, 124),
    ),
    Line("drums", 74, "C#3w^ | C#3h^ C#3h | C#3w^ | C#3h^ C#3h^", (102, 117)),
    Line("violins", 90, _KING_END, (124, 127), octave=1),
    Line("violas", 90, _KING_END, (122, 126)),
    Line("trumpets", 90, _KING_END, (120, 125)),
    Line("trombones", 90, _KING_END, (120, 125), octave=-1),
    Line("horns", 90, _KING_END, (120, 125)),
    Line("basses", 90, "B1e^ r r B1^ r r B1^ B1^ | B1q^ r", (124, 127)),
    Line("timpani", 90, "B2e^ r r B2^ r r B2^ B2^ | B2q^ r", (122, 125)),
    Line("drums", 90, "C#3e^ r r C#3^ r r r r | C#3q^ r", (113, 118)),
    # Ode to Joy: everybody.
    Line("violins", 96, f"{_JOY_A} | {_JOY_B}", (113, 118), octave=1),
    Line("flute", 96, f"{_JOY_A} | {_JOY_B}", (110, 115), octave=2),
    Line("oboe", 96, f"{_JOY_A} | {_JOY_B}", (107, 113), octave=1),
    Line("trumpets", 96, f"{_JOY_A} | {_JOY_B}", (105, 113), octave=1),
    Line("clarinet", 96, f"{_JOY_A} | {_JOY_B}", (105, 110)),
    Line("violas", 96, _JOY_CHORDS, (102, 107), octave=1),
    Line("horns", 96, _JOY_CHORDS, (99, 106)),
    Line("cellos", 96, _JOY_BASS, (110, 114)),
    Line("basses", 96, _JOY_BASS, (110, 115)),
    Line("trombones", 96, _JOY_BASS, (99, 107), octave=1),
    Line("timpani", 96, "D3q r A2 D3 | D3 r D3 A2 | r r A2 D3 | D3 A2 A2h | " * 2, (101, 107)),
    Line("drums", 96, "C#3w | r | r | r | C#3w | r | r | rh C#3h", (99, 105)),
    # … and once more softly: clarinet over held strings, harp, a last long chord.
    Line(
        "clarinet",
        128,
        "F#4q~ F#4~ G4~ A4~ | A4~ G4~ F#4~ E4~ | D4~ D4~ E4~ F#4~ | E4q. D4e~ D4h.",
        (90, 78),
    ),
    Line("violas", 128, _JOY_SOFT_CHORDS, (80, 66)),
    Line(
        "cellos", 128, "D2+A2h~ A2q~ D3~ | D3h~ D3q~ A2~ | B2h~ A2q~ D3~ | A2h~ D2+A2h.", (78, 66)
    ),
    Line("harp", 140, "re E4 A4 C#5 D4 F#4 A4 D5 | F#5q", (78, 68)),
)


def time_of(beat: float) -> float:
    """Return when a beat falls, at the tempi of `TEMPO_CURVE` [s]."""
    time_s = 0.0
    for (start, tempo), (end, next_tempo) in zip(TEMPO_CURVE, TEMPO_CURVE[1:], strict=False):
        if beat <= start or end == start:
            continue
        # A tempo linear in beats; summed in sixteenths, as the MIDI file sets it.
        steps = round((min(beat, end) - start) * 4)
        for step in range(steps):
            share = (step + 0.5) / ((end - start) * 4)
            time_s += 15.0 / (tempo + share * (next_tempo - tempo))
    return time_s
