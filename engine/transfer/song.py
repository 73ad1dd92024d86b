"""A MIDI file whose notes change while everything else in it stays as it is.

Messages keep their tracks, ticks and order; only note messages of changed notes are rewritten or
moved, tempi are scaled, and pedal spans shortened with the notes under them.
"""

import os
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from engine.errors import InputError
from engine.files import write_output
from engine.midi.file import read_song_bytes
from engine.transfer.notes import Sounded

__all__ = ["Song"]

_DEFAULT_TEMPO: Final = 500_000
_SLOWEST_TEMPO: Final = 0xFFFFFF
"""Microseconds per beat: where a file gives none, and the most its 24 bits hold."""
_SUSTAIN: Final = 64
_DOWN: Final = 64
"""Controller number of the sustain pedal, and the value from which it is down."""
# Order of messages within one tick: ends, whatever was there, new starts.
_END, _KEPT, _START = range(3)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a note stands in the file: its track and the indices of its messages there."""

    track: int
    on: int
    off: int | None
    start: int
    end: int


class Song:
    """A MIDI file of type 0 or 1.

    Parameters
    ----------
    path : path-like
        File to read.

    Attributes
    ----------
    notes : tuple of Sounded
        Every note with its time in seconds, by onset; numbered from 1.

    Raises
    ------
    InputError
        The file is missing, no MIDI file, or holds no notes.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._data, self._midi = read_song_bytes(Path(path))
        self._ticks: list[list[int]] = []  # of every message, by track
        self._tempi: list[tuple[int, int]] = []
        for track in self._midi.tracks:
            tick, ticks = 0, []
            for message in track:
                tick += message.time
                ticks.append(tick)
                if message.type == "set_tempo" and message.tempo > 0:
                    self._tempi.append((tick, message.tempo))
            self._ticks.append(ticks)
        self._lay_out_time()
        self._places: dict[int, _Place] = {}
        found = [note for number, _ in enumerate(self._midi.tracks) for note in self._read(number)]
        if not found:
            raise InputError(f"{path}: holds no notes")
        self.notes = tuple(sorted(found, key=lambda note: (note.onset_s, note.pitch)))
        self._by_number = {note.number: note for note in self.notes}

    def write(
        self,
        path: str | os.PathLike[str],
        notes: Sequence[Sounded],
        *,
        tempo: float = 1.0,
        pedal: float = 1.0,
    ) -> None:
        """Write the file with other notes.

        Parameters
        ----------
        path : path-like
            File to write; it appears complete or not at all.
        notes : sequence of Sounded
            Those of `notes` that stay, perhaps changed, and new ones with number 0.
        tempo : float
            Factor on every tempo.
        pedal : float
            Factor on the spans in which the sustain pedal is down; at most 1 counts.

        Raises
        ------
        InputError
            The file cannot be written.
        """
        import io

        edits = self._edits(notes)
        midi = type(self._midi)(
            type=self._midi.type,
            ticks_per_beat=self._midi.ticks_per_beat,
            charset=self._midi.charset,
        )
        for number, track in enumerate(self._midi.tracks):
            moved = self._pedal(number, min(pedal, 1.0))
            timed: list[tuple[int, int, Any]] = []
            for index, message in enumerate(track):
                tick = moved.get(index, self._ticks[number][index])
                if message.type == "end_of_track":
                    continue
                if message.type == "set_tempo" and message.tempo > 0:
                    message = message.copy(tempo=_scaled(message.tempo, tempo))
                timed += edits.get((number, index), [(tick, _KEPT, message)])
            timed += edits.get((number, -1), [])
            if number == 0 and tempo != 1.0 and not any(tick == 0 for tick, _ in self._tempi):
                timed.insert(0, (0, _END, _tempo_message(_scaled(_DEFAULT_TEMPO, tempo))))
            end = self._ticks[number][-1] if len(track) else 0
            midi.tracks.append(_track(timed, end))
        buffer = io.BytesIO()
        midi.save(file=buffer)
        write_output(Path(path), buffer.getvalue())

    def copy(self, path: str | os.PathLike[str]) -> None:
        """Write the file as it was read, byte for byte."""
        write_output(Path(path), self._data)

    def _lay_out_time(self) -> None:
        changes = dict(sorted(self._tempi, key=lambda change: change[0]))
        changes.setdefault(0, _DEFAULT_TEMPO)
        self._change_ticks: list[int] = sorted(changes)
        per_beat = 1e6 * self._midi.ticks_per_beat
        self._tick_s: list[float] = [changes[tick] / per_beat for tick in self._change_ticks]
        self._change_s = [0.0]
        for index in range(1, len(self._change_ticks)):
            width = self._change_ticks[index] - self._change_ticks[index - 1]
            self._change_s.append(self._change_s[-1] + width * self._tick_s[index - 1])

    def _seconds(self, tick: int) -> float:
        index = bisect_right(self._change_ticks, tick) - 1
        return self._change_s[index] + (tick - self._change_ticks[index]) * self._tick_s[index]

    def _tick(self, seconds: float) -> int:
        index = max(bisect_right(self._change_s, seconds) - 1, 0)
        beyond = (seconds - self._change_s[index]) / self._tick_s[index]
        return self._change_ticks[index] + max(round(beyond), 0)

    def _read(self, number: int) -> Iterable[Sounded]:
        ticks = self._ticks[number]
        sounding: dict[tuple[int, int], tuple[int, int]] = {}  # place -> index, tick of its on
        for index, message in enumerate(self._midi.tracks[number]):
            if message.type not in ("note_on", "note_off"):
                continue
            place = (message.channel, message.note)
            begins = message.type == "note_on" and message.velocity > 0
            if place in sounding:
                on, start = sounding.pop(place)
                off = None if begins else index
                yield self._note(_Place(number, on, off, start, ticks[index]))
            if begins:
                sounding[place] = (index, ticks[index])
        for on, start in sounding.values():
            yield self._note(_Place(number, on, None, start, max(ticks[-1], start + 1)))

    def _note(self, place: _Place) -> Sounded:
        number = len(self._places) + 1
        self._places[number] = place
        on = self._midi.tracks[place.track][place.on]
        onset_s = self._seconds(place.start)
        length_s = self._seconds(place.end) - onset_s
        return Sounded(number, onset_s, length_s, on.note, on.velocity, on.channel, place.track)

    def _edits(self, notes: Sequence[Sounded]) -> dict[tuple[int, int], list[tuple[int, int, Any]]]:
        """Return what stands in place of messages, by track and index; -1 for additional ones."""
        import mido

        edits: dict[tuple[int, int], list[tuple[int, int, Any]]] = {}
        kept = self._disentangled(notes)
        for number in self._places.keys() - {note.number for note, _, _ in kept}:
            place = self._places[number]
            edits[place.track, place.on] = []
            if place.off is not None:
                edits[place.track, place.off] = []
        for note, start, end in kept:
            place_ = self._places.get(note.number)
            if place_ is None:
                on = mido.Message(
                    "note_on", channel=note.channel, note=note.pitch, velocity=note.velocity
                )
                added = edits.setdefault((note.track, -1), [])
                added.append((start, _START, on))
                added.append((end, _END, _off(note)))
                continue
            old = self._by_number[note.number]
            track = self._midi.tracks[place_.track]
            if (note.pitch, note.velocity) != (old.pitch, old.velocity):
                on = track[place_.on].copy(note=note.pitch, velocity=note.velocity)
                edits[place_.track, place_.on] = [(start, _KEPT, on)]
            if place_.off is None:
                if (note.pitch, end) != (old.pitch, place_.end):
                    edits.setdefault((place_.track, -1), []).append((end, _END, _off(note)))
            elif (note.pitch, end) != (old.pitch, place_.end):
                off = track[place_.off].copy(note=note.pitch)
                rank = _KEPT if end == place_.end else _END
                edits[place_.track, place_.off] = [(end, rank, off)]
        return edits

    def _disentangled(self, notes: Sequence[Sounded]) -> list[tuple[Sounded, int, int]]:
        """Return notes with first and last tick, none on top of another of its channel and pitch.

        Unchanged notes that overlap in the file are left so.
        """
        placed: dict[tuple[int, int], list[tuple[Sounded, int, int]]] = {}
        for note in sorted(notes, key=lambda note: (note.onset_s, -note.number)):
            place = self._places.get(note.number)
            old = self._by_number.get(note.number)
            start = self._tick(note.onset_s) if place is None else place.start
            same = old is not None and note.length_s == old.length_s
            end = place.end if place is not None and same else self._tick(note.end_s)
            row = placed.setdefault((note.channel, note.pitch), [])
            if row:
                earlier, began, ended = row[-1]
                untouched = note == old and earlier == self._by_number.get(earlier.number)
                if not untouched and began == start:
                    louder = max(earlier.velocity, note.velocity)
                    row[-1] = (replace(earlier, velocity=louder), began, max(ended, end))
                    continue
                if not untouched and ended > start:
                    row[-1] = (earlier, began, start)
            row.append((note, start, end if same and place is not None else max(end, start + 1)))
        return [item for row in placed.values() for item in row]

    def _pedal(self, number: int, factor: float) -> dict[int, int]:
        """Return new ticks of pedal messages by index: spans with the pedal down are shortened."""
        if factor == 1.0:
            return {}
        moved: dict[int, int] = {}
        down: dict[int, int] = {}  # channel -> tick
        for index, message in enumerate(self._midi.tracks[number]):
            if message.type != "control_change" or message.control != _SUSTAIN:
                continue
            tick = self._ticks[number][index]
            start = down.get(message.channel)
            if start is not None:
                moved[index] = start + round((tick - start) * factor)
            if message.value >= _DOWN:
                down.setdefault(message.channel, tick)
            else:
                down.pop(message.channel, None)
        return moved


def _scaled(tempo: int, factor: float) -> int:
    return min(max(round(tempo / factor), 1), _SLOWEST_TEMPO)


def _tempo_message(tempo: int) -> Any:
    import mido

    return mido.MetaMessage("set_tempo", tempo=tempo)


def _off(note: Sounded) -> Any:
    import mido

    return mido.Message("note_off", channel=note.channel, note=note.pitch, velocity=64)


def _track(timed: list[tuple[int, int, Any]], end: int) -> Any:
    import mido

    track = mido.MidiTrack()
    now = 0
    for tick, _, message in sorted(timed, key=lambda item: item[:2]):
        track.append(message.copy(time=tick - now))
        now = tick
    track.append(mido.MetaMessage("end_of_track", time=max(end - now, 0)))
    return track
