"""What the chord model is told: layout, scales, masks."""

import numpy as np
import pytest

from engine.errors import InputError
from engine.generators.amt.conditioning import (
    GROUPS,
    MASKS,
    SLICES,
    UNKNOWN,
    VALUES_WIDTH,
    WIDTH,
    Conditioning,
    project_semantic,
    score_components,
    slots_per_bar,
    to_vector,
)


def test_groups_fill_the_vector_without_gaps():
    places = [i for name in GROUPS for i in range(WIDTH)[SLICES[name]]]
    assert places == list(range(VALUES_WIDTH))
    assert list(MASKS.values()) == list(range(VALUES_WIDTH, WIDTH))


def test_nothing_known_is_all_zero():
    assert not to_vector(UNKNOWN).any()


@pytest.mark.parametrize(
    ("known", "group", "numbers"),
    [
        (Conditioning(valence=-0.5), "valence", [-0.5]),
        (Conditioning(onset_density=7.0), "density", [1.0]),
        (Conditioning(slots_since_boundary=0.0), "since", [0.0, 1.0]),
        (Conditioning(slots_until_boundary=1000.0), "until", [1.0, 0.0]),
        (Conditioning(mode="min"), "mode", [-1.0]),
        (Conditioning(tempo_bpm=192.0), "tempo", [1.0]),
        (Conditioning(tempo_bpm=5.0), "tempo", [-1.5]),
        (Conditioning(slot_in_bar=1), "phase", [0.0, 1.0, 0.0]),
        (Conditioning(slot_in_bar=0, slots_per_bar=1), "phase", [0.0, 0.0, 1.0]),
    ],
)
def test_a_known_group_has_its_numbers_and_its_bit_alone(known, group, numbers):
    vector = to_vector(known)
    assert vector[SLICES[group]] == pytest.approx(numbers)
    bits = vector[VALUES_WIDTH:]
    assert bits.sum() == 1.0 and vector[MASKS[group]] == 1.0
    vector[SLICES[group]] = 0.0
    assert not vector[:VALUES_WIDTH].any()


def test_zero_is_told_apart_from_unknown():
    assert not np.array_equal(to_vector(Conditioning(arousal=0.0)), to_vector(UNKNOWN))


def test_projection_keeps_pictures_apart_and_forgets_their_length():
    rng = np.random.default_rng(3)
    first, second = rng.standard_normal((2, 768))
    near = first + 0.1 * rng.standard_normal(768)
    a, b, c = project_semantic(np.stack([first, second, near]))
    assert a.shape == (GROUPS["semantic"],) and np.abs(a).max() <= 3.0
    assert project_semantic(5.0 * first) == pytest.approx(a, abs=1e-4)
    assert np.linalg.norm(a - c) < 0.5 * np.linalg.norm(a - b)


def test_components_are_scored_by_their_own_deviation():
    scores = score_components(np.eye(48)[:2] * [[1.0], [100.0]])
    assert scores[0, 0] == pytest.approx(1.0 / 11.768**0.5, rel=1e-2)
    assert scores[1, 1] == 3.0 and np.count_nonzero(scores) == 2


def test_an_embedding_of_another_clip_leaves_the_group_unknown():
    vector = to_vector(Conditioning(semantic=(0.1,) * 512))
    assert not vector[SLICES["semantic"]].any() and vector[MASKS["semantic"]] == 0.0
    assert to_vector(Conditioning(semantic=(0.1,) * 768))[MASKS["semantic"]] == 1.0


def test_bars_in_three_are_one_slot():
    assert [slots_per_bar(beats) for beats in (2, 3, 4, 6, 9)] == [2, 1, 2, 2, 1]


@pytest.mark.parametrize(
    "wrong",
    [
        {"valence": 1.5},
        {"loudness": -0.1},
        {"onset_density": float("nan")},
        {"tempo_bpm": 0.0},
        {"slot_in_bar": 1, "slots_per_bar": 1},
        {"slots_per_bar": 3},
    ],
)
def test_values_out_of_range_are_refused(wrong):
    with pytest.raises(InputError, match=next(iter(wrong))):
        Conditioning(**wrong)


def test_semantic_of_another_length_is_refused():
    with pytest.raises(InputError, match="512 or 768"):
        to_vector(Conditioning(semantic=(1.0, 2.0)))
