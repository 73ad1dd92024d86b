"""What is to be sent when: the sender's heart, without clock, thread or port.

Messages due together leave in the order clock, notes with pedals, controllers; at equal deadlines
a note-off precedes a pedal, and a pedal a note-on. A controller that did not change is not
repeated. A note-on that comes too late is dropped, never sent in a burst; a note-off never is.

Keys and pedals are counted by holder (`engine.midi.holders`). All Notes Off, Reset Controllers
and a transport that stops concern only what their own holder plays.
"""

import heapq
from dataclasses import dataclass

from engine.events import SUSTAIN
from engine.midi.holders import PERFORMER, first_id, holder_of
from engine.midi.messages import (
    ALL_NOTES_OFF,
    ALL_SOUND_OFF,
    NO_NOTE,
    PEDALS,
    RESET_CONTROLLERS,
    Outgoing,
    change,
    control,
    ends_notes,
    is_end,
    note_off,
    note_on,
    number_of,
    place_of,
    program,
    realtime,
)
from engine.midi.sender.controllers import SEQUENCED, Controllers
from engine.midi.sounding import NoteLedger
from engine.midi.wire import DropReason, Frame, Kind

__all__ = ["MAX_LATE_S", "MAX_QUEUED", "Schedule"]

MAX_LATE_S = 0.1
"""A note-on this much past its deadline is worse than silence [s]."""

MAX_QUEUED = 8192
"""Notes and controllers that may wait at once: minutes of dense music."""

_CLOCK, _OFF, _PROGRAM, _PEDAL, _ON, _CONTROL = range(6)

# In step with the notes around them, never merged: pedals, and what lifts them all.
_IN_STEP = frozenset({*PEDALS, RESET_CONTROLLERS})

_CHANGES = {Kind.CONTROL, Kind.BEND, Kind.PRESSURE, Kind.KEY_PRESSURE}
_MESSAGES = frozenset({*_CHANGES, Kind.PROGRAM, Kind.REALTIME})


@dataclass(slots=True)
class _Note:
    note_id: int
    place: tuple[int, int]  # channel, pitch
    velocity: int
    on_s: float
    off_s: float


class Schedule:
    """Deadline heap, note ledger and controller memory of one port.

    Parameters
    ----------
    latency_s : float
        Added to every deadline [s], so that the sound and not the wire is on the beat.
    max_late_s : float
        Note-ons later than this are dropped [s].
    max_queued : int
        Most notes and controllers waiting at once; more are dropped.
    """

    def __init__(
        self,
        *,
        latency_s: float = 0.0,
        max_late_s: float = MAX_LATE_S,
        max_queued: int = MAX_QUEUED,
    ) -> None:
        self.latency_s = latency_s
        self.max_late_s = max_late_s
        self.max_queued = max_queued
        self.dropped = 0
        self.ledger = NoteLedger()
        self.controllers = Controllers()
        self._heap: list[tuple[float, int, int, _Note | Frame]] = []
        self._order = 0  # keeps first come, first served among equals
        self._pending: dict[int, _Note] = {}
        self._playing: dict[int, _Note] = {}
        self._messages = 0  # controllers, programs and clocks waiting
        self._latest_on_s = float("-inf")
        self._given_s: dict[tuple[int, int], float] = {}  # last note-on or note-off per place [s]
        self._silenced_s = float("-inf")  # when the last panic is to leave
        self._away = False
        self._owed: dict[tuple[int, int], None] = {}  # note-offs a lost port did not get
        self._held: dict[tuple[int, int], bytes] = {}  # controllers a lost port did not get
        self._reports: list[Frame] = []

    @property
    def queued(self) -> int:
        """How many notes and other messages wait."""
        return len(self._pending) + self._messages

    def next_deadline(self) -> float | None:
        """When the next message is due [s], or None; may be one that was since withdrawn."""
        return self._heap[0][0] + self.latency_s if self._heap else None

    def take_reports(self) -> list[Frame]:
        """Return and forget what happened to notes since the last call."""
        reports, self._reports = self._reports, []
        return reports

    def handle(self, frame: Frame, now: float) -> list[Outgoing]:
        """Take one frame of the engine; return what must be sent at once."""
        kind = frame.kind
        if kind == Kind.NOTE:
            self._add_note(frame)
        elif kind in _MESSAGES:
            self._add_message(frame)
        elif kind == Kind.END_NOTE:
            self._move_end(frame.note_id, frame.at_s)
        elif kind == Kind.CANCEL_AFTER:
            self._cancel_after(frame.at_s, holder_of(frame.note_id))
        elif kind == Kind.LATENCY:
            self.latency_s = frame.at_s
        elif kind == Kind.PANIC:
            return self.panic(now)
        elif kind == Kind.RELEASE:
            return self._release(frame, now)
        if len(self._heap) > 2 * (self.queued + len(self._playing)) + 64:
            self._compact()
        return []

    def due(self, now: float, lookahead_s: float = 0.0) -> list[Outgoing]:
        """Return what is due until ``now + lookahead_s``, in wire order."""
        clocks: list[Outgoing] = []
        notes: list[Outgoing] = []  # and pedals, programs
        controls: dict[object, tuple[Outgoing, int]] = {}
        horizon = now + lookahead_s - self.latency_s
        while self._heap and self._heap[0][0] <= horizon:
            deadline, priority, order, item = heapq.heappop(self._heap)
            at_s = max(deadline + self.latency_s, self._silenced_s)
            if isinstance(item, _Note):
                if priority == _ON:
                    self._start(item, at_s, now, notes)
                else:
                    self._end(item, deadline, at_s, notes)
                continue
            self._messages -= 1
            if priority == _CLOCK:
                clocks.append(Outgoing(realtime(item), at_s))
            elif priority == _PROGRAM:
                notes.append(program(item.channel, item.data1, at_s))
            elif priority == _PEDAL and item.data1 in PEDALS:
                self._move_pedal(item, at_s, notes)
            elif priority == _PEDAL:
                notes += self._changed(controls)
                controls.clear()
                self._reset(item, at_s, notes)
            elif not self._concerns_others(item):  # else it was done by name
                # Merged by place in the dictionary: the newest value of a backlog wins.
                newest = change(item, at_s)
                key = order if number_of(newest.data) in SEQUENCED else place_of(newest.data)
                controls.pop(key, None)
                controls[key] = newest, holder_of(item.note_id)
        changed = self._changed(controls)
        return [] if self._away else clocks + notes + changed

    def given_ahead(self, at_s: float, holder: int) -> set[int]:
        """Return a holder's notes that start then or later and were given to the port already.

        Not those whose place another note holds: it was ended for them.
        """
        return {
            note.note_id
            for note in self._playing.values()
            if note.on_s >= at_s
            and holder_of(note.note_id) == holder
            and self.ledger.holders(note.place) == 1
        }

    def end_all(self, now: float) -> list[Outgoing]:
        """End every sounding note and lift every pedal that was pressed here, and no others."""
        at_s = max(now, self._latest_on_s)  # never before what was already given away
        return self._offs(at_s) + self.controllers.lift_all(at_s)

    def panic(self, now: float) -> list[Outgoing]:
        """Forget the queue, end every note, silence and reset all sixteen channels."""
        for note_id in list(self._pending):
            self._drop(note_id, DropReason.PANIC)
        self._heap.clear()
        self._messages = 0
        at_s = self._silenced_s = max(now, self._latest_on_s)
        out = self._offs(at_s)
        for channel in range(16):
            for number in (ALL_SOUND_OFF, ALL_NOTES_OFF, SUSTAIN, RESET_CONTROLLERS):
                out.append(control(channel, number, 0, at_s))
        self.controllers.pedals.clear()
        self.controllers.forget()
        # A port that left with its pedal down still has to be told.
        self._held = {
            place: control(*place, 0, at_s).data for place in self._held if place[1] in PEDALS
        }
        return [] if self._away else out

    def remind(self, since_s: float, now: float) -> list[Outgoing]:
        """Return again the note-offs and lifts since a time: a receiver may not have heard them.

        One that a port holds until its frame is not said earlier than that.
        """
        at_s = max(now, self._latest_on_s)
        offs = [
            note_off(*place, max(now, ended_s))
            for place, ended_s in self._given_s.items()
            if ended_s >= since_s and not self.ledger.holders(place)
        ]
        return offs + self.controllers.lifted(since_s, at_s)

    def suspend(self) -> None:
        """Owe a lost port note-offs and lifts until `resume`; drop note-ons and pedals pressed."""
        self._away = True
        self._owed.update(dict.fromkeys(self.ledger.sounding))
        self._offs(0.0)
        self._held.update((place_of(out.data), out.data) for out in self.controllers.lift_all(0.0))
        self.controllers.forget()  # who listens when it is back may know none of them

    def resume(self, now: float) -> list[Outgoing]:
        """Go on, the port is back: return the note-offs and controllers it missed."""
        self._away = False
        at_s = max(now, self._latest_on_s)
        out = [self._off(place, at_s) for place in self._owed]
        out += [Outgoing(data, at_s) for data in self._held.values()]
        self._owed.clear()
        self._held.clear()
        return out

    def _add_note(self, frame: Frame) -> None:
        note_id = frame.note_id
        if note_id < 0 or note_id in self._pending or note_id in self._playing:
            self._report_drop(note_id, DropReason.DUPLICATE_ID)
        elif self.queued >= self.max_queued:
            self._report_drop(note_id, DropReason.QUEUE_FULL)
        else:
            note = _Note(note_id, frame[1:3], frame.data2, frame.at_s, frame.until_s)
            self._pending[note_id] = note
            self._push(note.on_s, _ON, note)

    def _add_message(self, frame: Frame) -> None:
        if self.queued >= self.max_queued and not is_end(frame):
            self._report_drop(NO_NOTE, DropReason.QUEUE_FULL)
            return
        priority = {Kind.REALTIME: _CLOCK, Kind.PROGRAM: _PROGRAM}.get(frame.kind, _CONTROL)
        if frame.kind == Kind.CONTROL:
            if frame.data1 in _IN_STEP:
                priority = _PEDAL
            elif ends_notes(frame.data1):
                self._end_notes(frame.channel, holder_of(frame.note_id), frame.at_s)
        self._messages += 1
        self._push(frame.at_s, priority, frame)

    def _push(self, deadline: float, priority: int, item: _Note | Frame) -> None:
        self._order += 1
        heapq.heappush(self._heap, (deadline, priority, self._order, item))

    def _cancel_after(self, at_s: float, holder: int) -> None:
        """Withdraw a holder's notes and pedals from a time on, and lift the pedals it holds."""
        for note in [n for n in self._pending.values() if n.on_s >= at_s]:
            if holder_of(note.note_id) == holder:
                self._drop(note.note_id, DropReason.CANCELLED)
        pedals = dict.fromkeys(self.controllers.pedals.down(holder))
        kept = []
        for entry in self._heap:
            deadline, priority, _, item = entry
            if priority == _PEDAL and isinstance(item, Frame) and holder_of(item.note_id) == holder:
                if deadline >= at_s:
                    self._messages -= 1
                    continue
                pedals[item.channel, item.data1] = None
            kept.append(entry)
        self._heap = kept
        heapq.heapify(self._heap)
        for pedal in pedals:
            self._add_message(Frame(Kind.CONTROL, *pedal, 0, first_id(holder), at_s))

    def _end_notes(self, channel: int, holder: int, at_s: float) -> None:
        """End a holder's notes of one channel, and withdraw those that have not started."""
        for note in [*self._pending.values(), *self._playing.values()]:
            if note.place[0] == channel and holder_of(note.note_id) == holder:
                self._move_end(note.note_id, at_s if note.note_id in self._playing else note.on_s)

    def _concerns_others(self, frame: Frame) -> bool:
        """Tell whether a message would end what its holder does not hold."""
        channel, pedals = frame.channel, self.controllers.pedals
        ends = frame.kind == Kind.CONTROL and ends_notes(frame.data1)
        return ends and (
            any(note.place[0] == channel for note in self._playing.values())
            or pedals.held_by_others(channel, holder_of(frame.note_id))
        )

    def _move_end(self, note_id: int, at_s: float) -> None:
        note = self._pending.get(note_id)
        if note is not None:
            note.off_s = at_s
            if at_s <= note.on_s:
                self._drop(note_id, DropReason.CANCELLED)
            return
        note = self._playing.get(note_id)
        if note is not None:
            note.off_s = max(at_s, note.on_s)
            self._push(note.off_s, _OFF, note)

    def _release(self, frame: Frame, now: float) -> list[Outgoing]:
        place, pedal = (frame.channel, frame.data1), (frame.channel, SUSTAIN)
        if self._away:
            self._owed[place] = None
            return []
        # A newer note, or a pedal pressed since, has its own end.
        offs = [] if self.ledger.holders(place) else [note_off(*place, now)]
        if frame.data2 and not self.controllers.pedals.stands(*pedal):
            offs.append(control(*pedal, 0, now))
        return offs

    def _start(self, note: _Note, at_s: float, now: float, out: list[Outgoing]) -> None:
        if self._pending.get(note.note_id) is not note:
            return  # withdrawn
        place = note.place
        # A port that takes messages ahead may hold this place's last one: come behind it.
        at_s = max(at_s, self._given_s.get(place, at_s))
        start_s = max(now, at_s)
        ended = start_s >= note.off_s + self.latency_s
        if ended and holder_of(note.note_id) >= PERFORMER:  # a tap: short, not too late
            note.off_s, ended = start_s - self.latency_s + note.off_s - note.on_s, False
        if self._away:
            self._drop(note.note_id, DropReason.PORT_AWAY)
        elif ended or now - at_s > self.max_late_s:
            self._drop(note.note_id, DropReason.LATE)
        else:
            del self._pending[note.note_id]
            if self.ledger.start(note.note_id, place):
                out.append(note_off(*place, at_s))
            self._given_s[place] = at_s
            self._playing[note.note_id] = note
            self._latest_on_s = max(self._latest_on_s, at_s)
            out.append(note_on(*place, note.velocity, at_s, note.note_id))
            self._push(note.off_s, _OFF, note)

    def _end(self, note: _Note, deadline: float, at_s: float, out: list[Outgoing]) -> None:
        if self._playing.get(note.note_id) is not note or note.off_s != deadline:
            return  # ended before, or its end was moved
        del self._playing[note.note_id]
        self._reports.append(Frame(Kind.ENDED, note_id=note.note_id))
        if self.ledger.end(note.note_id):
            out.append(self._off(note.place, at_s))

    def _move_pedal(self, frame: Frame, at_s: float, out: list[Outgoing]) -> None:
        if self._away and frame.data2:
            return  # the notes it would hold are dropped too
        moved = self.controllers.move_pedal(
            holder_of(frame.note_id), frame.channel, frame.data1, frame.data2, at_s
        )
        if moved is not None and self._away:
            self._held[place_of(moved.data)] = moved.data
        elif moved is not None:
            self._latest_on_s = max(self._latest_on_s, moved.at_s)
            out.append(moved)

    def _reset(self, frame: Frame, at_s: float, out: list[Outgoing]) -> None:
        """Reset a holder's controllers, and say again what others had set on the channel."""
        channel, holder = frame.channel, holder_of(frame.note_id)
        reset = control(channel, RESET_CONTROLLERS, frame.data2, at_s)
        restored = self.controllers.reset(channel, holder, at_s)
        if self._away:
            self._held = {place: data for place, data in self._held.items() if place[0] != channel}
            self._held.update((place_of(each.data), each.data) for each in (reset, *restored))
        else:
            out += [reset, *restored]

    def _offs(self, at_s: float) -> list[Outgoing]:
        self._reports += [Frame(Kind.ENDED, note_id=note_id) for note_id in self._playing]
        self._playing.clear()
        return [self._off(place, at_s) for place in self.ledger.end_all()]

    def _off(self, place: tuple[int, int], at_s: float) -> Outgoing:
        """End a place, not before what it was given; what starts there next comes behind."""
        self._given_s[place] = at_s = max(at_s, self._given_s.get(place, at_s))
        return note_off(*place, at_s)

    def _changed(self, controls: dict[object, tuple[Outgoing, int]]) -> list[Outgoing]:
        """Return the messages that say something new; a port that is away is owed them."""
        changed = [out for out, who in controls.values() if self.controllers.is_new(out.data, who)]
        if self._away:
            self._held.update((place_of(out.data), out.data) for out in changed)
        return changed

    def _drop(self, note_id: int, reason: DropReason) -> None:
        del self._pending[note_id]
        self._report_drop(note_id, reason)

    def _report_drop(self, note_id: int, reason: DropReason) -> None:
        if reason not in (DropReason.CANCELLED, DropReason.PANIC):  # those were asked for
            self.dropped += 1
        self._reports.append(Frame(Kind.DROPPED, note_id=note_id, data1=reason))

    def _compact(self) -> None:
        """Throw out heap entries of notes that were withdrawn or whose end moved."""

        def valid(deadline: float, priority: int, item: _Note | Frame) -> bool:
            if not isinstance(item, _Note):
                return True
            if priority == _ON:
                return self._pending.get(item.note_id) is item
            return self._playing.get(item.note_id) is item and item.off_s == deadline

        self._heap = [entry for entry in self._heap if valid(entry[0], entry[1], entry[3])]
        heapq.heapify(self._heap)
