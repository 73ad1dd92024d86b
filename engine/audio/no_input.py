"""No audio input: for playing to pictures, or to chosen emotions, alone."""

from typing import Self

from engine.audio.ring import SILENCE_DB, Ring

__all__ = ["NoInput"]


class NoInput:
    """An audio source that never delivers anything; that is no error."""

    name = "no audio"
    sample_rate = 0
    channels = 0
    alive = True
    error: str | None = None
    overruns = 0
    level = SILENCE_DB
    peak = SILENCE_DB

    def __init__(self) -> None:
        self.ended = False

    def start(self, ring: Ring) -> None:
        """Leave the ring empty."""

    def stop(self) -> None:
        """Stop."""
        self.ended = True

    def __enter__(self) -> Self:
        """Return the source."""
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Stop."""
        self.stop()
