"""Tests that use a JACK server are run again where it left out another program.

JACK goes on without a client that is late for a period; what it would have played or received in
that period is lost. A test that misses a message or hears a gap then has found nothing. The server
names such clients in its log. A test is run again only if it failed while the server named a
program of the rig: a receiver, a player, a synthesizer or a host. It is never run again because
Stimmung itself was late, nor if it asks that no note hangs (marked ``note_ends``): that must hold
for a receiver that was left out, too, and a client that dies makes the server leave others out.
"""

import re

import pytest

from servers.jack import JackServer

__all__ = ["MissedPeriods"]

RUNS_MORE = 2
_LEFT_OUT = re.compile(r"XRun: client = (?!Stimmung)")  # jackd 1.9; our ports' names begin so


class MissedPeriods:
    """Knows whether the server has left out a program of the rig since a test began."""

    def __init__(self) -> None:
        self._server: JackServer | None = None
        self._before = 0

    def watch(self, server: JackServer | None) -> None:
        """Read the log of this server from now on."""
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
        return 0 if self._server is None else len(_LEFT_OUT.findall(self._server.said()))
