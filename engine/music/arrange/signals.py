"""Figures an arranger plays on demand: the fill before a bar line, and the chord that ends a piece.

They are written from what was just played, whichever engine played it.
"""

from collections.abc import Sequence
from typing import Final

from engine.events import NoteEvent, Role
from engine.music.chords import Chord
from engine.music.keys import Key
from engine.music.rhythm import grid_limit
from engine.music.voicing import VoicingRules, best_voicing
from engine.music.written import CHANNELS, NEUTRAL_VELOCITY

__all__ = ["fill_figure", "final_chord", "leans_minor"]

_TOMS: Final = (50, 50, 47, 47, 45, 45, 43, 43)
_SNARE, _KICK, _CRASH = 38, 36, 49
_RUN_TOP: Final = 93
_RUN_FROM: Final = 67
_USUAL_BASS: Final = 43
_RULES: Final = VoicingRules()
_SHORT: Final = 0.2
"""Length of a stroke on a drum [beats]."""


def leans_minor(recent: Sequence[NoteEvent], key: Key) -> bool:
    """Return whether what was played has the minor third of a tonic rather than the major one."""
    thirds = [0.0, 0.0]
    for note in recent:
        step = (note.pitch - key.tonic) % 12
        if step in (3, 4) and note.role != "drums":
            thirds[step - 3] += note.duration
    return thirds[0] > thirds[1] or (thirds[0] == thirds[1] and key.mode == "min")


def fill_figure(
    notes: Sequence[NoteEvent],
    recent: Sequence[NoteEvent],
    beat: int,
    tempo_bpm: float,
    *,
    last: bool,
) -> tuple[NoteEvent, ...]:
    """Return the notes of a beat with a drum roll, or without drums with a run.

    Parameters
    ----------
    notes : sequence of NoteEvent
        As written for this beat.
    recent : sequence of NoteEvent
        What came before; the run goes through its notes.
    beat : int
        First position [beats].
    tempo_bpm : float
        Sets how many strokes fit a beat.
    last : bool
        Whether the bar ends with this beat.
    """
    count = min(4, grid_limit(tempo_bpm))
    played = (*recent, *notes)
    if any(note.role == "drums" for note in played):
        kept = [note for note in notes if note.role != "drums"]
        toms = _TOMS[4:] if last else _TOMS[:4]
        roll = [
            _note(beat + n / count, _SHORT, toms[n * 4 // count] if last or n % 2 else _SNARE,
                  "drums", 4 * n)
            for n in range(count)
        ]  # fmt: skip
        return _sorted((*kept, *roll))
    classes = {note.pitch % 12 for note in played[-24:]}
    if not classes:
        return tuple(notes)
    start = next((note.pitch for note in reversed(recent) if note.role == "lead"), _RUN_FROM)
    ladder = [pitch for pitch in range(start + 1, _RUN_TOP) if pitch % 12 in classes]
    if len(ladder) < count:  # no more room above: down again
        ladder = [pitch for pitch in range(start - 1, 0, -1) if pitch % 12 in classes]
    run = [
        _note(beat + n / count, 1.0 / count, pitch, "lead", 3 * n)
        for n, pitch in enumerate(ladder[:count])
    ]
    kept = [note for note in notes if note.role != "lead"] if run else list(notes)
    return _sorted((*kept, *run))


def final_chord(
    home: Key, recent: Sequence[NoteEvent], roles: Sequence[Role], beat: int, length: float
) -> tuple[NoteEvent, ...]:
    """Return the tonic chord, led to from what was just played and held for ``length`` [beats]."""
    chord = Chord(home.tonic, home.mode)

    def latest(role: str) -> list[int]:
        pitches = [(note.onset, note.pitch) for note in recent if note.role == role]
        top = max((onset for onset, _ in pitches), default=0.0)
        return sorted(pitch for onset, pitch in pitches if onset > top - 0.06)

    notes = []
    for role in roles:
        before = latest(role)
        if role == "drums":
            strokes = (_KICK, _CRASH)
            notes += [_note(beat, _SHORT, pitch, "drums", 20) for pitch in strokes]
        elif role in ("lead", "bass"):
            near = before[-1] if before else _USUAL_BASS if role == "bass" else _RUN_FROM
            notes.append(_note(beat, length, _nearest(home.tonic, near), role, 8))
        elif role in ("chords", "pad"):
            for pitch in best_voicing(chord, _RULES, tuple(before)):
                notes.append(_note(beat, length, pitch, role, 4))
    return _sorted(notes)


def _nearest(pitch_class: int, pitch: int) -> int:
    """Return the pitch of a class that lies nearest."""
    return pitch + (pitch_class - pitch + 6) % 12 - 6


def _note(onset: float, duration: float, pitch: int, role: Role, accent: int) -> NoteEvent:
    velocity = NEUTRAL_VELOCITY + accent
    return NoteEvent(0, float(onset), duration, pitch, velocity, CHANNELS[role], role)


def _sorted(notes: Sequence[NoteEvent]) -> tuple[NoteEvent, ...]:
    return tuple(sorted(notes, key=lambda note: (note.onset, note.channel, note.pitch)))
