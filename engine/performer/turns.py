"""Who has the floor, performer or engine.

In ``turns`` a pressed key takes the floor, and a silence longer than the performer's own pauses
within a phrase hands it over. How long those are is learned: the longest pause of each phrase is
kept, and where they come back soon after an answer began, that silence was a pause too.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from math import exp, log
from typing import Final

from engine.choices import Duet

__all__ = ["FIRST_PAUSE_S", "Pauses", "Turns"]

FIRST_PAUSE_S: Final = 1.0
"""Silence that hands over while nothing is known of a player [s]."""
_PRIOR: Final = (0.5, 2.0)
"""Longest pause of a phrase that is expected at first [s], and how many phrases that counts as."""
_SPREAD: Final = 0.35
"""Standard deviation of the logarithm of these pauses, expected at first."""
_ABOVE: Final = log(FIRST_PAUSE_S / _PRIOR[0]) / _SPREAD
"""So many standard deviations above the mean the engine may be sure."""
_SHORTEST_S, _LONGEST_S = 0.3, 6.0
_PHRASES: Final = 24
_BACK_S: Final = 1.0
"""Who plays again so soon after an answer began had not ended [s]; or as long a silence."""
_MARGIN: Final = 1.1
"""A silence just proven to be a pause is exceeded by this factor."""


class Pauses:
    """What is known of a player's pauses.

    Parameters
    ----------
    longest : sequence of float
        Longest pause of each earlier phrase [s], as `longest` gave them.
    """

    def __init__(self, longest: Sequence[float] = ()) -> None:
        self._phrases: deque[float] = deque(longest, _PHRASES)
        self._now_s = 0.0  # longest of the phrase under way

    @property
    def longest(self) -> tuple[float, ...]:
        """The longest pause of each of the last phrases [s]."""
        return tuple(self._phrases)

    @property
    def enough_s(self) -> float:
        """Silence that is longer than this player's pauses [s]."""
        expected, weight = _PRIOR
        known = [log(max(pause, 0.05)) for pause in self._phrases]
        total = weight + len(known)
        mean = (weight * log(expected) + sum(known)) / total
        spread = (weight * _SPREAD**2 + sum((pause - mean) ** 2 for pause in known)) / total
        enough = max(exp(mean + _ABOVE * spread**0.5), _MARGIN * self._now_s)
        return min(max(enough, _SHORTEST_S), _LONGEST_S)

    def within(self, pause_s: float) -> None:
        """Take in a silence within a phrase."""
        self._now_s = max(self._now_s, pause_s)

    def phrase_ended(self) -> None:
        """Take it that the phrase was over."""
        if self._now_s > 0.0:
            self._phrases.append(self._now_s)
        self._now_s = 0.0


class Turns:
    """In ``turns``, a pressed key takes the floor and a pause hands it over.

    In ``together`` only a cue decides: foot pedal, controller or window.
    """

    def __init__(self) -> None:
        self.listening = False
        self.pauses = Pauses()
        self._answering_s = float("-inf")
        self._asked_s = 0.0  # the silence that handed over
        self._cued = False

    def cue(self, now_s: float) -> None:
        """Hand the floor over to the other one at once."""
        self.listening = not self.listening
        self._answering_s = now_s
        self._cued = True

    def pause_s(self, fixed_s: float = 0.0) -> float:
        """Return the silence that hands over [s]; ``fixed_s``: one that is set, 0 for none."""
        return fixed_s or self.pauses.enough_s

    def update(
        self,
        duet: Duet,
        last_key_s: float,
        holding: bool,
        now_s: float,
        pauses: Iterable[float] = (),
        fixed_s: float = 0.0,
    ) -> bool:
        """Return whether the engine listens.

        Parameters
        ----------
        duet : {'together', 'turns'}
            How the two play.
        last_key_s : float
            When a key was last moved [s].
        holding : bool
            Whether a key is held.
        now_s : float
            Time [s].
        pauses : iterable of float
            Silences that have ended with a key since the last call [s].
        fixed_s : float
            Silence that hands over [s]; 0: as learned.
        """
        if duet != "turns":
            return self.listening
        for pause_s in pauses:
            self._learn(pause_s)
        enough_s = self.pause_s(fixed_s)
        silence_s = now_s - last_key_s
        if self.listening:
            self.listening = holding or silence_s < enough_s
            if not self.listening:
                self._asked_s, self._cued = enough_s, False
        elif last_key_s > self._answering_s and (holding or silence_s < enough_s):
            self.listening = True
        return self.listening

    def _learn(self, pause_s: float) -> None:
        answered_s = pause_s - self._asked_s
        if self.listening or (not self._cued and answered_s < max(_BACK_S, self._asked_s)):
            self.pauses.within(pause_s)
        else:
            self.pauses.phrase_ended()
        self._cued = False
