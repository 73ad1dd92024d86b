"""Sample-accurate output: messages written at their frame inside JACK's process callback.

Messages are handed over one period early; the callback writes each at its offset within the
period, so a receiver sees the schedule itself and none of Python's or the system's jitter.
"""

import heapq
import itertools
import threading
import time
from collections import deque

from engine.errors import MidiPortError
from engine.midi.frames import FrameClock
from engine.midi.jack_server import open_client, wait_periods
from engine.midi.ports import Clock

__all__ = ["JackPort", "jack_destinations"]

_WRAP = 1 << 32
_WAKE_S = 0.01  # time for the sender to wake up and hand over before the period starts
_PERIODS = 3  # that carry the last messages away before we leave
_PATIENCE_S = 1.5
_LOOK_S = 0.002
_FIRST_READINGS = 16
_LOOK_AGAIN_S = 0.01
_NOTES = 0x80  # the bits that note-offs and note-ons share
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
        self._sent: deque[tuple[int, float, float]] = deque(maxlen=4096)
        self._peers: tuple[str, ...] = ()
        self._client.set_shutdown_callback(self._gone)
        self._client.set_process_callback(self._process)
        self._client.set_blocksize_callback(self._resized)
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
        heapq.heappush(self._waiting, (frame, next(self._order), data, note_id, at_s))
        return None

    def collect(self) -> list[tuple[int, float, float]]:
        """Return id, deadline [s] and lateness [s] of notes; 0 if written at its frame."""
        sent = []
        while self._sent:
            sent.append(self._sent.popleft())
        return sent

    def refresh(self) -> None:
        """Compare the clocks again and look who is connected."""
        if not self.alive:
            return
        try:
            self._observe(_SLOWEST_READING_S)
            self._peers = tuple(port.name for port in self._port.connections)
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

    def close(self) -> None:
        """Wait until everything queued is written and read, then leave the server."""
        give_up = self._clock() + _PATIENCE_S
        while self.alive and self._waiting and self._clock() < give_up:
            time.sleep(_LOOK_S)
        if self.alive:
            wait_periods(self._client, _PERIODS)
            self._client.deactivate()
        self._client.close()

    def _in_order(self, data: bytes, frame: int) -> int:
        """Return the frame of a message, never before that of the last on or off of its place.

        A line fitted anew may round one deadline to an earlier frame than before: the note-on
        would overtake the note-off that frees its place.
        """
        if data[0] & 0xE0 != _NOTES:
            return frame
        place = bytes((data[0] & 15, data[1]))
        early = self._latest.get(place, frame) - frame
        if 0 < early < self.lookahead_s * self._rate:  # more: the server's counter jumped back
            frame += early
        self._latest[place] = frame
        return frame

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
            # Offsets must not decrease: a late message goes with, not before, the last one.
            earliest = max(earliest, offset)
            try:
                port.write_midi_event(earliest, data)
            except self._jack.JackError:
                heapq.heappush(waiting, (frame, -1, data, note_id, at_s))
                return  # buffer full: the rest goes first in the next period
            if note_id >= 0:
                self._sent.append((note_id, at_s, (earliest - offset) / self._rate))
