"""A second sender that waits, its interpreter started and its modules loaded, to take over.

Starting Python and loading the MIDI libraries is most of what replacing a dead sender takes.
The spare leaves the name of the port free. On JACK it is a client of its own meanwhile, see
`engine.midi.sender.spare_port`.
"""

import contextlib
from collections.abc import Sequence

from engine.errors import MidiPortError
from engine.midi.sender.process import SenderProcess
from engine.midi.wire import MAX_PAYLOAD, Frame, Kind, encode

__all__ = ["SpareSender"]

_PATIENCE_S = 1.0


class SpareSender:
    """Keeps one spare sender process. Not thread-safe.

    Parameters
    ----------
    output, port_name : str
        As in `engine.midi.sender.client.SenderClient`.
    """

    def __init__(self, output: str, port_name: str) -> None:
        self._output = output
        self._port_name = port_name
        self._waiting: SenderProcess | None = None
        self._peers: tuple[str, ...] = ()

    def prepare(self) -> None:
        """Start a spare unless one waits; without one, taking over is slower, no more."""
        if self._waiting is None:
            with contextlib.suppress(MidiPortError):
                self._waiting = SenderProcess(self._output, self._port_name, 0.0, spare=True)
                self._waiting.write(encode(self._follow_frame()))

    def follow(self, peers: tuple[str, ...]) -> None:
        """Say who is connected to the port, so that their notes can be ended at once."""
        self._peers = peers
        if self._waiting is not None and not self._waiting.write(encode(self._follow_frame())):
            self._end_process(self._waiting)  # it ends when the sound server does
            self._waiting = None
            self.prepare()

    def end_notes(self, ends: Sequence[Frame]) -> None:
        """Have the spare end what a dead sender left sounding, while that is not replaced yet."""
        if self._waiting is not None and ends:
            self._waiting.write(b"".join(map(encode, ends)))

    def _follow_frame(self) -> Frame:
        return Frame(Kind.FOLLOW, payload="\n".join(self._peers).encode()[:MAX_PAYLOAD])

    def take_over(self, latency_s: float, orders: Sequence[Frame]) -> SenderProcess:
        """Return a sender that opens its port now and carries out orders before all else.

        It is the spare, or a new one if that is gone. A spare that was stopped or hangs takes
        the orders and never answers: whoever listens to senders replaces those that are silent.

        Raises
        ------
        MidiPortError
            If no process can be started.
        """
        data = b"".join(map(encode, (Frame(Kind.OPEN, at_s=latency_s), *orders)))
        spare, self._waiting = self._waiting, None
        if spare is not None:
            if spare.write(data):
                return spare
            self._end_process(spare)
        fresh = SenderProcess(self._output, self._port_name, latency_s, spare=True)
        fresh.write(data)
        return fresh

    def close(self) -> None:
        """End the spare; asked to, it leaves the sound server without disturbing others."""
        spare, self._waiting = self._waiting, None
        if spare is not None:
            if spare.write(encode(Frame(Kind.STOP))):
                spare.wait(_PATIENCE_S)
            self._end_process(spare)

    @staticmethod
    def _end_process(spare: SenderProcess) -> None:
        spare.kill()
        spare.close()
