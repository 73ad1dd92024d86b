"""Notes in seconds: the one form in which real and generated music is measured."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.midi.drum_kits import DRUM_CHANNEL
from engine.pipeline.offline import Performed
from export_onnx.datasets.render import TimedMessage, read_midi

__all__ = ["CHORD_S", "Notes", "from_file", "from_messages", "from_performed", "joined"]

CHORD_S = 0.035
"""Onsets closer than this to the first of them are one onset: hands are not machines [s]."""


@dataclass(frozen=True)
class Notes:
    """Pitched notes sorted by onset, then pitch; drums are left out.

    Attributes
    ----------
    start_s, end_s : float64 arrays, shape (n,)
        When each note begins and ends [s]; a note that is struck again ends there.
    pitch, velocity : int64 arrays, shape (n,)
        MIDI note number 0..127 and 1..127.
    """

    start_s: np.ndarray
    end_s: np.ndarray
    pitch: np.ndarray
    velocity: np.ndarray

    def __len__(self) -> int:
        return len(self.start_s)

    @classmethod
    def of(cls, rows: Iterable[tuple[float, float, int, int]]) -> "Notes":
        """Return notes from rows of start [s], end [s], pitch, velocity in any order."""
        table = np.array(sorted(rows, key=lambda row: (row[0], row[2])), np.float64).reshape(-1, 4)
        pitch = table[:, 2].astype(np.int64)
        end_s = table[:, 1].copy()
        for one in np.unique(pitch):
            at = np.flatnonzero(pitch == one)
            end_s[at[:-1]] = np.minimum(end_s[at[:-1]], table[at[1:], 0])
        return cls(table[:, 0], end_s, pitch, table[:, 3].astype(np.int64))

    @property
    def seconds(self) -> float:
        """From the first to the last onset, and one mean gap more [s]; 0 below two onsets.

        Rates over this time do not depend on how long the last chord rings.
        """
        onsets = self.onsets_s()
        if len(onsets) < 2:
            return 0.0
        return float(onsets[-1] - onsets[0]) * len(onsets) / (len(onsets) - 1)

    def take(self, chosen: np.ndarray) -> "Notes":
        """Return the chosen notes (indices or a mask)."""
        return Notes(
            self.start_s[chosen], self.end_s[chosen], self.pitch[chosen], self.velocity[chosen]
        )

    def between(self, from_s: float, to_s: float) -> "Notes":
        """Return the notes that begin in ``[from_s, to_s)``, whole."""
        return self.take((self.start_s >= from_s) & (self.start_s < to_s))

    def shifted(self, by_s: float) -> "Notes":
        """Return the same notes later by ``by_s`` [s]."""
        return Notes(self.start_s + by_s, self.end_s + by_s, self.pitch, self.velocity)

    def onset_groups(self) -> np.ndarray:
        """Return which onset each note belongs to, int64, shape (n,), from 0 up."""
        groups = np.zeros(len(self), np.int64)
        first, group = -np.inf, -1
        for index, start in enumerate(self.start_s):
            if start - first > CHORD_S:
                first, group = start, group + 1
            groups[index] = group
        return groups

    def onsets_s(self) -> np.ndarray:
        """Return the time of each onset, chords counted once [s], shape (m,)."""
        groups = self.onset_groups()
        return self.start_s[np.flatnonzero(np.diff(groups, prepend=-1))]


def joined(parts: Sequence[Notes]) -> Notes:
    """Return the notes of all parts on one time line."""
    return Notes.of(
        row
        for part in parts
        for row in zip(part.start_s, part.end_s, part.pitch, part.velocity, strict=True)
    )


def from_messages(messages: Sequence[TimedMessage]) -> Notes:
    """Pair note-ons with note-offs; a note never ended lasts to the last message.

    The sustain pedal is not followed, neither in real music nor in ours: lengths are those written,
    as the figures published on EMOPIA have them.
    """
    rows: list[tuple[float, float, int, int]] = []
    sounding: dict[tuple[int, int, int], tuple[float, int]] = {}

    def end(place: tuple[int, int, int], at_s: float) -> None:
        start_s, velocity = sounding.pop(place)
        if at_s > start_s:
            rows.append((start_s, at_s, place[2], velocity))

    for event in messages:
        message = event.message
        if message.type not in ("note_on", "note_off") or message.channel == DRUM_CHANNEL:
            continue
        place = (event.track, message.channel, message.note)
        if place in sounding:
            end(place, event.time_s)
        if message.type == "note_on" and message.velocity > 0:
            sounding[place] = (event.time_s, message.velocity)
    last_s = messages[-1].time_s if messages else 0.0
    for place in list(sounding):
        end(place, last_s)
    return Notes.of(rows)


def from_performed(performed: Performed) -> Notes:
    """Return what a run of the pipeline handed to the sender, drums left out."""
    return Notes.of(
        (one.on_s, one.off_s, one.note.pitch, one.note.velocity)
        for one in performed.notes
        if one.note.role != "drums"
    )


def from_file(path: Path | str, data: bytes | None = None) -> Notes:
    """Read a MIDI file, or its bytes.

    Raises
    ------
    InputError
        The file cannot be read as MIDI.
    """
    return from_messages(read_midi(path, data))
