"""From note-ons and note-offs to notes and back: the two rules that every file goes through.

Reading, a note ends as a receiver ends it: at the first note-off after its tick, or where its key
is struck again. A note-off in the tick of a note-on ends the note before, whichever is written
first. Writing, no key holds two notes at once and no note is shorter than a tick.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from engine.midi.smf import Event

__all__ = ["Paired", "Span", "note_off", "note_on", "pair_notes", "untangle"]


class Span(NamedTuple):
    """A note in ticks; `end` is beyond `start`. `number` is the caller's."""

    start: int
    end: int
    channel: int
    pitch: int
    velocity: int
    number: int = 0


@dataclass(slots=True)
class Paired:
    """A note of a track.

    Attributes
    ----------
    channel, pitch, velocity : int
        As in MIDI; the velocity of the loudest note-on.
    start, end : int
        Ticks, the end at least one beyond the start.
    ons, offs : list of int
        Indices of its note-ons and note-offs: several where it is written more than once, a
        note-off later than its end where the key was struck again, none where there is none.
    """

    channel: int
    pitch: int
    velocity: int
    start: int
    end: int = -1
    ons: list[int] = field(default_factory=list)
    offs: list[int] = field(default_factory=list)

    @property
    def lacks_off(self) -> bool:
        """Whether it has fewer note-offs than note-ons."""
        return len(self.offs) < len(self.ons)


@dataclass(slots=True)
class _Key:
    """One key: the note that it holds, the one before, and earlier ones that lack a note-off."""

    held: Paired | None = None
    before: Paired | None = None
    ended: int = -1
    lacking: list[Paired] = field(default_factory=list)


def pair_notes(events: Sequence[Event], last: int) -> tuple[list[Paired], list[int]]:
    """Return the notes of a track by their note-ons, and the note-offs that end nothing.

    Parameters
    ----------
    events : sequence of Event
        By ascending tick.
    last : int
        Tick at which notes without an end are ended.
    """
    notes: list[Paired] = []
    stray: list[int] = []
    keys: dict[tuple[int, int], _Key] = {}
    for index, (tick, data) in enumerate(events):
        kind = data[0] & 0xF0
        if kind not in (0x80, 0x90):
            continue
        key = keys.setdefault((data[0] & 15, data[1]), _Key())
        held, before = key.held, key.before
        if kind == 0x90 and data[2]:
            same = held or before
            if same is not None and same.start == tick:  # the same note, written twice
                same.ons.append(index)
                same.velocity = max(same.velocity, data[2])
                key.held = same
                continue
            if held is not None:
                _end(key, held, tick, tick)
            key.held = Paired(data[0] & 15, data[1], data[2], tick, ons=[index])
            notes.append(key.held)
        elif before is not None and key.ended == tick and before.lacks_off:
            before.offs.append(index)
        elif held is not None:
            held.offs.append(index)
            _end(key, held, max(tick, held.start + 1), tick)
        else:
            while key.lacking and not key.lacking[0].lacks_off:
                del key.lacking[0]
            (key.lacking[0].offs if key.lacking else stray).append(index)
    for key in keys.values():
        if key.held is not None:
            key.held.end = max(last, key.held.start + 1)
    return notes, stray


def _end(key: _Key, held: Paired, end: int, tick: int) -> None:
    held.end = end
    if held.lacks_off:
        key.lacking.append(held)
    key.before, key.held, key.ended = held, None, tick


def untangle(spans: Iterable[Span], last: int | None = None) -> list[Span]:
    """Return notes that a track can hold, by channel, pitch and start.

    Of notes that start together on one key the longest, at its loudest, is left; a note ends where
    its key is struck again. With `last` none ends beyond that tick: one that would start there or
    later starts a tick before it.
    """
    made: list[Span] = []
    for span in sorted(spans, key=lambda s: (s.channel, s.pitch, s.start)):
        start, end = span.start, max(span.end, span.start + 1)
        if last is not None:
            start, end = max(min(start, last - 1), 0), min(end, max(last, 1))
        before = made[-1] if made else None
        if before is not None and (before.channel, before.pitch) == (span.channel, span.pitch):
            if before.start == start:
                louder = max(before.velocity, span.velocity)
                made[-1] = before._replace(end=max(before.end, end), velocity=louder)
                continue
            made[-1] = before._replace(end=min(before.end, start))
        made.append(span._replace(start=start, end=end))
    return made


def note_on(tick: int, span: Span) -> Event:
    """Return the start of a note."""
    return Event(tick, bytes((0x90 | span.channel, span.pitch, span.velocity)))


def note_off(tick: int, span: Span) -> Event:
    """Return the end of a note."""
    return Event(tick, bytes((0x80 | span.channel, span.pitch, 64)))
