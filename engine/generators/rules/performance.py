"""From written notes to played ones: accents, phrase arches, micro-timing; and shaping.

`perform` writes velocities around ``NEUTRAL_VELOCITY`` and full written lengths; `shape`
turns both into loudness and articulation for the target of the moment.
"""

from dataclasses import replace
from math import pi, sin
from typing import Final

from engine.events import NoteEvent, Role
from engine.generators.shared.mood_map import ARTICULATION, CONTRAST, LOUDNESS
from engine.generators.shared.parts import BeatFrame
from engine.music.form import BARS_PER_PHRASE
from engine.music.written import Written

__all__ = ["CHANNELS", "NEUTRAL_VELOCITY", "perform", "shape"]

NEUTRAL_VELOCITY: Final = 64
CHANNELS: Final[dict[Role, int]] = {"lead": 0, "chords": 1, "bass": 2}

_ROLE_ACCENT: Final[dict[Role, float]] = {"lead": 11.0, "chords": -6.0, "bass": 0.0}
_LOWEST_VELOCITY: Final = 20
_HIGHEST_VELOCITY: Final = 120
_SHORTEST: Final = 0.05
"""Shortest note [beats]."""
_LAST: Final = 0.999
"""Latest onset within a beat [beats]."""


def _metre(frame: BeatFrame, at: float) -> float:
    """Return the metric accent of a position in the beat."""
    if at == 0.0:
        if frame.position.beat_in_bar == 0:
            return 6.0
        return 3.0 if frame.position.starts_slot else 0.5
    return -2.5 if at == 0.5 else -4.0


def perform(notes: list[Written], role: Role, frame: BeatFrame) -> list[NoteEvent]:
    """Return the written notes of a beat as a player would time and accent them."""
    position, intent, draws = frame.position, frame.intent, frame.draws
    ms = 0.001 / frame.beat_s
    bars = position.bar_in_phrase + position.beat_in_bar / position.beats_per_bar
    arch = 6.0 * (sin(pi * bars / BARS_PER_PHRASE) - 0.5)
    eighths = all(note.at in (0.0, 0.5) for note in notes)
    played = []
    for index, note in enumerate(notes):
        place = (position.beat, CHANNELS[role], index)
        timing = intent.timing_ms * ms * draws.normal("timing", *place)
        onset = note.at + note.order * intent.roll_ms * ms
        # A note on the beat cannot be early: its beat has not been asked for yet.
        onset += abs(timing) if note.at == 0.0 else timing
        if eighths and note.at == 0.5:
            onset += intent.swing
        onset = min(max(onset, 0.0), _LAST)
        accent = _ROLE_ACCENT[role] + _metre(frame, note.at) + arch + note.accent
        accent += 4.5 * draws.normal("touch", *place)
        length = max(note.length - (onset - note.at), _SHORTEST)
        played.append(
            NoteEvent(
                note_id=0,
                onset=position.beat + onset,
                duration=length,
                pitch=note.pitch,
                velocity=min(max(round(NEUTRAL_VELOCITY + accent), 1), 127),
                channel=CHANNELS[role],
                role=role,
            )
        )
    return played


def shape(note: NoteEvent, valence: float, arousal: float) -> NoteEvent:
    """Return the note with loudness and articulation for this target."""
    valence = min(max(valence, -1.0), 1.0)
    arousal = min(max(arousal, -1.0), 1.0)
    accent = (note.velocity - NEUTRAL_VELOCITY) * CONTRAST(valence, arousal)
    velocity = round(LOUDNESS(valence, arousal) + accent)
    articulation = ARTICULATION.get(note.role, ARTICULATION["chords"])
    return replace(
        note,
        velocity=min(max(velocity, _LOWEST_VELOCITY), _HIGHEST_VELOCITY),
        duration=max(note.duration * articulation(valence, arousal), _SHORTEST),
    )
