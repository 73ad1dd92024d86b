"""``python -m export_onnx aims judges``: learn the tables of `engine.generators.shared.aims`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from engine.generators.shared.aims import AIMS, TARGETS, aim
from export_onnx.judges.material import ClipRequest, Plan, make_all
from export_onnx.judges.train import JUDGES_FOLDER, load_bench
from export_onnx.judges.verdict import measured
from export_onnx.training.options import option

__all__ = ["AimsOptions", "graded", "learn_aims"]

_FIRST_SEED: Final = 20000
_AROUSALS: Final = (-0.7, 0.0, 0.7)
_LEAST_SLOPE: Final = 0.15
"""Each step of the table rises by at least this share of an even one."""


@dataclass(frozen=True)
class AimsOptions:
    """Whose table is learned, and from how many clips per point (seeds from 20000)."""

    judges: Path = option(JUDGES_FOLDER, "folder of the judges")
    engine: str = option("muser", "engine whose table is learned", choices=tuple(AIMS))
    seeds: int = option(4, "clips per point of the plane")


def graded(played: np.ndarray, heard: np.ndarray) -> np.ndarray:
    """Return the valence to be played at each of `TARGETS`, so that what is heard rises evenly.

    Parameters
    ----------
    played : float array, shape (n,)
        Valence that each clip was played with.
    heard : float array, shape (n, judges)
        Valence that each judge hears in it, on any scale.
    """
    from sklearn.isotonic import IsotonicRegression

    opinion = ((heard - heard.mean(0)) / heard.std(0)).mean(1)
    places = np.unique(played)
    rising = IsotonicRegression().fit(played, opinion).predict(places)
    even = np.linspace(rising[0], rising[-1], len(places))
    rising = rising + _LEAST_SLOPE * (even - rising)
    wanted = np.interp(TARGETS, (-1.0, 1.0), (rising[0], rising[-1]))
    found: np.ndarray = np.interp(wanted, rising, places)
    return found


def learn_aims(options: AimsOptions) -> str:
    """Let an engine play, ask the judges; returns the row of `AIMS`."""
    engine = options.engine
    requests = [
        ClipRequest(valence, arousal, seed=_FIRST_SEED + seed)
        for seed in range(options.seeds)
        for valence in TARGETS
        for arousal in _AROUSALS
    ]
    made = make_all(Plan(engine), requests, "aims")
    opinions = measured(load_bench(options.judges), [one.notes for one in made])
    heard = np.stack([values[:, 0] for values in opinions.values()], 1)
    played = np.array([aim(engine, one.request.valence) for one in made])
    row = ", ".join(f"{value:.2f}" for value in graded(played, heard))
    return f'"{engine}": ({row}),'
