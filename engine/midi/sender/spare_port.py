"""What a spare sender has at hand to end a dead sender's notes at once, on JACK.

Opening a client, a port and its connections takes a tenth of a second and more, and until then
what sounded would go on. So the spare waits as a client that is active and connected already, to
the very receivers of the port it may have to replace; ends of notes leave in the next period. The
port that others know by name is opened after that.
"""

import contextlib
import threading
import time
from collections.abc import Iterable

from engine.errors import MidiPortError
from engine.midi.messages import change, note_off
from engine.midi.ports.jack import JackOutput
from engine.midi.wire import Frame, Kind

__all__ = ["SparePort"]

_OVERDUE_S = 1.0
_AGAIN_S = (0.02, 0.06, 0.15)
"""A server that has just lost a client leaves out receivers for some periods, and with them what
was written then [s]; few, as receivers have small buffers."""
_LOOKS, _LOOK_S = 25, 0.02
_BEFORE_LEAVING_S = 1.0


class SparePort:
    """A JACK client that only ever ends notes; there is none while nobody is to be followed.

    Parameters
    ----------
    name : str
        Name of client and port.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._port: JackOutput | None = None
        self._wanted: tuple[str, ...] = ()

    def check(self) -> bool:
        """Look after the port; return False once its server has gone: nothing can be closed then.

        To be called a few times a second.
        """
        if self._port is not None:
            self._port.refresh()
        return not self._lost

    def follow(self, peers: tuple[str, ...]) -> None:
        """Be connected to these ports and no others."""
        if peers == self._wanted or self._lost:
            return
        if self._port is None:
            self._port = self._open()
        if self._port is None:
            return
        for peer in set(self._wanted).difference(peers):
            self._port.disconnect(peer)
        for peer in set(peers).difference(self._wanted):
            self._port.connect(peer)
        self._wanted = peers
        if not self._connected():  # they are no ports of JACK's
            self.close()

    def end(self, frames: Iterable[Frame]) -> None:
        """Send note-offs (`Kind.RELEASE`) and controllers in the next period."""
        port = self._port
        if port is None or not port.alive:
            return
        # Long past, whatever has happened to the server's frames since we looked: goes at once.
        now = time.perf_counter()
        overdue = now - _OVERDUE_S
        for frame in frames:
            if frame.kind == Kind.RELEASE:
                message = note_off(frame.channel, frame.data1, overdue)
            elif frame.kind == Kind.CONTROL:
                message = change(frame, overdue)
            else:
                continue
            port.send(*message)
            for later_s in _AGAIN_S:
                port.send(message.data, now + later_s, message.note_id)

    def leave(self) -> None:
        """Close as soon as all that was sent has left, in a thread of its own."""
        threading.Thread(target=self.close, name="spare-port", daemon=True).start()

    def close(self, *, at_once: bool = True) -> None:
        """Let what was sent leave, then leave the server.

        Not at once when the engine has died: receivers wait for us in every period, and while we
        leave they would miss what the sender beside us has to say last.
        """
        port, self._port, self._wanted = self._port, None, ()
        if port is None:
            return
        if not at_once:
            time.sleep(_BEFORE_LEAVING_S)
        if port.alive:
            port.close()

    @property
    def _lost(self) -> bool:
        return self._port is not None and not self._port.alive

    def _connected(self) -> bool:
        """Whether any connection is there; the server tells of a new one a few periods later."""
        assert self._port is not None
        for _ in range(_LOOKS):
            self._port.refresh()
            if self._port.peers():
                return True
            time.sleep(_LOOK_S)
        return False

    def _open(self) -> JackOutput | None:
        with contextlib.suppress(MidiPortError):
            return JackOutput(self._name, time.perf_counter)
        return None
