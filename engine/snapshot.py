"""What an observer (window, terminal, monitor) may see of a running engine.

Plain values only; ``to_json`` is what crosses to another process.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from engine.choices import Mode, Sync
from engine.events import EmotionState, NoteEvent
from engine.settings.performance import Performance

__all__ = [
    "AudioHealth",
    "LogEntry",
    "MidiHealth",
    "ReplayLook",
    "Snapshot",
    "SongLook",
    "SyncHealth",
    "VideoHealth",
]


_LOG_WORDS: Final = {
    "late": "A note left {ms} ms late.",
    "missed": "Beats left out because the engine was not ready in time: {beats}.",
    "skipped": "{seconds} s of input sound were skipped after a stall.",
    "test": "Test notes on channel 1.",
    "panic": "Panic: every note was ended.",
    "seed": "New notes for the same emotion, seed {seed}.",
    "captured": "Saved: {file}.",
    "bar": "Bar {bar}: {edit}.",
    "song": "Set list: {what}.",
    "did": "Triggered by a pedal, a pad, the page or OSC: {what}.",
    "ignored": "Not understood: {what}.",
    "output": "MIDI out: {port}.",
    "audio": "Audio in: {what}.",
    "recording": "Recording: {what}.",
    "sync": "Sync: {what}.",
    "beat": "Beat detection: {what}.",
    "heard_beat": "Beat {number} of {metre} at {tempo_bpm} BPM.",
    "engine": "Engine: {what}.",
    "load": "Load: {what}.",
    "keyboard": "Keyboard: {what}.",
    "video": "Pictures: {what}.",
    "osc": "OSC output: {what}.",
    "osc_in": "OSC input: {what}.",
    "page": "Monitor page: {what}.",
    "oscquery": "OSCQuery: {what}.",
    "lights": "Lights: {what}.",
    "mqtt": "MQTT: {what}.",
}
"""Kind of a log entry → how it reads; ``set`` is put together from its settings."""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """Something that happened: a kind, and what else is known as plain JSON values."""

    kind: str
    fields: Mapping[str, Any]

    @property
    def words(self) -> str:
        """The entry as one line for people."""
        if self.kind == "set":
            settings = ", ".join(f"{name} {value}" for name, value in self.fields.items())
            return f"Set: {settings.replace('_', ' ')}."
        fields = {name: str(value).removesuffix(".") for name, value in self.fields.items()}
        try:
            return _LOG_WORDS[self.kind].format(**fields)
        except KeyError:  # of another version
            return ", ".join(f"{name} {value}" for name, value in fields.items())


@dataclass(frozen=True, slots=True)
class AudioHealth:
    """The audio input: RMS ``level_db`` and ``peak_db`` [dBFS], blocks lost, what is wrong."""

    name: str
    alive: bool
    level_db: float
    overruns: int
    error: str | None
    peak_db: float = -120.0


@dataclass(frozen=True, slots=True)
class MidiHealth:
    """The MIDI output: notes sent and sounding, how late they were, what deadlines add [ms]."""

    port: str
    alive: bool
    sent: int
    sounding: int
    dropped: int
    lateness_p99_ms: float
    lateness_max_ms: float
    restarts: int
    latency_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class SyncHealth:
    """State of the tempo source.

    Attributes
    ----------
    source : str
        ``internal``, ``midi``, ``link``, ``jack`` or ``audio``.
    locked : bool
        The lock light: the beat is there and can be trusted.
    peers : int
        Others in the Link session.
    port : str
        Where MIDI clock comes in.
    jitter_ms : float
        Root mean square jitter of the clock received [ms].
    message : str
        What is missing or awaited, in one line; empty if all is well.
    state : str
        Of the beat heard: ``searching``, ``locked`` or ``holding``; empty where none is.
    confidence : float
        In the beat heard, 0..1.
    tempo_bpm : float
        As heard; 0 where it is not.
    number, metre : int
        Beat of the bar as heard, and how many a bar has; 0 where it is not.
    """

    source: Sync
    locked: bool
    peers: int
    port: str
    jitter_ms: float
    message: str
    state: str = ""
    confidence: float = 0.0
    tempo_bpm: float = 0.0
    number: int = 0
    metre: int = 0


@dataclass(frozen=True, slots=True)
class VideoHealth:
    """A film or camera that is watched: whether it is there, and what is seen.

    ``valence``, ``arousal`` in [-1, 1], ``motion`` in [0, 1], ``cut_rate`` [per minute].
    """

    name: str
    alive: bool
    valence: float
    arousal: float
    motion: float
    cut_rate: float
    error: str | None


@dataclass(frozen=True, slots=True)
class SongLook:
    """Where a set list is.

    ``number`` is that of the song that plays, from 1, 0 before the first; ``ready``: what the next
    one needs is loaded; ``waits``: this one comes after the ending of the one before.
    """

    name: str
    number: int
    count: int
    title: str
    notes: str
    next_title: str
    next_notes: str
    next_entry: str
    ready: bool
    waits: bool


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One look at the engine.

    Attributes
    ----------
    time_s : float
        Seconds since the start.
    running : bool
        Whether the music moves.
    beat : float
        Musical position [quarter notes].
    emotion : EmotionState or None
        What was heard last.
    target_valence, target_arousal : float
        What is played now, in [-1, 1].
    remaining_s : float
        Time until ``guide`` arrives [s].
    key : str
        The key played in.
    notes : tuple of NoteEvent
        Notes handed over since about the last eight beats, as shaped.
    committed, draft : tuple of NoteEvent
        Notes fixed but not yet handed over; notes as they would be if nothing changed.
    tracker_load : float
        Share of one core the tracker takes, 0..1.
    missed_beats : int
        Beats left out because the engine was late.
    messages : tuple of LogEntry
        What happened lately, newest last.
    troubles : tuple of str
        What is wrong now, one line each.
    at_s : float
        When this was, on `time.perf_counter` [s].
    performance : Performance
        Every setting in force, whoever made it: window, OSC, controller.
    sync : SyncHealth
        Whose beat is followed.
    video : VideoHealth or None
        What is watched, if anything.
    section : int
        How many sections have begun after the first, see `engine.mapping.sections`.
    build, drop : float
        0 .. 1, of the same watch.
    lights : mapping
        Fixture → what it shows, as red, green and blue, 0..255; empty where no lights are on.
    arranging, arranging_next : str
        What of intro, fill, break, cadence, final, silence and section holds now, and what was
        ordered next; empty if nothing.
    spans : tuple of (str, int, int)
        All of that: kind, first beat, end.
    locked : tuple of int
        Bars that are locked, counted from 0.
    pause_s : float
        Silence after which the engine answers in a duet by turns [s].
    song : SongLook or None
        Where the set list is; None without one.
    """

    time_s: float
    running: bool
    beat: float
    tempo_bpm: float
    beats_per_bar: int
    engine: str
    mode: Mode
    frozen: bool
    emotion: EmotionState | None
    target_valence: float
    target_arousal: float
    remaining_s: float
    key: str
    notes: tuple[NoteEvent, ...]
    committed: tuple[NoteEvent, ...]
    draft: tuple[NoteEvent, ...]
    audio: AudioHealth
    midi: MidiHealth
    tracker_load: float
    missed_beats: int
    messages: tuple[LogEntry, ...]
    performance: Performance
    sync: SyncHealth = SyncHealth("internal", True, 0, "", 0.0, "")
    video: VideoHealth | None = None
    at_s: float = 0.0
    section: int = 0
    build: float = 0.0
    drop: float = 0.0
    troubles: tuple[str, ...] = ()
    lights: Mapping[str, tuple[int, int, int]] = field(default_factory=dict)
    arranging: str = ""
    arranging_next: str = ""
    spans: tuple[tuple[str, int, int], ...] = ()
    locked: tuple[int, ...] = ()
    pause_s: float = 0.0
    song: SongLook | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the snapshot as plain JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class ReplayLook:
    """One look at a replay: where it is [s], whether it moves, whether all has sounded."""

    folder: str
    at_s: float
    seconds: float
    playing: bool
    ended: bool
    port: str
    alive: bool

    def to_json(self) -> dict[str, Any]:
        """Return the look as plain JSON values."""
        return asdict(self)
