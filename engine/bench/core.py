"""What all measurements of time share: one core, and quantiles in milliseconds."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

__all__ = ["one_core", "quantile_ms"]


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
