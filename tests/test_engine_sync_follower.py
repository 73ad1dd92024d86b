"""The follower of a MIDI clock against hostile clocks, in fake time."""

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.sync.follower import ClockFollower

T0 = 100.0


def clock_s(tempo, count=24):
    """Return the duration of some clocks [s]."""
    return count * 60.0 / tempo / 24


def feed(follower, start_s, tempo, count, jitter_s=0.0, seed=1):
    """Send a steady clock; return when the clock after the last is due."""
    rng = random.Random(seed)
    for number in range(count):
        follower.tick(start_s + clock_s(tempo, number) + rng.gauss(0.0, jitter_s))
    return start_s + clock_s(tempo, count)


def started(tempo=120.0, count=240, **options):
    follower = ClockFollower(100.0)
    follower.start(T0)
    return follower, feed(follower, T0, tempo, count, **options)


def phase_error_s(follower, time_s, beat, tempo):
    return (follower.beat_at(time_s) - beat) * 60.0 / tempo


@pytest.mark.parametrize("tempo", [20, 60, 120, 174, 300])
def test_the_clock_after_start_is_beat_0(tempo):
    follower, now = started(tempo)
    assert follower.running and follower.locked
    assert follower.beat_at(now) == pytest.approx(10.0, abs=1e-6)
    assert follower.time_at(12.0) == pytest.approx(T0 + 12 * 60 / tempo, abs=1e-6)
    assert follower.tempo_bpm == pytest.approx(tempo, rel=1e-6)


def test_clocks_before_start_tell_the_tempo_and_move_nothing():
    follower = ClockFollower(100.0)
    now = feed(follower, T0, 140.0, 100)
    assert (follower.running, follower.beat_at(now), follower.jumps) == (False, 0.0, 0)
    assert follower.locked and follower.tempo_bpm == pytest.approx(140.0)
    # Many senders begin a new row of clocks at Start, out of step with the old one.
    begin = now + 0.4 * clock_s(140.0, 1)
    follower.start(begin - 0.001)
    assert follower.waiting and not follower.running
    now = feed(follower, begin, 140.0, 48)
    assert follower.beat_at(now) == pytest.approx(2.0, abs=1e-3)


def test_continue_goes_on_where_stop_left_off():
    follower, now = started(120.0, 30)
    follower.stop(now - 0.002)
    assert not follower.running and follower.beat_at(now + 9) == 30 / 24
    now = feed(follower, now, 120.0, 17)  # clocks that come while stopped do not count
    assert follower.beat_at(now) == 30 / 24
    follower.continue_(now - 0.001)
    now = feed(follower, now, 120.0, 18)
    assert follower.landing == 30 / 24
    assert follower.beat_at(now) == pytest.approx(2.0, abs=1e-4)


def test_song_position_is_where_continue_begins():
    follower, now = started(120.0, 24)
    follower.stop(now)
    follower.song_position(37, now)
    assert follower.beat_at(now) == 9.25
    follower.continue_(now + 1.0)
    now = feed(follower, now + 1.0, 120.0, 24)
    assert (follower.landing, follower.beat_at(now)) == (9.25, pytest.approx(10.25, abs=1e-4))


def test_song_position_while_running_jumps_at_the_next_clock():
    follower, now = started(120.0, 96)
    jumps = follower.jumps
    follower.song_position(0, now - 0.005)
    assert follower.jumps == jumps and follower.beat_at(now) == pytest.approx(4.0)
    now = feed(follower, now, 120.0, 12)
    assert (follower.jumps, follower.landing) == (jumps + 1, 0.0)
    assert follower.beat_at(now) == pytest.approx(0.5, abs=1e-4)


def test_a_loop_is_followed_round_after_round():
    follower, now = started(100.0, 96)
    for _ in range(20):
        follower.song_position(16, now - 0.001)
        now = feed(follower, now, 100.0, 96)
        assert follower.beat_at(now) == pytest.approx(8.0, abs=1e-3)


def test_song_position_that_says_nothing_new_is_no_jump():
    follower, now = started(120.0, 96)
    jumps = follower.jumps
    follower.song_position(16, now - 0.005)
    feed(follower, now, 120.0, 4)
    assert follower.jumps == jumps


def test_start_again_while_running_begins_at_0():
    follower, now = started(120.0, 100)
    follower.start(now)
    assert not follower.running
    now = feed(follower, now, 120.0, 24)
    assert follower.beat_at(now) == pytest.approx(1.0, abs=1e-4)


def test_phase_is_right_within_2_ms_at_1_ms_of_jitter():
    for tempo in (60.0, 120.0, 174.0):
        follower = ClockFollower(100.0)
        follower.start(T0)
        rng = random.Random(7)
        errors = []
        for number in range(24 * 60):
            due = T0 + clock_s(tempo, number)
            follower.tick(due + rng.gauss(0.0, 1e-3))
            if number > 48:  # asked as the player asks: for a moment to come
                ahead = due + 0.05
                beat = (ahead - T0) * tempo / 60
                errors.append(abs(phase_error_s(follower, ahead, beat, tempo)))
        assert sorted(errors)[int(0.95 * len(errors))] < 2e-3


def test_one_late_clock_does_not_move_the_tempo():
    follower, now = started(120.0, 192)
    follower.tick(now + 0.005)
    wobble = abs(follower.tempo_bpm / 120.0 - 1.0)
    assert wobble < 0.002
    feed(follower, now + clock_s(120.0, 1), 120.0, 40)
    assert abs(follower.tempo_bpm / 120.0 - 1.0) < 0.002


def ramp(first, last, seconds):
    """Return times of clocks, and tempos at them, over a linear change of tempo."""
    slope = (last - first) / seconds
    found = []
    while True:
        clocks = len(found)
        # Solve first * t + slope * t² / 2 = clocks * 60 / 24 for t.
        root = first * first + 2.0 * slope * clocks * 2.5
        if root < 0 or (t := (math.sqrt(root) - first) / slope) > seconds:
            return found
        found.append((T0 + t, first + slope * t))


@pytest.mark.parametrize(
    ("first", "last", "seconds"), [(60, 180, 8), (180, 60, 8), (20, 300, 30), (300, 20, 30)]
)
def test_ramps_are_followed(first, last, seconds):
    follower = ClockFollower(100.0)
    follower.start(T0)
    clocks = ramp(first, last, seconds)
    for number, (time_s, tempo) in enumerate(clocks):
        follower.tick(time_s)
        if number > 48:
            # Below 40 these ramps change the tempo by several per cent from clock to clock.
            assert follower.tempo_bpm == pytest.approx(tempo, rel=0.06 if tempo > 40 else 0.15)
            assert follower.beat_at(time_s) == pytest.approx(number / 24, abs=0.02)
    assert follower.beat_at(clocks[-1][0]) == pytest.approx((len(clocks) - 1) / 24, abs=0.02)


@pytest.mark.parametrize(("before", "after"), [(120, 121), (120, 90), (120, 60), (60, 240)])
def test_a_step_of_tempo_costs_no_position(before, after):
    follower, now = started(before, 96)
    now = feed(follower, now, after, 48)
    assert follower.tempo_bpm == pytest.approx(after, rel=0.01)
    assert follower.beat_at(now) == pytest.approx(6.0, abs=0.01)


def test_a_stalled_sender_that_catches_up_costs_no_position():
    follower, now = started(120.0, 96)
    for _ in range(4):
        follower.tick(now + clock_s(120.0, 4))
    now = feed(follower, now + clock_s(120.0, 4), 120.0, 44)
    assert follower.beat_at(now) == pytest.approx(6.0, abs=1e-3)


@pytest.mark.parametrize("clocks", [0.7, 1.5, 2.3, 5.6])
def test_a_sender_that_stands_still_and_goes_on_has_lost_no_clock(clocks):
    """As a workstation does over an xrun: its own music is late by that from then on."""
    follower, now = started(120.0, 240)
    now = feed(follower, now + clock_s(120.0, clocks), 120.0, 12)
    assert follower.beat_at(now) == pytest.approx(10.5, abs=0.01)
    assert follower.tempo_bpm == pytest.approx(120.0, rel=1e-3)


def feed_surely(follower, now, clocks, *, pause=0.0):
    """Feed clocks of 120 BPM of which none can be lost, after a pause [clocks]."""
    now += clock_s(120.0, pause)
    for number in range(clocks):
        follower.tick(now + clock_s(120.0, number), sure=True)
    return now + clock_s(120.0, clocks)


@pytest.mark.parametrize("pauses", [(1.024,), (4.0,), (7.0,), (20.0,), (2.0, 3.0), (1.0, 1.0, 1.3)])
def test_where_no_clock_can_be_lost_they_are_counted(pauses):
    """A pause of whole clocks looks like lost ones; JACK says that none was."""
    follower, now = started(120.0, 240)
    for pause in pauses:
        now = feed_surely(follower, now, 3, pause=pause)
    now = feed_surely(follower, now, 24)
    assert follower.beat_at(now) == pytest.approx(11.0 + len(pauses) / 8, abs=0.01)
    assert follower.tempo_bpm == pytest.approx(120.0, rel=2e-3)


def test_a_bundle_is_no_pause_even_where_no_clock_can_be_lost():
    follower, now = started(120.0, 96)
    for _ in range(5):
        follower.tick(now + clock_s(120.0, 4), sure=True)
    now = feed_surely(follower, now + clock_s(120.0, 5), 43)
    assert follower.beat_at(now) == pytest.approx(6.0, abs=1e-3)


def test_a_clock_of_arrivals_that_is_put_right_is_no_pause():
    follower, now = started(120.0, 96)
    follower.shift(0.125)
    assert follower.beat_at(now + 0.125) == pytest.approx(4.0, abs=1e-3)
    now = feed(follower, now + 0.125, 120.0, 48)
    assert follower.beat_at(now) == pytest.approx(6.0, abs=1e-3)
    assert follower.tempo_bpm == pytest.approx(120.0, rel=1e-3)


def test_a_jump_while_a_pause_is_not_yet_understood_stands():
    follower, now = started(120.0, 240)
    now = feed(follower, now + clock_s(120.0, 2.4), 120.0, 3)
    follower.song_position(16, now)
    now = feed(follower, now, 120.0, 24)
    assert follower.beat_at(now) == pytest.approx(5.0, abs=0.02)


@pytest.mark.parametrize("lost", [1, 2, 5])
def test_clocks_that_got_lost_are_counted(lost):
    follower, now = started(120.0, 240)
    now = feed(follower, now + clock_s(120.0, lost), 120.0, 24 - lost)
    assert follower.beat_at(now) == pytest.approx(11.0, abs=1e-3)


def test_a_first_clock_that_comes_late_is_still_beat_0():
    follower = ClockFollower(100.0)
    feed(follower, T0, 120.0, 100)
    begin = T0 + clock_s(120.0, 100) + 0.007
    follower.start(begin)
    follower.tick(begin + 0.8 * clock_s(120.0, 1))
    now = feed(follower, begin + clock_s(120.0, 1), 120.0, 47)
    assert follower.beat_at(now) == pytest.approx(2.0, abs=0.01)


def test_a_first_clock_that_comes_twice_is_beat_0_once():
    follower = ClockFollower(100.0)
    feed(follower, T0, 120.0, 100)
    begin = T0 + clock_s(120.0, 100) + 0.007
    follower.start(begin)
    follower.tick(begin)
    follower.tick(begin + 0.25 * clock_s(120.0, 1))
    now = feed(follower, begin + clock_s(120.0, 1), 120.0, 47)
    assert follower.beat_at(now) == pytest.approx(2.0, abs=0.01)


def test_a_chunked_source_is_counted():
    """As through rtmidi on a JACK server with 512 frames: several clocks on one instant."""
    follower = ClockFollower(100.0)
    follower.start(T0)
    chunk_s = 512 / 48000
    for number in range(24 * 40):
        due = T0 + clock_s(174.0, number)
        follower.tick(math.ceil(due / chunk_s) * chunk_s)
    assert follower.tempo_bpm == pytest.approx(174.0, rel=0.002)
    assert follower.beat_at(T0 + clock_s(174.0, 24 * 40)) == pytest.approx(40.0, abs=0.05)


def test_a_clock_that_falls_silent_stops_the_music_after_half_a_second():
    follower, now = started(120.0, 48)
    follower.check(now + 0.4)
    assert follower.running and follower.locked
    follower.check(now + 0.6)
    assert (follower.running, follower.lost, follower.locked) == (False, True, False)
    assert follower.beat_at(now + 60) == 2.0
    # It comes back three seconds later, on time: the sender has played on.
    now = feed(follower, now + 3.0, 120.0, 24)
    assert follower.running and not follower.lost
    assert follower.beat_at(now) == pytest.approx(9.0, abs=1e-3)


def test_after_a_long_silence_only_start_or_continue_help():
    follower, now = started(120.0, 48)
    follower.check(now + 1.0)
    now = feed(follower, now + 60.0, 90.0, 48)
    assert not follower.running and follower.tempo_bpm == pytest.approx(90.0)
    follower.continue_(now)
    now = feed(follower, now, 90.0, 24)
    assert follower.running and follower.beat_at(now) == pytest.approx(3.0, abs=1e-3)


def test_every_change_of_position_is_counted_once():
    follower, now = started(120.0, 48)
    assert (follower.jumps, follower.landing) == (1, 0.0)
    follower.stop(now)
    assert (follower.jumps, follower.landing) == (2, 2.0)
    follower.stop(now)
    assert follower.jumps == 2
    follower.continue_(now)
    assert follower.jumps == 2
    feed(follower, now, 120.0, 1)
    assert (follower.jumps, follower.landing) == (3, 2.0)


@settings(max_examples=40, deadline=None)
@given(
    tempo=st.floats(20, 300),
    jitter=st.floats(0, 0.06),
    loss=st.floats(0, 0.08),
    double=st.floats(0, 0.08),
    seed=st.integers(0, 10**6),
)
def test_position_survives_lost_doubled_and_shaken_clocks(tempo, jitter, loss, double, seed):
    rng = random.Random(seed)
    follower = ClockFollower(100.0)
    follower.start(T0)
    step = clock_s(tempo, 1)
    for number in range(24 * 12):
        due = T0 + number * step
        safe = number < 24 or number > 24 * 12 - 8
        late = min(max(rng.gauss(0.0, jitter), -0.2), 0.2) * step
        if safe or rng.random() > loss:
            follower.tick(due + late)
        if not safe and rng.random() < double:
            follower.tick(due + late + 0.1 * step * rng.random())
    assert follower.beat_at(T0 + 24 * 12 * step) == pytest.approx(12.0, abs=0.5 / 24)
    assert follower.tempo_bpm == pytest.approx(tempo, rel=0.02)


class PlainCounter:
    """The specification, word for word, for a clock that nothing disturbs."""

    def __init__(self):
        self.running, self.position, self.following, self.coming = False, 0, 0, None

    def tick(self):
        if self.coming is None and not self.running:
            return
        self.position = self.following if self.coming is None else self.coming
        self.running, self.following, self.coming = True, self.position + 1, None

    def start(self):
        self.running, self.coming = False, 0

    def continue_(self):
        if not self.running and self.coming is None:
            self.coming = self.following

    def stop(self):
        self.running, self.coming = False, None

    def song_position(self, sixteenths):
        if self.running or self.coming is not None:
            self.coming = 6 * sixteenths
        else:
            self.following = 6 * sixteenths


messages = st.one_of(
    st.tuples(st.just("tick"), st.integers(1, 60)),
    st.tuples(st.sampled_from(["start", "continue_", "stop"]), st.none()),
    st.tuples(st.just("song_position"), st.integers(0, 16383)),
)


@settings(max_examples=100, deadline=None)
@given(sequence=st.lists(messages, max_size=40), tempo=st.floats(20, 300))
def test_any_sequence_of_messages_ends_where_the_specification_says(sequence, tempo):
    follower, counter, now = ClockFollower(100.0), PlainCounter(), T0
    step = clock_s(tempo, 1)
    for kind, value in sequence:
        if kind == "tick":
            for _ in range(value):
                now += step
                follower.tick(now)
                counter.tick()
        elif value is None:
            getattr(follower, kind)(now + step / 2)
            getattr(counter, kind)()
        else:
            follower.song_position(value, now + step / 2)
            counter.song_position(value)
        assert follower.running == counter.running
        if counter.running:
            assert follower.beat_at(now) == pytest.approx(counter.position / 24, abs=0.01)
        elif counter.coming is None:
            assert follower.beat_at(now) == counter.following / 24


@pytest.mark.parametrize("jitter_s", [0.0, 0.0003])
@pytest.mark.parametrize("stops", [False, True])
def test_no_leap_of_the_tempo_costs_or_wins_a_clock(jitter_s, stops):
    """Leaps of ten to twenty percent make every gap look almost, but not quite, like the last."""
    rng = random.Random(5)
    for before, after in [(208.6, 176.3), (120.0, 101.0), (100.0, 122.0), (60.0, 30.0)] + [
        (rng.uniform(40, 240), rng.uniform(40, 240)) for _ in range(20)
    ]:
        follower = ClockFollower(100.0)
        follower.start(0.0)
        time_s, count = 0.0, 0
        for tempo, ticks in ((before, 120), (after, 60)):
            time_s += clock_s(tempo, 1) - clock_s(before, 1) if count else 0.0
            if count and stops:
                follower.stop(time_s - 0.003)
                follower.continue_(time_s - 0.002)
            for _ in range(ticks):
                follower.tick(time_s + rng.gauss(0.0, jitter_s))
                time_s += clock_s(tempo, 1)
                count += 1
        assert follower.beat_at(time_s) * 24 == pytest.approx(count, abs=0.5), (before, after)
