"""One run: devices, files and the performance."""

from dataclasses import dataclass, field
from pathlib import Path

from engine.choices import SYNCS, Sync, check_choice, check_range
from engine.errors import InputError
from engine.settings.performance import Performance
from engine.settings.resume import Resume

__all__ = ["LiveConfig"]


@dataclass(frozen=True, slots=True)
class LiveConfig:
    """One run: devices, files and the performance.

    Attributes
    ----------
    performance : Performance
        How to play.
    input : str
        Audio input by name, a file, or ``""`` for the system's default input.
    midi_out : str
        ``"virtual"``, ``"jack"``, ``"none"`` or the name of an existing port.
    osc : tuple of (str, int)
        Destinations (host, port).
    osc_in : int or None
        UDP port on this machine that takes orders, 1..65535.
    record : Path or None
        Session folder to write.
    record_audio : bool
        Whether the sound that is heard goes there too.
    seconds : float or None
        Stop after so long [s]; None plays until stopped.
    seed : int
        Fixes every choice of the generator, 0..2**31 - 1.
    latency_ms : float
        Added to every MIDI deadline, so that sound rather than wire is on the beat [-200, 200].
    curve : tuple of (float, float, float)
        Points (beat, valence, arousal) of mode ``curve``.
    sync : str
        Whose beat to follow, see `engine.sync.source`.
    midi_in : str
        Where MIDI clock comes in: ``"virtual"`` (also ``""``), ``"jack"`` or the name of an
        existing port.
    clock_out : bool
        Whether MIDI clock is sent along with the notes.
    keys_in : tuple of str
        MIDI inputs of the performer: ``"virtual"``, ``"jack"`` or names of existing ports.
    thru : bool
        Whether what comes in there is passed on to the output.
    monitor : (str, int) or None
        Where the stage-side page is served.
    monitor_token : str
        Allows orders from that page; empty: it only shows.
    video : str
        A video file or camera to watch beside the sound, or ``""``.
    neutral : Path or None
        Features of pictures that count as neutral, see `engine.video.table`.
    clip : Path or None
        CLIP model that reads the pictures, see `engine.video.semantic`.
    resume : Resume or None
        Where an engine that died stood; None begins anew.
    """

    performance: Performance = field(default_factory=Performance)
    input: str = ""
    midi_out: str = "virtual"
    osc: tuple[tuple[str, int], ...] = ()
    osc_in: int | None = None
    record: Path | None = None
    record_audio: bool = False
    seconds: float | None = None
    seed: int = 0
    latency_ms: float = 0.0
    curve: tuple[tuple[float, float, float], ...] = ()
    sync: Sync = "internal"
    midi_in: str = ""
    clock_out: bool = False
    keys_in: tuple[str, ...] = ()
    thru: bool = False
    monitor: tuple[str, int] | None = None
    monitor_token: str = ""
    video: str = ""
    neutral: Path | None = None
    clip: Path | None = None
    resume: Resume | None = None

    def __post_init__(self) -> None:
        check_choice("sync", self.sync, SYNCS)
        if self.record_audio and self.record is None:
            raise InputError("record_audio needs a session folder to record into")
        check_range("seed", self.seed, 0, 2**31 - 1)
        check_range("latency_ms", self.latency_ms, -200.0, 200.0)
        if self.osc_in is not None:
            check_range("osc_in", self.osc_in, 1, 65535)
        if self.seconds is not None:
            check_range("seconds", self.seconds, 0.1, 86400.0)
        if self.performance.mode == "curve" and not self.curve:
            raise InputError("mode 'curve' needs a curve file; give one with --curve")
