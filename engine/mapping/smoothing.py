"""A value that follows its source with a time constant."""

import math

__all__ = ["Smoothed"]


class Smoothed:
    """Follows what `push` gets; `value` is NaN before the first."""

    def __init__(self) -> None:
        self.value = math.nan
        self._at_s = -math.inf

    def push(self, value: float, now_s: float, time_constant_s: float) -> None:
        """Take the value of now; 0 s follows at once."""
        if math.isnan(self.value) or time_constant_s <= 0.0:
            self.value = value
        else:
            share = 1.0 - math.exp((self._at_s - now_s) / time_constant_s)
            self.value += share * (value - self.value)
        self._at_s = now_s
