"""Sample-accurate output: messages written at their frame inside JACK's process callback.

Messages are handed over one period early; the callback writes each at its offset within the
period, so a receiver sees the schedule itself and none of Python's or the system's jitter.

A receiver that JACK leaves out of a period (an xrun, another client killed) never sees what was
written then. So note-offs and lifted pedals are written again after every xrun and every period
that we missed ourselves, a few times with growing distance, and before we leave. A place played
anew meanwhile is ended first: what ended it may be what was not seen.

A server that was asleep goes on counting where it stopped. What waits then at frames reckoned
before is reckoned anew: a note-on left there would be written long after its note-off.
"""

import heapq
import itertools
import time
from collections import deque
from collections.abc import Set

from engine.midi.messages import PEDALS
from engine.midi.ports.frame_clock import FRAME_WRAP, ServerFrames
from engine.midi.ports.jack_server import ServerWatch, open_client, wait_periods
from engine.midi.ports.port import Clock, Written

__all__ = ["JackOutput"]

_WAKE_S = 0.02  # for the sender to wake up; and after an xrun the server's clock is off by as much
_PERIODS = 3  # that carry the last messages away before we leave
_PATIENCE_S = 1.5
_LOOK_S = 0.002
_LAST_WORDS_S = (0.0, 0.05)  # after which all ends are said again: a receiver may stand still
_FIRST_READINGS = 16
_NOTE_OFF, _NOTE_ON = 0x80, 0x90
_RELEASE = 64  # velocity of a note-off that has none of its own (MIDI 1.0)
_NOTES = 0x80  # the bits that note-offs and note-ons share
_CONTROL = 0xB0
_REPEATED_S = 0.7  # ends so long before trouble are said again, and those since
_REPEATED_MOST_S = 3.0
_OVERDUE_S = 1.0  # so long past, whatever an xrun did to frames: goes at once, before what waits
_REPEATED_LOOKS = (1, 2, 4, 8)  # after the last trouble: the first may fall into it too
_CONNECTING_LOOKS = 40  # ten seconds: a server in trouble refuses for a while


class JackOutput:
    """A MIDI output port on the running JACK server.

    Parameters
    ----------
    port_name : str
        Name of client and port.
    clock : callable
        `time.perf_counter`.
    destination : str
        An existing port to play into; the connection is then part of being alive.

    Raises
    ------
    MidiPortError
        If no JACK server runs or the JACK library is missing.
    """

    def __init__(self, port_name: str, clock: Clock, destination: str = "") -> None:
        self.alive = True
        self._clock = clock
        self._jack, self._client = open_client(port_name)
        self._port = self._client.midi_outports.register(port_name)
        self._destination = destination
        self.name: str = destination or self._port.name
        self._rate = int(self._client.samplerate)
        self.lookahead_s = self._client.blocksize / self._rate + _WAKE_S
        self._frames = ServerFrames(self._client, clock)
        # heapq's functions and deque.append run under the GIL without interruption, so the
        # real-time thread needs no lock that someone could hold while asleep.
        self._waiting: list[tuple[int, int, bytes, int, float]] = []
        self._order = itertools.count()
        self._latest: dict[bytes, int] = {}  # frame of the last on or off per place
        self._played: set[bytes] = set()  # places that a note-on was written for
        # By what they end, nothing came after them; when they were to be written [s].
        self._ends: dict[bytes, tuple[bytes, float]] = {}
        self._shaken_s = clock()
        # Since the last trouble; ends are said again once, as a predecessor may just have died.
        self._calm_looks = _REPEATED_LOOKS[-1] - 1
        self._epoch = 0  # of the frames that wait
        self._next_start = -1  # frame the next period should begin at, once there was one
        self._wanted: dict[str, int] = {}  # ports to be connected to → looks left to try
        self._withdrawn: set[int] = set()  # notes that wait and are not to be written
        self._silent: set[bytes] = set()  # their places: the next note-off there is void too
        self._sent: deque[Written] = deque(maxlen=4096)
        self._peers: tuple[str, ...] = ()
        self._client.set_shutdown_callback(self._gone)
        self._client.set_process_callback(self._process)
        self._client.set_blocksize_callback(self._resized)
        self._client.set_xrun_callback(self._lost_a_period)
        self._client.activate()
        self._watch = ServerWatch(self._jack, self._client, clock)
        self._frames.look(float("inf"))
        for _ in range(_FIRST_READINGS):
            self._frames.look()
        if destination:
            self.connect(destination)

    def send(self, data: bytes, at_s: float, note_id: int) -> float | None:
        """Queue one message for the frame of its deadline."""
        # A server that lost time in an xrun has moved all frames: look before counting on them.
        self._frames.look_again()
        frame = self._in_order(data, round(self._frames.frame_at(at_s)))
        if held := _held(data):
            if _lets_go(data):
                self._ends[held] = data, max(at_s, self._clock())  # after a stall it is late
            else:
                self._ends.pop(held, None)
        heapq.heappush(self._waiting, (frame, next(self._order), data, note_id, at_s))
        return None

    def collect(self) -> list[Written]:
        """Return the notes written; lateness 0 if written at its frame."""
        sent = []
        while self._sent:
            sent.append(self._sent.popleft())
        return sent

    def withdraw(self, note_ids: Set[int]) -> None:
        """Take back note-ons that wait, and their note-offs; a stopped beat shall not blip."""
        # `list` copies under the GIL; an id whose note was written meanwhile does no harm.
        waiting = {note_id for _, _, _, note_id, _ in list(self._waiting)}
        self._withdrawn = waiting & (self._withdrawn | note_ids)

    def refresh(self) -> None:
        """Compare the clocks again and look who is connected."""
        if not self.alive:
            return
        if self._watch.has_stopped():
            self.alive = False
            return
        try:
            self._frames.look()
            self._peers = tuple(port.name for port in self._port.connections)
            self._insist()
            self._calm_looks += 1
            if self._calm_looks in _REPEATED_LOOKS:
                self._repeat_ends(self._shaken_s)
        except self._jack.JackError:
            self._peers = ()
        if self._destination and self._destination not in self._peers:
            self.alive = False

    def peers(self) -> tuple[str, ...]:
        """Return the input ports connected to ours; none where opening connects anyway."""
        return () if self._destination else self._peers

    def adjust(self, sound: bytes) -> None:
        """Do nothing: the receiver makes the sound."""

    def connect(self, peer: str) -> None:
        """Connect our port to another; what fails is tried again for some seconds."""
        self._wanted[peer] = _CONNECTING_LOOKS
        self._connect(peer)

    def _connect(self, peer: str) -> None:
        try:
            self._client.connect(self._port.name, peer)
        except self._jack.JackError:
            return  # gone, or connected already: both are fine

    def disconnect(self, peer: str) -> None:
        """Disconnect our port from another; nothing happens if they were not connected."""
        self._wanted.pop(peer, None)
        try:
            self._client.disconnect(self._port.name, peer)
        except self._jack.JackError:
            return

    def close(self) -> None:
        """Wait until everything queued is written and read, then leave the server."""
        give_up = self._clock() + _PATIENCE_S
        while self.alive and self._waiting and self._clock() < give_up:
            time.sleep(_LOOK_S)
        if self.alive:
            leaving_s = self._clock()
            for pause_s in _LAST_WORDS_S:
                wait_periods(self._client, _PERIODS)
                time.sleep(pause_s)
                self._repeat_ends(leaving_s)
            wait_periods(self._client, _PERIODS)
            self._client.deactivate()
        self._client.close()

    def _insist(self) -> None:
        """Connect again where the server refused; one seen connected is the user's from then."""
        for peer, looks in list(self._wanted.items()):
            if peer in self._peers or looks == 0:
                self._wanted.pop(peer, None)
            else:
                self._wanted[peer] = looks - 1
                self._connect(peer)

    def _repeat_ends(self, trouble_s: float) -> None:
        """Write again what ended since shortly before some trouble [s] and sounds no more."""
        now = self._clock()
        overdue_s = now - _OVERDUE_S
        overdue = round(self._frames.frame_at(overdue_s))
        since_s = max(trouble_s - _REPEATED_S, now - _REPEATED_MOST_S)
        for held, (data, at_s) in list(self._ends.items()):
            if at_s < now - _REPEATED_MOST_S:
                self._ends.pop(held, None)
            elif since_s <= at_s <= now:
                heapq.heappush(self._waiting, (overdue, next(self._order), data, -1, overdue_s))

    def _lost_a_period(self, _delayed_us: float = 0.0) -> None:
        if self._calm_looks >= _REPEATED_LOOKS[-1]:
            self._shaken_s = self._clock()
        self._calm_looks = 0

    def _end_first(self, offset: int, note_on: bytes) -> None:
        """After trouble, end what may still sound at the place of a note-on about to be written."""
        place = _place(note_on)
        if place in self._played and self._calm_looks < _REPEATED_LOOKS[-1]:
            self._port.write_midi_event(offset, bytes((_NOTE_OFF | place[0], place[1], _RELEASE)))
        self._played.add(place)

    def _reckon_anew(self) -> None:
        """Put what waits at its frame of the present epoch."""
        self._epoch = self._frames.epoch
        waiting = []
        while self._waiting:  # one by one: somebody may be adding to it
            waiting.append(heapq.heappop(self._waiting))
        for _, order, data, note_id, at_s in waiting:
            frame = round(self._frames.frame_at(at_s))
            heapq.heappush(self._waiting, (frame, order, data, note_id, at_s))

    def _in_order(self, data: bytes, frame: int) -> int:
        """Return the frame of a message, never before that of the last on or off of its place.

        A line fitted anew may round one deadline to an earlier frame than before: the note-on
        would overtake the note-off that frees its place.
        """
        if data[0] & 0xE0 != _NOTES:
            return frame
        place = _place(data)
        early = self._latest.get(place, frame) - frame
        if 0 < early < self.lookahead_s * self._rate:  # more: the server's counter jumped back
            frame += early
        self._latest[place] = frame
        return frame

    def _is_void(self, data: bytes, note_id: int) -> bool:
        """Tell whether a message belongs to a note that was withdrawn."""
        if note_id in self._withdrawn:
            self._silent.add(_place(data))
            return True
        if self._silent and data[0] & 0xF0 == _NOTE_OFF and _place(data) in self._silent:
            self._silent.discard(_place(data))
            return True
        return False

    def _gone(self, status: object, reason: str) -> None:
        self.alive = False

    def _resized(self, blocksize: int) -> None:
        self.lookahead_s = blocksize / self._rate + _WAKE_S

    def _process(self, frames: int) -> None:
        """Write what falls into this period. Called by JACK's real-time thread."""
        port = self._port
        port.clear_buffer()
        waiting = self._waiting
        start = self._client.last_frame_time
        if start != self._next_start >= 0:
            self._lost_a_period()
        self._next_start = (start + frames) % FRAME_WRAP
        if self._epoch != self._frames.epoch:
            self._reckon_anew()
        earliest = 0
        while waiting:
            frame = waiting[0][0]
            # The server's counter wraps at 32 bits, ours does not.
            offset = (frame - start + FRAME_WRAP // 2) % FRAME_WRAP - FRAME_WRAP // 2
            if offset >= frames:
                return
            message = heapq.heappop(waiting)
            if self._epoch != self._frames.epoch:  # asked now: it may just have been added
                heapq.heappush(waiting, message)
                self._reckon_anew()
                continue
            _, _, data, note_id, at_s = message
            if self._is_void(data, note_id):
                continue
            # Offsets must not decrease: a late message goes with, not before, the last one.
            earliest = max(earliest, offset)
            try:
                if data[0] & 0xF0 == _NOTE_ON:
                    self._end_first(earliest, data)
                port.write_midi_event(earliest, data)
            except self._jack.JackError:
                heapq.heappush(waiting, (frame, -1, data, note_id, at_s))
                return  # buffer full: the rest goes first in the next period
            if note_id >= 0:
                self._sent.append(
                    Written(note_id, at_s, (earliest - offset) / self._rate, frame % FRAME_WRAP)
                )


def _place(data: bytes) -> bytes:
    """Return channel and pitch of a note-on or note-off."""
    return bytes((data[0] & 15, data[1]))


def _held(data: bytes) -> bytes:
    """Return what a message holds or lets go, the place of a note or a pedal; else nothing."""
    if data[0] & 0xE0 == _NOTES:
        return _place(data)
    if data[0] & 0xF0 == _CONTROL and data[1] in PEDALS:
        return data[:2]
    return b""


def _lets_go(data: bytes) -> bool:
    """Tell a note-off and a pedal's lift from what they end."""
    return data[0] & 0xF0 == _NOTE_OFF or (data[0] & 0xF0 == _CONTROL and data[2] < 64)
