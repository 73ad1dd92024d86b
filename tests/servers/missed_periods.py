"""Tests that listen at a JACK server are run again where it left their receiver out.

JACK goes on without a client that is late for a period, and what came in that period is lost to it.
A test that misses a message then has found nothing. The server says whom it left out: only where it
named our receiver while a test ran is that test run again; elsewhere a failure stands. It stands
always where a test asks that no note hangs, marked ``note_ends``: that must hold for a receiver
that was left out, too, and a client that dies makes the server leave others out.
"""

import pytest

from servers.jack import JackServer

__all__ = ["MissedPeriods"]

RUNS_MORE = 2
_WORDS = "XRun: client = dump-"  # jackd 1.9; our receivers' names begin so


class MissedPeriods:
    """Knows whether the server has left a receiver out since a test began."""

    def __init__(self) -> None:
        self._server: JackServer | None = None
        self._before = 0

    def watch(self, server: JackServer | None) -> None:
        """Listen to what a server says from now on."""
        self._server = server

    def begin(self) -> None:
        """Forget what was said before this test."""
        self._before = self._count()

    def mark(self, item: pytest.Item) -> None:
        """Have a test that uses the server run again where it must."""
        uses = "jack" in getattr(item, "fixturenames", ())
        if uses and item.get_closest_marker("note_ends") is None:
            happened = self._happened
            item.add_marker(pytest.mark.flaky(reruns=RUNS_MORE, condition=happened))

    def _happened(self) -> bool:
        return self._count() > self._before

    def _count(self) -> int:
        return 0 if self._server is None else self._server.said().count(_WORDS)
