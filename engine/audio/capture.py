"""The capture process: the only place where PortAudio is loaded.

``python -m engine.audio.capture list`` prints inputs and outputs as one JSON line.
``python -m engine.audio.capture open REQUEST`` (JSON) captures until standard input closes, and
writes to standard output:

- one JSON line, ``{"device": {...}, "sample_rate": Hz, "channels": n}`` or ``{"error": text}``;
- then packets: `PACKET` header, followed by so many float32 mono samples. Empty packets are a sign
  of life.

The process ends with status `LOST` when the device stops delivering, and with `LEFT` when a JACK
client that was listened to has gone.
"""

import contextlib
import ctypes.util
import json
import os
import sys
import threading
import time
from collections import deque
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import numpy as np

from engine.audio.capture_link import PACKET
from engine.audio.devices import DIRECTIONS, AudioDevice, match_device
from engine.audio.jack_source import JackSource
from engine.audio.portaudio import FALLBACK_RATES, load_portaudio, query_devices
from engine.audio.resample import Downmix
from engine.audio.ring import FloatArray, Ring
from engine.errors import AudioDeviceError
from engine.process.child_pipe import LEFT, LOST

if TYPE_CHECKING:
    import sounddevice

__all__ = ["main"]

POLL_S: Final = 0.01
"""How often the ring is emptied into the pipe [s]."""
HEARTBEAT_S: Final = 0.1
"""Longest silence on the pipe while all is well [s]."""
STALL_S: Final = 0.5
"""A device that calls back more rarely than this is lost [s]."""
FIRST_CALLBACK_S: Final = 5.0
"""Bluetooth and suspended sinks need this long to wake up [s]."""
RING_S: Final = 2.0
_RECENT: Final = 200  # callbacks by which the start of the stream is judged
PACKET_FRAMES: Final = 4096
# Not plain "Stimmung": JACK would then rename whichever of audio and MIDI came second.
CAPTURE_CLIENT: Final = b"Stimmung audio"
LIST_CLIENT: Final = b"Stimmung devices"


def main(arguments: list[str]) -> int:
    """Run ``list`` or ``open REQUEST`` and return the exit status."""
    # JACK and ALSA write to both standard streams: the pipe is moved to a descriptor of its own.
    pipe = os.fdopen(os.dup(1), "wb", buffering=0)
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    try:
        if arguments == ["list"]:
            sd = load_portaudio(LIST_CLIENT)
            lists: dict[str, Any] = {
                d: [asdict(device) for device in query_devices(sd, d)] for d in DIRECTIONS
            }
            _write_line(pipe, lists)
            return 0
        return _capture(pipe, json.loads(arguments[1]))
    except AudioDeviceError as error:
        _write_line(pipe, {"error": str(error)})
        return 2
    except BrokenPipeError:
        return 0


def _write_line(pipe: BinaryIO, answer: dict[str, Any]) -> None:
    pipe.write(json.dumps(answer).encode() + b"\n")


class _Callback:
    """What PortAudio's thread does: copy and count.

    Real-time: as safe as Python is; nothing else runs in this process.
    """

    def __init__(self, rings: list[Ring], first_channel: int) -> None:
        self._began_s: deque[float] = deque(maxlen=_RECENT)
        self._frames = 0
        self._rings = rings
        self._first = first_channel - 1
        self.flagged = 0
        self.last_s = 0.0

    @property
    def began_s(self) -> float:
        """When the first frame was at the converter [s], judged by the latest callbacks.

        Late callbacks make it no later; frames that the driver lost count as if they were heard.
        """
        return min(self._began_s, default=0.0)

    def __call__(self, block: FloatArray, frames: int, times: Any, status: Any) -> None:
        for channel, ring in enumerate(self._rings, self._first):
            ring.write(block[:, channel])
        self.last_s = time.perf_counter()
        passed_s = times.currentTime - times.inputBufferAdcTime
        if not 0.0 < passed_s < 1.0:  # not every driver tells
            passed_s = frames / self._rings[0].sample_rate
        at_s = self.last_s - passed_s - self._frames / self._rings[0].sample_rate
        self._began_s.append(at_s)
        self._frames += frames
        if status:
            self.flagged += 1


def _open_stream(
    sd: Any, device: AudioDevice, request: dict[str, Any]
) -> tuple["sounddevice.InputStream", _Callback, list[Ring]]:
    """Start capturing into one ring per channel that is heard."""
    first: int = request["first_channel"]
    wanted: int | None = request["channels"]
    last = first + wanted - 1 if wanted else max(first, min(first + 1, device.channels))
    if last > device.channels:
        raise AudioDeviceError(
            f"'{device.label}' has input channels 1..{device.channels}; got {first}..{last}"
        )
    rates = dict.fromkeys((device.default_sample_rate, *FALLBACK_RATES))
    # Some drivers open only with all their channels.
    counts = dict.fromkeys((last, device.channels) if wanted is None else (last,))
    problem: Exception | None = None
    for rate in rates:
        for count in counts:
            rings = [Ring(int(RING_S * rate), rate) for _ in range(first, count + 1)]
            callback = _Callback(rings, first)
            try:
                stream = sd.InputStream(
                    device=device.index,
                    samplerate=rate,
                    channels=count,
                    dtype="float32",
                    # The tracker looks at tenths of seconds: safety before latency.
                    latency="high",
                    callback=callback,
                )
                stream.start()
                return stream, callback, rings
            except sd.PortAudioError as error:
                problem = problem or error
    raise AudioDeviceError(f"cannot open audio input '{device.label}': {problem}")


def _capture(pipe: BinaryIO, request: dict[str, Any]) -> int:
    stop = threading.Event()

    def watch_parent() -> None:
        os.read(0, 1)  # returns when the engine closes the pipe, or dies
        stop.set()

    threading.Thread(target=watch_parent, daemon=True).start()
    sd = load_portaudio(CAPTURE_CLIENT)
    device = match_device(request["name"], query_devices(sd, "input"), "input")
    stream, callback, rings = _open_stream(sd, device, request)
    rate = rings[0].sample_rate
    header = {"device": asdict(device), "sample_rate": rate, "channels": len(rings)}
    _write_line(pipe, header)
    source = _watch_source(device)
    status = _forward(pipe, stream, callback, rings, stop, source)
    if status != LOST:
        if source is not None:
            source.close()
        stream.close()
    return status


def _watch_source(device: AudioDevice) -> JackSource | None:
    """Return a watch over the JACK client that is listened to; None where there is no JACK."""
    library = ctypes.util.find_library("portaudio")
    if library is None or "JACK" not in device.host_api:
        return None
    with contextlib.suppress(OSError):
        return JackSource(library, device.name)
    return None


def _forward(
    pipe: BinaryIO,
    stream: "sounddevice.InputStream",
    callback: _Callback,
    rings: list[Ring],
    stop: threading.Event,
    source: JackSource | None,
) -> int:
    downmix = Downmix(len(rings), rings[0].sample_rate)
    opened_s = sent_s = time.perf_counter()
    while not stop.wait(POLL_S):
        now = time.perf_counter()
        heard_s = callback.last_s or opened_s + FIRST_CALLBACK_S - STALL_S
        if now - heard_s > STALL_S or not stream.active:
            return LOST
        if source is not None and source.left():
            return LEFT
        while (ready := _ready(rings)) or now - sent_s > HEARTBEAT_S:
            samples = downmix.push(np.stack([ring.read(ready) for ring in rings], axis=1))
            packet = PACKET.pack(
                samples.size, callback.flagged, rings[-1].dropped_frames, callback.began_s
            )
            _write_all(pipe, packet + samples.astype("<f4", copy=False).tobytes())
            sent_s = now
    return 0


def _ready(rings: list[Ring]) -> int:
    """Return how many frames all channels hold, at most `PACKET_FRAMES`."""
    return min(PACKET_FRAMES, *(ring.available for ring in rings))


def _write_all(pipe: BinaryIO, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[pipe.write(view) :]


if __name__ == "__main__":
    import signal

    # Control-C reaches the whole process group; the engine decides when capture ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    status = main(sys.argv[1:])
    if status == LOST:
        # Without closing PortAudio, which aborts when its server is gone.
        os._exit(status)
    # JACK stops for seconds when a client disappears without closing.
    sys.exit(status)
