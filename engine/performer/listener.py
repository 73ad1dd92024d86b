"""From a keyboard's messages to notes in beats, sustain pedal included."""

from collections.abc import Iterable
from dataclasses import dataclass

from engine.events import NoteEvent
from engine.music.clock import Clock

__all__ = ["Listener"]

_SUSTAIN = 64
_ALL_OFF = (120, 123)
_SHORTEST_BEATS = 0.05
_MOST_WAITING = 512


@dataclass(slots=True)
class _Key:
    onset: float
    velocity: int
    released: bool = False
    told: bool = False


class Listener:
    """Understands any number of keyboards at once; each place (channel, pitch) has one note.

    A note is told once: when it has ended, or, still held, at the next asking with the length
    it has so far. A note on the sustain pedal is held.

    Parameters
    ----------
    clock : Clock
        Gives the beats.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._keys: dict[tuple[int, int], _Key] = {}
        self._pedals: set[int] = set()
        self._ended: list[NoteEvent] = []
        self.last_s = float("-inf")
        """When a key was last pressed or let go [s]."""

    @property
    def holding(self) -> bool:
        """Whether any key is down or on the pedal."""
        return bool(self._keys)

    def take(self, messages: Iterable[tuple[float, bytes]]) -> None:
        """Take messages with their times, in order; others than notes and pedals are ignored."""
        for at_s, message in messages:
            if len(message) < 3:
                continue
            status, channel = message[0] & 0xF0, message[0] & 15
            if status == 0x90 and message[2]:
                self._press(at_s, channel, message[1], message[2])
            elif status in (0x80, 0x90):
                self._let_go(at_s, channel, message[1])
            elif status == 0xB0 and message[1] == _SUSTAIN:
                self._pedal(at_s, channel, message[2] >= 64)
            elif status == 0xB0 and message[1] in _ALL_OFF:
                self.forget(at_s, channel)

    def collect(self, now_s: float) -> tuple[NoteEvent, ...]:
        """Return the notes not told before, by onset; ``channel`` is the keyboard's."""
        told, self._ended = self._ended, []
        now = self._clock.beat_at(now_s)
        for (channel, pitch), key in self._keys.items():
            if not key.told:
                key.told = True
                told.append(_note(channel, pitch, key, now))
        return tuple(sorted(told, key=lambda note: (note.onset, note.pitch)))

    def forget(self, at_s: float, channel: int | None = None) -> None:
        """End what is held: the keyboard is gone, or says so."""
        for place in list(self._keys):
            if channel in (None, place[0]):
                self._end(at_s, place)
        self._pedals = set() if channel is None else self._pedals - {channel}

    def _press(self, at_s: float, channel: int, pitch: int, velocity: int) -> None:
        self.last_s = at_s
        if (channel, pitch) in self._keys:
            self._end(at_s, (channel, pitch))
        self._keys[channel, pitch] = _Key(self._clock.beat_at(at_s), velocity)

    def _let_go(self, at_s: float, channel: int, pitch: int) -> None:
        key = self._keys.get((channel, pitch))
        if key is None:
            return
        self.last_s = at_s
        key.released = True
        if channel not in self._pedals:
            self._end(at_s, (channel, pitch))

    def _pedal(self, at_s: float, channel: int, down: bool) -> None:
        if down:
            self._pedals.add(channel)
            return
        self._pedals.discard(channel)
        for place, key in list(self._keys.items()):
            if place[0] == channel and key.released:
                self._end(at_s, place)

    def _end(self, at_s: float, place: tuple[int, int]) -> None:
        key = self._keys.pop(place)
        if not key.told and len(self._ended) < _MOST_WAITING:
            self._ended.append(_note(*place, key, self._clock.beat_at(at_s)))


def _note(channel: int, pitch: int, key: _Key, until: float) -> NoteEvent:
    duration = max(_SHORTEST_BEATS, until - key.onset)
    return NoteEvent(0, key.onset, duration, pitch, key.velocity, channel, "lead")
