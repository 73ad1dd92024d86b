"""Tempo from taps."""

import pytest

from engine.music.tap_tempo import TapTempo


def test_three_taps_make_a_tempo(fake_clock):
    taps = TapTempo(fake_clock)
    assert taps.tap() is None
    fake_clock.sleep(0.5)
    assert taps.tap() is None
    fake_clock.sleep(0.5)
    assert taps.tap() == pytest.approx(120.0)


def test_a_pause_starts_tapping_anew(fake_clock):
    taps = TapTempo(fake_clock)
    for _ in range(4):
        taps.tap()
        fake_clock.sleep(0.5)
    fake_clock.sleep(10.0)
    assert taps.tap() is None


def test_one_bad_tap_does_no_harm(fake_clock):
    taps = TapTempo(fake_clock)
    for pause_s in (0.5, 0.5, 0.3, 0.5, 0.5):
        found = taps.tap()
        fake_clock.sleep(pause_s)
    assert found == pytest.approx(120.0)


def test_a_tempo_no_music_has_is_none(fake_clock):
    taps = TapTempo(fake_clock)
    for _ in range(3):
        assert taps.tap() is None
        fake_clock.sleep(0.1)
    assert taps.tap() is None
