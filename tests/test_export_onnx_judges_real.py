"""Realness: features of played music, and classifiers that are scored on songs they did not see."""

import numpy as np
import pytest

from export_onnx.judges.notes import Notes
from export_onnx.judges.real import Group, cut, tell_apart
from export_onnx.judges.real_features import FAMILIES, describe_real


def clip(seed: int, *, sway_s: float, touch: float, seconds: float = 30.0) -> Notes:
    rng = np.random.default_rng(seed)
    scale = np.array([0, 2, 4, 5, 7, 9, 11])
    degree, rows = 7, []
    for beat in np.arange(0.0, seconds, 0.3):
        degree = int(np.clip(degree + rng.integers(-2, 3), 0, 20))
        for pitch in (60 + scale[degree % 7] + 12 * (degree // 7), 48):
            start = beat + abs(rng.normal(0.0, sway_s))
            velocity = int(np.clip(rng.normal(70, touch), 1, 127))
            rows.append((start, start + 0.5, int(pitch), velocity))
    return Notes.of(rows)


def players(count: int, first: int, **hands: float) -> list[Group]:
    return [Group(f"{first + n // 2}", clip(first + n, **hands)) for n in range(count)]


def test_features_are_numbers_for_every_family():
    one = clip(1, sway_s=0.01, touch=8.0)
    found = describe_real([one, one.between(0.0, 8.0)])
    assert set(found) == set(FAMILIES)
    for family in found.values():
        assert family.shape[0] == 2 and np.isfinite(family).all()


def test_touch_alone_gives_flat_hands_away_and_rhythm_does_not():
    human = players(40, 100, sway_s=0.01, touch=12.0)
    made = players(40, 500, sway_s=0.01, touch=2.0)
    rows = tell_apart(human, {"flat": made}, network=False)
    found = {measure.split(" by ")[1].split(",")[0]: score for _, measure, score in rows}
    assert found["touch"].value > 0.95
    assert found["rhythm"].value < 0.75
    assert found["touch"].low <= found["touch"].value <= found["touch"].high
    assert found["touch"].n == 80


def test_the_sequence_network_hears_the_difference_too():
    human = players(20, 100, sway_s=0.01, touch=3.0)
    loud = [
        Group(g.song, Notes(g.notes.start_s, g.notes.end_s, g.notes.pitch + 14, g.notes.velocity))
        for g in players(20, 700, sway_s=0.01, touch=3.0)
    ]
    rows = tell_apart(human, {"high": loud})
    score = next(score for _, measure, score in rows if "network" in measure)
    assert score.value > 0.7


@pytest.mark.parametrize(("seconds", "left"), [(20.0, 1), (2.0, 0)])
def test_clips_are_cut_alike_and_short_ones_left_out(seconds, left):
    found = cut([Group("a", clip(3, sway_s=0.0, touch=3.0).shifted(5.0))], seconds)
    assert len(found) == left
    for group in found:
        assert np.ptp(group.notes.start_s) < seconds
