"""What goes into one step of the pipeline besides sound, and what comes out."""

from collections.abc import Callable
from dataclasses import dataclass

from engine.choices import Duet
from engine.events import ControlEvent, EmotionState, NoteEvent, TargetState
from engine.generators.protocol import NO_CUES, Cues

__all__ = [
    "NO_INPUTS",
    "NO_ROUND",
    "Frame",
    "Inputs",
    "Pace",
    "Round",
    "ScheduledControl",
    "ScheduledNote",
    "Step",
]


@dataclass(frozen=True, slots=True)
class Round:
    """Which round of a loop a beat belongs to, where every round is to be the same.

    Attributes
    ----------
    shift : int
        The beat is written as the one so much earlier, and moved.
    seed : int or None
        Choices begin anew with this seed at this beat; None: they go on.
    """

    shift: int = 0
    seed: int | None = None


NO_ROUND = Round()


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the pipeline asks for besides sound; the defaults are those of nobody else being there.

    Attributes
    ----------
    performed : callable
        Returns, at a time [s], the notes played on a keyboard since it was last asked.
    listening : callable
        Whether the performer at the keyboard has the floor, from the duet mode and the time [s].
    joined : callable
        Joins the heard emotion with what is seen, at a time [s], into what the target follows.
    cues : callable
        Returns what is known about a beat besides its emotion.
    rounds : callable
        Returns which round of a loop a beat belongs to.
    drafts : callable
        Whether a draft may be drawn now.
    unsure : callable
        Whether the beat is unsure, so that only long notes may be begun.
    led : callable
        Returns the chord that a left hand leads to in a key, or ``""``.
    listens : bool or None
        Whether controllers carry what is heard, else the target; None: as there is a tracker.
    """

    performed: Callable[[float], tuple[NoteEvent, ...]] = lambda _now_s: ()
    listening: Callable[[Duet, float], bool] = lambda _duet, _now_s: False
    joined: Callable[[EmotionState | None, float], EmotionState | None] = lambda heard, _now_s: (
        heard
    )
    cues: Callable[[int], Cues] = lambda _beat: NO_CUES
    rounds: Callable[[int], Round] = lambda _beat: NO_ROUND
    drafts: Callable[[], bool] = lambda: True
    unsure: Callable[[], bool] = lambda: False
    led: Callable[[str], str] = lambda _key: ""
    listens: bool | None = None


NO_INPUTS = Inputs()


@dataclass(frozen=True, slots=True)
class ScheduledNote:
    """A shaped note with its deadlines on the caller's clock [s]."""

    note: NoteEvent
    on_s: float
    off_s: float


@dataclass(frozen=True, slots=True)
class ScheduledControl:
    """A controller change with its deadline on the caller's clock [s]."""

    control: ControlEvent
    at_s: float


@dataclass(frozen=True, slots=True)
class Frame:
    """Where the music is, and what it moves in.

    Attributes
    ----------
    beat : float
        Position [quarter notes].
    tempo_bpm : float
        [quarter notes per minute]
    beats_per_bar : int
        Length of the bars, counted from beat 0.
    key : str
        Such as ``"D:min"``.
    since : int
        First beat that metre and key hold for.
    """

    beat: float
    tempo_bpm: float
    beats_per_bar: int
    key: str
    since: int = 0


@dataclass(frozen=True, slots=True)
class Pace:
    """How far the generator's worker had come at one call of `Pipeline.advance`.

    ``filled`` beats were ready, and another engine took over or not. All else about a run follows
    from its inputs; this alone depends on how fast the machine was.
    """

    filled: int = 0
    took_over: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """What one `Pipeline.advance` decided.

    ``hold_until_s`` is set where a beat is not there in time: what sounds is to sound on
    until then [s], so that harmony holds instead of breaking off. ``emotion`` is what had been
    heard, ``pace`` how far the worker was, ``frame`` where the music is while it moves. What was
    handed over before ends at ``end_by_s`` [s], if given; ``ended``: the last chord is over.
    """

    target: TargetState
    notes: tuple[ScheduledNote, ...]
    controls: tuple[ScheduledControl, ...]
    missed_beats: int
    hold_until_s: float | None = None
    emotion: EmotionState | None = None
    pace: Pace = Pace()
    frame: Frame | None = None
    end_by_s: float | None = None
    ended: bool = False
