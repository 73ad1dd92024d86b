"""Which machine, which Stimmung and when: what every figure needs beside it to mean anything."""

import os
import platform
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any

__all__ = ["BUSY_SHARE", "describe_machine", "is_busy"]

BUSY_SHARE = 0.15
"""From this share of all cores on, what others do shows in the figures."""

_ROOT = Path(__file__).resolve().parents[2]
_SOURCES = ("engine", "export_onnx", "presets")
_PACKAGES = ("numpy", "onnxruntime", "python-rtmidi", "JACK-Client", "torch")
_LOOK_S = 1.0


def describe_machine() -> dict[str, Any]:
    """Return machine, versions, commit, date and load, as a report names them.

    Takes a second: so long the processors are watched, before anything of ours runs.
    """
    import psutil

    busy = round(psutil.cpu_percent(_LOOK_S) / 100.0, 3)
    return {
        "date": datetime.now().astimezone().isoformat(timespec="seconds"),
        "stimmung": _version("stimmung"),
        "commit": _commit(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "system": f"{_distribution()}, {platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in _PACKAGES},
        "load": round(psutil.getloadavg()[0], 2),
        "busy_share": busy,
    }


def is_busy(machine: dict[str, Any]) -> bool:
    """Return whether others were at work when a report began."""
    share = machine.get("busy_share")
    return share is not None and share > BUSY_SHARE


def _version(package: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _commit() -> str:
    """Return the commit of a checkout, with a word if its sources were changed since; or none."""
    if not (_ROOT / ".git").exists():
        return ""
    commit = _git("rev-parse", "--short", "HEAD")
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", *_SOURCES)
    return f"{commit} and changes" if commit and changed else commit


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(_ROOT), *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=10.0,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass  # only Linux tells it there
    return platform.processor() or platform.machine()


def _distribution() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    except OSError:
        return platform.platform()
