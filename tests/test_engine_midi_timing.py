"""The pieces that keep time: waiting, and the mapping of seconds to JACK frames."""

import queue
import random

import pytest

from engine.midi.frames import FrameClock
from engine.midi.waiter import Waiter


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
