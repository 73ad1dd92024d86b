"""Sample-accurate output: messages written at their frame inside JACK's process callback.

Messages are handed over one period early; the callback writes each at its offset within the
period, so a receiver sees the schedule itself and none of Python's or the system's jitter.

A receiver that JACK leaves out of a period (an xrun, another client killed) never sees what was
written then. So note-offs of the last second are written again after every xrun, and before we
leave.
"""

import heapq
import itertools
import threading
import time
from collections import deque

from engine.errors import MidiPortError
from engine.midi.frames import FrameClock
from engine.midi.jack_server import open_client, wait_periods
from engine.midi.ports import Clock, Written

__all__ = ["JackPort", "jack_destinations"]

_WRAP = 1 << 32
_WAKE_S = 0.02  # for the sender to wake up; and after an xrun the server's clock is off by as much
_PERIODS = 3  # that carry the last messages away before we leave
_PATIENCE_S = 1.5
_LOOK_S = 0.002
_FIRST_READINGS = 16
_LOOK_AGAIN_S = 0.01
_NOTE_OFF = 0x80
_NOTES = 0x80  # the bits that note-offs and note-ons share
_REPEATED_S = 0.7
_SHAKEN_LOOKS = 2  # the first may fall into the same trouble
_SLOWEST_READING_S = 1e-4  # a reading that took longer was interrupted and is worth nothing


def jack_destinations() -> list[str] | None:
    """Return the ports one can play into, or None if no server runs."""
    try:
        _, client = open_client("stimmung-look")
    except MidiPortError:
        return None
    names = [port.name for port in client.get_ports(is_midi=True, is_input=True)]
    client.close()
    return names


class JackPort:
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
        self._frames = FrameClock(self._rate)
        self._observing = threading.Lock()
        self._looked_s = 0.0
        # heapq's functions and deque.append run under the GIL without interruption, so the
        # real-time thread needs no lock that someone could hold while asleep.
        self._waiting: list[tuple[int, int, bytes, int, float]] = []
        self._order = itertools.count()
        self._latest: dict[bytes, int] = {}  # frame of the last on or off per place
        self._offs: dict[bytes, tuple[bytes, float]] = {}  # by place, nothing came after them
        self._shaken = 1  # a predecessor may just have died
        self._withdrawn: set[int] = set()  # notes that wait and are not to be written
        self._silent: set[bytes] = set()  # their places: the next note-off there is void too
        self._sent: deque[Written] = deque(maxlen=4096)
        self._peers: tuple[str, ...] = ()
        self._client.set_shutdown_callback(self._gone)
        self._client.set_process_callback(self._process)
        self._client.set_blocksize_callback(self._resized)
        self._client.set_xrun_callback(self._lost_a_period)
        self._client.activate()
        self._observe(float("inf"))
        for _ in range(_FIRST_READINGS):
            self._observe(_SLOWEST_READING_S)
        if destination:
            self.connect(destination)

    def send(self, data: bytes, at_s: float, note_id: int) -> float | None:
        """Queue one message for the frame of its deadline."""
        # A server that lost time in an xrun has moved all frames: look before counting on them.
        if self._clock() - self._looked_s > _LOOK_AGAIN_S:
            self._observe(_SLOWEST_READING_S)
        frame = self._in_order(data, round(self._frames.frame_at(at_s)))
        if data[0] & 0xE0 == _NOTES:
            place = _place(data)
            if data[0] & 0x10:
                self._offs.pop(place, None)
            else:
                self._offs[place] = data, at_s
        heapq.heappush(self._waiting, (frame, next(self._order), data, note_id, at_s))
        return None

    def collect(self) -> list[Written]:
        """Return the notes written; lateness 0 if written at its frame."""
        sent = []
        while self._sent:
            sent.append(self._sent.popleft())
        return sent

    def withdraw(self, at_s: float) -> None:
        """Take back note-ons that wait, and their note-offs; a stopped beat shall not blip."""
        # `list` copies under the GIL; an id whose note was written meanwhile does no harm.
        waiting = list(self._waiting)
        self._withdrawn &= {note_id for _, _, _, note_id, _ in waiting}
        self._withdrawn |= {
            note_id for _, _, _, note_id, on_s in waiting if note_id >= 0 and on_s >= at_s
        }

    def refresh(self) -> None:
        """Compare the clocks again and look who is connected."""
        if not self.alive:
            return
        try:
            self._observe(_SLOWEST_READING_S)
            self._peers = tuple(port.name for port in self._port.connections)
            if self._shaken:
                self._shaken -= 1
                self._repeat_offs()
        except self._jack.JackError:
            self._peers = ()
        if self._destination and self._destination not in self._peers:
            self.alive = False

    def peers(self) -> tuple[str, ...]:
        """Return the input ports connected to ours; none where opening connects anyway."""
        return () if self._destination else self._peers

    def connect(self, peer: str) -> None:
        """Connect our port to another; nothing happens if that one is gone."""
        try:
            self._client.connect(self._port.name, peer)
        except self._jack.JackError:
            return  # gone, or connected already: both are fine

    def disconnect(self, peer: str) -> None:
        """Disconnect our port from another; nothing happens if they were not connected."""
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
            wait_periods(self._client, _PERIODS)
            self._repeat_offs()
            wait_periods(self._client, _PERIODS)
            self._client.deactivate()
        self._client.close()

    def _repeat_offs(self) -> None:
        now = self._clock()
        overdue = round(self._frames.frame_at(now)) - self._rate  # whatever an xrun did to frames
        for place, (data, at_s) in list(self._offs.items()):
            if at_s < now - _REPEATED_S:
                self._offs.pop(place, None)
            elif at_s <= now:
                heapq.heappush(self._waiting, (overdue, next(self._order), data, -1, at_s))

    def _lost_a_period(self, _delayed_us: float) -> None:
        self._shaken = _SHAKEN_LOOKS

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

    def _observe(self, slowest_s: float) -> None:
        if not self._observing.acquire(blocking=False):
            return  # the other thread is just doing it
        try:
            before = self._clock()
            frame = self._client.frame_time
            after = self._clock()
            self._looked_s = after
            if after - before <= slowest_s:
                self._frames.observe((before + after) / 2, frame)
        finally:
            self._observing.release()

    def _gone(self, status: object, reason: str) -> None:
        self.alive = False

    def _resized(self, blocksize: int) -> None:
        self.lookahead_s = blocksize / self._rate + _WAKE_S

    def _process(self, frames: int) -> None:
        """Write what falls into this period. Called by JACK's real-time thread."""
        port = self._port
        port.clear_buffer()
        waiting = self._waiting
        if not waiting:
            return
        start = self._client.last_frame_time
        earliest = 0
        while waiting:
            frame = waiting[0][0]
            # The server's counter wraps at 32 bits, ours does not.
            offset = (frame - start + _WRAP // 2) % _WRAP - _WRAP // 2
            if offset >= frames:
                return
            _, _, data, note_id, at_s = heapq.heappop(waiting)
            if self._is_void(data, note_id):
                continue
            # Offsets must not decrease: a late message goes with, not before, the last one.
            earliest = max(earliest, offset)
            try:
                port.write_midi_event(earliest, data)
            except self._jack.JackError:
                heapq.heappush(waiting, (frame, -1, data, note_id, at_s))
                return  # buffer full: the rest goes first in the next period
            if note_id >= 0:
                self._sent.append(
                    Written(note_id, at_s, (earliest - offset) / self._rate, frame % _WRAP)
                )


def _place(data: bytes) -> bytes:
    """Return channel and pitch of a note-on or note-off."""
    return bytes((data[0] & 15, data[1]))
