"""Hands: where in time and how loud the notes of a beat fall beside what was written.

Onsets sway together, the notes of a chord part from each other, some chords are rolled, and
loudness follows the phrase. Sizes are those of EMOPIA's training clips, as far as the steady beat
of a stage lets them.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from math import log2
from typing import Final

from engine.events import NoteEvent
from engine.generators.muser.composing import Place
from engine.generators.muser.phrases import loudness_arc
from engine.generators.muser.style import Style
from engine.music.draws import Draws
from engine.music.rhythm import TICKS

__all__ = ["pedalled", "play"]

_SWAY_S: Final = 0.009
_APART_S: Final = 0.003
"""Deviation of onsets, and of the notes of a chord from each other [s]."""
_ROLLED: Final = 0.3
"""Share of chords that are rolled, from below or from the top."""
_ROLL_S: Final = (0.004, 0.024)
"""Between the notes of a rolled chord [s]."""
_PEDALLED: Final = 0.9
_PEDAL_FROM: Final = 0.5
"""Share of the notes of at least this length [beats] that end with the pedal."""
_FROM_TOP: Final = 0.6
_CONTRAST: Final = (1.12, 0.9)
"""Factors on loudness between onsets and within a chord: codes have means alone, which are flat."""
_NEUTRAL: Final = 64.0
_HIGH: Final = 0.12
_MIDDLE: Final = 62
_LONG: Final = 1.2
"""What a semitone above the middle, and a doubled length, add to the velocity."""
_TOUCH: Final = 2.0
"""Deviation of the velocity of onsets, and of single notes on top."""
_MOST: Final = 0.45 / TICKS
"""Furthest a note is moved off its tick [beats]: order and spacing of onsets stay."""
_LAST: Final = 0.999
"""Latest onset within a beat [beats]."""


def pedalled(notes: Sequence[NoteEvent], place: Place, draws: Draws) -> list[NoteEvent]:
    """Return the notes with their ends where a pedal is changed: at half bars, most of them."""
    half = max(place.beats_per_bar / 2.0, 1.0)
    bar = place.beat - place.position
    found = []
    for index, note in enumerate(notes):
        end = note.onset + note.duration
        if note.duration >= _PEDAL_FROM and draws.uniform("pedal", place.beat, index) < _PEDALLED:
            change = bar + round((end - bar) / half) * half
            while change < note.onset + _PEDAL_FROM / 2.0:
                change += half
            note = replace(note, duration=change - note.onset)
        found.append(note)
    return found


def play(notes: Sequence[NoteEvent], place: Place, style: Style, draws: Draws) -> list[NoteEvent]:
    """Return the written notes of a beat, sorted by onset, as hands play them."""
    found, index = [], 0
    for onset, together in groupby(notes, key=lambda note: note.onset):
        chord = sorted(together, key=lambda note: note.pitch)
        top = chord[-1] if len(chord) > 1 else None
        tick = round((onset - place.beat) * TICKS)
        sway = draws.normal("sway", place.beat, tick) * _SWAY_S * style.loose
        low, high = _ROLL_S
        rolled = len(chord) > 1 and draws.uniform("roll", place.beat, tick) < _ROLLED * style.loose
        step = low + (high - low) * draws.uniform("step", place.beat, tick) if rolled else 0.0
        if draws.uniform("from", place.beat, tick) < _FROM_TOP:
            chord.reverse()
        louder = loudness_arc(onset, place.beats_per_bar, draws)
        mean = sum(note.velocity for note in chord) / len(chord)
        louder += (
            _NEUTRAL
            + _CONTRAST[0] * (mean - _NEUTRAL)
            + _TOUCH * draws.normal("accent", place.beat, tick)
        )
        for rank, note in enumerate(chord):
            apart = draws.normal("timing", place.beat, index) * _APART_S * style.loose
            off_s = sway + rank * step + apart - (style.leads_s if note is top else 0.0)
            off = min(max(off_s / place.beat_s, -_MOST), _MOST)
            # A note on the beat cannot be early: its beat has not been asked for yet.
            at = onset - place.beat + (abs(off) if tick == 0 else off)
            loud = louder + _CONTRAST[1] * (note.velocity - mean)
            loud += _HIGH * (note.pitch - _MIDDLE) + _LONG * log2(max(note.duration, 0.1))
            loud += draws.normal("touch", place.beat, index) * _TOUCH
            found.append(
                replace(
                    note,
                    onset=place.beat + min(max(at, 0.0), _LAST),
                    velocity=min(max(round(loud), 1), 127),
                )
            )
            index += 1
    return sorted(found, key=lambda note: (note.onset, note.channel, note.pitch))
