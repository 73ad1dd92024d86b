"""Measures of control agree with their definitions and know nothing of the engine."""

import numpy as np
import pytest

from engine.bench.control import MEASUREMENTS, left_out, r_squared, spearman, unfitted


def test_left_out_predictions_are_those_of_fits_without_the_piece():
    rng = np.random.default_rng(1)
    features = rng.normal(size=(20, len(MEASUREMENTS)))
    values = features @ rng.normal(size=len(MEASUREMENTS)) + rng.normal(size=20)
    found = left_out(features, values)
    for piece in range(20):
        others = np.delete(np.arange(20), piece)
        design = np.column_stack([np.ones(19), features[others]])
        fit = np.linalg.lstsq(design, values[others], rcond=None)[0]
        assert found[piece] == pytest.approx(fit[0] + features[piece] @ fit[1:])
    assert r_squared(features, values) < np.corrcoef(found, values)[0, 1]


def test_rank_correlation_shares_ranks_and_has_an_interval_around_it():
    rising = np.tile([1.0, 2.0, 2.0, 3.0, 10.0], 6)
    assert spearman(rising, rising**3)[0] == pytest.approx(1.0)
    assert spearman(rising, -rising)[0] == pytest.approx(-1.0)
    rng = np.random.default_rng(2)
    one = rng.normal(size=60)
    rho, (low, high) = spearman(one, one + rng.normal(size=60))
    assert 0.3 < low < rho < high < 0.95


def test_unfitted_measures_rise_with_what_the_literature_says_raises_the_axis():
    features = np.zeros((3, len(MEASUREMENTS)))
    features[:, MEASUREMENTS.index("velocity")] = (40.0, 60.0, 90.0)
    features[:, MEASUREMENTS.index("articulation")] = (1.5, 1.0, 0.5)
    features[:, MEASUREMENTS.index("major_minus_minor")] = (0.1, -0.2, -0.4)
    arousal, valence = (unfitted(features, axis) for axis in ("arousal", "valence"))
    assert np.all(np.diff(arousal) > 0) and np.all(np.diff(valence) < 0)
