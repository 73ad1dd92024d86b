"""``stimmung live``: listen, track, answer."""

import argparse
import contextlib
import secrets
import signal
import sys
import threading
import time
from collections.abc import Iterator
from types import FrameType
from typing import TYPE_CHECKING

from engine.choices import AUTO_OUT, BUILT_IN, PLUGIN
from engine.cli.options import (
    Commands,
    add_engine_settings,
    add_settings,
    given_settings,
    read_performance,
)
from engine.errors import InputError, StimmungError
from engine.live.runtime import Runtime
from engine.midi.ports.port import AND
from engine.settings.performance import Performance
from engine.settings.run import LiveConfig
from engine.snapshot import Snapshot, SyncHealth, VideoHealth

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["add", "run"]

_NEEDS = {
    "record_audio": "record",
    "video_weight": "video",
    "neutral": "video",
    "clip": "video",
    "transfer": "thru",
    "monitor_token": "monitor",
    "song": "set_list",
    "player": "keys_in",
}
"""Option → another without which it means nothing."""

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
    add_settings(parser, LiveConfig, "live")
    parser.add_argument(
        "--plugin",
        action="store_true",
        help="the same as --input plugin --sync plugin --midi-out plugin: hear, follow and play "
        "through the plug-in in a workstation (see: stimmung plugin)",
    )
    parser.add_argument("--preset", metavar="P", help="see: stimmung presets")
    add_settings(parser, Performance, "music", "listening", "live")
    add_engine_settings(parser)
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    """Play until the time is up, the file ends, or a signal comes."""
    from engine.settings.presets import load_preset
    from engine.settings.set_lists import load_set_list

    base = load_preset(parsed.preset).performance if parsed.preset else Performance()
    if parsed.set_list is not None and parsed.preset is None:
        songs = load_set_list(str(parsed.set_list)).songs
        parsed.song = 1 if parsed.song is None else parsed.song
        if 1 <= parsed.song <= len(songs):
            base = songs[parsed.song - 1].performance()
    if parsed.curve is not None and parsed.mode is None:
        parsed.mode = "curve"
    if parsed.curve is not None and parsed.mode != "curve":
        raise InputError(f"--curve needs mode curve; got {parsed.mode!r}")
    if parsed.midi_in and parsed.sync != "midi":
        raise InputError(f"--midi-in needs --sync midi; got --sync {parsed.sync or 'internal'}")
    for option, needed in _NEEDS.items():
        if getattr(parsed, option) and getattr(parsed, needed) is None:
            raise InputError(f"{_flag(option)} needs {_flag(needed)}")
    if parsed.thru and not parsed.keys_in and parsed.sync != "midi":
        raise InputError("--thru needs --keys-in, or --sync midi with its input")
    if parsed.split and not parsed.keys_in and parsed.sync != "midi":
        raise InputError("--split needs --keys-in, or --sync midi with its input")
    if parsed.monitor_token:
        parsed.monitor_token = _read_token(parsed.monitor_token)
    if parsed.plugin:
        for option in ("input", "sync", "midi_out"):
            if getattr(parsed, option) is None:
                setattr(parsed, option, PLUGIN)
    performance = read_performance(parsed, base)
    config = LiveConfig.from_mapping(
        {**given_settings(parsed, LiveConfig), "performance": performance}
    )
    stopping = threading.Event()
    with _stop_on_signals(stopping), Runtime(config) as runtime:
        if runtime.monitor_url:
            print(f"monitor: {runtime.monitor_url}", file=sys.stderr, flush=True)
        if runtime.oscquery_url:
            print(f"oscquery: {runtime.oscquery_url}", file=sys.stderr, flush=True)
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


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _read_token(token: str) -> str:
    if token == "auto":
        return secrets.token_urlsafe(12)
    if len(token) < 8:
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
        port, heard_here, _ = snapshot.midi.port.partition(AND)
        own = runtime.config.midi_out in (AUTO_OUT, "virtual")
        if own and not port.startswith(BUILT_IN):
            end = (
                "until then you hear the built-in instrument (never with --midi-out virtual)"
                if heard_here
                else "or hear it here with --midi-out built-in"
            )
            console.print(
                f"MIDI goes to the port {port}: choose it in your DAW or synthesizer; {end}",
                soft_wrap=True,
                highlight=False,
            )
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
        table.add_row("log", snapshot.messages[-1].words)
    return table
