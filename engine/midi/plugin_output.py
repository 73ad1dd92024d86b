"""Notes to the plug-ins: the same calls as the sender's, in beats instead of seconds.

The plug-in places each note at its frame and owns its end, so that no process of its own is needed
here: a hand-over that is late by less than its lead changes nothing.
"""

from collections.abc import Callable
from typing import TypeAlias

from engine.midi.sender.client import SenderClient, SenderStatus, SentNote
from engine.plugin.link import PluginLink

__all__ = ["NoteOutput", "PluginOutput"]


class PluginOutput:
    """Where notes go, as `engine.midi.sender.client.SenderClient`.

    Parameters
    ----------
    link : PluginLink
        The line to the plug-ins.
    place : callable
        From a time [s] to the leader's beat.
    """

    def __init__(self, link: PluginLink, place: Callable[[float], float]) -> None:
        self._link = link
        self._place = place

    def start(self) -> None:
        """Listen for plug-ins."""
        self._link.start()

    def stop(self) -> None:
        """End every note."""
        self._link.panic()

    def note(
        self, note_id: int, on_s: float, off_s: float, channel: int, pitch: int, velocity: int
    ) -> None:
        """Hand over a note with both its ends [s]."""
        on, off = self._place(on_s), self._place(off_s)
        for plugin, leader in self._link.played():
            plugin.note(leader, note_id, on, off, channel, pitch, velocity)

    def end_note(self, note_id: int, at_s: float) -> None:
        """Move the end of a note; before its start, it never sounds."""
        off = self._place(at_s)
        for plugin, leader in self._link.played():
            plugin.move_end(leader, note_id, off)

    def cancel_after(self, at_s: float) -> None:
        """Withdraw notes that start then or later."""
        start = self._place(at_s)
        for plugin, leader in self._link.played():
            plugin.cancel(leader, start)

    def control(self, at_s: float, channel: int, control: int, value: int) -> None:
        """Hand over a controller change."""
        self._message(at_s, bytes((0xB0 | channel, control, value)))

    def bend(self, at_s: float, channel: int, value: int) -> None:
        """Hand over a pitch bend, 0..16383 with 8192 in the middle."""
        self._message(at_s, bytes((0xE0 | channel, value & 127, value >> 7)))

    def pressure(self, at_s: float, channel: int, value: int) -> None:
        """Hand over a channel pressure."""
        self._message(at_s, bytes((0xD0 | channel, value)))

    def program(self, at_s: float, channel: int, program: int) -> None:
        """Hand over a program change."""
        self._message(at_s, bytes((0xC0 | channel, program)))

    def realtime(self, at_s: float, status: int) -> None:
        """Leave clocks out: the host has its own."""

    def song_position(self, at_s: float, sixteenths: int) -> None:
        """Leave it out, as `realtime`."""

    def release(self, channel: int, pitch: int) -> None:
        """Leave it out: what an engine that died left sounding, the plug-in has ended."""

    def panic(self) -> None:
        """End every note at once and forget what was handed over."""
        self._link.panic()

    def set_latency(self, latency_s: float) -> None:
        """Leave it out: hosts compensate for the latency of their instruments."""

    def status(self) -> SenderStatus:
        """Return what the plug-ins tell of their notes."""
        instances = self._link.instances()
        blocks = [plugin.block for plugin in instances if plugin.block is not None]
        missing = "no plug-in is there: put Stimmung on a track of the workstation"
        return SenderStatus(
            alive=True,
            port=f"plug-in ({len(instances)})",
            port_alive=bool(instances),
            sent=sum(block.placed + block.late for block in blocks),
            sounding=sum(block.sounding for block in blocks),
            queued=0,
            dropped=sum(block.lost for block in blocks),
            late=sum(block.late for block in blocks),
            lateness_p50_ms=0.0,
            lateness_p99_ms=0.0,
            lateness_max_ms=0.0,
            restarts=0,
            message="" if instances else missing,
        )

    def drain_sent(self) -> list[SentNote]:
        """Return none: the plug-in counts what it placed and what was late."""
        return []

    def _message(self, at_s: float, message: bytes) -> None:
        beat = self._place(at_s)
        for plugin, leader in self._link.played():
            plugin.message(leader, beat, message)


NoteOutput: TypeAlias = SenderClient | PluginOutput
"""Where a run's notes go."""
