"""Cost of the generator `muser` on one core, and of a decode without memory beside it."""

import time
from typing import Any

import numpy as np

from engine.bench.core import one_core, quantile_ms
from engine.generators.muser.generator import MuserGenerator
from engine.generators.muser.memory import DecoderState
from engine.generators.muser.model import MuserModel, Told, condition_row
from engine.generators.protocol import MusicalContext

__all__ = ["measure_muser"]

_TEMPO_BPM = 120.0
_BEATS_PER_BAR = 4
_CORNERS = ((0.8, 0.8), (-0.8, 0.8), (-0.8, -0.8), (0.8, -0.8))
_WARM_UP = 8
_PREFIX_STEP = 64


class _Timed(MuserModel):
    """Notes when each event of the decoder begins."""

    def __init__(self) -> None:
        super().__init__()
        self.began: list[float] = []

    def decoder_step(
        self, event: np.ndarray, told: Told, state: DecoderState
    ) -> tuple[np.ndarray, DecoderState]:
        self.began.append(time.perf_counter())
        return super().decoder_step(event, told, state)


def measure_muser(bars: int = 32, longest: int = 1024) -> dict[str, Any]:
    """Return milliseconds per event and note, and the gain over a decode without memory.

    Every quadrant is played for so many bars of four at 120 BPM. An event is one note decided field
    by field, masks and draws included; a beat adds the prior and its codes. The decode without
    memory does the same with the same graphs, but carries no state: for every note it runs all
    events before it (up to the ``longest`` prefix) through the decoder and all beats before it
    through the prior, with and without the emotion.
    """
    model = _Timed()
    with one_core():
        beats, events, notes = _play(model, bars)
        again_s = _again(model, notes / len(beats), longest)
    note_s = sum(beats) / max(notes, 1)
    without_s = note_s + again_s
    return {
        "event_p50_ms": quantile_ms(events, 0.5),
        "event_p99_ms": quantile_ms(events, 0.99),
        "note_ms": round(1000.0 * note_s, 3),
        "without_memory_note_ms": round(1000.0 * without_s, 3),
        "times_fewer_ms_per_note": round(without_s / note_s, 1),
    }


def _play(model: _Timed, bars: int) -> tuple[list[float], list[float], int]:
    """Return seconds of every beat and every event, and the number of notes."""
    generator = MuserGenerator(model=model)
    beats: list[float] = []
    events: list[float] = []
    notes = 0
    for seed, (valence, arousal) in enumerate(_CORNERS):
        generator.reset(seed)
        for beat in range(_WARM_UP + bars * _BEATS_PER_BAR):
            model.began.clear()
            context = MusicalContext(
                beat, _TEMPO_BPM, _BEATS_PER_BAR, "C:maj", "", valence, arousal
            )
            began = time.perf_counter()
            written = generator.extend(context)
            ended = time.perf_counter()
            if beat >= _WARM_UP:
                beats.append(ended - began)
                events += np.diff([*model.began, ended]).tolist()
                notes += len(written)
    return beats, events, notes


def _again(model: MuserModel, notes_per_beat: float, longest: int) -> float:
    """Return the mean seconds per note that it takes to run everything before it once more."""
    event = np.zeros((1, 4), np.int64)
    past, phase = np.zeros((1, 4, 8), np.int64), np.zeros((1, 2), np.int64)
    condition, told = condition_row(0.0, 0.0), Told.of((0,) * 8, 0, phase)
    spent = []
    for length in range(_PREFIX_STEP, longest + 1, _PREFIX_STEP):
        began = time.perf_counter()
        remembered = model.decoder_start()
        for _ in range(length):
            _, remembered = model.decoder_step(event, told, remembered)
        state = model.prior_start()
        for _ in range(2 * round(length / max(notes_per_beat, 1.0))):
            _, state = model.prior_step(past, phase, condition, state)
        spent.append(time.perf_counter() - began)
    return float(np.mean(spent))
