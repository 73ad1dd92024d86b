"""The pieces that keep time: waiting, and the mapping of seconds to JACK frames."""

import queue
import random
from itertools import pairwise

import pytest

from engine.midi.ports.frame_clock import FrameClock, Periods
from engine.midi.sender.waiter import Waiter


class CoarseSleeper:
    """A fake clock whose sleep overshoots, and which ticks a little whenever it is read."""

    def __init__(self, overshoot_s):
        self.now = 0.0
        self.reads = 0
        self.overshoot_s = overshoot_s

    def __call__(self):
        self.now += 1e-6
        self.reads += 1
        return self.now

    def sleep(self, seconds):
        self.now += seconds + self.overshoot_s


def test_deadline_is_met_although_sleeping_overshoots():
    time = CoarseSleeper(overshoot_s=0.0004)
    waiter = Waiter(queue.SimpleQueue(), time, time.sleep)
    for deadline in (0.002, 0.0041, 0.0062, 0.0083):
        assert waiter.wait(deadline, 1.0, precise=True) is None
        assert deadline <= time.now < deadline + 20e-6


def test_spin_shrinks_when_sleeping_is_exact_and_grows_when_it_is_not():
    time = CoarseSleeper(overshoot_s=0.0)
    waiter = Waiter(queue.SimpleQueue(), time, time.sleep)
    for _ in range(300):
        waiter.wait(time.now + 0.0019, 1.0, precise=True)
    assert waiter.spin_s < 100e-6
    time.overshoot_s = 0.0005
    for _ in range(3):
        waiter.wait(time.now + 0.0019, 1.0, precise=True)
    assert 500e-6 <= waiter.spin_s <= 1.5e-3


def test_news_comes_before_the_deadline():
    time = CoarseSleeper(0.0)
    inbox = queue.SimpleQueue()
    inbox.put("news")
    assert Waiter(inbox, time, time.sleep).wait(100.0, 200.0, precise=True) == "news"


def test_news_is_not_starved_by_deadlines_already_past():
    time = CoarseSleeper(0.0)
    inbox = queue.SimpleQueue()
    inbox.put("news")
    assert Waiter(inbox, time, time.sleep).wait(-1.0, 200.0, precise=True) == "news"


def test_nothing_spins_without_a_deadline():
    waiter = Waiter(queue.SimpleQueue())
    reads = []
    waiter._clock = lambda: reads.append(1) or len(reads) * 0.0005
    assert waiter.wait(None, 0.01, precise=True) is None
    assert len(reads) < 40


def drifting(seconds, ppm, jitter, seed=1, start=10_000):
    """Yield readings of a 48 kHz counter that runs off by some parts per million."""
    chance = random.Random(seed)
    for step in range(int(seconds * 4)):
        time_s = 50.0 + step / 4
        true = start + (time_s - 50.0) * 48000 * (1 + ppm / 1e6)
        yield time_s, round(true + chance.uniform(-jitter, jitter)) % 2**32, true


@pytest.mark.parametrize("ppm", [0, 150, -300])
def test_frame_clock_follows_drift_within_a_frame(ppm):
    clock = FrameClock(48000)
    for time_s, frame, true in drifting(60, ppm, jitter=2):
        clock.observe(time_s, frame)
        if time_s > 70:
            assert abs(clock.frame_at(time_s + 0.03) - true - 0.03 * 48000 * (1 + ppm / 1e6)) < 1.5
    assert clock.rate == pytest.approx(48000 * (1 + ppm / 1e6), rel=5e-6)


def test_frame_clock_goes_on_when_the_counter_wraps():
    clock = FrameClock(48000)
    start = 2**32 - 48000
    for time_s, frame, true in drifting(10, 0, jitter=0, start=start):
        clock.observe(time_s, frame)
        assert abs(clock.frame_at(time_s) - true) < 2


def test_one_stray_reading_is_ignored_three_mean_a_jump():
    clock = FrameClock(48000)
    for time_s, frame, _ in drifting(10, 0, jitter=0):
        clock.observe(time_s, frame)
    before = clock.frame_at(61.0)
    clock.observe(60.0, 490_000 + 4800)
    assert clock.frame_at(61.0) == before
    for step in range(3):
        clock.observe(60.25 + step / 4, 10_000 + round((10.25 + step / 4) * 48000) + 4800)
    assert clock.frame_at(61.0) == pytest.approx(before + 4800, abs=2)


def test_frame_clock_without_a_reading_says_so():
    with pytest.raises(ValueError, match="no reading"):
        FrameClock(48000).frame_at(0.0)


def test_time_and_frame_are_each_others_inverse():
    clock = FrameClock(48000)
    for time_s, frame, _ in drifting(10, 120, jitter=0):
        clock.observe(time_s, frame)
    assert clock.time_at(round(clock.frame_at(61.0))) == pytest.approx(61.0, abs=2e-5)


def test_dense_readings_do_not_push_the_drift_out_of_the_history():
    clock = FrameClock(48000)
    rate = 48000 * (1 + 200e-6)
    for step in range(4000):
        clock.observe(step * 0.005, round(step * 0.005 * rate))
    assert clock.rate == pytest.approx(rate, rel=2e-6)


def test_a_count_that_stood_still_is_told_with_every_period_it_costs():
    """Rows of arrivals stay as even as the frames they came at, however the mapping moves."""
    clock = FrameClock(48000)
    for step in range(20):
        clock.observe(step / 4, step * 12_000)
    periods = Periods(clock)
    stood_s, seen_s, moved_s = 0.0, [], 0.0
    for number in range(400):
        start = 240_000 + number * 256
        if number == 100:
            stood_s = 0.125
        elif number > 100 and number % 2:
            stood_s += 7e-4  # the server is late by ever more
        clock.observe(start / 48000 + stood_s, start)
        period = periods.begin(start, 256)
        assert period.follows
        moved_s += period.moved_s
        seen_s.append(period.start_s - moved_s)
    gaps_s = [after - before for before, after in pairwise(seen_s)]
    assert moved_s == pytest.approx(stood_s, abs=0.005)
    assert gaps_s == pytest.approx([256 / 48000] * len(gaps_s), abs=1e-4)


def test_missed_periods_are_no_fault_of_the_clock():
    clock = FrameClock(48000)
    clock.observe(1.0, 2**32 - 256)
    periods = Periods(clock)
    assert periods.begin(2**32 - 256, 256) == (1.0, True, 0.0)
    assert periods.begin(0, 256)[1:] == (True, 0.0)
    late = periods.begin(1024, 256)
    assert late.start_s == pytest.approx(1.0 + 1280 / 48000)
    assert late[1:] == (False, 0.0)
    for reading in range(3):
        clock.observe(late.start_s + 0.1 + reading / 50, 1024 + reading * 960)
    both = periods.begin(1024 + 512, 256)  # it lost time, and a period was missed
    assert not both.follows
    assert both.moved_s == pytest.approx(0.1, abs=1e-3)
