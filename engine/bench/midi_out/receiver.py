"""``python -m engine.bench.midi_out.receiver CLIENT PORT...``: receives until standard input ends.

One JACK client with a MIDI input for each sender. It stamps every message with the frame the
server gave it and prints everything as JSON at its end.
"""

import gc
import json
import os
import subprocess
import sys
import threading
import time
from typing import Any, Self

from engine.bench.midi_out.rhythm import number_of
from engine.bench.soak.jack_rig import JackServer, until
from engine.midi.ports.frame_clock import FRAME_WRAP
from engine.process.child import child_command, child_environment

__all__ = ["Arrivals", "FrameReceiver", "listen"]

_LOOK_S = 0.1
_READINGS = 5  # of which the quickest counts


class Arrivals:
    """What a receiver heard.

    Attributes
    ----------
    lost_time : list of int
        Frames (32 bits) at which the server lost time: its xruns, and leaps of its count.
    """

    def __init__(self, heard: dict[str, Any]) -> None:
        self.lost_time: list[int] = heard["lost_time"]
        self._first = int(heard["readings"][0][1])
        self._readings = [(time_s, self._since(frame)) for time_s, frame in heard["readings"]]
        self._events: dict[str, list[list[int]]] = heard["events"]

    def _since(self, frame: int) -> int:
        return (frame - self._first + FRAME_WRAP // 2) % FRAME_WRAP - FRAME_WRAP // 2

    def frames(self, port: str) -> dict[int, int]:
        """Return note number → frame (32 bits) of the note-ons heard at a port."""
        return {
            number_of(data[1], data[2]): frame
            for frame, *data in self._events[port]
            if data[0] & 0xF0 == 0x90 and data[2]
        }

    def times_s(self, port: str) -> dict[int, float]:
        """Return note number → time on `time.perf_counter` [s]; right to about 0.03 ms."""
        import numpy as np

        times_s = np.array([time_s for time_s, _ in self._readings])
        frames = np.array([frame for _, frame in self._readings], np.float64)
        return {
            number: float(np.interp(self._since(frame), frames, times_s))
            for number, frame in self.frames(port).items()
        }

    def messages(self, port: str) -> list[tuple[float, bytes]]:
        """Return everything heard at a port with times [s], in order."""
        import numpy as np

        times_s = np.array([time_s for time_s, _ in self._readings])
        frames = np.array([frame for _, frame in self._readings], np.float64)
        return [
            (float(np.interp(self._since(frame), frames, times_s)), bytes(data))
            for frame, *data in self._events[port]
        ]


class FrameReceiver:
    """Runs the receiver process on a server until the block ends."""

    def __init__(self, server: JackServer, name: str, ports: tuple[str, ...]) -> None:
        self._name = name
        self._process = subprocess.Popen(
            child_command("engine.bench.midi_out.receiver", name, *ports),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=child_environment(JACK_DEFAULT_SERVER=server.name, JACK_NO_START_SERVER="1"),
        )
        wanted = {self.port(port) for port in ports}
        until(lambda: wanted <= set(server.ports()), f"the receiver {name}")

    def port(self, name: str) -> str:
        """Return the full name of one of its ports."""
        return f"{self._name}:{name}"

    def finish(self) -> Arrivals:
        """End it and return what it heard."""
        said, _ = self._process.communicate()
        return Arrivals(json.loads(said))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()


def listen(name: str, ports: list[str]) -> dict[str, Any]:
    """Receive until standard input ends."""
    from engine.midi.ports.jack_server import open_client

    _, client = open_client(name)
    inputs = [client.midi_inports.register(port) for port in ports]
    events: dict[str, list[tuple[int, ...]]] = {port: [] for port in ports}
    heard = [events[port] for port in ports]
    lost_time: list[int] = []
    expected = -1

    def process(frames: int) -> None:
        nonlocal expected
        start = client.last_frame_time
        if start != expected >= 0:
            lost_time.append(start)
        expected = (start + frames) % FRAME_WRAP
        for port, taken in zip(inputs, heard, strict=True):
            for offset, data in port.incoming_midi_events():
                taken.append((start + offset, *bytes(data)))

    def count(_delay: float) -> None:
        lost_time.append(client.frame_time)

    def read() -> tuple[float, int]:
        quickest = (float("inf"), 0.0, 0)
        for _ in range(_READINGS):
            before = time.perf_counter()
            frame = client.frame_time
            after = time.perf_counter()
            quickest = min(quickest, (after - before, (before + after) / 2, frame))
        return quickest[1:]

    over = threading.Event()

    def wait_for_end() -> None:
        sys.stdin.read()
        over.set()

    client.set_process_callback(process)
    client.set_xrun_callback(count)
    gc.collect()
    gc.freeze()
    gc.disable()  # a collection would hold up the server's thread
    threading.Thread(target=wait_for_end, daemon=True).start()
    readings = []
    with client:
        while not over.wait(_LOOK_S):
            readings.append(read())
    return {"lost_time": lost_time, "readings": readings, "events": events}


if __name__ == "__main__":
    found = listen(sys.argv[1], sys.argv[2:])
    json.dump(found, sys.stdout)
    sys.stdout.flush()
    os._exit(0)  # threads of the C libraries need not be waited for
