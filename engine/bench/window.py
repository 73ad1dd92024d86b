"""The window at work: how long it is ever deaf, and what it does to the notes.

The window is a program of its own (`gui.soak`); before and after it the same engine plays the same
piece without one, so that lateness can be compared within one run.
"""

import json
import os
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from engine.bench.our_program import engine
from engine.errors import DeviceError
from engine.process.child import child_command, child_environment

__all__ = ["measure_window"]

_PERFORMANCE: Final = {"tempo_bpm": 140, "parts": ["lead", "chords", "bass", "pad", "drums"]}
_OUTPUT: Final = "none"
_SPARE_S: Final = 120.0


def measure_window(seconds: float = 420.0, headless_s: float = 45.0) -> dict[str, Any]:
    """Let the window paint and its engine play; return what was found.

    Parameters
    ----------
    seconds : float
        How long the window works [s].
    headless_s : float
        How long the engine plays without it, before and after each [s].

    Raises
    ------
    DeviceError
        There can be no window here, or the engine did not start.
    """
    with tempfile.TemporaryDirectory(prefix="stimmung-window-") as folder:
        audio = Path(folder) / "long.flac"
        _write_long(audio, max(seconds, headless_s) + _SPARE_S)
        before = _headless(audio, headless_s)
        window = _with_window(audio, seconds)
        after = _headless(audio, headless_s)
    with_window = [p99 for _notes, p99 in window.pop("lateness")]
    return {
        **window,
        "headless_lateness_p99_ms": [before, after],
        "window_lateness_p99_ms": [round(p99, 3) for p99 in with_window],
    }


def _write_long(path: Path, seconds: float) -> None:
    """Write the demo piece, again and again, as one long file."""
    import soundfile

    import presets

    samples, rate = soundfile.read(str(presets.DEMO_AUDIO), dtype="float32")
    with soundfile.SoundFile(path, "w", rate, samples.shape[1], format="FLAC") as file:
        for _ in range(int(seconds * rate / len(samples)) + 1):
            file.write(samples)


def _headless(audio: Path, seconds: float) -> float:
    """Return the 99th percentile of how late notes were without a window [ms]."""
    config = {"input": str(audio), "midi_out": _OUTPUT, "performance": _PERFORMANCE}
    with engine(config) as process:
        for look in process.looks:
            if look["time_s"] >= seconds:
                return round(float(look["midi"]["lateness_p99_ms"]), 3)
    raise DeviceError("the engine ended before its time")


def _with_window(audio: Path, seconds: float) -> dict[str, Any]:
    command = child_command(
        "gui.soak",
        str(audio),
        f"--minutes={seconds / 60.0:g}",
        f"--midi-out={_OUTPUT}",
        f"--performance={json.dumps(_PERFORMANCE)}",
        f"--began={time.perf_counter()!r}",
    )
    environment = child_environment()
    if not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
        environment["QT_QPA_PLATFORM"] = "offscreen"
    done = subprocess.run(
        command,
        env=environment,
        capture_output=True,
        text=True,
        timeout=seconds + _SPARE_S,
        check=False,
    )
    try:
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        said = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise DeviceError(f"the window could not be measured: {said}") from None
    return {**found, "exit_code": done.returncode}
