"""MIDI Polyphonic Expression: every note on a channel of its own, with its own colour.

One lower zone: channel 1 manages, channels 2 to 16 hold one note each. Arousal goes out as the
note's pressure, valence as its timbre (controller 74).

References
----------
MIDI Polyphonic Expression 1.0 (MMA, 2018), sections 2.2 (zones) and 2.3 (member channels).
"""

from engine.events import to_controller
from engine.midi.output import NoteOutput

__all__ = ["MANAGER_CHANNEL", "MpeZone"]

MANAGER_CHANNEL = 0
"""Where pedals and what concerns all notes go."""

_MEMBERS = range(1, 16)
_TIMBRE = 74
_RPN_MSB, _RPN_LSB, _DATA = 101, 100, 6
_MPE_CONFIGURATION = 6
_AHEAD_S = 0.002


class MpeZone:
    """Gives out member channels: a free one if there is one, else the one ending first.

    Parameters
    ----------
    port : NoteOutput
        Where messages go.
    """

    def __init__(self, port: NoteOutput) -> None:
        self._port = port
        self._ends: dict[int, float] = dict.fromkeys(_MEMBERS, float("-inf"))

    def open(self, now_s: float) -> None:
        """Tell the receiver that all fifteen member channels are ours."""
        self._configure(now_s, len(_MEMBERS))

    def close(self, now_s: float) -> None:
        """Give the channels back."""
        self._configure(now_s, 0)
        self._ends = dict.fromkeys(_MEMBERS, float("-inf"))

    def place(self, on_s: float, off_s: float, valence: float, arousal: float) -> int:
        """Return the channel for a note, its colour sent ahead of it."""
        # The longest silent one: a receiver may still let its release ring.
        channel = min(self._ends, key=lambda member: self._ends[member])
        self._ends[channel] = off_s
        # At one time notes would go first, and the note would begin in an old colour.
        self._port.control(on_s - _AHEAD_S, channel, _TIMBRE, to_controller(valence))
        self._port.pressure(on_s - _AHEAD_S, channel, to_controller(arousal))
        return channel

    def _configure(self, now_s: float, members: int) -> None:
        for control, value in ((_RPN_MSB, 0), (_RPN_LSB, _MPE_CONFIGURATION), (_DATA, members)):
            self._port.control(now_s, MANAGER_CHANNEL, control, value)
