"""Probes of latent slices: what was planted is found, and a leak is seen."""

import numpy as np
import pytest

from engine.generators.muser.vocabulary import ELEMENTS
from export_onnx.muser.latent_probes import Slices, probe_latents


def planted(seed, n_beats=600):
    """Slices that tell their own number."""
    rng = np.random.default_rng(seed)
    numbers = rng.normal(size=(n_beats, len(ELEMENTS)))
    slices = {
        name: np.stack([numbers[:, i], rng.normal(size=n_beats)], 1)
        for i, name in enumerate(ELEMENTS)
    }
    # A leak: the slice of texture also holds the pitch.
    slices["texture"][:, 1] = numbers[:, ELEMENTS.index("pitch")]
    return Slices(slices, numbers)


@pytest.fixture(scope="module")
def insight():
    return probe_latents(planted(1), planted(2))


def test_slices_tell_their_own_element_and_a_leak_is_seen(insight):
    assert np.diag(insight.probes).min() > 0.95
    texture, pitch = ELEMENTS.index("texture"), ELEMENTS.index("pitch")
    assert insight.probes[texture, pitch] > 0.9 > 0.1 > insight.numbers[texture, pitch]
    assert insight.gaps()["pitch"] < 0.1 < 0.8 < insight.gaps()["tempo"]
    assert set(insight.to_json()["gaps"]) == set(ELEMENTS)
