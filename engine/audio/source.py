"""What every audio source looks like to the engine, be it a device or a file."""

from typing import Protocol, Self

from engine.audio.ring import Ring

__all__ = ["AudioSource"]


class AudioSource(Protocol):
    """Something that fills a `Ring` with mono audio in real time, from its own thread.

    The source converts to ``ring.sample_rate`` itself, so the reader of the ring never
    learns of device rates, channel counts or replugged hardware. Leaving a ``with`` block
    stops the source.
    """

    @property
    def name(self) -> str:
        """What is heard: the device's full name or the file's name."""
        ...

    @property
    def sample_rate(self) -> int:
        """Native rate [Hz] (a device's is 0 before `start`)."""
        ...

    @property
    def channels(self) -> int:
        """Native channels that are averaged to mono (a device's are 0 before `start`)."""
        ...

    @property
    def alive(self) -> bool:
        """Whether audio is arriving now; False before `start`, when lost, and at the end."""
        ...

    @property
    def ended(self) -> bool:
        """Whether nothing more will ever arrive (end of file, or stopped)."""
        ...

    @property
    def error(self) -> str | None:
        """What is wrong at this moment, in one line, or None."""
        ...

    @property
    def overruns(self) -> int:
        """Blocks lost between hardware and ring since `start`."""
        ...

    @property
    def level(self) -> float:
        """RMS level of the last 100 ms [dBFS], -120 for silence."""
        ...

    @property
    def peak(self) -> float:
        """Highest sample of the last 100 ms [dBFS], -120 for silence."""
        ...

    def start(self, ring: Ring) -> None:
        """Begin to fill the ring; raises AudioDeviceError or AudioFileError if impossible."""
        ...

    def stop(self) -> None:
        """Stop and release device or file; may be called twice."""
        ...

    def __enter__(self) -> Self:
        """Return the source, not yet started."""
        ...

    def __exit__(self, *exc_info: object) -> None:
        """Stop."""
        ...
