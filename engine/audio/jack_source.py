"""Notices when the JACK client that is listened to leaves: JACK goes on calling, with silence."""

import ctypes
import re
import time
from typing import Any, Final

__all__ = ["JackSource"]

_LOOK_S: Final = 0.25
_WATCH_CLIENT: Final = "Stimmung watch"


class JackSource:
    """Looks at the server's ports now and then, through a client that takes no part in its cycle.

    Parameters
    ----------
    library : str
        PortAudio's shared library, already initialised.
    source : str
        Name of the client that is heard.

    Raises
    ------
    OSError
        The library is not the one that opened the stream, or the server does not answer.
    """

    def __init__(self, library: str, source: str) -> None:
        import jack

        name = ctypes.c_char_p()
        try:
            ctypes.CDLL(library).PaJack_GetClientName(ctypes.byref(name))
            self._client: Any = jack.Client(_WATCH_CLIENT, no_start_server=True)
        except (AttributeError, jack.JackError) as error:
            raise OSError(str(error)) from error
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
        if self._client.get_ports(self._source, is_audio=True, is_output=True):
            self._there = True
            return False
        inputs = self._client.get_ports(self._ours, is_audio=True, is_input=True)
        return self._there and not any(map(self._client.get_all_connections, inputs))

    def close(self) -> None:
        """Leave the server."""
        self._client.close()
