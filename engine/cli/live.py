"""``stimmung live``: listen, track, answer."""

import argparse
import contextlib
import secrets
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from engine.choices import DUETS, SYNCS
from engine.cli.listening import add_listening, read_listening
from engine.cli.options import Commands, add_performance, add_seed, read_performance
from engine.errors import InputError, StimmungError
from engine.live.runtime import Runtime
from engine.network.monitor import DEFAULT_PORT, parse_address
from engine.snapshot import Snapshot, SyncHealth, VideoHealth
from engine.transfer.elements import ELEMENTS, parse_elements

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["add", "run"]

_LINE_S = 2.0
_REFRESH_S = 0.1


def add(commands: "Commands[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "live",
        help="listen and answer in MIDI, live",
        description="Listen to an input, track its valence and arousal, and answer in MIDI "
        "through a port named Stimmung. Stop with Ctrl-C.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--input", default="", metavar="NAME|FILE", help="see: stimmung devices; none"
    )
    parser.add_argument(
        "--midi-out",
        default="virtual",
        metavar="virtual|jack|NAME|none",
        help="a new port named Stimmung (default), the same sample-accurately over JACK, an "
        "existing port, or nothing",
    )
    parser.add_argument("--preset", metavar="P", help="see: stimmung presets")
    add_performance(parser)
    add_listening(parser)
    parser.add_argument(
        "--sync",
        choices=SYNCS,
        default="internal",
        help="whose beat to follow: our own tempo (default), MIDI clock, Ableton Link, the "
        "JACK transport",
    )
    parser.add_argument(
        "--midi-in",
        default="",
        metavar="virtual|jack|NAME",
        help="where MIDI clock comes in: a new port named 'Stimmung in' (default), the same on "
        "JACK, or an existing port",
    )
    parser.add_argument(
        "--keys-in",
        action="append",
        default=[],
        metavar="virtual|jack|NAME",
        help="a MIDI keyboard, pads or pedals to play and control with; may be given repeatedly",
    )
    parser.add_argument("--thru", action="store_true", help="pass what the keyboard plays on")
    parser.add_argument(
        "--transfer",
        type=float,
        metavar="X",
        help="with --thru: move what the keyboard plays toward the target, 0..1",
    )
    parser.add_argument(
        "--transfer-elements", metavar="LIST", help=f"what is moved: {','.join(ELEMENTS)}"
    )
    parser.add_argument(
        "--duet", choices=DUETS, help="together (default), or turns: answer when the keys pause"
    )
    parser.add_argument(
        "--video", default="", metavar="FILE|CAMERA", help="watch a film or a camera as well"
    )
    parser.add_argument(
        "--video-weight",
        type=float,
        metavar="W",
        help="share of the pictures in the emotion, 0..1 (default 0.5; in silence all)",
    )
    parser.add_argument(
        "--neutral",
        type=Path,
        metavar="CSV",
        help="features of pictures that count as neutral (see: stimmung score --features)",
    )
    parser.add_argument(
        "--clip", type=Path, metavar="FILE.onnx", help="CLIP model that reads the pictures"
    )
    parser.add_argument("--clock-out", action="store_true", help="send MIDI clock too")
    parser.add_argument("--curve", type=Path, metavar="CSV", help="columns beat, valence, arousal")
    parser.add_argument("--guide-seconds", type=float, metavar="S", help="how long guide takes")
    parser.add_argument(
        "--osc", action="append", default=[], metavar="HOST:PORT", help="may be given repeatedly"
    )
    parser.add_argument(
        "--osc-in", type=int, metavar="PORT", help="take orders by OSC on this UDP port (loopback)"
    )
    parser.add_argument(
        "--monitor",
        nargs="?",
        const="",
        metavar="HOST:PORT",
        help=f"serve a page for a phone at the side of the stage (default: this machine only, "
        f"port {DEFAULT_PORT})",
    )
    parser.add_argument(
        "--monitor-token",
        default="",
        metavar="TOKEN|auto",
        help="let the page give orders to who knows the token; auto makes one",
    )
    parser.add_argument("--record", type=Path, metavar="DIR", help="session folder to write")
    parser.add_argument(
        "--record-audio", action="store_true", help="keep the sound that is heard there too"
    )
    parser.add_argument("--seconds", type=float, metavar="S", help="stop after so long")
    parser.add_argument(
        "--latency-ms", type=float, default=0.0, metavar="MS", help="shift all MIDI, -200..200"
    )
    add_seed(parser)
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    """Play until the time is up, the file ends, or a signal comes."""
    from engine.emotion.curve import read_curve
    from engine.network.osc import parse_destination
    from engine.settings.performance import Performance
    from engine.settings.presets import load_preset
    from engine.settings.run import LiveConfig

    base = load_preset(parsed.preset).performance if parsed.preset else Performance()
    curve = () if parsed.curve is None else read_curve(parsed.curve)
    if curve and parsed.mode is None:
        parsed.mode = "curve"
    if curve and parsed.mode != "curve":
        raise InputError(f"--curve needs mode curve; got {parsed.mode!r}")
    if parsed.record_audio and parsed.record is None:
        raise InputError("--record-audio needs --record")
    if parsed.midi_in and parsed.sync != "midi":
        raise InputError(f"--midi-in needs --sync midi; got --sync {parsed.sync}")
    performance = read_listening(parsed, read_performance(parsed, base))
    if parsed.guide_seconds is not None:
        performance = performance.changed({"guide_seconds": parsed.guide_seconds})
    if parsed.duet is not None:
        performance = performance.changed({"duet": parsed.duet})
    if parsed.video_weight is not None:
        performance = performance.changed({"video_weight": parsed.video_weight})
    for option in ("video_weight", "neutral", "clip"):
        if getattr(parsed, option) is not None and not parsed.video:
            raise InputError(f"--{option.replace('_', '-')} needs --video")
    if parsed.transfer is not None:
        performance = performance.changed({"transfer": parsed.transfer})
    if parsed.transfer_elements is not None:
        elements = parse_elements(parsed.transfer_elements)
        performance = performance.changed({"transfer_elements": elements})
    if parsed.transfer and not parsed.thru:
        raise InputError("--transfer needs --thru")
    if parsed.thru and not parsed.keys_in and parsed.sync != "midi":
        raise InputError("--thru needs --keys-in, or --sync midi with its input")
    config = LiveConfig(
        performance=performance,
        input=parsed.input,
        midi_out=parsed.midi_out,
        osc=tuple(parse_destination(text) for text in parsed.osc),
        osc_in=parsed.osc_in,
        record=parsed.record,
        record_audio=parsed.record_audio,
        seconds=parsed.seconds,
        seed=parsed.seed,
        latency_ms=parsed.latency_ms,
        curve=curve,
        sync=parsed.sync,
        midi_in=parsed.midi_in,
        clock_out=parsed.clock_out,
        keys_in=tuple(parsed.keys_in),
        thru=parsed.thru,
        monitor=None if parsed.monitor is None else parse_address(parsed.monitor),
        monitor_token=_read_token(parsed),
        video=parsed.video,
        neutral=parsed.neutral,
        clip=parsed.clip,
    )
    stopping = threading.Event()
    with _stop_on_signals(stopping), Runtime(config) as runtime:
        if runtime.monitor_url:
            print(f"monitor: {runtime.monitor_url}", file=sys.stderr, flush=True)
        _watch(runtime, stopping)
        last = runtime.snapshot()
    print(
        f"played {last.midi.sent} notes in {last.time_s:.0f} s; "
        f"late p99 {last.midi.lateness_p99_ms:.2f} ms; missed beats {last.missed_beats}; "
        f"lost audio blocks {last.audio.overruns}",
        file=sys.stderr,
    )
    if runtime.session_folder is not None:
        print(f"session: {runtime.session_folder}", file=sys.stderr)
    if runtime.failure is not None:
        if isinstance(runtime.failure, StimmungError):
            raise runtime.failure
        raise RuntimeError("the engine stopped; all notes were ended") from runtime.failure
    return 0


def _read_token(parsed: argparse.Namespace) -> str:
    token = str(parsed.monitor_token)
    if token and parsed.monitor is None:
        raise InputError("--monitor-token needs --monitor")
    if token == "auto":
        return secrets.token_urlsafe(12)
    if token and len(token) < 8:
        raise InputError(f"--monitor-token must have at least 8 characters; got {len(token)}")
    return token


@contextlib.contextmanager
def _stop_on_signals(stopping: threading.Event) -> Iterator[None]:
    """Turn Ctrl-C and SIGTERM into an orderly end: notes off, files written."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, stop) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def _watch(runtime: Runtime, stopping: threading.Event) -> None:
    from rich.console import Console
    from rich.live import Live

    console = Console(stderr=True)
    began_s = line_s = time.perf_counter()
    snapshot = runtime.snapshot()
    heard = False
    with contextlib.ExitStack() as stack:
        screen = None
        if console.is_terminal:
            screen = stack.enter_context(Live(console=console, auto_refresh=False))
        else:
            console.print(f"listening to {snapshot.audio.name}; MIDI out: {snapshot.midi.port}")
        while not stopping.wait(_REFRESH_S) and runtime.failure is None:
            snapshot = runtime.snapshot()
            now = time.perf_counter()
            if screen is not None:
                screen.update(_table(snapshot), refresh=True)
            elif now - line_s >= _LINE_S or (snapshot.emotion and not heard):
                line_s = now
                console.print(_line(snapshot), soft_wrap=True, highlight=False)
            heard = heard or snapshot.emotion is not None
            limit = runtime.config.seconds
            if runtime.input_ended or (limit is not None and now - began_s >= limit):
                return


def _line(snapshot: Snapshot) -> str:
    emotion = snapshot.emotion
    start = f"{snapshot.time_s:7.1f} s  "
    wrong = "".join(f"  {trouble}" for trouble in snapshot.troubles)
    seen = f"saw {_seen(snapshot.video)} " if snapshot.video is not None else ""
    if emotion is not None:
        start += (
            f"heard v {emotion.valence:+.2f} a {emotion.arousal:+.2f} {emotion.state:<9} "
            f"{emotion.key or '-':<6} "
        )
    elif not seen:
        return f"{start}nothing heard yet{wrong}"
    return (
        f"{start}{seen}plays v {snapshot.target_valence:+.2f} a {snapshot.target_arousal:+.2f} "
        f"{snapshot.key:<6} beat {snapshot.beat:6.1f} notes {snapshot.midi.sent}{wrong}"
    )


def _seen(video: VideoHealth | None) -> str:
    if video is None:
        return ""
    if not video.alive:
        return video.error or "nothing yet"
    return (
        f"v {video.valence:+.2f} a {video.arousal:+.2f} motion {video.motion:.2f} "
        f"{video.cut_rate:.0f} cuts/min"
    )


def _sync(sync: SyncHealth) -> str:
    if sync.source == "internal":
        return ""
    peers = f", {sync.peers} peers" if sync.source == "link" else ""
    return f"{sync.source}{peers}: {sync.message or 'locked'}"


def _table(snapshot: Snapshot) -> "Table":
    from rich.table import Table

    table = Table.grid(padding=(0, 2))
    emotion = snapshot.emotion
    if emotion is None:
        table.add_row("heard", snapshot.audio.error or "nothing yet")
    else:
        table.add_row(
            "heard",
            f"valence {emotion.valence:+.2f} ± {emotion.valence_std:.2f}   "
            f"arousal {emotion.arousal:+.2f} ± {emotion.arousal_std:.2f}   "
            f"{emotion.state}   {emotion.key} {emotion.chord}",
        )
    table.add_row(
        "plays",
        f"valence {snapshot.target_valence:+.2f}          "
        f"arousal {snapshot.target_arousal:+.2f}          "
        f"{snapshot.engine}, {snapshot.mode}, {snapshot.key}",
    )
    bar, beat = divmod(max(0.0, snapshot.beat), snapshot.beats_per_bar)
    table.add_row(
        "time",
        f"bar {int(bar) + 1} beat {int(beat) + 1}   {snapshot.tempo_bpm:.4g} BPM   "
        f"{snapshot.time_s:.0f} s   {_sync(snapshot.sync)}",
    )
    table.add_row(
        "audio",
        f"{snapshot.audio.name}   {snapshot.audio.level_db:.0f} dBFS   "
        f"lost {snapshot.audio.overruns}",
    )
    table.add_row(
        "MIDI",
        f"{snapshot.midi.port}   {snapshot.midi.sent} notes, {snapshot.midi.sounding} sounding   "
        f"late p99 {snapshot.midi.lateness_p99_ms:.2f} ms   dropped {snapshot.midi.dropped}   "
        f"missed beats {snapshot.missed_beats}",
    )
    if snapshot.video is not None:
        table.add_row("video", f"{snapshot.video.name}   {_seen(snapshot.video)}")
    for trouble in snapshot.troubles:
        table.add_row("trouble", trouble)
    if snapshot.messages:
        table.add_row("log", snapshot.messages[-1])
    return table
