"""A MIDI file whose notes change while everything else in it stays as it is.

Events keep their tracks, ticks, order and bytes; only those of changed notes are rewritten or
moved, tempi are scaled, pedal spans shortened with the notes under them, and key signatures follow
the mode.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.errors import InputError
from engine.events import SUSTAIN
from engine.files import write_output
from engine.midi.drum_kits import DrumKits
from engine.midi.file import key_content, read_key, read_midi_bytes
from engine.midi.note_pairs import Paired, Span, note_off, note_on, pair_notes, untangle
from engine.midi.smf import KEY_SIGNATURE, META, TEMPO, Event, encode_midi, meta_event, parse_midi
from engine.music.keys import Key
from engine.music.song_map import TempoMap
from engine.transfer.notes import Sounded

__all__ = ["Signature", "Song"]

_DEFAULT_TEMPO: Final = 500_000
_SLOWEST_TEMPO: Final = 0xFFFFFF
"""Microseconds per beat: where a file gives none, and the most its 24 bits hold."""
_DOWN: Final = 64
"""Value from which a pedal is down."""
_MOST_NOTES: Final = 200_000
# Order of events within one tick: ends, whatever was there, new starts.
_END, _KEPT, _START = range(3)
_Ranked = tuple[int, int, int, Event]
"""Tick, order within the tick, index in the file."""


@dataclass(frozen=True, slots=True)
class Signature:
    """A key signature: its track and index there, its time [s] and what it says."""

    track: int
    index: int
    at_s: float
    key: Key


class Song:
    """A MIDI file.

    The tracks of a type 2 file, which are pieces of their own, follow one another in `notes`.

    Parameters
    ----------
    path : path-like
        File to read.

    Attributes
    ----------
    notes : tuple of Sounded
        Every note with its time in seconds, by onset; numbered from 1.
    end_s : float
        Where the last track ends [s].
    signatures : tuple of Signature
        By time.
    left_out : tuple of str
        What could not be read.

    Raises
    ------
    InputError
        The file is missing, no MIDI file, or holds no notes.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._midi = parse_midi(read_midi_bytes(Path(path)), str(path))
        self.left_out = self._midi.left_out
        self._last = self._lay_out_time()
        self.end_s = max((self._seconds(n, tick) for n, tick in enumerate(self._last)), default=0.0)
        self._paired: dict[int, Paired] = {}
        self._numbers: list[list[int]] = []  # of the notes of each track
        self._stray: list[list[int]] = []
        alone = self._midi.format == 2
        shared = DrumKits(self._midi.tracks)
        found: list[Sounded] = []
        for track, events in enumerate(self._midi.tracks):
            kits = DrumKits([events]) if alone else shared
            notes, stray = pair_notes(events, self._midi.ends[track])
            self._stray.append(stray)
            first = len(self._paired) + 1
            self._numbers.append(list(range(first, first + len(notes))))
            for number, note in zip(self._numbers[track], notes, strict=True):
                self._paired[number] = note
                onset_s = self._seconds(track, note.start)
                length_s = self._seconds(track, note.end) - onset_s
                drums = kits.playing(note.channel, note.start)
                values = (note.pitch, note.velocity, note.channel, track, drums)
                found.append(Sounded(number, onset_s, length_s, *values))
        if not found:
            raise InputError(f"{path}: holds no notes")
        if len(found) > _MOST_NOTES:
            raise InputError(f"{path}: {len(found)} notes; at most {_MOST_NOTES} can be moved")
        self.notes = tuple(sorted(found, key=lambda note: (note.onset_s, note.pitch)))
        self._by_number = {note.number: note for note in self.notes}
        signatures = (
            Signature(track, index, self._seconds(track, event.tick), read_key(event.data[2:]))
            for track, events in enumerate(self._midi.tracks)
            for index, event in enumerate(events)
            if _is_meta(event, KEY_SIGNATURE)
        )
        self.signatures = tuple(sorted(signatures, key=lambda signature: signature.at_s))

    def write(
        self,
        path: str | os.PathLike[str],
        notes: Sequence[Sounded],
        *,
        tempo: float = 1.0,
        pedal: float = 1.0,
        keys: Mapping[Signature, Key] | None = None,
    ) -> None:
        """Write the file with other notes.

        Parameters
        ----------
        path : path-like
            File to write; it appears complete or not at all.
        notes : sequence of Sounded
            Those of `notes` that stay, perhaps changed, and new ones with number 0.
        tempo : float
            Factor on every tempo; a file in seconds (SMPTE) has none.
        pedal : float
            Factor on the spans in which the sustain pedal is down; at most 1 counts.
        keys : mapping of Signature to Key, optional
            What key signatures say instead.

        Raises
        ------
        InputError
            The file cannot be written.
        """
        tempo = 1.0 if self._midi.in_seconds else tempo
        changed_keys = {(s.track, s.index): key for s, key in (keys or {}).items()}
        rows: list[list[Sounded]] = [[] for _ in self._midi.tracks]
        for note in notes:
            rows[note.track].append(note)
        tracks = []
        for track, events in enumerate(self._midi.tracks):
            moved = _pedal(events, min(pedal, 1.0))
            timed = self._note_events(track, rows[track])
            for index, event in enumerate(events):
                tick, data = event
                if data[0] & 0xF0 in (0x80, 0x90):
                    continue
                if _is_meta(event, TEMPO) and tempo != 1.0:
                    data = _tempo(0, _scaled(int.from_bytes(data[2:]), tempo)).data
                elif (track, index) in changed_keys:
                    data = meta_event(
                        0, KEY_SIGNATURE, key_content(changed_keys[track, index])
                    ).data
                at = moved.get(index, tick)
                timed.append((at, _KEPT, index, Event(at, data)))
            if tempo != 1.0 and self._lacks_first_tempo(track):
                timed.append((0, _END, -1, _tempo(0, _scaled(_DEFAULT_TEMPO, tempo))))
            ordered = sorted(timed, key=lambda item: item[:3])
            tracks.append([event for _, _, _, event in ordered])
        ends = self._last if self._midi.format == 2 else self._midi.ends
        division, kind = self._midi.division, self._midi.format
        write_output(Path(path), encode_midi(tracks, ends, kind=kind, division=division))

    def _lay_out_time(self) -> list[int]:
        """Set the time of each track; return the tick beyond which nothing may sound in it."""
        midi, per_beat = self._midi, self._midi.ticks_per_beat
        courses = [
            [
                (event.tick / per_beat, 6e7 / int.from_bytes(event.data[2:]))
                for event in track
                if _is_meta(event, TEMPO) and not midi.in_seconds
            ]
            for track in midi.tracks
        ]
        self._begins = [0.0] * len(courses)
        if midi.format != 2:
            merged = [change for course in courses for change in course]
            shared = TempoMap([(0.0, 60.0)] if midi.in_seconds else merged)
            self._times = [shared] * len(courses)
            return [max(midi.ends, default=0)] * len(courses)
        self._times = [TempoMap(course) for course in courses]
        for track in range(1, len(courses)):
            width = self._times[track - 1].seconds(midi.ends[track - 1] / per_beat)
            self._begins[track] = self._begins[track - 1] + width
        return list(midi.ends)

    def _seconds(self, track: int, tick: int) -> float:
        return self._begins[track] + self._times[track].seconds(tick / self._midi.ticks_per_beat)

    def _tick(self, track: int, seconds: float) -> int:
        beat = self._times[track].beat(max(seconds - self._begins[track], 0.0))
        return round(beat * self._midi.ticks_per_beat)

    def _lacks_first_tempo(self, track: int) -> bool:
        if track and self._midi.format != 2:
            return False
        tracks = self._midi.tracks if self._midi.format != 2 else [self._midi.tracks[track]]
        return not any(
            _is_meta(event, TEMPO) and not event.tick for events in tracks for event in events
        )

    def _note_events(self, track: int, notes: Sequence[Sounded]) -> list[_Ranked]:
        """Return the note events of a track.

        Keys (channel and pitch) on which no note starts or ends elsewhere than before keep their
        events; all others get new note-offs and lose those that ended nothing.
        """
        events = self._midi.tracks[track]
        before: dict[tuple[int, int], list[tuple[int, int, int]]] = {}
        after: dict[tuple[int, int], list[Span]] = {}
        strays: dict[tuple[int, int], list[int]] = {}
        for number in self._numbers[track]:
            note = self._paired[number]
            row = before.setdefault((note.channel, note.pitch), [])
            row.append((note.start, note.end, number))
        for index in self._stray[track]:
            strays.setdefault((events[index].data[0] & 15, events[index].data[1]), []).append(index)
        for span in untangle((self._span(note) for note in notes), self._last[track]):
            after.setdefault((span.channel, span.pitch), []).append(span)
        timed: list[_Ranked] = []
        for place in strays.keys() - after.keys() - before.keys():
            timed += [(events[i].tick, _KEPT, i, events[i]) for i in strays[place]]
        for place, spans in after.items():
            same = [(s.start, s.end, s.number) for s in spans] == before.get(place)
            if same:
                timed += [(events[i].tick, _KEPT, i, events[i]) for i in strays.get(place, ())]
            starts = {span.start for span in spans}
            for span in spans:
                paired = self._paired[span.number] if span.number else None
                on = note_on(span.start, span)
                if paired is None or paired.start != span.start:
                    timed.append((span.start, _START, 0, on))
                else:
                    timed.append((span.start, _KEPT, paired.ons[0], on))
                off = paired.offs[0] if paired is not None and paired.offs else None
                if off is None or paired is None:
                    timed.append((span.end, _END, 0, note_off(span.end, span)))
                    continue
                old = events[off]
                data = bytes((old.data[0], span.pitch, old.data[2]))
                keeps = old.tick >= span.end if same else old.tick == span.end
                if keeps and old.tick not in starts:
                    timed.append((old.tick, _KEPT, off, Event(old.tick, data)))
                else:
                    end = old.tick if keeps else span.end
                    timed.append((end, _END, off, Event(end, data)))
        return timed

    def _span(self, note: Sounded) -> Span:
        """Return a note in ticks; what is where it was in seconds is where it was in ticks."""
        old = self._by_number.get(note.number)
        start, end = self._tick(note.track, note.onset_s), self._tick(note.track, note.end_s)
        if old is not None:
            paired = self._paired[note.number]
            start = paired.start
            if note.length_s == old.length_s:
                end = paired.end
        return Span(start, end, note.channel, note.pitch, note.velocity, note.number)


def _is_meta(event: Event, kind: int) -> bool:
    return event.data[0] == META and event.data[1] == kind


def _pedal(events: Sequence[Event], factor: float) -> dict[int, int]:
    """Return new ticks of pedal messages by index: spans with the pedal down are shortened."""
    moved: dict[int, int] = {}
    down: dict[int, int] = {}  # channel -> tick
    for index, (tick, data) in enumerate(events):
        if factor == 1.0 or data[0] & 0xF0 != 0xB0 or data[1] != SUSTAIN:
            continue
        channel = data[0] & 15
        if channel in down:
            moved[index] = down[channel] + round((tick - down[channel]) * factor)
        if data[2] >= _DOWN:
            down.setdefault(channel, tick)
        else:
            down.pop(channel, None)
    return moved


def _scaled(tempo: int, factor: float) -> int:
    return min(max(round(tempo / factor), 1), _SLOWEST_TEMPO)


def _tempo(tick: int, tempo: int) -> Event:
    return meta_event(tick, TEMPO, tempo.to_bytes(3))
