"""LatentProbes into latent slices: what was planted is found, length and padding leak nowhere."""

import numpy as np
import pytest

from engine.generators.muser.vocabulary import ELEMENTS
from export_onnx.muser.latent_probes import Slices, probe_latents, silhouette


def planted(seed, n_clips=40):
    """Slices that tell their own number; velocity carries arousal, chord half of valence."""
    rng = np.random.default_rng(seed)
    quadrants = np.arange(n_clips) % 4
    clip = np.repeat(np.arange(n_clips), rng.integers(4, 30, n_clips))
    numbers = rng.normal(size=(len(clip), len(ELEMENTS)))
    high, bright = quadrants[clip] < 2, np.isin(quadrants[clip], (0, 3))
    numbers[:, ELEMENTS.index("velocity")] += np.where(high, 2.0, -2.0)
    numbers[:, ELEMENTS.index("chord")] += np.where(bright, 0.5, -0.5)
    slices = {
        name: np.stack([numbers[:, i], rng.normal(size=len(clip))], 1)
        for i, name in enumerate(ELEMENTS)
    }
    # A leak: the slice of texture also holds the pitch.
    slices["texture"][:, 1] = numbers[:, ELEMENTS.index("pitch")]
    return Slices(slices, numbers, clip, quadrants, [str(c) for c in range(n_clips)])


@pytest.fixture(scope="module")
def insight():
    return probe_latents(planted(1), planted(2))


def test_slices_tell_their_own_element_and_a_leak_is_seen(insight):
    assert np.diag(insight.probes).min() > 0.95
    texture, pitch = ELEMENTS.index("texture"), ELEMENTS.index("pitch")
    assert insight.probes[texture, pitch] > 0.9 > 0.1 > insight.numbers[texture, pitch]
    assert insight.gaps()["pitch"] < 0.1 < 0.8 < insight.gaps()["tempo"]


def test_elements_that_part_the_axes_are_found(insight):
    arousal, valence = insight.separation["velocity"]
    assert arousal.value > 0.95 and valence.low < 0.5 < valence.high
    assert insight.separation["chord"][1].low > 0.5
    assert insight.silhouettes["velocity"][1] > insight.silhouettes["tempo"][1] + 0.1
    assert set(insight.to_json()["auc"]) == set(ELEMENTS)


def test_means_of_clips_do_not_depend_on_their_length():
    slices = planted(3)
    for name in ("tempo", "velocity"):
        by_hand = [slices.slices[name][slices.clip == c].mean(0) for c in range(40)]
        assert slices.clip_means(name)[:, :2] == pytest.approx(np.array(by_hand))


def test_silhouette_of_two_clouds_and_of_one():
    rng = np.random.default_rng(4)
    labels = np.repeat([0, 1], 30)
    one = rng.normal(size=(60, 2))
    assert silhouette(one + 20 * labels[:, None], labels) > 0.8
    assert abs(silhouette(one, labels)) < 0.1
