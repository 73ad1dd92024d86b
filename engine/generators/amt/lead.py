"""The melody over the model's chords: the lead of `rules`, given this harmony.

The published transformer plays chords alone; a melody makes a whole piece of them.
"""

from typing import Final

from engine.generators.protocol import MusicalContext
from engine.generators.shared.harmony import Harmony
from engine.generators.shared.mood_map import read
from engine.generators.shared.parts import BeatFrame
from engine.music.arrange.scene import Scene
from engine.music.chords import Chord
from engine.music.ladder import LADDER, chord_scale, lasting_notes
from engine.music.rhythm import grid_limit

__all__ = ["lead_frame", "lead_onsets"]

_PLACES: Final = {
    mode: next(place for place, rung in enumerate(LADDER) if rung.scale == scale)
    for mode, scale in (("maj", "ionian"), ("min", "aeolian"))
}
_APART: Final = 0.3
"""Share of the lead's onsets that no other part has at the same time."""


def lead_frame(scene: Scene, context: MusicalContext) -> BeatFrame:
    """Return the beat as the lead sees it; where no chord sounds it has the tonic chord's."""
    key, place = scene.key, _PLACES[scene.key.mode]
    chord = scene.chord or Chord(key.tonic, key.mode)
    return BeatFrame(
        position=scene.position,
        harmony=Harmony(
            slot=scene.position.slot,
            tonic=key.tonic,
            place=place,
            chord=chord,
            function="T",
            scale=chord_scale(key.tonic, place, chord),
            lasting=lasting_notes(key.tonic, place),
            until=scene.until,
        ),
        changed=scene.changed,
        intent=read(context.valence, context.arousal),
        beat_s=scene.beat_s,
        limit=grid_limit(context.tempo_bpm),
        draws=scene.draws,
    )


def lead_onsets(context: MusicalContext) -> float:
    """Return the onsets per beat that the lead adds to those of the other parts."""
    intent = read(context.valence, context.arousal)
    return _APART * intent.lead_rate * 60.0 / context.tempo_bpm
