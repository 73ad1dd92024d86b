"""The one interface every generator answers to.

A generator fills music one beat at a time. It never looks at a clock: the pipeline asks
for a beat shortly before it starts, so a moved target changes density and register at the
next beat and harmony at the next half bar. ``shape`` runs later still, at the moment a note
is handed to the sender, so velocity and articulation follow the target at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from engine.events import NoteEvent, Role

__all__ = ["Generator", "KeyLock", "MusicalContext"]

KeyLock = Literal["tonic", "scale"]


@dataclass(frozen=True, slots=True)
class MusicalContext:
    """What a generator may know about the beat it is asked to fill.

    Attributes
    ----------
    beat : int
        Index of the beat [quarter notes since start]; notes must start in [beat, beat + 1).
    tempo_bpm : float
        Tempo [quarter notes per minute].
    beats_per_bar : int
        Length of a bar [beats]; bar lines lie at its multiples.
    key : str
        Key to stay in, such as ``"C:maj"`` or ``"A:min"``.
    chord : str
        Chord heard from the performer, such as ``"G:maj"``, or ``""``.
    valence, arousal : float
        Target emotion in [-1, 1].
    """

    beat: int
    tempo_bpm: float
    beats_per_bar: int
    key: str
    chord: str
    valence: float
    arousal: float


class Generator(Protocol):
    """A source of notes that follows an emotion.

    The same seed and the same contexts give the same notes.
    """

    name: str
    roles: Sequence[tuple[Role, int]]
    """Parts it plays with their MIDI channels, in track order."""

    def reset(self, seed: int) -> None:
        """Forget everything played; ``seed`` fixes all later choices."""
        ...

    def extend(self, context: MusicalContext) -> list[NoteEvent]:
        """Return the notes that start in this beat, sorted by onset.

        ``note_id`` is 0: the plan numbers notes when it commits them. Beats are asked
        for in ascending order; a jump means the music was relocated.
        """
        ...

    def shape(self, note: NoteEvent, valence: float, arousal: float) -> NoteEvent:
        """Return the note with velocity and duration as the target is *now*.

        Onset, pitch, channel and identity stay. Pure: the same arguments give the same note.
        """
        ...

    def snapshot(self) -> object:
        """Return the state, to be given to `restore`; cheap enough for every beat."""
        ...

    def restore(self, state: object) -> None:
        """Go back to a state taken by `snapshot` (drafts are drawn, then undone)."""
        ...
