"""From values per hop to values a player can follow: lead, smoothing, dead band, held labels."""

import math

__all__ = ["HeldLabel", "Lead", "Smoother"]


class Smoother:
    """One-pole smoothing with a dead band and a fast lane for large changes.

    Real-time: safe.

    Parameters
    ----------
    tau_s : float
        Time constant [s]; 0 passes values through.
    hop_s : float
        Time between values [s].
    dead_band : float
        The output stays where it is while the smoothed value is closer than this.
    leap : float
        Where the input is farther away than this the time constant is halved.
    """

    def __init__(
        self, tau_s: float, hop_s: float, dead_band: float = 0.0, leap: float = math.inf
    ) -> None:
        self._slow = 1.0 - math.exp(-hop_s / tau_s) if tau_s > 0 else 1.0
        self._fast = 1.0 - math.exp(-2.0 * hop_s / tau_s) if tau_s > 0 else 1.0
        self._dead_band = dead_band
        self._leap = leap
        self.reset()

    def reset(self) -> None:
        """Forget everything: the next value is taken as it is."""
        self._smooth: float | None = None
        self._shown = 0.0

    def push(self, value: float) -> float:
        """Take the next value and return the smoothed one."""
        if self._smooth is None:
            self._smooth = self._shown = value
            return value
        rate = self._fast if abs(value - self._smooth) > self._leap else self._slow
        self._smooth += rate * (value - self._smooth)
        gap = self._smooth - self._shown
        if abs(gap) > self._dead_band:
            self._shown = self._smooth - math.copysign(self._dead_band, gap)
        return self._shown


class Lead:
    """Answers changes sooner: adds a share of how far a value is from its recent mean.

    A network that weighs the last seconds approaches a new mood slowly; while it moves, where it is
    heading is known. Steady values pass unchanged. Real-time: safe.

    Parameters
    ----------
    gain : float
        Factor on the distance from the recent mean.
    tau_s : float
        Time constant of the recent mean [s].
    hop_s : float
        Time between values [s].
    """

    def __init__(self, gain: float, tau_s: float, hop_s: float) -> None:
        self._gain = gain
        self._rate = 1.0 - math.exp(-hop_s / tau_s)
        self.reset()

    def reset(self) -> None:
        """Forget the recent mean."""
        self._sum = 0.0
        self._weight = 0.0

    def push(self, value: float) -> float:
        """Take the next value in [-1, 1] and return it with its lead, in [-1, 1]."""
        self._sum += self._rate * (value - self._sum)
        self._weight += self._rate * (1.0 - self._weight)
        ahead = value + self._gain * (value - self._sum / self._weight)
        return min(1.0, max(-1.0, ahead))


class HeldLabel:
    """A label that changes only after another one has led for a while.

    Real-time: safe.

    Parameters
    ----------
    hold_hops : int
        How many hops in a row the new label must lead.
    """

    def __init__(self, hold_hops: int) -> None:
        self._hold_hops = hold_hops
        self.reset()

    def reset(self) -> None:
        """Forget the label."""
        self.label = ""
        self._rival = ""
        self._led = 0

    def push(self, leading: str) -> str:
        """Take the label that leads in this hop and return the held one."""
        if leading == self.label:
            self._led = 0
            return self.label
        self._led = self._led + 1 if leading == self._rival else 1
        self._rival = leading
        if self._led >= self._hold_hops:
            self.label, self._led = leading, 0
        return self.label
