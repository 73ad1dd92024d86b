"""What tests play with: a MIDI input without a port, and polling of a real tempo source."""

import time
from collections.abc import Callable
from typing import Any

__all__ = ["FakeInput", "polled"]


class FakeInput:
    """A MIDI input; what a test puts into ``waiting`` has arrived at the next poll."""

    port, alive, message, reports_gaps = "keys", True, "", False

    def __init__(self, *messages: tuple[float, bytes]) -> None:
        self.waiting = list(messages)

    def start(self) -> None:
        pass

    def stop(self) -> None:
        pass

    def poll(self) -> list[tuple[float, bytes]]:
        taken, self.waiting = self.waiting, []
        return taken


def polled(sync: Any, condition: Callable[[], object], patience_s: float = 10.0) -> bool:
    """Poll a tempo source as the player does until something holds; tell whether it did."""
    end = time.perf_counter() + patience_s
    while time.perf_counter() < end:
        sync.poll(time.perf_counter())
        if condition():
            return True
        time.sleep(0.005)
    return False
