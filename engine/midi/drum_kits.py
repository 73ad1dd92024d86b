"""Which channel plays a drum kit when: its notes are instruments, not pitches.

Channel 10 does in General MIDI, unless it belongs to an MPE zone. Others do after bank 127 or 126
(Yamaha XG) or 120 (General MIDI 2), or after the SysEx messages by which Roland GS and XG turn a
part into a kit.

References
----------
MMA: General MIDI 2 (RP-024), MIDI Polyphonic Expression (RP-053). Yamaha: XG specifications 2.00.
Roland: SC-88 MIDI implementation, "use for rhythm part".
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Final

from engine.midi.smf import Event

__all__ = ["DRUM_CHANNEL", "DrumKits"]

DRUM_CHANNEL: Final = 9
"""Channel 10 as musicians count."""

_MELODY_BANK, _KIT_BANK = 121, 120
_XG_KIT_BANKS: Final = (126, 127)
_GS_PART: Final = bytes((0x42, 0x12, 0x40))
_XG: Final = 0x4C


class DrumKits:
    """The course of kits through a file.

    Parameters
    ----------
    tracks : sequence of sequence of Event
        All tracks that share a time.
    """

    def __init__(self, tracks: Sequence[Sequence[Event]]) -> None:
        self._set: dict[int, bool] = {}  # channel -> told to play a kit or not
        self._members: set[int] = set()  # channels of MPE zones
        self._gs = False
        self._parameter: dict[int, tuple[int, int]] = {}  # channel -> RPN, MSB and LSB
        self._course: dict[int, list[tuple[int, bool]]] = {}  # channel -> tick, kit from there on
        timed = [
            (event.tick, number, index)
            for number, track in enumerate(tracks)
            for index, event in enumerate(track)
            if event.data[0] >> 4 == 0xB or event.data[0] in (0xF0, 0xF7)
        ]
        packets = b""
        for tick, number, index in sorted(timed):
            data = tracks[number][index].data
            if data[0] == 0xF0 or (data[0] == 0xF7 and packets):
                packets = data if data[0] == 0xF0 else packets + data[1:]
                if packets.endswith(b"\xf7"):
                    self._exclusive(packets[1:-1])
                    packets = b""
            elif data[0] >> 4 == 0xB:
                self._control(data[0] & 15, data[1], data[2])
            self._enter(tick)

    def playing(self, channel: int, tick: int) -> bool:
        """Return whether a channel plays a kit at a tick."""
        course = self._course.get(channel, [])
        index = bisect_right(course, (tick, True)) - 1
        return course[index][1] if index >= 0 else channel == DRUM_CHANNEL

    def _now(self, channel: int) -> bool:
        usual = channel == DRUM_CHANNEL and channel not in self._members
        return self._set.get(channel, usual)

    def _enter(self, tick: int) -> None:
        for channel in range(16):
            course = self._course.setdefault(channel, [])
            was = course[-1][1] if course else channel == DRUM_CHANNEL
            if self._now(channel) != was:
                course.append((tick, not was))

    def _control(self, channel: int, control: int, value: int) -> None:
        if control == 0:
            self._bank(channel, value)
        elif control == 101:
            self._parameter[channel] = (value, 127)
        elif control == 100:
            self._parameter[channel] = (self._parameter.get(channel, (127, 127))[0], value)
        elif control == 6 and self._parameter.get(channel) == (0, 6):
            if channel == 0:  # MPE Configuration Message, lower and upper zone
                self._zone(range(1, 1 + min(value, 15)))
            elif channel == 15:
                self._zone(range(15 - min(value, 15), 15))

    def _zone(self, members: Iterable[int]) -> None:
        self._members = set(members)

    def _bank(self, channel: int, bank: int) -> None:
        if bank == _KIT_BANK or (bank in _XG_KIT_BANKS and not self._gs):
            self._set[channel] = True
        elif bank == _MELODY_BANK:
            self._set[channel] = False
        elif channel != DRUM_CHANNEL:
            self._set.pop(channel, None)

    def _exclusive(self, content: bytes) -> None:
        """Take a SysEx message without its ``F0`` and ``F7``."""
        if content[:1] == b"\x7e" and content[2:4] in (b"\x09\x01", b"\x09\x03"):
            self._reset(gs=False)
        elif content[:1] == b"\x41" and content[2:5] == _GS_PART and len(content) >= 8:
            part, item, value = content[5:8]
            if (part, item) == (0x00, 0x7F):
                self._reset(gs=True)
            elif part >> 4 == 1 and item == 0x15:
                block = part & 15
                channel = DRUM_CHANNEL if block == 0 else block - 1 if block < 10 else block
                self._set[channel] = value > 0
        elif content[:1] == b"\x43" and content[2:3] == bytes((_XG,)) and len(content) >= 7:
            part_mode, channel, item, value = content[3:7]
            if content[3:6] == b"\x00\x00\x7e":
                self._reset(gs=False)
            elif part_mode == 0x08 and item == 0x07 and channel < 16:
                self._set[channel] = value > 0

    def _reset(self, *, gs: bool) -> None:
        self._gs = gs
        self._set.clear()
