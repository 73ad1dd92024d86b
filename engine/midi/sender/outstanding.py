"""What the engine has handed to the sender and not heard back about.

When a sender dies, this is all that is known: which notes may be sounding and must be ended,
which pedals may be down and must be lifted, and which notes are still to come and must be
handed over again.
"""

import math

from engine.midi.holders import holder_of
from engine.midi.messages import PEDALS
from engine.midi.wire import Frame, Kind

__all__ = ["Outstanding"]

_LATELY_S = 0.5
_LIFTED_S = 10.0
"""So long after its lift was handed over a pedal may still be down: its sender stood still [s]."""


class Outstanding:
    """Outstanding notes, pedals that may be down, the last program of each channel.

    Not thread-safe.
    """

    def __init__(self) -> None:
        self._notes: dict[int, Frame] = {}
        self._over: set[int] = set()  # sent or cancelled: never to be handed over again
        self._owed: dict[tuple[int, int], None] = {}  # note-offs nobody has confirmed yet
        self._ended: dict[tuple[int, int], float] = {}  # when the last note there was to end [s]
        self._programs: dict[int, Frame] = {}
        self._sound: list[Frame] = []  # how the built-in instrument was set last
        # Holder, channel and controller of pedals → when they were lifted [s]; inf while down.
        self._pedals: dict[tuple[int, int, int], float] = {}

    def __len__(self) -> int:
        return len(self._notes)

    def __contains__(self, note_id: int) -> bool:
        return note_id in self._notes

    def enter(self, frame: Frame) -> None:
        """Remember what is handed over."""
        if frame.kind == Kind.NOTE:
            self._notes[frame.note_id] = frame
        elif frame.kind == Kind.PROGRAM:
            self._programs[frame.channel] = frame
        elif frame.kind == Kind.SOUND:
            self._sound = [frame]
        elif frame.kind == Kind.CONTROL and frame.data1 in PEDALS:
            pedal = (holder_of(frame.note_id), frame.channel, frame.data1)
            if frame.data2:
                self._pedals[pedal] = math.inf
            elif pedal in self._pedals:
                self._pedals[pedal] = frame.at_s
        elif frame.kind == Kind.END_NOTE and frame.note_id in self._notes:
            note = self._notes[frame.note_id]
            self._notes[frame.note_id] = note._replace(until_s=frame.at_s)
            if frame.at_s <= note.at_s:
                self._over.add(frame.note_id)
        elif frame.kind == Kind.CANCEL_AFTER:
            self._cancel_after(frame.at_s, holder_of(frame.note_id))
        elif frame.kind == Kind.PANIC:
            self._over.update(self._notes)

    def report(self, frame: Frame) -> None:
        """Take a report of the sender."""
        if frame.kind == Kind.SENT and frame.note_id in self._notes:
            self._over.add(frame.note_id)
        elif frame.kind in (Kind.ENDED, Kind.DROPPED):
            note = self._notes.pop(frame.note_id, None)
            if note is not None and frame.kind == Kind.ENDED:
                self._ended[note.channel, note.data1] = note.until_s
            self._over.discard(frame.note_id)

    def recovery(self, now_s: float, latency_s: float) -> list[Frame]:
        """Return what a new sender must be told first.

        Notes that may sound are ended and forgotten; those to come are handed over again. What
        ended last, as far as was reported, is ended once more: it is reported when it is given to
        the port, and a sender that stood still before it died may never have written it.
        Pedals are lifted: the next chord presses them again. Should the new sender die as well
        before `settle`, its successor is told the same ends again.
        """
        frames = self._sound + [program._replace(at_s=now_s) for program in self._programs.values()]
        self._pedals = {p: up_s for p, up_s in self._pedals.items() if up_s >= now_s - _LIFTED_S}
        pedals = dict.fromkeys((channel, number) for _, channel, number in self._pedals)
        frames += [Frame(Kind.CONTROL, *pedal, 0, at_s=now_s) for pedal in pedals]
        for note_id, note in list(self._notes.items()):
            if note_id in self._over or note.at_s + latency_s <= now_s:
                self._owed[note.channel, note.data1] = None
                del self._notes[note_id]
        lately_s = min(now_s, max(self._ended.values(), default=now_s) + latency_s) - _LATELY_S
        for place, until_s in self._ended.items():
            if until_s + latency_s >= lately_s:
                self._owed[place] = None
        self._ended.clear()
        frames += [Frame(Kind.RELEASE, channel=place, data1=pitch) for place, pitch in self._owed]
        self._over.clear()
        return frames + list(self._notes.values())

    def settle(self) -> None:
        """Take note that what was owed has been sent."""
        self._owed.clear()

    def _cancel_after(self, at_s: float, holder: int) -> None:
        """Enter that a holder's notes and pedals are withdrawn from a time on."""
        # Notes may have been sent already; the sender's report decides.
        self._over.update(
            note_id
            for note_id, note in self._notes.items()
            if note.at_s >= at_s and holder_of(note_id) == holder
        )
        for pedal, up_s in self._pedals.items():
            if pedal[0] == holder:
                self._pedals[pedal] = min(up_s, at_s)
