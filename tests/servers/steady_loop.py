"""``stimmung`` with an output and an input that are joined by a loop of a known latency.

``python -P steady_loop.py SECONDS COMMAND...``. The sender and the sound card are replaced, and
time is counted: what measures the latency runs as it is, and takes no time.
"""

import sys
from types import SimpleNamespace
from typing import Any

import numpy as np

from engine.audio import Ring

__all__ = ["RATE", "join"]

RATE = 48_000
_STEP_S = 0.01


class _Loop:
    """What is played comes back so much later: a click for every note."""

    def __init__(self, latency_s: float) -> None:
        self.now = self.began_s = 100.0
        self.latency_s = latency_s
        self.notes: list[float] = []
        self.ring: Ring | None = None
        self.error = None
        self.random = np.random.default_rng(5)

    def perf_counter(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass, and the sound of it come in."""
        end_s = self.now + seconds
        while self.now < end_s:
            after_s = self.now + (np.arange(round(_STEP_S * RATE)) / RATE)[:, None]
            after_s = after_s - np.array([*self.notes, np.inf]) - self.latency_s
            level = np.where(after_s >= 0, np.exp(-np.maximum(after_s, 0.0) / 0.01), 0.0).sum(1)
            noise = self.random.standard_normal(level.size)
            assert self.ring is not None
            self.ring.write((noise * (0.3 * level + 1e-4)).astype(np.float32))
            self.now += _STEP_S

    def __call__(self, *_device: Any, **_options: Any) -> "_Loop":
        return self

    def __enter__(self) -> "_Loop":
        return self

    def __exit__(self, *_error: object) -> None:
        pass

    # as an input
    def start(self, ring: Ring) -> None:
        self.ring, self.began_s = ring, self.now

    # as a sender
    def status(self) -> SimpleNamespace:
        return SimpleNamespace(port="built-in (a loop)")

    def sound(self, engine: str, volume: float) -> None:
        pass

    def note(self, number: int, on_s: float, *_rest: float) -> None:
        self.notes.append(on_s)

    def drain_sent(self) -> list[SimpleNamespace]:
        return [SimpleNamespace(lateness_s=0.0) for _ in self.notes]


def join(latency_s: float, patch: Any = setattr) -> None:
    """Put the loop in the place of the sender and the sound card."""
    from engine.instrument import latency
    from engine.midi.sender import client

    loop = _Loop(latency_s)
    patch(latency, "time", loop)
    patch(latency, "DeviceInput", loop)
    patch(
        latency,
        "find_input",
        lambda _device: SimpleNamespace(label="a loop", default_sample_rate=RATE),
    )
    patch(client, "SenderClient", loop)


if __name__ == "__main__":
    from engine.cli import main

    join(float(sys.argv[1]))
    sys.exit(main(sys.argv[2:]))
