"""The engine's processes as the system sees them: who they are, what they take."""

import contextlib
from dataclasses import dataclass

import psutil

__all__ = ["Taken", "find_processes", "taken_by"]

_ROLES = {
    "engine.midi.sender.main": "sender",
    "engine.audio.capture": "capture",
    "engine.midi.input.receiver": "receiver",
}


@dataclass(frozen=True, slots=True)
class Taken:
    """What a process holds: resident memory [MB], threads, open files (handles on Windows)."""

    memory_mb: float
    threads: int
    files: int


def find_processes(engine: int) -> dict[str, int]:
    """Return role → process id: ``engine``, ``sender``, ``spare``, ``capture``, ``receiver``.

    Of two senders, the one that waits as a spare has fewer threads: it has no port.
    """
    found = {"engine": engine}
    senders: list[tuple[int, int]] = []
    with contextlib.suppress(psutil.Error):
        for child in psutil.Process(engine).children():
            with contextlib.suppress(psutil.Error):  # ended meanwhile
                words = child.cmdline()
                role = next((role for module, role in _ROLES.items() if module in words), "")
                if role == "sender":
                    senders.append((child.num_threads(), child.pid))
                elif role:
                    found[role] = child.pid
    senders.sort()
    if senders:
        found["sender"] = senders[-1][1]
    if len(senders) > 1:
        found["spare"] = senders[0][1]
    return found


def taken_by(pid: int) -> Taken | None:
    """Return what a process holds now, or None if it has gone."""
    try:
        process = psutil.Process(pid)
        files = process.num_handles() if psutil.WINDOWS else process.num_fds()
        return Taken(process.memory_info().rss / 2**20, process.num_threads(), files)
    except psutil.Error:
        return None
