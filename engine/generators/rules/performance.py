"""From written notes to played ones: accents, phrase arches, micro-timing; and shaping.

`perform` writes velocities around ``NEUTRAL_VELOCITY`` and full written lengths; `shape`
turns both into loudness and articulation for the target of the moment.
"""

from typing import Final

from engine.events import NoteEvent, Role
from engine.generators.shared.mood_map import ARTICULATION, CONTRAST, LOUDNESS
from engine.generators.shared.parts import BeatFrame
from engine.music.written import CHANNELS, Written, metric_accent, phrase_arch, played, shaped

__all__ = ["ROLES", "perform", "shape"]

ROLES: Final[tuple[Role, ...]] = ("lead", "chords", "bass")
"""The parts that are played."""
_ROLE_ACCENT: Final[dict[Role, float]] = {"lead": 11.0, "chords": -6.0, "bass": 0.0}


def perform(notes: list[Written], role: Role, frame: BeatFrame) -> list[NoteEvent]:
    """Return the written notes of a beat as a player would time and accent them."""
    position, intent, draws = frame.position, frame.intent, frame.draws
    ms = 0.001 / frame.beat_s
    arch = 6.0 * phrase_arch(position)
    eighths = all(note.at in (0.0, 0.5) for note in notes)
    found = []
    for index, note in enumerate(notes):
        place = (position.beat, CHANNELS[role], index)
        timing = intent.timing_ms * ms * draws.normal("timing", *place)
        onset = note.at + note.order * intent.roll_ms * ms
        # A note on the beat cannot be early: its beat has not been asked for yet.
        onset += abs(timing) if note.at == 0.0 else timing
        if eighths and note.at == 0.5:
            onset += intent.swing
        metre = metric_accent(
            note.at, opens_bar=position.beat_in_bar == 0, opens_half=position.starts_slot
        )
        accent = _ROLE_ACCENT[role] + metre + arch + note.accent
        accent += 4.5 * draws.normal("touch", *place)
        found.append(played(note, role, position.beat, onset, accent))
    return found


def shape(note: NoteEvent, valence: float, arousal: float) -> NoteEvent:
    """Return the note with loudness and articulation for this target."""
    valence = min(max(valence, -1.0), 1.0)
    arousal = min(max(arousal, -1.0), 1.0)
    return shaped(
        note,
        loudness=LOUDNESS(valence, arousal),
        contrast=CONTRAST(valence, arousal),
        articulation=ARTICULATION.get(note.role, ARTICULATION["chords"])(valence, arousal),
    )
