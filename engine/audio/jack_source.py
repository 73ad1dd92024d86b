"""Detects when the JACK client that is listened to leaves: JACK then delivers silence."""

import ctypes
import re
import time
from typing import Any, Final

__all__ = ["JackSource"]

_LOOK_S: Final = 0.25
_WATCH_CLIENT: Final = "Stimmung watch"


class JackSource:
    """Looks at the server's ports now and then, through a client that takes no part in its cycle.

    A server in trouble refuses clients for a while: it is asked again at every look.

    Parameters
    ----------
    library : str
        PortAudio's shared library, already initialised.
    source : str
        Name of the client that is heard.

    Raises
    ------
    OSError
        The library is not the one that opened the stream.
    """

    def __init__(self, library: str, source: str) -> None:
        name = ctypes.c_char_p()
        try:
            ctypes.CDLL(library).PaJack_GetClientName(ctypes.byref(name))
        except AttributeError as error:
            raise OSError(str(error)) from error
        self._client: Any = None
        self._source = f"^{re.escape(source)}:"
        self._ours = f"^{re.escape((name.value or b'').decode())}:"
        self._looked_s = 0.0
        self._there = False

    def left(self) -> bool:
        """Whether it was there and has gone, and nobody else was connected in its place."""
        now = time.perf_counter()
        if now - self._looked_s < _LOOK_S:
            return False
        self._looked_s = now
        if self._client is None and not self._join():
            return False
        if self._client.get_ports(self._source, is_audio=True, is_output=True):
            self._there = True
            return False
        inputs = self._client.get_ports(self._ours, is_audio=True, is_input=True)
        return self._there and not any(map(self._client.get_all_connections, inputs))

    def close(self) -> None:
        """Leave the server."""
        if self._client is not None:
            self._client.close()

    def _join(self) -> bool:
        import jack

        try:
            self._client = jack.Client(_WATCH_CLIENT, no_start_server=True)
        except jack.JackError:
            return False
        return True
