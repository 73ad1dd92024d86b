"""What a beat costs with so many bars drafted ahead, while the target rests and while it moves."""

import time
from collections.abc import Sequence
from typing import Any, Final

from engine.bench.core import one_core, quantile_ms
from engine.generators.protocol import MusicalContext
from engine.generators.registry import GENERATORS
from engine.pipeline.composer import Composer
from engine.settings.performance import Performance

__all__ = ["measure_drafts"]

_TEMPO_BPM: Final = 120.0
_BEATS_PER_BAR: Final = 4
_BARS: Final = (0, 1, 2, 4, 8)
_WARM_UP: Final = 4
_STEP: Final = 0.1  # moves the target far enough, each beat, that the draft is drawn anew


def measure_drafts(
    beats: int = 24,
    bars: Sequence[int] = _BARS,
    engines: Sequence[str] = tuple(GENERATORS),
) -> dict[str, list[dict[str, Any]]]:
    """Return a row for every engine and number of drafted bars.

    A beat is filled and the draft behind it brought up to date, on one core at 120 BPM. While the
    target rests, the draft grows by one beat; when it moves, the draft is drawn anew.

    Returns
    -------
    dict
        ``rows`` of ``engine``, ``bars``, ``resting_ms``, ``moving_ms`` (medians per beat),
        ``moving_share`` (of the length of a beat).
    """
    rows = []
    with one_core():
        for engine in engines:
            for count in bars:
                resting = _beats(engine, count * _BEATS_PER_BAR, beats, 0.0)
                moving = _beats(engine, count * _BEATS_PER_BAR, beats, _STEP)
                rows.append(
                    {
                        "engine": engine,
                        "bars": count,
                        "resting_ms": quantile_ms(resting, 0.5),
                        "moving_ms": quantile_ms(moving, 0.5),
                        "moving_share": round(quantile_ms(moving, 0.5) * _TEMPO_BPM / 60_000.0, 4),
                    }
                )
    return {"rows": rows}


def _beats(engine: str, draft_beats: int, beats: int, step: float) -> list[float]:
    """Return the seconds of every beat, the target moving by `step` each time."""
    composer = Composer(Performance(engine=engine, key="C:maj"), 0, None, draft_beats)
    spent = []
    for beat in range(_WARM_UP + beats):
        mood = 0.3 + step * (beat % 2)
        here, ahead = (
            MusicalContext(at, _TEMPO_BPM, _BEATS_PER_BAR, "C:maj", "", mood, mood)
            for at in (beat, beat + 1)
        )
        began = time.perf_counter()
        composer.ask(here)
        composer.collect()
        composer.sketch(ahead)
        if beat >= _WARM_UP:
            spent.append(time.perf_counter() - began)
    composer.close()
    return spent
