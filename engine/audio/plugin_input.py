"""What the plug-in hears, as audio source."""

from typing import Self

import numpy as np
from numpy.typing import NDArray

from engine.audio.resample import MonoFeed
from engine.audio.ring import SILENCE_DB, Ring
from engine.errors import AudioDeviceError
from engine.plugin.link import PluginLink

__all__ = ["PluginInput"]


class PluginInput:
    """The track or bus that the leading plug-in sits on.

    Parameters
    ----------
    link : PluginLink
        The line to the plug-ins.
    """

    name = "plug-in"
    channels = 1
    """The plug-in mixes down before it sends."""

    def __init__(self, link: PluginLink) -> None:
        self._link = link
        self._ring: Ring | None = None
        self._feed: MonoFeed | None = None
        self._stopped = False

    @property
    def sample_rate(self) -> int:
        """Rate of the host [Hz], 0 while there is none."""
        leader = self._link.leader
        return round(leader.hello.rate) if leader is not None and leader.hello is not None else 0

    @property
    def alive(self) -> bool:
        """Whether a plug-in listens."""
        return not self._stopped and self._link.leader is not None

    @property
    def ended(self) -> bool:
        """Whether the source was stopped; plug-ins may come and go."""
        return self._stopped

    @property
    def error(self) -> str | None:
        """What is wrong now, or None."""
        return (
            None if self.alive else "no plug-in listens: put Stimmung on a track of the workstation"
        )

    @property
    def overruns(self) -> int:
        """Blocks that did not fit into the ring."""
        return self._ring.overruns if self._ring is not None else 0

    @property
    def level(self) -> float:
        """RMS level of the last 100 ms [dBFS]."""
        return self._ring.level_db() if self._ring is not None and self.alive else SILENCE_DB

    @property
    def peak(self) -> float:
        """Highest sample of the last 100 ms [dBFS]."""
        return self._ring.peak_db() if self._ring is not None and self.alive else SILENCE_DB

    def start(self, ring: Ring) -> None:
        """Fill the ring from now on.

        Raises
        ------
        AudioDeviceError
            It was started already.
        """
        if self._ring is not None:
            raise AudioDeviceError("the plug-in as audio input was already started")
        self._ring, self._feed = ring, MonoFeed(ring.sample_rate)
        self._link.start()
        self._link.on_audio = self._hear

    def stop(self) -> None:
        """Hear no more."""
        self._stopped = True
        self._link.on_audio = None

    def __enter__(self) -> Self:
        """Return the source, not yet started."""
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Stop."""
        self.stop()

    def _hear(self, samples: NDArray[np.float32], rate: float) -> None:
        assert self._ring is not None and self._feed is not None
        self._ring.write(self._feed.push(samples, round(rate)))
