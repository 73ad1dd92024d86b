"""The one interface every generator answers to.

A generator fills music one beat at a time. It never looks at a clock: the pipeline asks
for a beat shortly before it starts, so a moved target changes density and register at the
next beat and harmony at the next half bar. ``shape`` runs later still, at the moment a note
is handed to the sender, so velocity and articulation follow the target at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from engine.events import ControlEvent, NoteEvent, Role

__all__ = ["NO_CUES", "Cues", "Generator", "KeyLock", "MusicalContext"]

KeyLock = Literal["tonic", "scale"]


@dataclass(frozen=True, slots=True)
class Cues:
    """What is known about a beat besides its emotion; None where nobody knows.

    Attributes
    ----------
    onset_density : float or None
        Note onsets per beat that the music should have, >= 0.
    loudness : float or None
        0 (silent) .. 1 (as loud as it gets).
    motion : float or None
        How much moves, in the picture or in the sound, 0..1.
    beats_since_boundary, beats_until_boundary : float or None
        Distance to the last and next cut or section line [beats], >= 0.
    section_energy : float or None
        Energy of the section as a whole, 0..1.
    semantic : tuple of float
        Embedding of what is seen (CLIP); empty if there is none.
    """

    onset_density: float | None = None
    loudness: float | None = None
    motion: float | None = None
    beats_since_boundary: float | None = None
    beats_until_boundary: float | None = None
    section_energy: float | None = None
    semantic: tuple[float, ...] = ()


NO_CUES = Cues()


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
    performed : tuple of NoteEvent
        What the performer played on a MIDI keyboard since the beat before was asked for, by
        onset; a note still held has the length it has so far. Never given for drafts.
    listening : bool
        The performer has the floor: take in what they play; a generator that continues them
        answers with nothing, one that accompanies them plays on.
    cues : Cues
        What else is known about this beat.
    led : bool
        Whether ``chord`` is a command, to be obeyed from this beat on and in any key: a left hand
        leads. Else it is what is heard, to be agreed with.
    """

    beat: int
    tempo_bpm: float
    beats_per_bar: int
    key: str
    chord: str
    valence: float
    arousal: float
    performed: tuple[NoteEvent, ...] = ()
    listening: bool = False
    cues: Cues = NO_CUES
    led: bool = False


class Generator(Protocol):
    """A source of notes that follows an emotion.

    The same seed, settings and contexts give the same notes. `extend`, `pedal`, `adjust`,
    `reset`, `snapshot` and `restore` are called by one worker, in order; `shape` may be called
    by another thread meanwhile.
    """

    name: str
    roles: Sequence[tuple[Role, int]]
    """Parts it plays with their MIDI channels, in track order."""

    def reset(self, seed: int) -> None:
        """Forget everything played; ``seed`` fixes all later choices."""
        ...

    def adjust(self, settings: Mapping[str, float]) -> None:
        """Take over the engine's own settings, see `engine.generators.shared.settings`.

        Names of other engines are not for us and are left alone.
        """
        ...

    def extend(self, context: MusicalContext) -> list[NoteEvent]:
        """Return the notes that start in this beat, sorted by onset.

        ``note_id`` is 0: the plan numbers notes when it commits them. Beats are asked
        for in ascending order; a jump means the music was relocated.
        """
        ...

    def pedal(self, context: MusicalContext) -> list[ControlEvent]:
        """Return the moves of the sustain pedal (controller 64) within the beat just filled.

        Asked right after `extend` with the same context; whoever withdraws the notes lifts the
        pedal.
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
