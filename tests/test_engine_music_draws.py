"""Keyed draws: the same place gives the same number, other places unrelated ones."""

from engine.music.draws import Draws


def test_a_draw_depends_on_seed_purpose_and_place_alone() -> None:
    first, second = Draws(7), Draws(7)
    second.uniform("other", 1, 2, 3)
    assert first.uniform("line", 4, 5) == second.uniform("line", 4, 5)
    assert first.uniform("line", 4, 5) != first.uniform("line", 5, 4)
    assert first.uniform("line", 4) != first.uniform("lane", 4)
    assert first.uniform("line", 4) != Draws(8).uniform("line", 4)


def test_uniform_fills_its_range_evenly() -> None:
    draws = Draws(0)
    counts = [0] * 10
    for index in range(10000):
        counts[int(10 * draws.uniform("u", index))] += 1
    assert min(counts) > 900 and max(counts) < 1100


def test_normal_has_unit_spread_and_stays_within_three() -> None:
    draws = Draws(1)
    values = [draws.normal("n", index) for index in range(5000)]
    mean = sum(values) / len(values)
    assert abs(mean) < 0.05
    assert 0.95 < (sum(v * v for v in values) / len(values)) ** 0.5 < 1.05
    assert max(map(abs, values)) <= 3.0


def test_even_draws_keep_shares_over_a_few_indices() -> None:
    for seed in range(20):
        draws = Draws(seed)
        low = sum(draws.even("mode", index) < 0.5 for index in range(8))
        assert 3 <= low <= 5


def test_pick_follows_its_weights_and_never_takes_weight_zero() -> None:
    draws = Draws(3)
    picks = [draws.pick((1.0, 0.0, 3.0), "p", index) for index in range(4000)]
    assert 1 not in picks
    assert 0.22 < picks.count(0) / len(picks) < 0.28
    even = [draws.pick_even((1.0, 0.0, 3.0), "p", index) for index in range(40)]
    assert even.count(0) in (9, 10, 11) and 1 not in even


def test_negative_and_huge_seeds_and_places_work() -> None:
    assert 0.0 <= Draws(-1).uniform("u", -5) < 1.0
    assert 0.0 <= Draws(2**70 + 1).uniform("u", 2**70) < 1.0
