"""Notes to the plug-ins: what a sender is handed, in beats instead of seconds.

The plug-in places each note at its frame and owns its end, so that no process of its own is needed
here: a hand-over that is late by less than its lead changes nothing.
"""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from engine.midi.holders import holder_of
from engine.midi.messages import program, start_of
from engine.midi.output import NoteOutput
from engine.midi.sender.client import SenderClient, SenderStatus, SentNote
from engine.midi.wire import Frame, Kind
from engine.plugin.instance import Instance
from engine.plugin.link import PluginLink

__all__ = ["LiveOutput", "OfflineOutput", "PluginOutput"]

_MESSAGES = frozenset({Kind.CONTROL, Kind.BEND, Kind.PRESSURE, Kind.KEY_PRESSURE, Kind.PROGRAM})


class PluginOutput(NoteOutput):
    """Gives the plug-ins of one line what is handed over.

    Clocks and song positions stay behind: the host has its own.

    Parameters
    ----------
    link : PluginLink
        The line to the plug-ins.
    place : callable
        From a time [s] to the leader's beat.
    """

    def __init__(self, link: PluginLink, place: Callable[[float], float]) -> None:
        super().__init__(self._hand_over)
        self._link = link
        self._place = place

    def start(self) -> None:
        """Listen for plug-ins."""
        self._link.start()

    def stop(self) -> None:
        """End every note."""
        self._link.panic()

    def release(self, channel: int, pitch: int) -> None:
        """Do nothing: what an engine that died left sounding, the plug-in has ended."""

    def panic(self) -> None:
        """End every note at once and forget what was handed over."""
        self._link.panic()

    def set_latency(self, latency_s: float) -> None:
        """Do nothing: hosts compensate for the latency of their instruments."""

    def sound(self, engine: str, volume: float) -> None:
        """Do nothing: the workstation's instruments play."""

    @property
    def port(self) -> str:
        """The plug-ins' name, as in `status`."""
        return f"plug-in ({len(self._link.instances())})"

    def status(self) -> SenderStatus:
        """Return what the plug-ins tell of their notes."""
        instances = self._link.instances()
        blocks = [plugin.block for plugin in instances if plugin.block is not None]
        counts = self._link.counts()
        missing = "no plug-in is there: put Stimmung on a track of the workstation"
        return SenderStatus(
            alive=True,
            port=self.port,
            port_alive=bool(instances),
            sent=counts.played,
            sounding=sum(block.sounding for block in blocks),
            queued=0,
            dropped=counts.lost,
            late=counts.late,
            lateness_p50_ms=0.0,
            lateness_p99_ms=0.0,
            lateness_max_ms=0.0,
            restarts=0,
            message="" if instances else missing,
        )

    def drain_sent(self) -> list[SentNote]:
        """Return none: the plug-in counts what it placed and what was late."""
        return []

    def _hand_over(self, frame: Frame) -> None:
        placed = _Placed(frame, self._place(frame.at_s), self._place(frame.until_s))
        for plugin, leader in self._link.played():
            _give(plugin, leader, placed)


class OfflineOutput(PluginOutput):
    """Keeps what is handed over until each plug-in asks for it."""

    def __init__(self, link: PluginLink, place: Callable[[float], float]) -> None:
        super().__init__(link, place)
        self._placed: list[_Placed] = []
        self._given: dict[Instance, int] = {}

    def give(self, plugin: Instance) -> None:
        """Give a plug-in what it was not given yet, in its own beats."""
        for placed in self._placed[self._given.get(plugin, 0) :]:
            _give(plugin, plugin, placed)
        self._given[plugin] = len(self._placed)

    def _hand_over(self, frame: Frame) -> None:
        self._placed.append(_Placed(frame, self._place(frame.at_s), self._place(frame.until_s)))


class _Placed(NamedTuple):
    """A frame, and where it begins and ends [quarter notes]."""

    frame: Frame
    beat: float
    off: float


def _give(plugin: Instance, leader: Instance, placed: _Placed) -> None:
    frame, beat, off = placed
    holder = holder_of(frame.note_id)
    if frame.kind == Kind.NOTE:
        channel, pitch, velocity = frame.channel, frame.data1, frame.data2
        plugin.note(leader, frame.note_id, beat, off, channel, pitch, velocity)
    elif frame.kind == Kind.END_NOTE:
        plugin.move_end(leader, frame.note_id, beat)
    elif frame.kind == Kind.CANCEL_AFTER:
        plugin.cancel(leader, holder, beat)
    elif frame.kind in _MESSAGES:
        plugin.message(leader, holder, beat, _message(frame))


def _message(frame: Frame) -> bytes:
    """Return the bytes of a message; of a note, its note-on."""
    if frame.kind == Kind.PROGRAM:
        return program(frame.channel, frame.data1, frame.at_s).data
    return start_of(frame, frame.at_s).data


LiveOutput: TypeAlias = SenderClient | PluginOutput
"""Where a run's notes go."""
