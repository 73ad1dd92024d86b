"""All parts of a beat from one scene, with what they must remember."""

from dataclasses import dataclass, replace
from typing import Final

from engine.events import Role
from engine.music.arrange.bass import BASSES, BassState, play_bass
from engine.music.arrange.comping import play_chords
from engine.music.arrange.drums import play_drums
from engine.music.arrange.scene import STYLES, Scene
from engine.music.arrange.voices import lead_voices
from engine.music.written import Written

__all__ = ["ArrangerState", "arrange"]

_REGISTER_STEP: Final = 3.0
"""Change of the register [semitones] that makes a lasting chord be voiced anew."""
_LEAST: Final = 0.12
"""Fewest onsets of the chords per beat, whatever the other parts play."""


_ALONE: Final = 0.5
"""Share of the bass's onsets at which the chords are silent."""


@dataclass(frozen=True, slots=True)
class ArrangerState:
    """What the parts remember.

    Attributes
    ----------
    voicing : tuple of int
        Pitches of the present chord, ascending; empty before the first.
    centre : float
        Register it was voiced for.
    bass : BassState
        Of the bass.
    """

    voicing: tuple[int, ...] = ()
    centre: float = 0.0
    bass: BassState = BassState()


def arrange(
    state: ArrangerState, scene: Scene, elsewhere: float = 0.0
) -> tuple[dict[Role, list[Written]], ArrangerState]:
    """Return the notes of a beat by part, and the state after it.

    Parameters
    ----------
    state : ArrangerState
        After the beat before.
    scene : Scene
        The beat.
    elsewhere : float
        Onsets per beat that other parts (the lead) play besides; the chords leave them room.
    """
    parts: dict[Role, list[Written]] = {"drums": play_drums(scene)}
    bass, bass_state = play_bass(scene, state.bass)
    parts["bass"] = bass
    state = replace(state, bass=bass_state)
    chord = scene.chord
    if chord is None:
        return parts, state
    moved = abs(scene.chord_centre - state.centre) >= _REGISTER_STEP
    revoiced = scene.changed or moved or not state.voicing
    if revoiced:
        voicing = lead_voices(chord, scene.following, state.voicing, scene.chord_centre, scene.key)
        state = replace(state, voicing=voicing, centre=scene.chord_centre)
    if moved:
        scene = replace(scene, changed=True)
    alone = _ALONE * BASSES[STYLES[scene.style].bass].share
    density = max(_LEAST, scene.density * (1.0 - alone) - elsewhere)
    parts["chords"] = play_chords(scene, state.voicing, density)
    ends = scene.joined and (scene.begins or scene.sure == scene.position.beat + 1)
    if revoiced or ends or scene.position.beat_in_bar == 0:
        left = float(scene.sure - scene.position.beat)
        parts["pad"] = [
            Written(0.0, left, pitch, order=order) for order, pitch in enumerate(state.voicing)
        ]
    return parts, state
