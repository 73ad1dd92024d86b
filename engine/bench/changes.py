"""Random starts, stops, jumps, tempi and presets: no note may hang, the position must be right.

In simulated time: the follower, the player, the pipeline and the sender's schedule, no process. A
counter that obeys the MIDI specification says where the music must be after every order.
"""

import random
from typing import Any

from engine.midi.messages import Outgoing
from engine.midi.output import NoteOutput
from engine.midi.sender.schedule import Schedule
from engine.midi.wire import Frame
from engine.pipeline.pipeline import Pipeline
from engine.pipeline.player import Player
from engine.settings.performance import Performance
from engine.settings.presets import list_presets
from engine.sync.source import MidiSync

__all__ = ["ORDERS", "measure_changes"]

ORDERS = ("start", "stop", "continue", "locate", "tempo", "preset", "preset on the bar")
"""What may happen."""

_TURN_S = 0.005
_CLOCKS_PER_BEAT = 24
_CLOCKS_PER_SIXTEENTH = 6
_SETTLED_CLOCKS = 12  # after a new tempo the follower is given half a beat
_FARTHEST = 2000  # sixteenths
_SLOWEST, _FASTEST = 40.0, 240.0
_SILENT_CLOCKS = 4
_JITTER_S = 3e-4  # a good interface


def measure_changes(orders: int = 1000, seed: int = 1) -> dict[str, Any]:
    """Carry out so many random orders, clocks 0.3 ms unsteady, and judge each.

    Returns
    -------
    dict
        ``orders``; ``hanging``: how often a note sounded four clocks after Stop, or at the end;
        ``doubled``: notes begun where one sounded; ``exceptions``; ``notes``;
        ``position_p95_ms``, ``position_max_ms``: distance from where the music must be, half a
        beat after each order; ``wrong_position``: how often it was off by more than a clock.
    """
    rng = random.Random(seed)
    shipped = [preset.performance for preset in list_presets() if not preset.own]
    stage = _Stage(rng.uniform(_SLOWEST, _FASTEST), seed)
    found: dict[str, Any] = {"orders": orders, "hanging": 0, "exceptions": 0}
    off_ms: list[float] = []
    wrong = 0
    for _ in range(orders):
        order = rng.choice(ORDERS)
        try:
            if order == "preset":
                stage.pipeline.change(rng.choice(shipped))
            elif order == "tempo":
                stage.tempo = rng.uniform(_SLOWEST, _FASTEST)
            elif order == "preset on the bar":
                stage.pipeline.change_at_bar(rng.choice(shipped))
            else:
                stage.obey(order, rng.randrange(_FARTHEST))
            stage.run(_SETTLED_CLOCKS + rng.randrange(3 * _CLOCKS_PER_BEAT))
        except Exception:  # counted, whatever it is: the order after it must work again
            found["exceptions"] += 1
            continue
        if order == "stop":
            found["hanging"] += bool(stage.sounding)
        if stage.running:
            off = stage.off_clocks()
            wrong += abs(off) > 1.0
            off_ms.append(abs(off) * 2500.0 / stage.tempo)
    stage.obey("stop", 0)
    stage.run(_SILENT_CLOCKS)
    found["hanging"] += bool(stage.sounding)
    stage.pipeline.close()
    off_ms.sort()
    return {
        **found,
        "notes": stage.notes,
        "doubled": stage.doubled,
        "position_p95_ms": round(off_ms[int(0.95 * len(off_ms))], 3),
        "position_max_ms": round(off_ms[-1], 3),
        "wrong_position": wrong,
    }


class _Wire:
    """A MIDI input that returns the messages put into it."""

    port, alive, message = "counted", True, ""
    reports_gaps = False

    def __init__(self) -> None:
        self.waiting: list[tuple[float, bytes]] = []

    def start(self) -> None:
        """Nothing to open."""

    def stop(self) -> None:
        """Nothing to close."""

    def poll(self) -> list[tuple[float, bytes]]:
        """Return what has been said."""
        taken, self.waiting = self.waiting, []
        return taken


class _Stage:
    """A sender of clock that obeys, and a receiver that keeps books."""

    def __init__(self, tempo_bpm: float, seed: int) -> None:
        self.tempo = tempo_bpm
        self.running = False
        self.notes = 0
        self.doubled = 0
        self.sounding: set[tuple[int, int]] = set()
        self._wire = _Wire()
        sync = MidiSync(self._wire, tempo_bpm)
        self._clock = sync.clock
        performance = Performance(mode="manual", valence=0.4, arousal=0.6, key="C:maj")
        self.pipeline = Pipeline(performance, sync.clock, seed, draft_beats=0)
        self._player = Player(self.pipeline, sync, NoteOutput(self._take))
        self._schedule = Schedule()
        self._random = random.Random(seed)
        self._now = self._due = 100.0
        self._position = 0  # of the next clock while running, of Continue else

    def obey(self, order: str, sixteenths: int) -> None:
        """Send an order; it counts from the next clock on."""
        if order == "locate":
            self._position = _CLOCKS_PER_SIXTEENTH * sixteenths
            self._say(bytes((0xF2, sixteenths & 127, sixteenths >> 7)))
            return
        if order == "start":
            self._position = 0
        self.running = order != "stop"
        self._say(bytes(({"start": 0xFA, "continue": 0xFB, "stop": 0xFC}[order],)))

    def run(self, clocks: int) -> None:
        """Send so many clocks, and let everybody take their turns meanwhile."""
        for _ in range(clocks):
            while self._now < self._due:
                self._turn()
            stray_s = self._random.gauss(0.0, _JITTER_S)
            self._wire.waiting.append((self._due + stray_s, b"\xf8"))
            self._position += self.running
            self._due += 2.5 / self.tempo
        self._turn()

    def off_clocks(self) -> float:
        """Return how far the follower is from where the next clock will be."""
        return self._clock.beat_at(self._due) * _CLOCKS_PER_BEAT - self._position

    def _say(self, message: bytes) -> None:
        self._wire.waiting.append((self._now, message))

    def _turn(self) -> None:
        self._player.turn(self._now)
        self._hear(self._schedule.due(self._now))
        self._schedule.take_reports()
        self._now += _TURN_S

    def _hear(self, messages: list[Outgoing]) -> None:
        for data, _, _ in messages:
            place = (data[0] & 15, data[1])
            if data[0] & 0xF0 == 0x90:
                self.notes += 1
                self.doubled += place in self.sounding
                self.sounding.add(place)
            elif data[0] & 0xF0 == 0x80:
                self.sounding.discard(place)

    def _take(self, frame: Frame) -> None:
        self._hear(self._schedule.handle(frame, self._now))
