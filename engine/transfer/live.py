"""Element transfer of a performer's MIDI while they play.

Nothing waits for more to come: loudness, timing and octave of a note are decided when it arrives,
note lengths when they are due, added notes at each beat, mode at each bar. With strength 0 every
message leaves as it came. Several inputs are one performer, but each holds its keys by itself.
"""

import heapq
from collections import deque
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.midi.drum_kits import DRUM_CHANNEL
from engine.midi.messages import ends_notes
from engine.music.draws import Draws
from engine.transfer.change import Change, resolve
from engine.transfer.elements import ELEMENTS
from engine.transfer.harmony import Relative, find_triad
from engine.transfer.levels import Levels, measure, wanted_levels
from engine.transfer.mode import Degrees, degrees, find_keys
from engine.transfer.notes import CHORD_S, Sounded, chroma
from engine.transfer.register import Octaves, choose_octaves

__all__ = ["LiveTransfer", "Timed"]


class Timed(NamedTuple):
    """A message, when it is due [s], and the input it belongs to."""

    at_s: float
    message: bytes
    source: int = 0


_Place = tuple[int, int, int]
"""Input, channel, pitch."""

_MEMORY_S: Final = 16.0
"""How far back the performer's own levels are taken from [s]."""
_BELIEVED: Final = 12
"""Notes after which the performer's levels count as much as what is usual."""
_AROUND_S: Final = 0.75
_BELOW: Final = 9
"""A note is melody unless one this near in time is more than so many semitones higher."""
_CHORD_MEMORY_S: Final = 0.6
_ROLL_S: Final = 0.03
"""Delay from note to note of a chord where arousal is lowest [s]."""
_SHORTEST_S: Final = 0.05
_SHORTEST_DELAYED_S: Final = 0.005
"""Least length of a note that was delayed: its key may be up before it starts [s]."""
_SOFTER: Final = 8
_FILL_PLACES: Final = (0.5, 0.25, 0.75)
"""Where in a beat notes are added, most wanted first."""


@dataclass(frozen=True, slots=True)
class _Key:
    """A key that is down: what came, and pitch and start [s] of what was sent (None: nothing)."""

    note: Sounded
    sent: int | None
    start_s: float


class LiveTransfer:
    """Moves what is played toward an emotion.

    Give every message to `push` and call `advance` every few milliseconds; send what they return.

    Parameters
    ----------
    elements : tuple of str
        Among `ELEMENTS`.
    strength : float
        0 (messages leave as they come) .. 1.
    seed : int
        Fixes which notes are added, left out or reharmonised.

    Raises
    ------
    InputError
        An element is unknown or the strength out of range.
    """

    def __init__(
        self, elements: tuple[str, ...] = ELEMENTS, strength: float = 1.0, seed: int = 0
    ) -> None:
        self._draws = Draws(seed)
        self._target = (0.0, 0.0)
        self._played: deque[Sounded] = deque()
        self._keys: dict[_Place, _Key] = {}
        self._sounding: dict[_Place, set[int]] = {}  # place sent to -> numbers of its notes
        # Due, ends first, number of the note, message, input.
        self._pending: list[tuple[float, int, int, bytes, int]] = []
        self._inputs: dict[int, int] = {}  # channel -> input that played there last
        self._count = 0
        self._beat = -1
        self._degrees: Degrees | None = None
        self._octaves = Octaves()
        self._change = Change()
        self._take_stock()
        self.adjust(elements, strength)

    def adjust(self, elements: tuple[str, ...], strength: float) -> None:
        """Move other elements, or by another strength, from now on.

        Raises
        ------
        InputError
            An element is unknown or the strength out of range.
        """
        resolve(self._source, *self._target, elements, strength)
        self._elements, self._strength = elements, strength
        self._resolve()

    def aim(self, valence: float, arousal: float) -> None:
        """Set the emotion, in [-1, 1]; loudness, timing and lengths follow with the next note."""
        if (valence, arousal) != self._target:
            self._target = (valence, arousal)
            self._resolve()

    def push(self, at_s: float, message: bytes, source: int = 0) -> list[Timed]:
        """Return what a message becomes, due now; some of it may come out of `advance` later.

        Parameters
        ----------
        at_s : float
            When it was played [s], ascending.
        message : bytes
            One MIDI message.
        source : int
            Number of the input it came from.
        """
        kind = message[0] & 0xF0 if message else 0
        if len(message) == 3 and kind == 0xB0 and ends_notes(message[1]):
            ends = self.end_all(at_s, source, message[0] & 15)
            return [*ends, Timed(at_s, message, source)]
        if kind == 0xA0 and len(message) == 3:
            key = self._keys.get((source, message[0] & 15, message[1]))
            if key is not None and key.sent is not None:
                message = bytes((message[0], key.sent, message[2]))
        if kind not in (0x80, 0x90) or len(message) != 3:
            return [Timed(at_s, message, source)]
        place = (source, message[0] & 15, message[1])
        if _begins(message):
            sent = self._let_go(at_s, place, None)
            return sent + self._press(at_s, place, message)
        return self._let_go(at_s, place, message)

    def advance(
        self, now_s: float, beat: float, tempo_bpm: float, beats_per_bar: int
    ) -> list[Timed]:
        """Return what is due by now: delayed starts and ends, and added notes.

        Parameters
        ----------
        now_s : float
            The time of `push`'s clock [s].
        beat : float
            Where the music is [quarter notes].
        tempo_bpm : float
        beats_per_bar : int
        """
        if int(beat) != self._beat:
            self._beat = int(beat)
            self._at_beat(now_s, 60.0 / tempo_bpm, self._beat % beats_per_bar == 0)
        due: list[Timed] = []
        while self._pending and self._pending[0][0] <= now_s:
            at_s, begins, number, message, source = heapq.heappop(self._pending)
            due += (self._start if begins else self._end)(at_s, message, number, source)
        return due

    def end_all(
        self, at_s: float, source: int | None = None, channel: int | None = None
    ) -> list[Timed]:
        """Return an end for everything that sounds, and forget what was to come.

        Of one input and one channel, where these are given.
        """

        def concerned(of_source: int, of_channel: int) -> bool:
            return source in (None, of_source) and channel in (None, of_channel)

        sounding = [place for place in self._sounding if concerned(*place[:2])]
        for place in sounding:
            del self._sounding[place]
        for place in [place for place in self._keys if concerned(*place[:2])]:
            del self._keys[place]
        self._pending = [each for each in self._pending if not concerned(each[4], each[3][0] & 15)]
        heapq.heapify(self._pending)
        return [Timed(at_s, _off(*place[1:]), place[0]) for place in sounding]

    def _press(self, at_s: float, place: _Place, message: bytes) -> list[Timed]:
        source, channel, pitch = place
        self._forget(at_s)
        self._count += 1
        self._inputs[channel] = source
        note = Sounded(
            self._count, at_s, 0.0, pitch, message[2], channel, drums=channel == DRUM_CHANNEL
        )
        self._played.append(note)
        if self._strength == 0.0:
            self._keys[place] = _Key(note, pitch, at_s)
            return self._start(at_s, message, note.number, source)
        in_melody = self._sings(note)
        if not in_melody and self._is_thinned(note):
            self._keys[place] = _Key(note, None, at_s)
            return []
        sent = self._pitch(note, in_melody)
        on = bytes((message[0], sent, self._change.velocity_of(note.velocity)))
        start_s = at_s + self._delay(note)
        self._keys[place] = _Key(note, sent, start_s)
        if self._change.length < 1.0:
            end_s = start_s + self._usual_length()
            self._schedule(end_s, _off(channel, sent), note.number, source)
        if start_s > at_s:
            self._schedule(start_s, on, note.number, source)
            return []
        return self._start(at_s, on, note.number, source)

    def _start(self, at_s: float, message: bytes, number: int, source: int) -> list[Timed]:
        """Send a note-on; what sounds at its place is struck anew, and ends with the last key."""
        place = (source, message[0] & 15, message[1])
        ends = [Timed(at_s, _off(*place[1:]), source)] if place in self._sounding else []
        self._sounding.setdefault(place, set()).add(number)
        return [*ends, Timed(at_s, message, source)]

    def _end(self, at_s: float, message: bytes, number: int, source: int) -> list[Timed]:
        """Send a note's end, unless it has ended or another note holds its place."""
        place = (source, message[0] & 15, message[1])
        numbers = self._sounding.get(place, set())
        if number not in numbers:
            return []
        numbers.remove(number)
        if numbers:
            return []
        del self._sounding[place]
        return [Timed(at_s, message, source)]

    def _let_go(self, at_s: float, place: _Place, message: bytes | None) -> list[Timed]:
        """End what a key started; a key nobody pressed lets its message through."""
        source, channel, pitch = place
        key = self._keys.pop(place, None)
        if key is None:
            return [] if message is None else [Timed(at_s, message, source)]
        number = key.note.number
        length_s = at_s - key.note.onset_s
        for index, note in enumerate(self._played):
            if note.number == number:
                self._played[index] = replace(note, length_s=length_s)
        if key.sent is None:
            return []
        if message is None:  # struck again; what has not started yet gives way
            self._pending = [each for each in self._pending if each[2] != number]
            heapq.heapify(self._pending)
        off = message if message is not None and key.sent == pitch else _off(channel, key.sent)
        end_s = max(at_s, key.start_s + length_s * max(self._change.length, 1.0))
        if key.start_s > key.note.onset_s:  # it may not have started yet
            end_s = max(end_s, key.start_s + _SHORTEST_DELAYED_S)
        if message is None or end_s <= at_s:
            return self._end(at_s, off, number, source)
        self._schedule(end_s, off, number, source)
        return []

    def _at_beat(self, now_s: float, beat_s: float, is_bar: bool) -> None:
        """Take stock: the performer's levels each beat, key and octaves each bar."""
        self._forget(now_s)
        self._take_stock()
        self._resolve()
        pitched = [note for note in self._heard(now_s) if not note.drums]
        if is_bar or self._degrees is None:
            self._degrees = None
            if self._change.mode and len(pitched) >= _BELIEVED:
                self._degrees = degrees(find_keys(pitched)[-1].key, self._change.mode)
            self._octaves = self._choose_octaves(pitched)
        if self._change.notes > 1.0 and self._strength > 0.0:
            self._fill(now_s, beat_s, pitched)

    def _choose_octaves(self, pitched: list[Sounded]) -> Octaves:
        change = self._change
        if change.pitch is None or change.spread is None or len(pitched) < _BELIEVED:
            return Octaves()
        tune = [note.pitch for note in pitched if self._sings(note)]
        rest = [note.pitch for note in pitched if not self._sings(note)]
        return choose_octaves(tune, rest, change.pitch, change.spread)

    def _fill(self, now_s: float, beat_s: float, pitched: list[Sounded]) -> None:
        """Lay notes into the coming beat: what the accompaniment just played, again."""
        recent = [note for note in pitched if now_s - note.onset_s < 2.0 * beat_s]
        if not recent:
            return
        below = [note for note in recent if not self._sings(note)] or recent
        below.sort(key=lambda note: note.pitch)
        wobble = self._draws.uniform("fill", self._beat)
        count = int((self._change.notes - 1.0) * len(recent) / 2.0 + wobble)
        for index in range(min(count, 2 * len(_FILL_PLACES))):
            at = _FILL_PLACES[index % len(_FILL_PLACES)]
            upper = below[len(below) // 2 :]
            note = upper[int(self._draws.uniform("filler", self._beat, index) * len(upper))]
            pitch = self._pitch(note, False)
            velocity = max(self._change.velocity_of(note.velocity) - _SOFTER, 1)
            start_s = now_s + at * beat_s
            self._count += 1
            source = self._inputs.get(note.channel, 0)
            on = bytes((0x90 | note.channel, pitch, velocity))
            self._schedule(start_s, on, self._count, source)
            end_s = start_s + 0.22 * beat_s
            self._schedule(end_s, _off(note.channel, pitch), self._count, source)

    def _pitch(self, note: Sounded, in_melody: bool) -> int:
        if note.drums:
            return note.pitch
        pitch = note.pitch
        sounding = chroma(
            self._heard(note.onset_s), note.onset_s - _CHORD_MEMORY_S, note.onset_s + 0.05
        )
        if self._degrees is not None:
            pitch = self._degrees.pitch_of(pitch, sounding)
        if self._change.harmony and not in_melody:
            pitch = self._reharmonised(pitch, sounding)
        tune = [each.pitch for each in self._near(note) if self._sings(each)]
        return self._octaves.pitch_of(pitch, None if in_melody else max(tune, default=127))

    def _reharmonised(self, pitch: int, sounding: NDArray[np.float64]) -> int:
        triad = find_triad(sounding)
        harmony = self._change.harmony
        if triad is None or triad[1] == (harmony > 0.0):
            return pitch
        if self._draws.even("chord", self._beat // 4) >= abs(harmony):
            return pitch
        lowest = min((key.note.pitch for key in self._keys.values()), default=pitch)
        return Relative(*triad, bass_ceiling=min(lowest + 7, 60)).pitch_of(pitch)

    def _delay(self, note: Sounded) -> float:
        """Return how long a note waits: chords are rolled where arousal is low [s]."""
        if "tempo" not in self._elements:
            return 0.0
        struck = sum(
            each.number != note.number and note.onset_s - each.onset_s <= CHORD_S
            for each in self._near(note)
        )
        return _ROLL_S * self._strength * max(-self._target[1], 0.0) * struck

    def _usual_length(self) -> float:
        lengths = [note.length_s for note in self._played if note.length_s > 0.0]
        usual = float(np.median(lengths)) if len(lengths) >= 4 else 0.5
        return max(usual * self._change.length, _SHORTEST_S)

    def _is_thinned(self, note: Sounded) -> bool:
        if self._change.notes >= 1.0 or note.drums:
            return False
        if note.pitch <= min(each.pitch for each in self._near(note)):
            return False
        return self._draws.even("thin", note.number) >= self._change.notes

    def _sings(self, note: Sounded) -> bool:
        return note.pitch >= max(each.pitch for each in self._near(note)) - _BELOW

    def _near(self, note: Sounded) -> list[Sounded]:
        near = [
            each
            for each in self._played
            if abs(each.onset_s - note.onset_s) <= _AROUND_S and not each.drums
        ]
        return near or [note]

    def _heard(self, now_s: float) -> list[Sounded]:
        """Return what was played of late; a note still held has the length it has so far."""
        held = {key.note.number for key in self._keys.values()}
        return [
            replace(note, length_s=max(now_s - note.onset_s, _SHORTEST_S))
            if note.number in held
            else note
            for note in self._played
        ]

    def _forget(self, now_s: float) -> None:
        while self._played and now_s - self._played[0].onset_s > _MEMORY_S:
            self._played.popleft()

    def _take_stock(self) -> None:
        """Measure the performer's levels; what is usual counts where too little was played."""
        usual = wanted_levels(0.0, 0.0)
        if not self._played:
            self._source = usual
            return
        own = measure(self._heard(self._played[-1].onset_s))
        share = len(self._played) / (len(self._played) + _BELIEVED)
        self._source = Levels(
            *(
                getattr(usual, name) + share * (getattr(own, name) - getattr(usual, name))
                for name in Levels.__dataclass_fields__
            )
        )

    def _resolve(self) -> None:
        change = resolve(self._source, *self._target, self._elements, self._strength)
        # The performer keeps the tempo, so notes per second are left to density alone.
        shared = change.tempo
        self._change = replace(
            change,
            tempo=1.0,
            length=change.length / shared if "duration" in self._elements else 1.0,
            notes=change.notes * shared if "density" in self._elements else 1.0,
        )

    def _schedule(self, at_s: float, message: bytes, number: int, source: int) -> None:
        heapq.heappush(self._pending, (at_s, int(_begins(message)), number, message, source))


def _begins(message: bytes) -> bool:
    """Return whether a note message is a note-on; with velocity 0 it is an end."""
    return message[0] & 0xF0 == 0x90 and message[2] > 0


def _off(channel: int, pitch: int) -> bytes:
    return bytes((0x80 | channel, pitch, 64))
