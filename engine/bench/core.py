"""What all measurements share: one core, quantiles in milliseconds, memory."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import StimmungError

__all__ = ["attempt", "missing", "one_core", "quantile_ms", "resident_mb"]


def missing(reason: object) -> dict[str, str]:
    """Return what stands in place of figures that cannot be measured."""
    return {"missing": str(reason) or type(reason).__name__}


def attempt(work: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """Return what `work` returns, or what stands in its place where the machine lacks something."""
    try:
        return work(*arguments, **named)
    except StimmungError as error:
        return missing(error)


@contextmanager
def one_core() -> Iterator[None]:
    """Stay on one core meanwhile, where the system allows pinning."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def quantile_ms(seconds: list[float], share: float) -> float:
    """Return a quantile of durations [ms], `share` in [0, 1]."""
    return round(1000.0 * float(np.quantile(seconds, share)), 3)


def resident_mb(pid: int | None = None) -> float:
    """Return the resident memory of a process [MB of 2**20 bytes], by default our own.

    Where there is no ``/proc`` our own largest so far stands in, and 0 for others.
    """
    try:
        with (Path("/proc") / str(pid or "self") / "statm").open(encoding="ascii") as stream:
            return round(int(stream.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20, 1)
    except OSError:
        return 0.0 if pid else _largest_mb()


def _largest_mb() -> float:
    try:
        import resource
    except ImportError:  # not on Windows
        return 0.0
    scale = 2**20 if sys.platform == "darwin" else 2**10
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale, 1)
