"""How fast the tracker follows a change."""

import numpy as np

from engine.emotion.tracker import Tracker
from export_onnx.tracker.listen import Heard, affect
from export_onnx.training.metrics import Score, bootstrap

__all__ = ["splices"]

_BEFORE_S, _AFTER_S = 12.0, 15.0
_PAIRS = 60
# A splice counts if the tracker ends on the other side by at least this much.
_MIN_CHANGE = 0.15

_SIGNS = ((1, 1), (-1, 1), (-1, -1), (1, -1))

Measured = tuple[str, str, Score]


def _level(part: np.ndarray) -> np.ndarray:
    rms = float(np.sqrt(np.mean(np.square(part, dtype=np.float64))))
    return part * np.float32(0.08 / max(rms, 1e-6))


def _pairs(heard: list[Heard], column: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Clips that differ on one axis only, long enough, at most `_PAIRS`."""
    signs = np.array([_SIGNS[one.item.quadrant or 0] for one in heard])
    lengths = np.array([len(one.states) for one in heard])
    usable = np.flatnonzero(lengths > 200)
    found: list[tuple[int, int]] = []
    for _ in range(50 * _PAIRS):
        if len(usable) < 2 or len(found) == _PAIRS:
            break
        first, second = (int(i) for i in rng.choice(usable, 2, replace=False))
        changed = signs[first] != signs[second]
        if changed[column] and not changed[1 - column]:
            found.append((first, second))
    return found


def splices(tracker: Tracker, heard: list[Heard]) -> list[Measured]:
    """Time to 63 % of the change and overshoot after hard cuts between contrasting clips.

    Both parts have the same level. Cuts where the tracker does not end up on the other side by at
    least 0.15 have no change to time; their share is reported.
    """
    rng = np.random.default_rng(11)
    rate, hop_s = tracker.sample_rate, tracker.hop_length / tracker.sample_rate
    results: list[Measured] = []
    for column, axis in ((1, "arousal"), (0, "valence")):
        times, overshoots, groups = [], [], []
        pairs = _pairs(heard, column, rng)
        for first, second in pairs:
            before = heard[first].sound[: int(_BEFORE_S * rate)]
            after = heard[second].sound[: int(_AFTER_S * rate)]
            tracker.reset()
            states = tracker.push(np.concatenate([_level(before), _level(after)]))
            course = affect(states)[:, column]
            cut = round(len(before) / rate / hop_s)
            start = course[cut - round(2.0 / hop_s) : cut].mean()
            end = course[-round(4.0 / hop_s) :].mean()
            up = _SIGNS[heard[second].item.quadrant or 0][column]
            change = float(end - start)
            if change * up < _MIN_CHANGE:
                continue
            progress = (course[cut:] - start) / change
            times.append((int(np.argmax(progress >= 0.63)) + 1) * hop_s)
            overshoots.append(max(0.0, float(progress.max()) - 1.0))
            groups.append(heard[second].item.group)
        if not times:
            continue
        median = lambda values: float(np.median(values))  # noqa: E731
        results += [
            (
                f"{axis} 63 % of a change [s], median",
                "tracker",
                bootstrap(median, (np.asarray(times),), groups),
            ),
            (
                f"{axis} overshoot, median",
                "tracker",
                bootstrap(median, (np.asarray(overshoots),), groups),
            ),
            (
                f"{axis} cuts followed, share",
                "tracker",
                Score(len(times) / len(pairs), float("nan"), float("nan"), len(pairs)),
            ),
        ]
    return results
