"""A sound card, JACK, PulseAudio … as audio source, kept alive by name."""

import json
import threading
from typing import IO, Any, Final, Self

import numpy as np

from engine.audio.capture_link import PACKET, capture_command
from engine.audio.devices import AudioDevice
from engine.audio.resample import MonoFeed
from engine.audio.ring import SILENCE_DB, Ring
from engine.errors import AudioDeviceError, InputError
from engine.process.child_pipe import ChildPipe
from engine.process.restarts import search

__all__ = ["DeviceInput"]

_OPEN_TIMEOUT_S: Final = 15.0
_SILENT_S: Final = 1.5
"""A capture process silent for this long hangs inside a driver and is ended."""
_WATCH_S: Final = 0.1


class DeviceInput:
    """An audio input device, captured in a process of its own.

    The process holds PortAudio, so that a driver crash, a dead sound server or a busy engine
    cannot reach each other. When the device vanishes (unplugged, suspended, server gone, no
    callback for half a second) the source says so in `error` and looks for it by name until it is
    back, with whatever sample rate it then has.

    Parameters
    ----------
    name : str or None
        Words of ``"name, host api"`` as for `engine.audio.devices.find_input`; None for the
        system's default input.
    first_channel : int
        First input channel to hear, counted from 1.
    channels : int or None
        How many channels from there are averaged to mono; None for two where there are two.
    reopen : bool
        Whether to look for the device again when it is lost.
    patient : bool
        Whether to open it in the background, and to look for it until it is there.

    Raises
    ------
    InputError
        A channel number is below 1.
    """

    def __init__(
        self,
        name: str | None = None,
        *,
        first_channel: int = 1,
        channels: int | None = None,
        reopen: bool = True,
        patient: bool = False,
    ) -> None:
        if first_channel < 1 or (channels is not None and channels < 1):
            raise InputError(
                f"input channels are counted from 1; got first {first_channel}, count {channels}"
            )
        self._request: dict[str, Any] = {
            "name": name,
            "first_channel": first_channel,
            "channels": channels,
        }
        self._reopen = reopen
        self._patient = patient
        self._capture: _Capture | None = None
        self._device: AudioDevice | None = None
        self._ring: Ring | None = None
        self._supervisor: threading.Thread | None = None
        self._stopped = threading.Event()
        self._error: str | None = None
        self._overruns_before = 0
        self._restarts = 0

    @property
    def name(self) -> str:
        """The device's ``"name, host api"``; what was asked for until it is open."""
        return self._device.label if self._device else str(self._request["name"] or "default input")

    @property
    def device(self) -> AudioDevice | None:
        """The device, once opened."""
        return self._device

    @property
    def sample_rate(self) -> int:
        """The rate the device runs at [Hz], 0 before `start`."""
        return self._capture.sample_rate if self._capture else 0

    @property
    def channels(self) -> int:
        """Channels averaged to mono, 0 before `start`."""
        return self._capture.channels if self._capture else 0

    @property
    def alive(self) -> bool:
        """Whether the device is delivering."""
        capture = self._capture
        return capture is not None and not capture.gone and not self._stopped.is_set()

    @property
    def ended(self) -> bool:
        """Whether the source was stopped, or lost and not to be reopened."""
        return self._stopped.is_set()

    @property
    def error(self) -> str | None:
        """What is wrong now, or None while audio arrives."""
        return self._error

    @property
    def overruns(self) -> int:
        """Blocks the hardware, the capture process or the ring lost since `start`."""
        ring = self._ring.overruns if self._ring else 0
        current = self._capture.overruns if self._capture else 0
        return ring + current + self._overruns_before

    @property
    def began_s(self) -> float:
        """When the first sample of the ring was at the converter [s, `time.perf_counter`].

        As good as what the driver says of its latency; meaningless after a loss.
        """
        return self._capture.began_s if self._capture else 0.0

    @property
    def restarts(self) -> int:
        """How often the device was lost and found again."""
        return self._restarts

    @property
    def level(self) -> float:
        """RMS level of the last 100 ms [dBFS]; -120 while nothing arrives."""
        return self._ring.level_db() if self._ring and self.alive else SILENCE_DB

    @property
    def peak(self) -> float:
        """Highest sample of the last 100 ms [dBFS]; -120 while nothing arrives."""
        return self._ring.peak_db() if self._ring and self.alive else SILENCE_DB

    def start(self, ring: Ring) -> None:
        """Open the device and fill the ring from now on.

        Raises
        ------
        AudioDeviceError
            No such device, it cannot be opened, PortAudio is missing, or already started.
        """
        if self._supervisor is not None:
            raise AudioDeviceError(f"audio input '{self.name}' was already started")
        self._ring = ring
        capture = None
        if not self._patient:
            capture = _Capture(self._request, ring)
            self._adopt(capture)
        self._supervisor = threading.Thread(
            target=self._supervise, args=(capture, ring), name="audio-supervisor", daemon=True
        )
        self._supervisor.start()

    def stop(self) -> None:
        """Close the device."""
        self._stopped.set()
        if self._supervisor is not None:
            self._supervisor.join()
        elif self._capture is not None:
            self._capture.close()

    def _adopt(self, capture: "_Capture") -> None:
        self._capture, self._device = capture, capture.device
        # From here on this very device is meant, whatever else would fit the words.
        if self._request["name"]:
            self._request["name"] = capture.device.label

    def _supervise(self, first: "_Capture | None", ring: Ring) -> None:
        capture = first or self._search(ring)
        if capture is None:
            return
        while not self._stopped.wait(_WATCH_S):
            if not capture.gone:
                continue
            self._error = f"audio input '{self.name}' lost: {capture.reason}"
            capture.close()
            self._overruns_before += capture.overruns
            found = self._search(ring) if self._reopen else None
            if found is None:
                self._stopped.set()
                return
            capture = found
        capture.close()

    def _search(self, ring: Ring) -> "_Capture | None":
        """Return the reopened device, or None when the source is stopped meanwhile."""

        def failed(reason: str) -> None:
            self._error = f"audio input '{self.name}' lost, still looking: {reason}"

        capture = search(lambda: _Capture(self._request, ring), self._stopped, failed)
        if capture is not None:
            self._restarts += 1
            self._error = None
            self._adopt(capture)
        return capture

    def __enter__(self) -> Self:
        """Return the source, not yet started."""
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Stop."""
        self.stop()


class _Capture(ChildPipe):
    """One run of the capture process, read into the ring."""

    def __init__(self, request: dict[str, Any], ring: Ring) -> None:
        self._ring = ring
        self.overruns = 0
        self.began_s = 0.0
        super().__init__(
            capture_command("open", json.dumps(request)),
            "capture",
            patience_s=_OPEN_TIMEOUT_S,
            silent_s=_SILENT_S,
        )
        if "device" not in self.answer:
            self.close()
            why = "the audio system failed" if self.answered else "the audio system does not answer"
            raise AudioDeviceError(self.answer.get("error", why))
        self.device = AudioDevice(**self.answer["device"])

    @property
    def sample_rate(self) -> int:
        """The rate the device runs at [Hz]."""
        return int(self.answer.get("sample_rate", 0))

    @property
    def channels(self) -> int:
        """Channels averaged to mono."""
        return int(self.answer.get("channels", 0))

    def _follow(self, pipe: IO[bytes]) -> None:
        feed = MonoFeed(self._ring.sample_rate)
        while len(header := pipe.read(PACKET.size)) == PACKET.size:
            frames, flagged, dropped, self.began_s = PACKET.unpack(header)
            samples = np.frombuffer(pipe.read(4 * frames), dtype="<f4")
            self._heard()
            self.overruns = flagged + (1 if dropped else 0)
            if samples.size == frames and frames:
                self._ring.write(feed.push(samples, self.sample_rate))
