"""Distributions of lateness."""

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Lateness"]


@dataclass(frozen=True, slots=True)
class Lateness:
    """Distribution of (happened - meant) over note-ons [ms], by nearest-rank quantiles."""

    count: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    p999_ms: float
    max_ms: float

    @classmethod
    def of(cls, seconds: Iterable[float]) -> "Lateness":
        """Describe a series of latenesses [s]."""
        ordered = sorted(seconds)

        def rank(share: float) -> float:
            if not ordered:
                return 0.0
            return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1e3, 4)

        return cls(len(ordered), rank(0.5), rank(0.95), rank(0.99), rank(0.999), rank(1.0))
