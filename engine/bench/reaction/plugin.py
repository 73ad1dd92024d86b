"""The same scene through JACK and, at the same time, through the plug-in in a host (jalv)."""

import contextlib
import os
import subprocess
from pathlib import Path
from typing import Any

from engine.bench.reaction.run import SOURCE, Way, answers, over_jack, program
from engine.bench.soak.jack_rig import JackServer, need_program, until
from engine.plugin.build import BUILT, native
from engine.process.child import external_environment

__all__ = ["measure_plugin"]

_HOST = "bench-plugin"
_BPM = 120.0
_ENGINE = "rules"
_JACK, _PLUGIN = "JACK", "plug-in"


def measure_plugin(clicks: int = 12, turns: int = 6) -> dict[str, Any]:
    """Return delays [s] of both ways as in `measure_reaction`, and the plug-in's beside JACK's.

    Raises
    ------
    DeviceError
        jackd or jalv is not installed, or jalv does not find the plug-in: it looks where
        ``stimmung plugin build`` and ``install`` put it, and in LV2_PATH.
    """
    ways: dict[str, Way] = {_JACK: over_jack(_ENGINE), _PLUGIN: _through_plugin}
    found = answers(clicks, turns, ways)
    ratio = {}
    for what, delay in found[_PLUGIN].items():
        other = found[_JACK][what]["p50_s"]
        if other and delay["p50_s"]:
            ratio[what] = {"ratio": round(delay["p50_s"] / other, 2)}
    return {"delays": found, "beside": ratio}


def _through_plugin(stack: contextlib.ExitStack, server: JackServer, folder: Path) -> str:
    os.environ["STIMMUNG_PLUGIN_FILE"] = str(folder / "plugin.txt")
    stack.callback(os.environ.pop, "STIMMUNG_PLUGIN_FILE")
    program(_ENGINE, ("--plugin",), "", stack, server, folder)
    places = (BUILT / native(), Path.home() / ".lv2", Path("/usr/lib/lv2"))
    looked = ":".join([*filter(None, [os.environ.get("LV2_PATH")]), *map(str, places)])
    host = stack.enter_context(
        subprocess.Popen(
            [need_program("jalv"), "-n", _HOST, "urn:stimmung:plugin"],
            env=external_environment() | server.environment() | {"LV2_PATH": looked},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    )
    stack.callback(host.kill)
    notes = f"{_HOST}:notes"
    until(
        lambda: notes in server.ports(),
        f"the plug-in in jalv (stimmung plugin build; looked in {looked})",
        60.0,
    )
    for side in ("left", "right"):
        server.connect(f"{SOURCE}:out", f"{_HOST}:in_{side}")
    stack.enter_context(_transport())
    return notes


@contextlib.contextmanager
def _transport() -> Any:
    """Roll JACK's transport in 4/4, as a workstation does."""
    import jack

    client = jack.Client("bench-transport", no_start_server=True)
    ticks = 1920.0

    def tell(_state: int, _frames: int, position: Any, _new: bool) -> None:
        beats = position.frame / position.frame_rate * _BPM / 60.0
        whole = int(beats)
        position.valid = jack._lib.JackPositionBBT
        position.beats_per_bar, position.beat_type = 4.0, 4.0
        position.ticks_per_beat, position.beats_per_minute = ticks, _BPM
        position.bar, position.beat = whole // 4 + 1, whole % 4 + 1
        position.tick = int((beats - whole) * ticks)
        position.bar_start_tick = whole // 4 * 4 * ticks

    client.set_timebase_callback(tell)
    with client:
        client.transport_start()
        yield
        client.transport_stop()
