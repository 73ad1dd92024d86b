"""What one input holds: keys, pedals, bends and pressure, and how it lets go of them.

Whoever leaves (a process killed, a port closed, a cable pulled) sends no note-offs. `let_go`
returns the messages that it would have sent, so that all who listen need to know of no case but
the usual one.
"""

from engine.midi.messages import PEDALS, RESET_CONTROLLERS, ends_notes

__all__ = ["HeldByInput"]

_CENTRE = (0, 64)  # pitch bend at rest, low seven bits first


class HeldByInput:
    """Follows the messages of one input that are passed on."""

    def __init__(self) -> None:
        self._keys: dict[tuple[int, int], None] = {}  # channel, pitch
        self._pedals: dict[tuple[int, int], None] = {}  # channel, controller
        self._moved: dict[tuple[int, int], None] = {}  # channel, status of a bend or a pressure

    def lets_go(self, message: bytes) -> bool:
        """Tell whether a message ends what this input began."""
        if len(message) < 3:
            return False
        status, channel, number, value = _parts(message)
        if status in (0x80, 0x90):
            return (channel, number) in self._keys and (status == 0x80 or value == 0)
        return status == 0xB0 and value < 64 and (channel, number) in self._pedals

    def push(self, message: bytes) -> None:
        """Enter a message that is passed on."""
        if len(message) < 2:
            return
        status, channel, number, value = _parts(message)
        place = (channel, number)
        if status == 0x90 and value:
            self._keys[place] = None
        elif status in (0x80, 0x90):
            self._keys.pop(place, None)
        elif status == 0xB0:
            self._follow_control(channel, number, value)
        elif status in (0xD0, 0xE0):
            at_rest = number == 0 if status == 0xD0 else (number, value) == _CENTRE
            self._moved.pop((channel, status), None)
            if not at_rest:
                self._moved[channel, status] = None

    def let_go(self) -> list[bytes]:
        """Return what ends everything that is held, and forget it."""
        messages = [bytes((0x80 | channel, pitch, 64)) for channel, pitch in self._keys]
        messages += [bytes((0xB0 | channel, number, 0)) for channel, number in self._pedals]
        for channel, status in self._moved:
            rest = bytes(_CENTRE) if status == 0xE0 else b"\0"
            messages.append(bytes((status | channel,)) + rest)
        self.clear()
        return messages

    def clear(self) -> None:
        """Forget what is held."""
        self._keys.clear()
        self._pedals.clear()
        self._moved.clear()

    def _follow_control(self, channel: int, number: int, value: int) -> None:
        if number in PEDALS:
            self._pedals.pop((channel, number), None)
            if value:
                self._pedals[channel, number] = None
        elif ends_notes(number):
            self._keys = {place: None for place in self._keys if place[0] != channel}
        elif number == RESET_CONTROLLERS:
            self._pedals = {place: None for place in self._pedals if place[0] != channel}
            self._moved = {place: None for place in self._moved if place[0] != channel}


def _parts(message: bytes) -> tuple[int, int, int, int]:
    """Return status, channel, first and second data byte (0 if there is none)."""
    second = message[2] if len(message) > 2 else 0
    return message[0] & 0xF0, message[0] & 15, message[1], second
