"""How late each output sounds, as `stimmung calibrate --latency` measured it; kept for the user."""

import json
from pathlib import Path
from typing import Any, Final

from engine.errors import InputError
from engine.files import write_output
from engine.midi.ports.port import sounding
from engine.midi.sender.client import MAX_LATENCY_S

__all__ = ["MOST_EARLIER_S", "keep_latency", "latencies_file", "measured_latency_s", "shift_s"]

MOST_EARLIER_S: Final = 0.045
"""Notes are known 50 ms before they sound: more latency cannot be made up for [s]."""


def latencies_file() -> Path:
    """Return the file: JSON, port → seconds from a note's time to its sound."""
    import platformdirs

    return platformdirs.user_config_path("stimmung", appauthor=False) / "latencies.json"


def measured_latency_s(port: str) -> float | None:
    """Return the latency of a port, by the name it opened as [s]; None if none was measured."""
    value = _read().get(sounding(port))
    return float(value) if isinstance(value, (int, float)) else None


def shift_s(port: str, latency_ms: float | None) -> float:
    """Return what is added to every deadline [s].

    What was asked for; None: so much less that the sound is in time, where its latency is known.
    """
    if latency_ms is not None:
        return latency_ms / 1000.0
    return max(-MAX_LATENCY_S, -(measured_latency_s(port) or 0.0))


def keep_latency(port: str, latency_s: float) -> Path:
    """Keep the latency of a port; return the file.

    Raises
    ------
    InputError
        It cannot be written.
    """
    path = latencies_file()
    values = {**_read(), sounding(port): round(latency_s, 5)}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make the folder {path.parent}: {error.strerror}") from error
    write_output(path, json.dumps(values, indent=1, ensure_ascii=False).encode())
    return path


def _read() -> dict[str, Any]:
    try:
        values = json.loads(latencies_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}
