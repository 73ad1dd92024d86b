"""What all measurements share: one core, quantiles in milliseconds, memory."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from engine.errors import StimmungError

__all__ = ["attempt", "cpu_seconds", "missing", "one_core", "quantile_ms", "resident_mb"]


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
    """Return the resident memory of a process [MiB], by default our own; 0 if gone."""
    import psutil

    try:
        return round(float(psutil.Process(pid).memory_info().rss) / 2**20, 1)
    except psutil.Error:
        return 0.0


def cpu_seconds(pid: int | None) -> float:
    """Return the processor time a process has used [s]; 0 if it has gone."""
    import psutil

    try:
        return float(sum(psutil.Process(pid).cpu_times()[:2]))
    except psutil.Error:
        return 0.0
