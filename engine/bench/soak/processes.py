"""The engine's processes as the system sees them: who they are, what they take (Linux)."""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Taken", "cpu_seconds", "find_processes", "taken_by"]

_ROLES = {
    "engine.midi.sender.main": "sender",
    "engine.audio.capture": "capture",
    "engine.midi.input.receiver": "receiver",
}


@dataclass(frozen=True, slots=True)
class Taken:
    """What a process holds: resident memory [MB], threads, open files."""

    memory_mb: float
    threads: int
    files: int


def find_processes(engine: int) -> dict[str, int]:
    """Return role → process id: ``engine``, ``sender``, ``spare``, ``capture``, ``receiver``.

    Of two senders, the one that waits as a spare has fewer threads: it has no port.
    """
    found = {"engine": engine}
    senders: list[tuple[int, int]] = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, IndexError, ValueError):
            stat = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(stat[1]) != engine or stat[0] == "Z":
                continue
            words = (folder / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
            role = next((role for module, role in _ROLES.items() if module in words), "")
            if role == "sender":
                senders.append((len(os.listdir(folder / "task")), int(folder.name)))
            elif role:
                found[role] = int(folder.name)
    senders.sort()
    if senders:
        found["sender"] = senders[-1][1]
    if len(senders) > 1:
        found["spare"] = senders[0][1]
    return found


def taken_by(pid: int) -> Taken | None:
    """Return what a process holds now, or None if it has gone."""
    folder = Path(f"/proc/{pid}")
    try:
        lines = (folder / "status").read_text().splitlines()
        values = dict(line.split(":", 1) for line in lines if ":" in line)
        return Taken(
            int(values["VmRSS"].split()[0]) / 1024.0,
            int(values["Threads"]),
            len(os.listdir(folder / "fd")),
        )
    except (OSError, KeyError, ValueError):
        return None


def cpu_seconds(pid: int | None) -> float:
    """Return the processor time all threads of a process have used [s]; 0 without /proc."""
    total = 0
    try:
        for stat in Path(f"/proc/{pid}/task").glob("*/schedstat"):
            total += int(stat.read_text(encoding="ascii").split()[0])
    except (OSError, ValueError):
        return 0.0
    return total / 1e9
