"""Hands: where in time and how loud the notes of a beat fall beside what was written.

Onsets sway together, the notes of a chord part from each other, some chords are rolled, and
loudness follows the phrase. Sizes are those of EMOPIA's training clips, as far as the steady beat
of a stage lets them.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from math import ceil, log, log2
from typing import Final

from engine.events import NoteEvent
from engine.generators.muser.composing import Place
from engine.generators.muser.phrases import loudness_arc
from engine.generators.muser.style import Style
from engine.music.draws import Draws
from engine.music.rhythm import TICKS

__all__ = ["pedalled", "play", "rubato", "spread"]

_DRIFT_S: Final = ((1, 0.014), (3, 0.016), (8, 0.016))
"""Rubato: beats between turning points, and deviation there [s]."""
_LATE_S: Final = 0.04
_LATEST_S: Final = 0.09
"""How late rubato is on average, and at most: it cannot be early."""
_SWAY_S: Final = 0.009
_APART_S: Final = 0.0017
"""Deviation of onsets, and of the notes of a chord from each other [s]."""
_ROLL_S: Final = (0.004, 0.03)
"""Between the notes of a rolled chord [s]."""
_PEDALLED: Final = 0.9
_PEDAL_FROM: Final = 0.5
"""Share of the notes of at least this length [beats] that end with the pedal."""
_PEDAL_S: Final = 0.85
"""Shortest half bar at which the pedal is changed [s]; faster ones have it changed with the bar."""
_FROM_TOP: Final = 0.5
_CONTRAST: Final = (1.12, 0.9)
"""Factors on loudness between onsets and within a chord: codes have means alone, which are flat."""
_NEUTRAL: Final = 64.0
_HIGH: Final = 1.0
_MIDDLE: Final = 62
_LONG: Final = 1.0
"""What an octave above the middle, and an e-fold of length, add to the velocity of any style."""
_SHORTEST: Final = 1.0 / TICKS
_TOUCH: Final = 2.0
"""Deviation of the velocity of onsets, and of single notes on top."""
_EARLIEST: Final = 0.45 / TICKS
"""Furthest a note comes before its tick [beats]."""
_LATEST: Final = 0.5
"""Furthest it comes behind, as a share of the time to the next onset: their order stays."""
_LAST: Final = 0.999
"""Latest onset within a beat [beats]."""


def spread(notes: Sequence[NoteEvent], wanted: float, style: Style) -> list[NoteEvent]:
    """Return the notes with lengths nearer to or further from the one wanted [log2 beats]."""
    found = []
    for note in notes:
        away = log2(note.duration) - wanted
        length = 2.0 ** (wanted + style.spread * away)
        found.append(replace(note, duration=max(length, _SHORTEST)))
    return found


def pedalled(
    notes: Sequence[NoteEvent], place: Place, draws: Draws, alone: bool = True
) -> list[NoteEvent]:
    """Return the notes with their ends where a pedal is changed: at half bars, most of them.

    Unless `alone`, none is held beyond the change after its onset: the tune beside it moves on.
    """
    half = max(place.beats_per_bar / 2.0, 1.0)
    if half * place.beat_s < _PEDAL_S:
        half = float(place.beats_per_bar)
    bar = place.beat - place.position
    found = []
    for index, note in enumerate(notes):
        end = note.onset + note.duration
        if note.duration >= _PEDAL_FROM and draws.uniform("pedal", place.beat, index) < _PEDALLED:
            change = bar + round((end - bar) / half) * half
            while change < note.onset + _PEDAL_FROM / 2.0:
                change += half
            note = replace(note, duration=change - note.onset)
        if not alone:
            change = bar + ceil((note.onset - bar + _SHORTEST) / half) * half
            note = replace(note, duration=min(note.duration, change - note.onset))
        found.append(note)
    return found


def rubato(beat: float, draws: Draws) -> float:
    """Return how late the hands are at a place [s], 0..`_LATEST_S`."""
    late = _LATE_S
    for every, deviation in _DRIFT_S:
        node, share = divmod(beat / every, 1.0)
        first, second = (draws.normal("rubato", every, int(node) + step) for step in (0, 1))
        late += deviation * (first + (second - first) * share)
    return min(max(late, 0.0), _LATEST_S)


def play(
    notes: Sequence[NoteEvent],
    place: Place,
    style: Style,
    humanise: float,
    struck: bool,
    draws: Draws,
) -> list[NoteEvent]:
    """Return the written notes of a beat, sorted by onset, as hands play them.

    Parameters
    ----------
    humanise : float
        Factor on all that strays from the grid; 0 leaves the onsets on it.
    struck : bool
        What is on the beat is not to be late.
    """
    found, index = [], 0
    together = [list(chord) for _, chord in groupby(notes, key=lambda note: note.onset)]
    for number, chord in enumerate(together):
        onset = chord[0].onset
        following = together[number + 1][0].onset if number + 1 < len(together) else place.beat + 1
        tick = round((onset - place.beat) * TICKS)
        chord.sort(key=lambda note: note.pitch)
        offs = [humanise * off for off in _timing(chord, tick, index, place, style, draws)]
        if tick == 0:  # a note on the beat cannot be early: its beat has not been asked for yet
            offs = [off - min(*offs, 0.0) for off in offs]
        late = 0.0 if struck and tick == 0 else humanise * rubato(onset, draws)
        mean = sum(note.velocity for note in chord) / len(chord)
        middle = _NEUTRAL + style.numbers["velocity"]
        louder = middle + style.drift * loudness_arc(onset, place.beats_per_bar, draws)
        accent = mean - middle + _TOUCH * draws.normal("accent", place.beat, tick)
        louder += _CONTRAST[0] * style.accent * accent
        for note, off_s in zip(chord, offs, strict=True):
            latest = _LATEST * (following - onset)
            off = min(max(off_s / place.beat_s, -_EARLIEST), latest) + late / place.beat_s
            loud = louder + _CONTRAST[1] * (note.velocity - mean)
            loud += (_HIGH + style.high) * (note.pitch - _MIDDLE) / 12.0
            loud += (_LONG + style.long) * log(max(note.duration, 0.1))
            loud += draws.normal("touch", place.beat, index) * _TOUCH
            found.append(
                replace(
                    note,
                    onset=min(max(onset + off, place.beat), place.beat + _LAST),
                    velocity=min(max(round(loud), 1), 127),
                )
            )
            index += 1
    return sorted(found, key=lambda note: (note.onset, note.channel, note.pitch))


def _timing(
    chord: Sequence[NoteEvent], tick: int, index: int, place: Place, style: Style, draws: Draws
) -> list[float]:
    """Return how far each note of a chord, from the lowest, strays from its tick [s]."""
    where = (place.beat, tick)
    sway = draws.normal("sway", *where) * _SWAY_S
    step = 0.0
    if len(chord) > 1 and draws.uniform("roll", *where) < style.rolled:
        low, high = _ROLL_S
        step = low * (high / low) ** draws.uniform("step", *where) * style.apart
    down = draws.uniform("from", *where) < _FROM_TOP
    offs = []
    for rank in range(len(chord)):
        apart = draws.normal("timing", place.beat, index + rank) * _APART_S * style.apart
        steps = len(chord) - 1 - rank if down else rank
        offs.append(sway + steps * step + apart)
    offs[-1] -= style.lead_s if len(chord) > 1 else 0.0
    return offs
