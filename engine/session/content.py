"""What a session holds: its header, what was heard, what was played and what happened."""

import sys
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from engine.choices import AUTO_KEY, check_range
from engine.emotion.columns import EMOTION_COLUMNS
from engine.events import ControlEvent, NoteEvent
from engine.music.clock import TEMPO_RANGE_BPM
from engine.music.keys import parse_key
from engine.pipeline.step import Frame
from engine.snapshot import LogEntry

__all__ = [
    "MAX_NUMBER",
    "SETTLED",
    "EmotionTrack",
    "Logged",
    "Session",
    "SessionInfo",
    "TimedNote",
    "read_key",
    "read_number",
]

MAX_NUMBER: Final = 1e6
"""Largest time or position understood: eleven days of seconds."""
_LATEST_START_S: Final = 60.0
"""Sound comes in so long after the session's start at most [s]."""
_REAL_TIME: Final = 0.9
"""Sound that was heard live took at least this share of its length; a clock may run fast."""
SETTLED: Final = frozenset({"tracking", "uncertain"})
"""States in which something was heard long enough to say anything about it."""


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """What a session was played with; the header of its events file.

    Attributes
    ----------
    started : str
        Local date and time, ISO 8601.
    input, midi_out : str
        What was heard, and where notes went.
    seed : int
        Seed of the generator.
    tempo_bpm : float
        Tempo at the start [quarter notes per minute], 20..300.
    beats_per_bar : int
        1..32.
    key : str
        Key name such as ``"D:min"``, or ``"auto"``: the one that was tracked.
    settings : mapping
        Everything else that was set, as plain JSON values.
    version : str
        Version of Stimmung.
    run : mapping
        What else it takes to make the music again, see `engine.session.rerun`; may be empty.

    Raises
    ------
    InputError
        Tempo, bar length or key is not usable.
    """

    started: str
    input: str
    midi_out: str
    seed: int
    tempo_bpm: float
    beats_per_bar: int
    key: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    version: str = ""
    run: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_range("tempo_bpm", self.tempo_bpm, *TEMPO_RANGE_BPM)
        check_range("beats_per_bar", self.beats_per_bar, 1, 32)
        if self.key != AUTO_KEY:
            parse_key(self.key)


@dataclass(frozen=True, slots=True)
class TimedNote:
    """A note as it was handed to the sender: ``on_s`` and ``off_s`` since the start [s]."""

    note: NoteEvent
    on_s: float
    off_s: float


@dataclass(frozen=True, slots=True)
class Logged:
    """A log entry, its time since the start [s], and the words that version 0.2 wrote with it."""

    at_s: float
    entry: LogEntry
    message: str = ""

    @property
    def words(self) -> str:
        """The entry as one line for people."""
        return self.message or self.entry.words


class EmotionTrack:
    """Emotion and target over time, as columns: an hour at 25 Hz takes some 10 MB.

    ``columns`` maps a name of `NUMBERS` to its values, one per hop; ``keys``, ``chords``,
    ``states`` and ``modes`` are lists of the same length. ``time_s`` is a place in the sound,
    ``at_s`` when the hop was recorded; see `heard_s`.
    """

    NUMBERS: Final = (
        *(name for name in EMOTION_COLUMNS if name not in ("key", "chord", "state")),
        "target_valence",
        "target_arousal",
        "at_s",
    )

    def __init__(self) -> None:
        self.columns = {name: array("d") for name in self.NUMBERS}
        self.keys: list[str] = []
        self.chords: list[str] = []
        self.states: list[str] = []
        self.modes: list[str] = []

    def __len__(self) -> int:
        return len(self.states)

    @property
    def heard_s(self) -> Sequence[float]:
        """When each hop was heard, since the session's start [s]: live, sound comes in after that.

        What was not played in real time (a demo) is heard at its place in the sound.
        """
        sound, recorded = self.columns["time_s"], self.columns["at_s"]
        if not sound:
            return sound
        late_s = recorded[0] - sound[0]
        took_s = recorded[-1] - recorded[0]
        real_time = took_s >= _REAL_TIME * (sound[-1] - sound[0])
        return recorded if real_time and abs(late_s) <= _LATEST_START_S else sound

    def append(self, event: Mapping[str, Any]) -> None:
        """Add the event of one hop; a malformed one raises before anything is added."""
        q1, q2, q3, q4 = event["quadrants"]
        values = {"tuning_hz": 440.0, **event, "q1": q1, "q2": q2, "q3": q3, "q4": q4}
        numbers = [read_number(values[name]) for name in self.NUMBERS]
        words = [read_key(event["key"]), *(str(event[name]) for name in ("chord", "state", "mode"))]
        words = [sys.intern(word) for word in words]  # a handful of words, thousands of times
        for name, number in zip(self.NUMBERS, numbers, strict=True):
            self.columns[name].append(number)
        for column, word in zip(
            (self.keys, self.chords, self.states, self.modes), words, strict=True
        ):
            column.append(word)


@dataclass(slots=True)
class Session:
    """A session read back from its events file.

    Attributes
    ----------
    info : SessionInfo
        The header.
    emotion : EmotionTrack
        What was heard and aimed at.
    notes : list of TimedNote
        In the order they were handed over.
    controls : list of (float, ControlEvent)
        With their times since the start [s].
    frames : list of (float, Frame)
        Tempo, metre and key whenever they changed, with the time since the start [s]; none in
        sessions of version 0.2.
    log : list of Logged
        In order of time.
    complete : bool
        Whether the session was closed; False after a crash.
    damaged_lines : int
        Lines that could not be read.
    """

    info: SessionInfo
    emotion: EmotionTrack = field(default_factory=EmotionTrack)
    notes: list[TimedNote] = field(default_factory=list)
    controls: list[tuple[float, ControlEvent]] = field(default_factory=list)
    frames: list[tuple[float, Frame]] = field(default_factory=list)
    log: list[Logged] = field(default_factory=list)
    complete: bool = False
    damaged_lines: int = 0

    @property
    def duration_s(self) -> float:
        """Time of the last thing heard or played [s]."""
        times = [timed.off_s for timed in self.notes]
        times += self.emotion.heard_s[-1:]
        return max(times, default=0.0)


def read_number(value: object) -> float:
    """Return a number of an events file; raise `ValueError` if it is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"not a number: {value!r}")
    if not -MAX_NUMBER <= value <= MAX_NUMBER:  # NaN fails too
        raise ValueError(f"out of range: {value!r}")
    return float(value)


def read_key(value: object) -> str:
    """Return the name of a key, or of none; raise `InputError` if it is neither."""
    if value:
        parse_key(str(value))
    return str(value)
