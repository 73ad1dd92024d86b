"""Plays the notes of a recorded session again, in time.

`Replayer` hands what is due to a port; its caller keeps the time.
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

from engine.choices import check_range
from engine.events import ControlEvent, NoteEvent
from engine.midi.output import NoteOutput
from engine.session.content import Session

__all__ = ["ReplayScore", "Replayed", "Replayer"]

LEAD_S = 0.05
"""Notes are handed over so long before they sound; the sender wants 30 ms."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """One thing to be played.

    Attributes
    ----------
    at_s : float
        When, since the session's start [s].
    until_s : float
        When a note ends [s]; ``at_s`` for a controller.
    event : NoteEvent or ControlEvent
        What.
    """

    at_s: float
    until_s: float
    event: NoteEvent | ControlEvent


class ReplayScore:
    """Everything a session played, in order of time.

    Parameters
    ----------
    session : Session
        As `engine.session.read_session` returns it.

    Attributes
    ----------
    events : tuple of Replayed
        In order of time; at equal times controllers before notes.
    seconds : float
        When the last note ends, or the last emotion was heard [s].
    """

    def __init__(self, session: Session) -> None:
        events = [Replayed(timed.on_s, timed.off_s, timed.note) for timed in session.notes]
        events += [Replayed(at_s, at_s, control) for at_s, control in session.controls]
        events.sort(key=lambda item: (item.at_s, isinstance(item.event, NoteEvent)))
        self.events = tuple(events)
        self.seconds = session.duration_s
        self._times = [item.at_s for item in self.events]

    def __len__(self) -> int:
        return len(self.events)

    def between(self, start_s: float, end_s: float) -> Iterator[Replayed]:
        """Yield what begins from ``start_s`` on and before ``end_s`` [s]."""
        yield from self.events[bisect_left(self._times, start_s) : bisect_left(self._times, end_s)]

    def standing_at(self, time_s: float) -> list[Replayed]:
        """Return the last value of each controller before a time: where faders stand then."""
        last: dict[tuple[int, int], Replayed] = {}
        for item in self.events[: bisect_left(self._times, time_s)]:
            if isinstance(item.event, ControlEvent):
                last[item.event.channel, item.event.control] = item
        return list(last.values())


class Replayer:
    """Plays a score; call `advance` every few milliseconds.

    Parameters
    ----------
    score : ReplayScore
        What to play.
    port : NoteOutput
        Where to.
    """

    def __init__(self, score: ReplayScore, port: NoteOutput) -> None:
        self._score = score
        self._port = port
        self._origin_s = 0.0
        self._reached_s = 0.0
        self._playing = False
        self._next_id = 1
        self._ends: dict[int, float] = {}  # of notes handed over, on the caller's clock

    @property
    def playing(self) -> bool:
        """Whether it moves."""
        return self._playing

    @property
    def ended(self) -> bool:
        """Whether all has been handed over and has sounded."""
        return self._reached_s >= self._score.seconds + LEAD_S

    def position(self, now_s: float) -> float:
        """Return where in the session it is [s]."""
        if not self._playing:
            return self._reached_s
        return min(max(now_s - self._origin_s, 0.0), self._score.seconds)

    def play(self, now_s: float, from_s: float | None = None) -> None:
        """Go on, from a place in the session [s] if one is given; `LEAD_S` later it sounds.

        Raises
        ------
        InputError
            There is no such place in the session.
        """
        place_s = self._reached_s if from_s is None else from_s
        check_range("from", place_s, 0.0, max(self._score.seconds, self._reached_s))
        if self._playing:
            self.stop(now_s)
        self._reached_s = place_s
        self._origin_s = now_s + LEAD_S - place_s
        self._playing = True
        for item in self._score.standing_at(place_s):
            self._hand_over(item, now_s)

    def stop(self, now_s: float) -> None:
        """Hold the place; what sounds ends now, and pedals are lifted."""
        if not self._playing:
            return
        self._reached_s = self.position(now_s)
        self._playing = False
        for note_id, end_s in self._ends.items():
            if end_s > now_s:
                self._port.end_note(note_id, now_s)
        self._port.cancel_after(now_s)  # pedals that were handed over ahead of time, too
        self._ends.clear()

    def advance(self, now_s: float) -> list[Replayed]:
        """Hand over what is due and return it."""
        if not self._playing:
            return []
        until_s = now_s + LEAD_S - self._origin_s
        due = list(self._score.between(self._reached_s, until_s))
        for item in due:
            self._hand_over(item, now_s)
        self._reached_s = max(until_s, self._reached_s)
        self._ends = {note: end_s for note, end_s in self._ends.items() if end_s > now_s}
        if self.ended:
            self.stop(now_s)
            self._reached_s = self._score.seconds + LEAD_S
        return due

    def _hand_over(self, item: Replayed, now_s: float) -> None:
        event, at_s = item.event, self._origin_s + item.at_s
        if isinstance(event, ControlEvent):
            self._port.control(max(at_s, now_s), event.channel, event.control, event.value)
            return
        # Numbered anew: a piece of a session may be played again and again.
        until_s = self._origin_s + item.until_s
        self._port.note(self._next_id, at_s, until_s, event.channel, event.pitch, event.velocity)
        self._ends[self._next_id] = until_s
        self._next_id += 1
