"""Who has the floor, performer or engine."""

from engine.choices import Duet

__all__ = ["Turns"]


PAUSE_BEATS = 2.0
"""After so long without a key the engine answers: shorter is a breath within a phrase."""


class Turns:
    """In ``turns``, a pressed key takes the floor and a pause hands it over.

    In ``together`` only a cue decides: foot pedal, controller or window.
    """

    def __init__(self) -> None:
        self.listening = False
        self._answering_s = float("-inf")

    def cue(self, now_s: float) -> None:
        """Hand the floor over to the other one at once."""
        self.listening = not self.listening
        self._answering_s = now_s

    def update(self, duet: Duet, last_key_s: float, holding: bool, beats_since: float) -> bool:
        """Return whether the engine listens.

        Parameters
        ----------
        duet : {'together', 'turns'}
            How the two play.
        last_key_s : float
            When a key was last moved [s].
        holding : bool
            Whether a key is held.
        beats_since : float
            Beats since the last key.
        """
        if duet == "turns":
            if self.listening:
                self.listening = holding or beats_since < PAUSE_BEATS
            elif last_key_s > self._answering_s and beats_since < PAUSE_BEATS:
                self.listening = True
        return self.listening
