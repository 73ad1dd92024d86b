"""An engine of your own: one class, one line in a table.

    python examples/my_engine.py generate --engine bells --valence 0.5 --arousal 0.2 -o bells.mid
    python examples/my_engine.py live --engine bells

In the tree this file would lie in ``engine/generators/`` and the line at its end would be
``"bells": _bells`` in `engine.generators.registry.GENERATORS`. Command line, presets, window and
bench read that table, so nothing else changes. The rules for each method are in
`engine.generators.protocol.Generator`.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace

from engine.cli import main
from engine.events import ControlEvent, NoteEvent, Role
from engine.generators.protocol import MusicalContext
from engine.generators.registry import GENERATORS
from engine.generators.shared.context import check_context
from engine.music.draws import Draws
from engine.music.keys import parse_key

MAJOR, MINOR = (0, 2, 4, 7, 9), (0, 3, 5, 7, 10)
LOWEST = 72


class Bells:
    """Pentatonic bells: bright or dark by valence, one to four a beat by arousal.

    Every choice is a draw that depends on seed and place alone, so there is no state to keep:
    drafts come and go without a trace.
    """

    name = "bells"
    roles: Sequence[tuple[Role, int]] = (("lead", 0),)

    def __init__(self) -> None:
        self._draws = Draws(0)

    def reset(self, seed: int) -> None:
        """Begin anew; the seed fixes all later choices."""
        self._draws = Draws(seed)

    def adjust(self, settings: Mapping[str, float]) -> None:
        """Bells have no settings; an engine with some lists them in `settings.SETTINGS`."""

    def extend(self, context: MusicalContext) -> list[NoteEvent]:
        """Return the bells of one beat."""
        check_context(context)
        scale = MAJOR if context.valence >= 0 else MINOR
        count = 1 + round(1.5 * (context.arousal + 1.0))
        lowest = LOWEST + parse_key(context.key).tonic
        notes = []
        for place in range(count):
            step = int(self._draws.uniform("pitch", context.beat, place) * 2 * len(scale))
            octave, degree = divmod(step, len(scale))
            note = NoteEvent(
                note_id=0,
                onset=context.beat + place / count,
                duration=1.5,
                pitch=lowest + 12 * octave + scale[degree],
                velocity=64,
                channel=0,
                role="lead",
            )
            notes.append(self.shape(note, context.valence, context.arousal))
        return notes

    def pedal(self, context: MusicalContext) -> list[ControlEvent]:
        """Leave the pedal alone."""
        return []

    def shape(self, note: NoteEvent, valence: float, arousal: float) -> NoteEvent:
        """Return the note as loud as the target is aroused at the moment it is handed over."""
        return replace(note, velocity=round(70 + 40 * max(-1.0, min(1.0, arousal))))

    def snapshot(self) -> object:
        """Return nothing: there is no state."""
        return None

    def restore(self, state: object) -> None:
        """Go back to it."""


GENERATORS["bells"] = lambda _key_lock, _style: Bells()

if __name__ == "__main__":
    sys.exit(main())
