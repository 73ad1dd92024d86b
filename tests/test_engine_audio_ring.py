"""The ring between the audio thread and the engine."""

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.audio.ring import SILENCE_DB, Ring
from engine.errors import InputError


def ramp(start: int, count: int) -> np.ndarray:
    return np.arange(start, start + count, dtype=np.float32)


def test_what_is_written_is_read_in_order_across_the_wrap() -> None:
    ring = Ring(10, 16_000)
    heard = []
    for start in range(0, 70, 7):
        assert ring.write(ramp(start, 7)) == 7
        heard.append(ring.read(7))
    np.testing.assert_array_equal(np.concatenate(heard), ramp(0, 70))
    assert (ring.overruns, ring.dropped_frames, ring.available) == (0, 0, 0)


def test_full_ring_drops_the_newest_and_counts() -> None:
    ring = Ring(10, 16_000)
    ring.write(ramp(0, 8))
    assert ring.write(ramp(8, 5)) == 2
    assert ring.write(ramp(13, 4)) == 0
    assert (ring.overruns, ring.dropped_frames) == (2, 7)
    np.testing.assert_array_equal(ring.read(99), ramp(0, 10))
    assert ring.write(ramp(50, 10)) == 10
    np.testing.assert_array_equal(ring.read(10), ramp(50, 10))


def test_block_larger_than_the_ring_keeps_its_beginning() -> None:
    ring = Ring(4, 16_000)
    assert ring.write(ramp(0, 9)) == 4
    np.testing.assert_array_equal(ring.read(9), ramp(0, 4))


def test_channels_are_averaged_while_copying() -> None:
    ring = Ring(6, 16_000)
    ring.write(np.zeros(4, dtype=np.float32))
    ring.read(4)
    ring.write(np.stack([ramp(0, 4), ramp(2, 4), ramp(4, 4)], axis=1))
    np.testing.assert_array_equal(ring.read(4), ramp(2, 4))
    ring.write(ramp(7, 3)[:, None])
    np.testing.assert_array_equal(ring.read(3), ramp(7, 3))


def test_skip_catches_up_after_a_stall() -> None:
    ring = Ring(10, 16_000)
    ring.write(ramp(0, 9))
    assert ring.skip(6) == 6
    np.testing.assert_array_equal(ring.read(10), ramp(6, 3))
    assert ring.skip(5) == 0


def test_recent_audio_can_be_seen_without_reading_it() -> None:
    ring = Ring(8, 16_000)
    ring.write(ramp(0, 6))
    ring.read(6)
    ring.write(ramp(6, 5))
    np.testing.assert_array_equal(ring.recent(4), ramp(7, 4))
    assert ring.available == 5


def test_level_is_rms_in_decibels_and_finite_in_silence() -> None:
    ring = Ring(16_000, 16_000)
    assert ring.level_db() == -120.0
    ring.write(np.zeros(4_000, dtype=np.float32))
    assert ring.level_db() == -120.0
    ring.write(np.full(8_000, -0.5, dtype=np.float32))
    assert ring.level_db() == pytest.approx(-6.02, abs=0.01)


def test_impossible_sizes_are_refused() -> None:
    with pytest.raises(InputError, match="capacity"):
        Ring(0, 16_000)
    with pytest.raises(InputError, match="sample rate"):
        Ring(10, 0)


@given(
    st.integers(1, 40),
    st.lists(st.tuples(st.booleans(), st.integers(0, 60)), max_size=60),
)
def test_any_sequence_loses_only_what_it_counts(
    capacity: int, steps: list[tuple[bool, int]]
) -> None:
    ring = Ring(capacity, 16_000)
    kept: list[float] = []
    heard: list[float] = []
    offered = 0
    for writes, count in steps:
        if writes:
            block = ramp(offered, count)
            kept.extend(block[: ring.write(block)])
            offered += count
        else:
            heard.extend(ring.read(count))
    heard.extend(ring.read(capacity))
    assert heard == kept
    assert offered - len(kept) == ring.dropped_frames


def test_two_threads_never_tear_a_sample() -> None:
    ring = Ring(997, 16_000)
    total = 60_000

    def produce() -> None:
        sent = 0
        while sent < total:
            sent += ring.write(ramp(sent, min(101, total - sent)))

    producer = threading.Thread(target=produce)
    producer.start()
    received = 0
    while received < total:
        block = ring.read(64)
        assert np.array_equal(block, ramp(received, block.size))
        received += block.size
    producer.join()


def test_peak_is_the_highest_sample_of_either_sign() -> None:
    ring = Ring(1000, 1000)
    assert ring.peak_db() == SILENCE_DB
    ring.write(np.full(500, 0.1, np.float32))
    ring.write(np.array([0.0, -0.5, 0.2], np.float32))
    assert ring.peak_db(0.01) == pytest.approx(-6.02, abs=0.01)
