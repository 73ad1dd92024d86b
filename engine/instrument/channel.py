"""What a MIDI channel remembers: program, controllers, keys and pedals."""

from typing import Final

__all__ = ["Channel"]

_MODULATION, _VOLUME, _PAN, _EXPRESSION, _REVERB = 1, 7, 10, 11, 91
_USUAL: Final = {_MODULATION: 0, _VOLUME: 100, _PAN: 64, _EXPRESSION: 127, _REVERB: 40}
_VIBRATO_CENTS: Final = 50.0
_DATA, _RPN_FINE, _RPN_COARSE = 6, 100, 101


class Channel:
    """One channel; keys are held by fingers or by pedals.

    Attributes
    ----------
    program : int
        0..127, as asked for.
    sound : (int, int) or None
        Bank and program that play.
    bend : float
        -1..1
    """

    def __init__(self, *, drums: bool) -> None:
        self.program = 0
        self.drums = drums
        self.sound: tuple[int, int] | None = None
        self.bend = 0.0
        self._bend_range = 2.0
        self._rpn = (127, 127)
        self._values = dict(_USUAL)
        self._down: set[int] = set()
        self._sustained: set[int] = set()
        self._caught: set[int] = set()
        self._sustains = False

    def controls(self) -> tuple[float, float, float, float, float]:
        """Return what holds for all voices of the channel.

        The factor of volume and expression (General MIDI: squares), pan (-1: left .. 1), the share
        that goes into the room (0..1), bend [semitones], vibrato by the modulation wheel [cents].
        """
        values = self._values
        return (
            (values[_VOLUME] * values[_EXPRESSION] / (100.0 * 127.0)) ** 2,
            min(1.0, (values[_PAN] - 64) / 63.0),
            values[_REVERB] / 127.0,
            self.bend * self._bend_range,
            _VIBRATO_CENTS * values[_MODULATION] / 127.0,
        )

    def control(self, control: int, value: int) -> None:
        """Take a controller that is no pedal and no mode."""
        if control in self._values:
            self._values[control] = value
        elif control == _RPN_FINE:
            self._rpn = (self._rpn[0], value)
        elif control == _RPN_COARSE:
            self._rpn = (value, self._rpn[1])
        elif control == _DATA and self._rpn == (0, 0):
            self._bend_range = float(value)

    def press(self, key: int) -> None:
        """Take a note-on."""
        self._down.add(key)
        self._sustained.discard(key)

    def hold(self, key: int) -> bool:
        """Take a note-off; return whether a pedal holds the key."""
        self._down.discard(key)
        if self._sustains or key in self._caught:
            self._sustained.add(key)
            return True
        return False

    def pedal(self, sustain: bool, down: bool) -> frozenset[int]:
        """Move the sustain or the sostenuto pedal; return the keys that end."""
        if sustain:
            self._sustains = down
        else:
            self._caught = set(self._down) if down else set()
        if down or self._sustains:
            return frozenset()
        ended = frozenset(self._sustained - self._caught)
        self._sustained &= self._caught
        return ended

    def let_go(self) -> frozenset[int]:
        """Take All Notes Off; return the keys that end (pedals still hold theirs)."""
        return frozenset(key for key in set(self._down) if not self.hold(key))

    def reset(self) -> frozenset[int]:
        """Take Reset All Controllers; return the keys that end. Volume and pan stay (RP-015)."""
        self.bend, self._rpn = 0.0, (127, 127)
        self._values |= {_MODULATION: 0, _EXPRESSION: 127}
        self._caught = set()
        return self.pedal(True, False)
