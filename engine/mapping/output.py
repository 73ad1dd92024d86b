"""Output mappings at work: from moments to MIDI messages, unchanged ones left out."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.mapping.smoothing import Smoothed
from engine.mapping.sources import SOURCES, Moment
from engine.mapping.table import OutputMapping
from engine.midi.holders import MAPPINGS, first_id
from engine.midi.output import NoteOutput

__all__ = ["OutputMapper"]

_NRPN_LSB, _NRPN_MSB, _DATA_MSB, _DATA_LSB = 98, 99, 6, 38
_FINE = 32
"""A 14-bit controller's fine half lies so far above its coarse one (MIDI 1.0)."""

_HELD_S = 3600.0

_REPEATED = ("cc", "cc14", "bend", "pressure")
_REPEAT_S = 1.0
"""So often these are handed over again: after a reset or a panic the receiver needs them, and else
the sender leaves them out [s]."""


@dataclass(slots=True)
class _Line:
    mapping: OutputMapping
    smoothed: Smoothed = field(default_factory=Smoothed)
    sent: int = -1
    due_s: float = -math.inf
    repeat_s: float = -math.inf
    note_id: int = 0


class OutputMapper:
    """Sends what a preset's table asks for; `update` costs nothing where nothing changes.

    Parameters
    ----------
    port : NoteOutput
        Where messages go.
    """

    def __init__(self, port: NoteOutput) -> None:
        self._port = port
        self._lines: list[_Line] = []
        self._next_id = first_id(MAPPINGS)

    def change(self, mappings: Sequence[OutputMapping], now_s: float) -> None:
        """Use another table; notes that the old one holds end."""
        if tuple(line.mapping for line in self._lines) == tuple(mappings):
            return
        self.end(now_s)
        self._lines = [_Line(mapping) for mapping in mappings]

    def update(self, moment: Moment, now_s: float) -> None:
        """Send what has changed since the last call."""
        for line in self._lines:
            value = SOURCES[line.mapping.source].read(moment)
            if value is None or not math.isfinite(value):
                continue
            line.smoothed.push(value, now_s, line.mapping.smoothing_s)
            if now_s >= line.due_s:
                self._tell(line, now_s)

    def end(self, now_s: float) -> None:
        """End every note a mapping holds."""
        for line in self._lines:
            if line.note_id:
                self._port.end_note(line.note_id, now_s)
                line.note_id = 0

    def _tell(self, line: _Line, now_s: float) -> None:
        mapping, port = line.mapping, self._port
        level = mapping.level(line.smoothed.value)
        if mapping.to == "note":
            self._gate(line, level, now_s)
            return
        value = round(level * mapping.steps)
        if value == line.sent and (mapping.to not in _REPEATED or now_s < line.repeat_s):
            return
        line.repeat_s = now_s + _REPEAT_S
        before, line.sent = line.sent, value
        line.due_s = now_s + 1.0 / mapping.rate_hz
        channel, number = mapping.channel, mapping.number
        if mapping.to == "cc":
            port.control(now_s, channel, number, value, MAPPINGS)
        elif mapping.to == "bend":
            port.bend(now_s, channel, value, MAPPINGS)
        elif mapping.to == "pressure":
            port.pressure(now_s, channel, value, MAPPINGS)
        elif mapping.to == "program":
            port.program(now_s, channel, value)
        elif mapping.to == "cc14":
            # A receiver clears the fine half when the coarse one comes: always coarse first.
            if before < 0 or before >> 7 != value >> 7 or before == value:
                port.control(now_s, channel, number, value >> 7, MAPPINGS)
            port.control(now_s, channel, number + _FINE, value & 127, MAPPINGS)
        else:
            for control, part in (
                (_NRPN_MSB, number >> 7),
                (_NRPN_LSB, number & 127),
                (_DATA_MSB, value >> 7),
                (_DATA_LSB, value & 127),
            ):
                port.control(now_s, channel, control, part, MAPPINGS)

    def _gate(self, line: _Line, level: float, now_s: float) -> None:
        mapping = line.mapping
        if not line.note_id and level >= mapping.threshold:
            line.note_id, self._next_id = self._next_id, self._next_id + 1
            line.due_s = now_s + 1.0 / mapping.rate_hz
            self._port.note(
                line.note_id, now_s, now_s + _HELD_S, mapping.channel, mapping.number,
                mapping.velocity,
            )  # fmt: skip
        elif line.note_id and level < mapping.threshold - mapping.hysteresis:
            self._port.end_note(line.note_id, now_s)
            line.note_id = 0
