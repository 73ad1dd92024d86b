"""From a keyboard's messages to notes in beats, sustain pedal included."""

from dataclasses import dataclass

from engine.events import SUSTAIN, NoteEvent
from engine.midi.messages import ends_notes
from engine.music.clock import Clock

__all__ = ["Listener"]

_SHORTEST_BEATS = 0.05
_MOST_WAITING = 512

_Place = tuple[int, int, int]
"""Input, channel, pitch."""


@dataclass(slots=True)
class _Key:
    onset: float
    velocity: int
    released: bool = False
    told: bool = False


class Listener:
    """Understands any number of keyboards at once; each has one note per channel and pitch.

    A note is told once: when it has ended, or, still held, at the next asking with the length
    it has so far. A note on the sustain pedal is held.

    Parameters
    ----------
    clock : Clock
        Gives the beats.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._keys: dict[_Place, _Key] = {}
        self._pedals: set[tuple[int, int]] = set()  # input, channel
        self._ended: list[NoteEvent] = []
        self.last_s = float("-inf")
        """When a key was last pressed, or the last sound of one ended [s]."""
        self._pauses: list[float] = []

    @property
    def holding(self) -> bool:
        """Whether any key is down or on the pedal."""
        return bool(self._keys)

    def push(self, at_s: float, message: bytes, source: int = 0) -> None:
        """Take a message of an input; others than notes and sustain pedals are ignored."""
        if len(message) < 3:
            return
        status, channel, number, value = message[0] & 0xF0, message[0] & 15, message[1], message[2]
        if status == 0x90 and value:
            self._press(at_s, (source, channel, number), value)
        elif status in (0x80, 0x90):
            self._let_go(at_s, (source, channel, number))
        elif status == 0xB0 and number == SUSTAIN:
            self._pedal(at_s, source, channel, value >= 64)
        elif status == 0xB0 and ends_notes(number):
            self.forget(at_s, source, channel)

    def collect(self, now_s: float) -> tuple[NoteEvent, ...]:
        """Return the notes not told before, by onset; ``channel`` is the keyboard's."""
        told, self._ended = self._ended, []
        now = self._clock.beat_at(now_s)
        for place, key in self._keys.items():
            if not key.told:
                key.told = True
                told.append(_note(place, key, now))
        return tuple(sorted(told, key=lambda note: (note.onset, note.pitch)))

    def take_pauses(self) -> list[float]:
        """Return the silences that ended with a key since the last call [s]."""
        taken, self._pauses = self._pauses, []
        return taken

    def forget(self, at_s: float, source: int | None = None, channel: int | None = None) -> None:
        """End what is held, of one input and channel where these are given."""

        def concerned(of_source: int, of_channel: int) -> bool:
            return source in (None, of_source) and channel in (None, of_channel)

        for place in [place for place in self._keys if concerned(*place[:2])]:
            self._end(at_s, place)
        self._pedals = {pedal for pedal in self._pedals if not concerned(*pedal)}

    def _press(self, at_s: float, place: _Place, velocity: int) -> None:
        if not self._keys and self.last_s > float("-inf") and len(self._pauses) < _MOST_WAITING:
            self._pauses.append(at_s - self.last_s)
        self.last_s = at_s
        if place in self._keys:
            self._end(at_s, place)
        self._keys[place] = _Key(self._clock.beat_at(at_s), velocity)

    def _let_go(self, at_s: float, place: _Place) -> None:
        key = self._keys.get(place)
        if key is None:
            return
        self.last_s = at_s
        key.released = True
        if not self._is_sustained(place[1]):
            self._end(at_s, place)

    def _pedal(self, at_s: float, source: int, channel: int, down: bool) -> None:
        if down:
            self._pedals.add((source, channel))
            return
        self._pedals.discard((source, channel))
        if self._is_sustained(channel):
            return
        for place, key in list(self._keys.items()):
            if place[1] == channel and key.released:
                self.last_s = at_s
                self._end(at_s, place)

    def _is_sustained(self, channel: int) -> bool:
        """Tell whether the pedal of any input is down on a channel."""
        return any(pedal[1] == channel for pedal in self._pedals)

    def _end(self, at_s: float, place: _Place) -> None:
        key = self._keys.pop(place)
        if not key.told and len(self._ended) < _MOST_WAITING:
            self._ended.append(_note(place, key, self._clock.beat_at(at_s)))


def _note(place: _Place, key: _Key, until: float) -> NoteEvent:
    _, channel, pitch = place
    duration = max(_SHORTEST_BEATS, until - key.onset)
    return NoteEvent(0, key.onset, duration, pitch, key.velocity, channel, "lead")
