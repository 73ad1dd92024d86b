"""Hours in minutes: the pipeline and the sender's schedule on a clock that is only counted.

No sound, no process, no port: what is left is what could leak or drift with time alone.
"""

import math
import time
from typing import Any

from engine.bench.core import resident_mb
from engine.bench.soak.watch import trend
from engine.events import EmotionState, TrackingState
from engine.midi.sender.schedule import Schedule
from engine.midi.wire import Frame, Kind
from engine.music.clock import InternalClock
from engine.pipeline.pipeline import Pipeline
from engine.pipeline.step import ScheduledNote
from engine.settings.performance import Performance

__all__ = ["fake_soak", "wandering"]

_STEP_S = 0.02
_HOP_S = 0.093
_TEMPO_BPM = 120.0
_LOOKS = 96
_BURST_S = 0.05


def fake_soak(hours: float, engine: str = "rules", seed: int = 0) -> dict[str, Any]:
    """Play so many hours of counted time and return what it came to.

    Returns
    -------
    dict
        ``notes``, ``missed_beats``, ``hanging_notes`` after the end, ``most_at_once`` (note-ons
        within 50 ms), ``longest_silence_s``, ``memory_slope_mb_per_h`` (per hour of counted
        time, after the first tenth), ``real_s``.
    """
    clock = InternalClock(_TEMPO_BPM)
    pipeline = Pipeline(Performance(engine=engine), clock, seed, draft_beats=0)
    schedule = Schedule()
    clock.start(0.2)
    began = time.perf_counter()
    played = _Tally()
    steps = round(hours * 3600.0 / _STEP_S)
    memory: list[tuple[float, float]] = []
    missed = 0
    for number in range(steps):
        now_s = number * _STEP_S
        if now_s // _HOP_S != (now_s - _STEP_S) // _HOP_S:
            pipeline.emotion = wandering(now_s)
        step = pipeline.advance(now_s)
        missed += step.missed_beats
        for scheduled in step.notes:
            schedule.handle(_frame(scheduled), now_s)
        played.take(schedule.due(now_s), now_s)
        schedule.take_reports()
        if number % max(1, steps // _LOOKS) == 0:
            memory.append((now_s / 3600.0, resident_mb()))
    played.take(schedule.end_all(steps * _STEP_S), steps * _STEP_S)
    pipeline.close()
    return {
        "hours": hours,
        "engine": engine,
        "notes": played.notes,
        "missed_beats": missed,
        "hanging_notes": len(played.sounding),
        "most_at_once": played.most_at_once,
        "longest_silence_s": round(played.longest_silence_s, 2),
        "memory_slope_mb_per_h": round(trend(memory[len(memory) // 10 :]), 4),
        "real_s": round(time.perf_counter() - began, 1),
    }


class _Tally:
    """What a receiver would have heard."""

    def __init__(self) -> None:
        self.notes = 0
        self.sounding: set[tuple[int, int]] = set()
        self.most_at_once = 0
        self.longest_silence_s = 0.0
        self._recent: list[float] = []
        self._last_s = 0.0

    def take(self, messages: list[Any], now_s: float) -> None:
        for message in messages:
            data = message.data
            place = (data[0] & 15, data[1])
            if data[0] & 0xF0 == 0x90:
                self.notes += 1
                self.sounding.add(place)
                self._recent = [at_s for at_s in self._recent if at_s > now_s - _BURST_S]
                self._recent.append(now_s)
                self.most_at_once = max(self.most_at_once, len(self._recent))
                self.longest_silence_s = max(self.longest_silence_s, now_s - self._last_s)
                self._last_s = now_s
            elif data[0] & 0xF0 == 0x80:
                self.sounding.discard(place)


def _frame(scheduled: ScheduledNote) -> Frame:
    note = scheduled.note
    where = (note.channel, note.pitch, note.velocity, note.note_id)
    return Frame(Kind.NOTE, *where, scheduled.on_s, scheduled.off_s)


def wandering(time_s: float) -> EmotionState:
    """Return moods that wander through all quadrants within minutes, and pause now and then."""
    valence, arousal = math.sin(time_s / 37.0), math.sin(time_s / 23.0)
    state: TrackingState = "silence" if time_s % 600.0 > 580.0 else "tracking"
    key = ("C:maj", "A:min", "F:maj", "D:min")[int(time_s / 90.0) % 4]
    return EmotionState(time_s, valence, arousal, 0.1, 0.1, (0.25,) * 4, (), key, "N", -20.0, state)
