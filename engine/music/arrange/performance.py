"""From written notes to played ones: metre, phrase, swing, and the small unevenness of hands."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from engine.events import NoteEvent, Role
from engine.music.arrange.metre import swung
from engine.music.arrange.scene import Scene
from engine.music.written import CHANNELS, Written, metric_accent, phrase_arch, played

__all__ = ["Touch", "perform"]

_ROLE_ACCENT: Final[dict[Role, float]] = {
    "lead": 11.0,
    "chords": -4.0,
    "bass": 0.0,
    "pad": -14.0,
    "drums": 2.0,
}
_TIMING_MS: Final[dict[Role, float]] = {
    "lead": 7.0,
    "chords": 5.0,
    "bass": 4.0,
    "pad": 2.0,
    "drums": 3.0,
}
"""Spread of onsets [ms]; trained pianists keep within some 5 to 10 ms."""
_MOST_TIMING: Final = 0.06
"""Farthest a hand strays from the grid [beats]."""
_TOUCH: Final = 4.0
"""Spread of velocities."""
_ROLL_MS: Final = 14.0
"""From note to note of a chord that is rolled, where it is calmest [ms]."""
_LOUDNESS: Final = 30.0
"""Velocity between the softest and the loudest the other inputs ask for."""
_GRID: Final = 16


@dataclass(frozen=True, slots=True)
class Touch:
    """How a performance deviates from the page.

    Attributes
    ----------
    swing : float
        0 straight .. 1 triplets.
    humanise : float
        0 none, 1 as a good player, up to 2.
    loudness : float
        Wanted beside what the emotion makes of it, -1..1.
    """

    swing: float = 0.0
    humanise: float = 1.0
    loudness: float = 0.0


def perform(notes: Sequence[Written], role: Role, scene: Scene, touch: Touch) -> list[NoteEvent]:
    """Return a part's notes of a beat as they are played."""
    position, draws = scene.position, scene.draws
    ms = 0.001 / scene.beat_s
    arch = 5.0 * phrase_arch(position)
    pulse = scene.unit.pulse
    on_grid = all(abs(note.at * _GRID - round(note.at * _GRID)) < 1e-6 for note in notes)
    swing = touch.swing if on_grid and not (scene.compound and scene.unit.pulses == 3) else 0.0
    roll = _ROLL_MS * max(0.0, 0.4 - scene.arousal) * ms * touch.humanise
    found = []
    for index, note in enumerate(notes):
        place = (position.beat, CHANNELS[role], index)
        place_in_time = swung(note.at, pulse, swing)
        stray = _TIMING_MS[role] * ms * touch.humanise * draws.normal("timing", *place)
        stray = min(max(stray, -_MOST_TIMING), _MOST_TIMING)
        # A note on the beat cannot be early: its beat has not been asked for yet.
        onset = place_in_time + (abs(stray) if note.at < 1e-9 else stray)
        if role == "chords":
            onset += note.order * roll
        metre = metric_accent(note.at, opens_bar=position.beat_in_bar == 0, opens_half=scene.begins)
        accent = _ROLE_ACCENT[role] + metre + arch + note.accent
        accent += _TOUCH * touch.humanise * draws.normal("touch", *place)
        accent += _LOUDNESS * touch.loudness
        found.append(played(note, role, position.beat, onset, accent))
    return found
