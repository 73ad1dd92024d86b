import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InputError
from engine.music.clock import InternalClock

tempos = st.floats(20, 300)


@given(tempos, st.floats(0, 1e4), st.floats(0, 1e4))
def test_beats_and_seconds_are_inverse(tempo, start, beat):
    clock = InternalClock(tempo)
    clock.start(start)
    assert clock.beat_at(clock.time_at(beat)) == pytest.approx(beat, abs=1e-6)


@given(tempos, tempos, st.floats(0, 1000))
def test_tempo_change_does_not_jump(before, after, at):
    clock = InternalClock(before)
    clock.start(0.0)
    position = clock.beat_at(at)
    clock.set_tempo(after, at)
    assert clock.beat_at(at) == pytest.approx(position)
    assert clock.beat_at(at + 60.0 / after) == pytest.approx(position + 1.0)


def test_stopped_clock_holds_its_position():
    clock = InternalClock(120.0)
    clock.start(10.0)
    clock.stop(12.0)
    assert (clock.running, clock.beat_at(99.0)) == (False, pytest.approx(4.0))
    clock.start(100.0, 8.0)
    assert clock.beat_at(100.5) == pytest.approx(9.0)


def test_impossible_tempo_is_refused():
    with pytest.raises(InputError, match="tempo_bpm"):
        InternalClock(1000.0)
