"""All the performer's MIDI inputs: to mappings first, then to the music, then through."""

import threading
from collections.abc import Callable, Iterable, Sequence

from engine.choices import Duet
from engine.events import NoteEvent, TargetState
from engine.mapping.input import InputMapper
from engine.midi.messages import SYSTEM_RESET
from engine.music.clock import Clock
from engine.performer.feedback import FeedbackGuard
from engine.performer.held import HeldByInput
from engine.performer.left_hand import LeftHand
from engine.performer.listener import Listener
from engine.performer.thru import Thru
from engine.performer.turns import Turns
from engine.settings.performance import Performance
from engine.sync.source import MessageSource
from engine.transfer.live import LiveTransfer

__all__ = ["Keyboards"]

_PANIC_WAITS_S = 0.1


class Keyboards:
    """Several inputs as one performer.

    A message a mapping was meant for goes no further; what is left is music. But what ends a
    key or a pedal goes where its beginning went, and an input that leaves lets go of all it holds.

    Parameters
    ----------
    inputs : sequence of MessageSource
        Where messages come from.
    clock : Clock
        Gives the beats.
    mapper : InputMapper
        Obeys controllers and pads.
    thru : Thru or None
        Passes on what is played, if wanted; on its way it may be moved toward the target, see
        `engine.transfer`.
    seed : int
        Fixes what the transfer adds and leaves out.
    """

    def __init__(
        self,
        inputs: Sequence[MessageSource],
        clock: Clock,
        mapper: InputMapper,
        thru: Thru | None,
        seed: int = 0,
    ) -> None:
        self.mapper = mapper
        self.turns = Turns()
        self.feedback = FeedbackGuard()
        """To be told what is sent to the output."""
        self._inputs = tuple(inputs)
        self._clock = clock
        self._listener = Listener(clock)
        self._left, self._split = LeftHand(), 0
        self._pause_beats = 0.0
        self._thru = thru
        self._transfer = LiveTransfer(strength=0.0, seed=seed)
        self._transferred: tuple[tuple[str, ...], float] | None = None
        self._alive = [True] * len(self._inputs)
        self._held = [HeldByInput() for _ in range(len(self._inputs) + 1)]  # last: the clock's port
        self._passing = threading.RLock()  # a panic must not fall between two messages

    @property
    def trouble(self) -> str:
        """Which inputs are away or bring back our own output, in one line; empty if none."""
        away = [
            source.message or f"MIDI input {source.port!r} is away"
            for source in self._inputs
            if not source.alive
        ]
        return "; ".join(away + [self._feedback_words(number) for number in self.feedback.cut])

    def open(self) -> None:
        """Open every input, or none.

        Raises
        ------
        MidiPortError
            One of them cannot be opened.
        """
        for source in self._inputs:
            source.start()

    def close(self) -> None:
        """Close every input."""
        for source in self._inputs:
            source.stop()

    def poll(self, now_s: float, others: Iterable[tuple[float, bytes]] = ()) -> None:
        """Take in what has come; ``others`` are messages that came with the clock."""
        with self._passing:
            for number, source in enumerate(self._inputs):
                alive = source.alive  # before its last messages are read
                messages = source.poll()
                self._hear(number, messages)
                if not alive and (messages or self._alive[number]):
                    self._leave(number, now_s)
                self._alive[number] = alive
            self._hear(len(self._inputs), others)
        self.feedback.check(now_s)

    def move(self, performance: Performance, target: TargetState, now_s: float) -> None:
        """Let what passes through be moved as the performance asks; call it every turn."""
        self._pause_beats = performance.pause_beats
        if performance.split != self._split:
            self._split = performance.split
            if not self._split:
                self._left.forget()
        wanted = (performance.transfer_elements, performance.transfer)
        if wanted != self._transferred:
            self._transferred = wanted
            self._transfer.adjust(*wanted)
        self._transfer.aim(target.valence, target.arousal)
        if self._thru is None:
            return
        clock = self._clock
        with self._passing:
            for timed in self._transfer.advance(
                now_s, clock.beat_at(now_s), clock.tempo_bpm, performance.beats_per_bar
            ):
                self._thru.send(*timed)

    def performed(self, now_s: float) -> tuple[NoteEvent, ...]:
        """Return the notes not told before, in beats; none while the music stands."""
        notes = self._listener.collect(now_s)
        return notes if self._clock.running else ()

    def listening(self, duet: Duet, now_s: float) -> bool:
        """Return whether the performer has the floor."""
        heard, pauses = self._listener, self._listener.take_pauses()
        return self.turns.update(duet, heard.last_s, heard.holding, now_s, pauses, self.pause_s)

    @property
    def pause_s(self) -> float:
        """Silence that is set to hand over [s]; 0: as learned."""
        return self._pause_beats * 60.0 / self._clock.tempo_bpm

    def led(self, key: str) -> str:
        """Return the chord that the left hand leads to in a key; ``""`` without one."""
        return self._left.chord(key)

    def panic(self, now_s: float, silence: Callable[[], None]) -> None:
        """Forget what is held and what was to come, and call ``silence``; from any thread.

        Nothing passes through in between. A turn that hangs is not waited for.
        """
        free = self._passing.acquire(timeout=_PANIC_WAITS_S)
        try:
            self._listener.forget(now_s)
            self._left.forget()
            self._transfer.end_all(now_s)
            if self._thru is not None:
                self._thru.forget()
            for held in self._held:
                held.clear()
            silence()
        finally:
            if free:
                self._passing.release()

    def _hear(self, source: int, messages: Iterable[tuple[float, bytes]]) -> None:
        held = self._held[source]
        for at_s, message in messages:
            if not message or self.feedback.is_echo(source, at_s, message):
                continue
            if message == SYSTEM_RESET:
                self._leave(source, at_s)
                continue
            taken = self.mapper.push(message) or self._left.push(source, message, self._split)
            if not taken or held.lets_go(message):
                self._pass(source, at_s, message)

    def _pass(self, source: int, at_s: float, message: bytes) -> None:
        self._held[source].push(message)
        self._listener.push(at_s, message, source)
        if self._thru is not None:
            for timed in self._transfer.push(at_s, message, source):
                self._thru.send(*timed)

    def _leave(self, source: int, at_s: float) -> None:
        """Let go of everything an input holds: nobody will say when its keys were let go."""
        for message in self._held[source].let_go():
            self._pass(source, at_s, message)
        self._listener.forget(at_s, source)
        self._left.leave(source)
        for timed in self._transfer.end_all(at_s, source):
            if self._thru is not None:
                self._thru.send(*timed)

    def _feedback_words(self, number: int) -> str:
        known = number < len(self._inputs)
        port = repr(self._inputs[number].port) if known else "of the clock"
        return (
            f"our own output comes back through MIDI input {port}: its echoes are dropped; "
            "take the connection out"
        )
