"""What a beat costs with every engine, measured alike through the one interface."""

import time
from collections.abc import Sequence
from typing import Any, Final

from engine.bench.core import one_core, quantile_ms
from engine.generators.protocol import MusicalContext
from engine.generators.registry import GENERATORS, create_generator
from engine.pipeline.pipeline import COMMIT_LEAD_S

__all__ = ["measure_engines"]

_TEMPO_BPM: Final = 120.0
_BEATS_PER_BAR: Final = 4
_WARM_UP: Final = 8
_MOODS: Final = ((0.8, 0.8), (-0.8, 0.8), (-0.8, -0.8), (0.8, -0.8))
"""One in each quadrant."""


def measure_engines(bars: int = 32, engines: Sequence[str] = tuple(GENERATORS)) -> dict[str, Any]:
    """Return the cost of a beat for every engine, on one core.

    Every quadrant is played for so many bars of four at 120 BPM. A beat is all its notes and moves
    of the pedal; to it belong the shaping of every note, and the snapshot and return to it that a
    draft needs, which are timed apart. A beat counts as missed if it takes longer than the lead
    with which the pipeline asks for it.
    """
    with one_core():
        return {engine: _measure(engine, bars) for engine in engines}


def _measure(engine: str, bars: int) -> dict[str, Any]:
    began = time.perf_counter()
    generator = create_generator(engine)
    generator.extend(_context(0, 0.0, 0.0))
    first_s = time.perf_counter() - began
    beats: list[float] = []
    returns: list[float] = []
    shapes: list[float] = []
    for seed, mood in enumerate(_MOODS):
        generator.reset(seed)
        for beat in range(_WARM_UP + bars * _BEATS_PER_BAR):
            context = _context(beat, *mood)
            began = time.perf_counter()
            notes = generator.extend(context)
            generator.pedal(context)
            filled = time.perf_counter()
            generator.restore(generator.snapshot())
            returned = time.perf_counter()
            for note in notes:
                generator.shape(note, *mood)
            shaped = time.perf_counter()
            if beat >= _WARM_UP:
                beats.append(filled - began)
                returns.append(returned - filled)
                shapes += [(shaped - returned) / len(notes)] * len(notes) if notes else []
    music_s = len(beats) * 60.0 / _TEMPO_BPM
    return {
        "first_beat_ms": round(1000.0 * first_s, 1),
        "beat_p50_ms": quantile_ms(beats, 0.5),
        "beat_p99_ms": quantile_ms(beats, 0.99),
        "beat_max_ms": quantile_ms(beats, 1.0),
        "return_p50_ms": quantile_ms(returns, 0.5),
        "shape_p50_ms": quantile_ms(shapes, 0.5),
        "times_real_time": round(music_s / sum(beats), 1),
        "notes_per_s": round(len(shapes) / sum(beats)),
        "beats": len(beats),
        "missed_beats": sum(beat > COMMIT_LEAD_S for beat in beats),
    }


def _context(beat: int, valence: float, arousal: float) -> MusicalContext:
    return MusicalContext(beat, _TEMPO_BPM, _BEATS_PER_BAR, "C:maj", "", valence, arousal)
