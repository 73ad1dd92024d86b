"""From MIDI messages to what can be mapped, parameters of several messages included.

A registered (RPN) or non-registered parameter (NRPN) is chosen by two controllers and moved by
the data entry that follows; a 14-bit controller has a fine half 32 above its coarse one.
"""

from typing import Final, NamedTuple

from engine.mapping.table import Trigger
from engine.midi.messages import PEDALS

__all__ = ["Control", "ControlReader"]

_DATA_MSB: Final = 6
_DATA_LSB: Final = 38
_STEPS: Final = {96: 1, 97: -1}
_SELECTS: Final[dict[int, tuple[Trigger, int]]] = {
    98: ("nrpn", 0), 99: ("nrpn", 7), 100: ("rpn", 0), 101: ("rpn", 7)
}  # fmt: skip
"""Controller → which kind of parameter it selects, and the shift of its seven bits."""
_NONE: Final = 16383
"""The parameter that stands for none, as registered and non-registered."""


class Control(NamedTuple):
    """Something that was moved or pressed."""

    on: Trigger
    channel: int
    number: int
    level: float
    """0..127."""

    @property
    def is_release(self) -> bool:
        """Whether a key or a pedal went up."""
        if self.on == "note":
            return self.level == 0
        return self.on == "cc" and self.number in PEDALS and self.level < 64

    @property
    def is_selection(self) -> bool:
        """Whether it chooses a parameter, and moves nothing yet."""
        return self.on == "cc" and self.number in _SELECTS

    @property
    def is_fine(self) -> bool:
        """Whether it may be the fine half of a 14-bit controller; 32 belongs to bank select."""
        return self.on == "cc" and 32 < self.number < 64


class ControlReader:
    """Remembers for each channel which parameter was chosen last, and its value."""

    def __init__(self) -> None:
        self._chosen: dict[int, tuple[Trigger, int]] = {}
        self._values: dict[tuple[int, Trigger, int], int] = {}  # 14 bits

    def read(self, message: bytes) -> list[Control]:
        """Return what a message moves: the parameter first, then the plain controller."""
        if len(message) < 2:
            return []
        status, channel = message[0] & 0xF0, message[0] & 15
        if status == 0xC0:
            return [Control("program", channel, message[1], 127)]
        if len(message) < 3:
            return []
        number, value = message[1], message[2]
        if status == 0xB0:
            plain = Control("cc", channel, number, value)
            parameter = self._parameter(channel, number, value)
            return [plain] if parameter is None else [parameter, plain]
        if status in (0x80, 0x90):
            return [Control("note", channel, number, value if status == 0x90 else 0)]
        return []

    def _parameter(self, channel: int, number: int, value: int) -> Control | None:
        if number in _SELECTS:
            kind, shift = _SELECTS[number]
            known, chosen = self._chosen.get(channel, (kind, _NONE))
            chosen = _NONE if known != kind else chosen
            self._chosen[channel] = kind, chosen & ~(127 << shift) | value << shift
            return None
        kind, chosen = self._chosen.get(channel, ("nrpn", _NONE))
        if chosen == _NONE:
            return None
        place = (channel, kind, chosen)
        before = self._values.get(place, 0)
        if number == _DATA_MSB:
            now = value << 7 | before & 127
        elif number == _DATA_LSB:
            now = before & ~127 | value
        elif number in _STEPS:
            now = min(max(before + _STEPS[number], 0), 16383)
        else:
            return None
        self._values[place] = now
        # Most senders use seven bits, and then 127 << 7 has to be the top.
        level = min(now / 128, 127.0)
        return Control(kind, channel, chosen, level)
