"""All the performer's MIDI inputs: to mappings first, then to the music, then through."""

from collections.abc import Iterable, Sequence

from engine.choices import Duet
from engine.events import NoteEvent, TargetState
from engine.mapping.input import InputMapper
from engine.music.clock import Clock
from engine.performer.listener import Listener
from engine.performer.thru import Thru
from engine.performer.turns import Turns
from engine.settings.performance import Performance
from engine.sync.source import MessageSource
from engine.transfer.live import LiveTransfer

__all__ = ["Keyboards"]


class Keyboards:
    """Several inputs as one performer.

    A message a mapping was meant for goes no further; what is left is music.

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
        self._inputs = tuple(inputs)
        self._clock = clock
        self._listener = Listener(clock)
        self._thru = thru
        self._transfer = LiveTransfer(strength=0.0, seed=seed)
        self._transferred: tuple[tuple[str, ...], float] | None = None
        self._alive = [False] * len(self._inputs)

    @property
    def trouble(self) -> str:
        """Which inputs are away, in one line; empty if none is."""
        return "; ".join(
            source.message or f"MIDI input {source.port!r} is away"
            for source in self._inputs
            if not source.alive
        )

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
        for number, source in enumerate(self._inputs):
            if self._alive[number] and not source.alive:
                self.end(now_s)  # nobody will say when its keys were let go
            self._alive[number] = source.alive
            self._hear(source.take())
        self._hear(others)

    def move(self, performance: Performance, target: TargetState, now_s: float) -> None:
        """Let what passes through be moved as the performance asks; call it every turn."""
        wanted = (performance.transfer_elements, performance.transfer)
        if wanted != self._transferred:
            self._transferred = wanted
            self._transfer.adjust(*wanted)
        self._transfer.aim(target.valence, target.arousal)
        if self._thru is None:
            return
        clock = self._clock
        for at_s, message in self._transfer.poll(
            now_s, clock.beat_at(now_s), clock.tempo_bpm, performance.beats_per_bar
        ):
            self._thru.take(at_s, message)

    def performed(self, now_s: float) -> tuple[NoteEvent, ...]:
        """Return the notes not told before, in beats; none while the music stands."""
        notes = self._listener.collect(now_s)
        return notes if self._clock.running else ()

    def listening(self, duet: Duet, now_s: float) -> bool:
        """Return whether the performer has the floor."""
        last_s = self._listener.last_s
        beats = (now_s - last_s) * self._clock.tempo_bpm / 60.0
        return self.turns.update(duet, last_s, self._listener.holding, beats)

    def end(self, now_s: float) -> None:
        """End everything that is held and passed through."""
        self._listener.forget(now_s)
        if self._thru is not None:
            self._transfer.end_all(now_s)
            self._thru.end_all(now_s)

    def _hear(self, messages: Iterable[tuple[float, bytes]]) -> None:
        for at_s, message in messages:
            if not message or self.mapper.take(message):
                continue
            self._listener.take(((at_s, message),))
            if self._thru is not None:
                for due_s, moved in self._transfer.take(at_s, message):
                    self._thru.take(due_s, moved)
