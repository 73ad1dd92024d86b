"""Breaks in a row of clocks: lost on their way, or never sent."""

import random

import pytest

from engine.sync.fit import robust_line
from engine.sync.follower import ClockFollower

TEMPO = 124.0
CLOCK_S = 2.5 / TEMPO
PERIOD_S = 256 / 48000


def following(rng: random.Random, jitter_s: float) -> ClockFollower:
    """Return a follower after ten beats from time 0."""
    follower = ClockFollower(100.0)
    follower.start(-1.0)
    for number in range(240):
        follower.tick(number * CLOCK_S + rng.uniform(0, jitter_s))
    return follower


@pytest.mark.parametrize("jitter_s", [0.0, 5e-4])
@pytest.mark.parametrize("lost", [1, 2, 5])
def test_clocks_are_lost_though_the_next_one_is_late(lost, jitter_s):
    """A sequencer that is held up sends the clock of a missed period with the one after it."""
    rng = random.Random(lost)
    for _ in range(40):
        follower = following(rng, jitter_s)
        first = 240 + lost
        follower.tick(first * CLOCK_S + rng.uniform(0.0, PERIOD_S))
        for number in range(first + 1, first + 24):
            follower.tick(number * CLOCK_S + rng.uniform(0, jitter_s))
        assert follower.beat_at((first + 23) * CLOCK_S) * 24 == pytest.approx(first + 23, abs=0.1)


@pytest.mark.parametrize("clocks", [0.3, 0.5, 1.4, 3.6])
def test_a_sender_that_stood_still_lost_none_though_its_first_clock_is_late(clocks):
    rng = random.Random(1)
    for _ in range(40):
        follower = following(rng, 0.0)
        begin_s = (240 + clocks) * CLOCK_S
        follower.tick(begin_s + rng.uniform(0.0, PERIOD_S))
        for number in range(1, 24):
            follower.tick(begin_s + number * CLOCK_S)
        assert follower.beat_at(begin_s + 23 * CLOCK_S) * 24 == pytest.approx(263, abs=0.1)


def test_two_strays_of_eight_do_not_bend_the_line():
    points = [(n, 10.0 + 0.02 * n) for n in range(8)]
    points[0], points[5] = (0, 10.006), (5, 10.5)
    line = robust_line(points)
    assert line.period_s == pytest.approx(0.02, rel=1e-6)
    assert line.time_at(0) == pytest.approx(10.0, abs=1e-6)
