"""What the player thread does every few milliseconds, without the thread.

Source of the beat → pipeline → sender. Where the position is set from outside (start, stop,
song position), what was about to sound is withdrawn and what sounds is ended: no note hangs.
"""

from collections.abc import Callable

from engine.events import SUSTAIN
from engine.midi.mpe import MANAGER_CHANNEL, MpeZone
from engine.midi.output import NoteOutput
from engine.pipeline.pipeline import Pipeline
from engine.pipeline.step import Pace, Step
from engine.sync.leader import ClockLeader
from engine.sync.source import SyncSource

__all__ = ["Player"]

_MANY_NOTES = 256


class Player:
    """Plays a pipeline in step with a source of the beat.

    Parameters
    ----------
    pipeline : Pipeline
        What to play, on the source's clock.
    sync : SyncSource
        Whose beat is followed.
    port : NoteOutput
        Where notes and controllers go.
    leader : ClockLeader or None
        Sends MIDI clock along, if wanted.
    withdrawn : callable or None
        Told when notes from a time on were withdrawn, and whether what sounded was ended.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        sync: SyncSource,
        port: NoteOutput,
        leader: ClockLeader | None = None,
        withdrawn: Callable[[float, bool], None] | None = None,
    ) -> None:
        self._pipeline = pipeline
        self._sync = sync
        self._port = port
        self._leader = leader
        self._withdrawn = withdrawn
        self._jumps = sync.clock.jumps
        self._zone = MpeZone(port)
        self._mpe = False
        self._pedals: set[int] = set()  # channels where one was moved
        self._ends: dict[int, float] = {}  # of notes handed over: when they end

    def turn(self, now_s: float, pace: Pace | None = None) -> Step:
        """Do what is due; return what was handed over. ``pace``: see `Pipeline.advance`."""
        self._sync.poll(now_s)
        clock = self._sync.clock
        if clock.jumps != self._jumps:
            self._jumps = clock.jumps
            self._withdraw(now_s)
            self._pipeline.relocate(clock.landing)
        if self._leader is not None:
            self._leader.advance(clock, now_s)
        step = self._pipeline.advance(now_s, pace)
        if step.hold_until_s is not None:
            self._hold(now_s, step.hold_until_s)
        if step.end_by_s is not None:
            self._end_by(now_s, step.end_by_s)
        self._switch_mpe(now_s)
        for scheduled in step.notes:
            note, on_s, off_s = scheduled.note, scheduled.on_s, scheduled.off_s
            channel = note.channel
            if self._mpe:
                channel = self._zone.place(on_s, off_s, step.target.valence, step.target.arousal)
            self._port.note(note.note_id, on_s, off_s, channel, note.pitch, note.velocity)
            self._ends[note.note_id] = off_s
        for change in step.controls:
            control = change.control
            channel = control.channel
            if control.control == SUSTAIN:
                channel = MANAGER_CHANNEL if self._mpe else channel
                self._pedals.add(channel)
            self._port.control(change.at_s, channel, control.control, control.value)
        if len(self._ends) > _MANY_NOTES:
            self._ends = {note: end_s for note, end_s in self._ends.items() if end_s > now_s}
        if step.ended and not self._sync.follows:
            self._sync.set_playing(False, now_s, self._pipeline.next_bar())
        return step

    def _switch_mpe(self, now_s: float) -> None:
        wanted = self._pipeline.performance.mpe
        if wanted != self._mpe:
            self._mpe = wanted
            for channel in self._pedals:  # the pedal moves to another channel
                self._port.control(now_s, channel, SUSTAIN, 0)
            self._pedals.clear()
            (self._zone.open if wanted else self._zone.close)(now_s)

    def stop(self, now_s: float) -> None:
        """Tell those who follow us that the music ends."""
        if self._leader is not None:
            self._leader.stop(now_s)

    def _hold(self, now_s: float, until_s: float) -> None:
        """Let what sounds sound on: the beat that should follow is not there yet."""
        for note_id, end_s in self._ends.items():
            if now_s < end_s < until_s:
                self._port.end_note(note_id, until_s)
                self._ends[note_id] = until_s

    def _end_by(self, now_s: float, end_s: float) -> None:
        """Let what sounds end by then: a break or the last chord comes."""
        end_s = max(now_s, end_s)
        for note_id, until_s in self._ends.items():
            if until_s > end_s:
                self._port.end_note(note_id, end_s)
                self._ends[note_id] = end_s
        if self._withdrawn is not None:
            self._withdrawn(end_s, True)

    def _withdraw(self, now_s: float) -> None:
        self._port.cancel_after(now_s)
        if self._sync.follows:  # who stops a workstation wants silence, not the end of a chord
            for note_id, end_s in self._ends.items():
                if end_s > now_s:
                    self._port.end_note(note_id, now_s)
        if self._ends and self._withdrawn is not None:
            self._withdrawn(now_s, self._sync.follows)
        self._ends.clear()
