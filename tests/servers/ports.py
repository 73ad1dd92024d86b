"""Ports for programs that cannot choose one themselves."""

import os
import socket
from itertools import count

__all__ = ["free_port"]

_FIRST = 20_000  # below the ports that systems hand out by themselves
_EACH = 500
_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
_numbers = count(_FIRST + _worker * _EACH + os.getpid() % 7 * 50)


def free_port() -> int:
    """Return a port that no socket of this machine has, over TCP or UDP.

    Each test process asks in a range of its own and never twice for one, so that no other test
    takes it before the program has opened it.
    """
    for number in _numbers:
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
            socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp,
        ):
            try:
                udp.bind(("127.0.0.1", number))
                tcp.bind(("127.0.0.1", number))
            except OSError:
                continue
            return number
    raise AssertionError("unreachable")
