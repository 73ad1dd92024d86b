"""Hands over what is due: notes with their shape of the moment, pedals, ends before a silence."""

from collections.abc import Sequence

from engine.events import SUSTAIN, ControlEvent, TargetState
from engine.generators.protocol import Generator
from engine.music.clock import Clock
from engine.music.plan import Plan
from engine.pipeline.arrangement import Arrangement
from engine.pipeline.step import ScheduledControl, ScheduledNote

__all__ = ["Dispatch"]


class Dispatch:
    """Takes from the plan what is due.

    Parameters
    ----------
    plan : Plan
        Notes and pedal moves.
    clock : Clock
        Gives their times.
    """

    def __init__(self, plan: Plan, clock: Clock) -> None:
        self._plan, self._clock = plan, clock
        self._silenced = -1.0  # up to where ends of all that sounds were told [beats]
        self._planned: dict[int, bool] = {}  # channel → whether its pedal is down by then
        self._down: set[int] = set()  # pedals handed over

    def relocate(self, beat: float) -> None:
        """Go on elsewhere."""
        self._silenced = beat
        self.lift(beat)

    # ------------------------------------------------------------------ notes

    def notes(
        self,
        until_beat: float,
        target: TargetState,
        generator: Generator,
        parts: Sequence[str],
        arrangement: Arrangement,
        shortest: float,
    ) -> tuple[ScheduledNote, ...]:
        """Return the notes that are due, but those of muted parts, of a break, and too short ones.

        A note of a locked bar keeps its velocity and length.
        """
        due = []
        plan, clock = self._plan, self._clock
        for note in plan.take_due(until_beat):
            exact = note.note_id in plan.exact
            plan.exact.discard(note.note_id)
            if arrangement.silent(note.onset) or note.role not in parts or note.duration < shortest:
                continue
            if not exact:
                note = generator.shape(note, target.valence, target.arousal)
            off_s = clock.time_at(note.onset + note.duration)
            due.append(ScheduledNote(note, clock.time_at(note.onset), off_s))
        return tuple(due)

    def end_by(self, until_beat: float, arrangement: Arrangement) -> float | None:
        """Return when all that sounds is to end [s], once for each place where it is."""
        ends = arrangement.ends_sound(self._silenced, until_beat)
        if ends is None:
            return None
        self._silenced = until_beat
        down = [ControlEvent(ends, SUSTAIN, 0, channel) for channel in sorted(self._down)]
        self._plan.commit((), down)
        return self._clock.time_at(ends)

    # ------------------------------------------------------------------ pedals

    def planned(self, moves: Sequence[ControlEvent]) -> None:
        """Note the pedal moves that were committed."""
        for move in moves:
            self._planned[move.channel] = move.pressed

    def lift(self, beat: float) -> None:
        """Lift what the generator that stops playing has pressed."""
        pressed = [channel for channel, down in self._planned.items() if down]
        self._plan.commit((), (ControlEvent(beat, SUSTAIN, 0, channel) for channel in pressed))
        self._planned.clear()

    def pedals(
        self, until_beat: float, parts: Sequence[str], arrangement: Arrangement
    ) -> tuple[ScheduledControl, ...]:
        """Return the moves that are due; a part that is muted lifts its pedal, never more."""
        due = []
        for move in self._plan.take_due_controls(until_beat):
            sounds = move.role in parts and not arrangement.silent(move.beat)
            if move.pressed != (move.channel in self._down) and (sounds or not move.pressed):
                self._down ^= {move.channel}
                due.append(ScheduledControl(move, self._clock.time_at(move.beat)))
        return tuple(due)
