"""The process of the built-in instrument: ``python -m engine.instrument.process OPTIONS``.

OPTIONS is JSON: ``device`` and ``soundfont``. Messages come on standard input, see
`engine.midi.ports.built_in`; when it ends, everything is silenced. The sound card's callback copies
and counts; the main thread renders, one block ahead.
"""

import json
import os
import queue
import signal
import sys
import threading
import time
from collections import deque
from pathlib import Path
from typing import Any, BinaryIO, Final

from engine.audio.devices import AudioDevice, match_device
from engine.audio.portaudio import FALLBACK_RATES, load_portaudio, query_devices
from engine.audio.ring import FloatArray, Ring
from engine.errors import AudioDeviceError, StimmungError
from engine.instrument.programs import engine_programs
from engine.instrument.synth import BLOCK, Synth
from engine.midi.ports.built_in import BEAT, MESSAGE, SOUND
from engine.midi.sender.priority import raise_priority
from engine.process.child_pipe import LOST

__all__ = ["BlockClock", "main"]

_CLIENT: Final = b"Stimmung instrument"
_RING_S: Final = 0.5
_BEAT_S: Final = 0.1
_STALL_S: Final = 0.5
_FIRST_CALLBACK_S: Final = 5.0
_PAUSE_S: Final = 0.001
_MOST_MARGIN: Final = 16  # blocks
_LOADING_S: Final = 3.0  # gaps so soon come from reading the samples
_CALM_S: Final = 30.0  # without a gap: try with less
_LATE_S: Final = 0.1  # a note this late is worse than none
_FADE_S: Final = 0.1


class BlockClock:
    """Says which moments the next block covers: those just past, evenly, however late we wake.

    Parameters
    ----------
    sample_rate : int
        [Hz]
    """

    _FAR_S = 0.03
    _PULL = 0.02

    def __init__(self, sample_rate: int) -> None:
        self._block_s = BLOCK / sample_rate
        self._end_s = 0.0

    def next_end(self, now_s: float, blocks: int) -> float:
        """Return where the next block ends [s]; the last of ``blocks`` is to end now."""
        self._end_s += self._block_s
        wanted_s = now_s - (blocks - 1) * self._block_s
        away_s = wanted_s - self._end_s
        self._end_s += away_s if abs(away_s) > self._FAR_S else self._PULL * away_s
        return self._end_s


class _Callback:
    """What PortAudio's thread does: copy and count."""

    def __init__(self, rings: list[Ring], news: "queue.SimpleQueue[int]") -> None:
        self._rings = rings
        self._news = news
        self.frames = BLOCK
        self.late = 0
        self.last_s = 0.0

    def __call__(self, out: FloatArray, frames: int, _times: Any, _status: Any) -> None:
        self.frames = frames
        for channel, ring in enumerate(self._rings):
            block = ring.read(frames)
            out[: len(block), channel] = block
            out[len(block) :, channel] = 0.0
        self.late += len(block) < frames
        self.last_s = time.perf_counter()
        self._news.put(frames)


class _Reader(threading.Thread):
    """Takes messages off the pipe until it ends."""

    def __init__(self, fd: int) -> None:
        super().__init__(name="messages", daemon=True)
        self._fd = fd
        self.messages: deque[tuple[float, bytes]] = deque()
        self.read_bytes = 0
        self.ended = False

    def run(self) -> None:
        """Read on."""
        rest = b""
        while data := os.read(self._fd, 4096):
            self.read_bytes += len(data)
            rest += data
            while len(rest) >= MESSAGE.size:
                at_s, length = MESSAGE.unpack_from(rest)
                if len(rest) < MESSAGE.size + length:
                    break
                self.messages.append((at_s, rest[MESSAGE.size : MESSAGE.size + length]))
                rest = rest[MESSAGE.size + length :]
        self.ended = True


class _Player:
    """Renders for an open stream."""

    def __init__(self, synth: Synth, reader: _Reader, stream: Any, callback: _Callback) -> None:
        self._synth, self._reader = synth, reader
        self._stream, self._callback = stream, callback
        self._clock = BlockClock(synth.sample_rate)
        self._margin = 1
        self._loads: queue.SimpleQueue[tuple[int, int]] = queue.SimpleQueue()
        threading.Thread(target=self._load, name="loader", daemon=True).start()
        self._adjust({"volume": 0.8, "engine": ""})

    def run(self, news: "queue.SimpleQueue[int]", rings: list[Ring], pipe: BinaryIO) -> int:
        """Play until the pipe ends; return the exit status."""
        callback, late = self._callback, self._callback.late
        opened_s = told_s = changed_s = time.perf_counter()
        fading_until_s = float("inf")
        while (now_s := time.perf_counter()) < fading_until_s:
            if self._reader.ended and fading_until_s == float("inf"):
                self._synth.silence()
                fading_until_s = now_s + _FADE_S
            heard_s = callback.last_s or opened_s + _FIRST_CALLBACK_S - _STALL_S
            if now_s - heard_s > _STALL_S or not self._stream.active:
                return LOST
            if callback.late > late:  # an ear notices a gap more than some milliseconds
                late, changed_s = callback.late, now_s
                if now_s - opened_s > _LOADING_S:
                    self._margin = min(self._margin + 1, _MOST_MARGIN)
            elif self._margin > 1 and now_s - changed_s > _CALM_S:
                self._margin, changed_s = self._margin - 1, now_s
            blocks = -(-self._missing(now_s, rings[0]) // BLOCK)
            for left in range(blocks, 0, -1):
                self._take(self._clock.next_end(now_s, left), now_s)
                sound = self._synth.render()
                for channel, ring in enumerate(rings):
                    ring.write(sound[:, channel] if len(rings) > 1 else sound)
            if now_s - told_s >= _BEAT_S:
                told_s = now_s
                pipe.write(BEAT.pack(self._reader.read_bytes))
            try:
                news.get(timeout=_PAUSE_S)
            except queue.Empty:
                continue
        return 0

    def _missing(self, now_s: float, ring: Ring) -> int:
        """Return how much the ring lacks, as if the card took sample by sample.

        What is rendered later hears later notes: only what the next callback needs is made, and
        that when it is due.
        """
        since = min(self._callback.frames, int((now_s - self._callback.last_s) * ring.sample_rate))
        return since + self._margin * BLOCK - ring.available

    def _take(self, end_s: float, now_s: float) -> None:
        """Give the synth the messages of a block."""
        messages, rate = self._reader.messages, self._synth.sample_rate
        while messages and messages[0][0] < end_s:
            at_s, data = messages.popleft()
            offset = round((at_s - end_s) * rate) + BLOCK
            if data[0] == SOUND:
                self._adjust(json.loads(data[1:]))
            elif data[0] & 0xF0 == 0xC0:
                self._want(data[0] & 0x0F, data[1])
            elif data[0] & 0xF0 != 0x90 or now_s - at_s < _LATE_S:
                self._synth.send(data, min(max(offset, 0), BLOCK - 1))

    def _adjust(self, values: dict[str, Any]) -> None:
        self._synth.volume = float(values["volume"])
        for channel, program in engine_programs(str(values["engine"])).items():
            self._want(channel, program)

    def _want(self, channel: int, program: int) -> None:
        """Choose a program; what is not in memory yet is read beside the music."""
        self._synth.send(bytes((0xC0 | channel, program)))
        if not self._synth.loaded(channel, program):
            self._loads.put((channel, program))

    def _load(self) -> None:
        while True:
            channel, program = self._loads.get()
            try:
                self._synth.load(channel, program)
            except StimmungError:
                continue  # damaged: what was there plays on


def _open(sd: Any, device: AudioDevice) -> tuple[Any, _Callback, list[Ring], Any]:
    """Open a device as close to us as it can be; return stream, callback, rings and news."""
    channels = min(2, device.channels)
    news: queue.SimpleQueue[int] = queue.SimpleQueue()
    problem: Exception | None = None
    for rate in dict.fromkeys((device.default_sample_rate, *FALLBACK_RATES)):
        rings = [Ring(int(_RING_S * rate), rate) for _ in range(channels)]
        callback = _Callback(rings, news)
        try:
            stream = sd.OutputStream(
                device=device.index,
                samplerate=rate,
                channels=channels,
                dtype="float32",
                latency="low",
                callback=callback,
            )
            stream.start()
            return stream, callback, rings, news
        except sd.PortAudioError as error:
            problem = problem or error
    raise AudioDeviceError(f"cannot open audio output '{device.label}': {problem}")


def main(arguments: list[str]) -> int:
    """Run the instrument and return the exit status."""
    # JACK and ALSA write to both standard streams: the pipe is moved to a descriptor of its own.
    pipe = os.fdopen(os.dup(1), "wb", buffering=0)
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    options = json.loads(arguments[0])
    reader = _Reader(0)
    try:
        font = Path(options["soundfont"]) if options.get("soundfont") else None
        sd = load_portaudio(_CLIENT)
        device = match_device(options.get("device"), query_devices(sd, "output"), "output")
        stream, callback, rings, news = _open(sd, device)
        synth = Synth(font, rings[0].sample_rate)
        synth.load(0, engine_programs("")[0])  # the others beside the music
        pipe.write(json.dumps({"device": device.label}).encode() + b"\n")
        reader.start()
        raise_priority()
        status = _Player(synth, reader, stream, callback).run(news, rings, pipe)
        if status != LOST:
            stream.close()
        return status
    except StimmungError as error:
        pipe.write(json.dumps({"error": str(error)}).encode() + b"\n")
        return 2
    except BrokenPipeError:
        return 0


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the sender decides when to end
    status = main(sys.argv[1:])
    if status == LOST:
        os._exit(status)  # without closing PortAudio, which aborts when its server is gone
    sys.exit(status)
