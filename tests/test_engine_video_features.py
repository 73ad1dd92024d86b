import dataclasses

import numpy as np
import pytest
from film_samples import cuts_of, pattern, pictures, shots, states_of

from engine.errors import InputError
from engine.video.analyser import VideoAnalyser
from engine.video.mood import Calibration, calibrate
from engine.video.motion import MotionScale
from engine.video.table import read_features, write_features


@pytest.mark.parametrize("fps", [10, 24, 25, 29.97, 60])
def test_cuts_are_found_at_their_very_frame(fps):
    lengths = [round(fps * seconds) for seconds in (2.1, 1.13, 3.3, 1.47, 1.9)]
    expected = np.cumsum(lengths)[:-1] / fps
    assert cuts_of(shots(lengths), fps) == pytest.approx(expected, abs=1e-6)


def test_cuts_in_the_dark_are_found():
    assert cuts_of(shots([50, 50, 50], light=0.12)) == pytest.approx([2.0, 4.0])


def test_shots_of_one_second_are_found_and_shorter_ones_belong_to_the_last():
    assert cuts_of(shots([25] * 5)) == pytest.approx([1.0, 2.0, 3.0, 4.0])
    assert len(cuts_of(shots([50, 12, 50]))) == 1


@pytest.mark.parametrize("frames", [1, 2, 3, 5])
def test_a_flash_is_no_cut(frames):
    film = shots([40]) + [np.full((36, 64, 3), 255, np.uint8)] * frames + shots([40])
    assert cuts_of(film) == []


@pytest.mark.parametrize("frames", [12, 25, 40])
def test_fades_and_dissolves_are_no_cuts(frames):
    dissolve = [
        (pattern(0) * (1 - share) + pattern(1) * share).astype(np.uint8)
        for share in np.linspace(0, 1, frames)
    ]
    black = [(pattern(1) * share).astype(np.uint8) for share in np.linspace(1, 0, frames)]
    film = [pattern(0)] * 50 + dissolve + [pattern(1)] * 50 + black + black[::-1]
    assert cuts_of(film + [pattern(1)] * 50) == []


def test_fast_movement_and_swelling_light_are_no_cuts_but_do_not_hide_one():
    wide = np.concatenate([pattern(seed) for seed in range(20)], 1)
    pan = [np.roll(wide, -4 * index, 1)[:, :64] for index in range(100)]
    swell = [
        np.clip(pattern(7) * (0.6 + 0.3 * np.sin(0.2 * index)), 0, 255).astype(np.uint8)
        for index in range(100)
    ]
    assert cuts_of(pan) == []
    assert cuts_of(swell) == []
    assert cuts_of(pan + swell) == pytest.approx([4.0])


def test_a_cut_is_reported_within_half_a_second():
    for state in states_of(shots([50, 50])):
        if state.cut_s is not None:
            assert 0.0 < state.time_s - state.cut_s <= 0.5
            break
    else:
        pytest.fail("no cut")


def test_a_cut_shortly_before_the_end_is_not_lost():
    assert cuts_of(shots([50, 6])) == pytest.approx([2.0])


def test_states_come_ten_a_second_whatever_the_frame_rate_and_late_frames_are_held():
    for fps in (5, 24, 60):
        times = [state.time_s for state in states_of(shots([3 * fps]), fps)]
        assert times == pytest.approx([index / 10 for index in range(len(times))])
        assert 30 <= len(times) <= 31


def test_states_do_not_depend_on_what_follows():
    film = shots([30, 40, 35, 45])
    whole = states_of(film)
    analyser = VideoAnalyser()
    heard = [state for picture in pictures(film[:100]) for state in analyser.push(picture)]
    assert heard == whole[: len(heard)]
    assert len(heard) >= 39


def test_bright_warm_pictures_are_pleasant_dark_blue_ones_are_not():
    sunny = states_of([np.full((36, 64, 3), (250, 190, 90), np.uint8)] * 50)[-1]
    gloomy = states_of([np.full((36, 64, 3), (15, 20, 45), np.uint8)] * 50)[-1]
    assert sunny.valence > 0.4 > -0.4 > gloomy.valence
    assert sunny.warmth > 0.1 > 0.0 > gloomy.warmth


def test_movement_and_cutting_excite():
    still = states_of([pattern(0)] * 250)[-1]
    noise = np.random.default_rng(1).integers(0, 256, (250, 36, 64, 3), np.uint8)
    moving = states_of([noise[index // 3] for index in range(250)])[-1]
    fast = states_of(shots([27] * 9))[-1]
    assert still.arousal + 0.2 < fast.arousal
    assert moving.arousal > 0.3 > -0.3 > still.arousal
    assert fast.cut_rate > still.cut_rate


@pytest.mark.parametrize("colour", [0, 128, 255])
def test_a_still_picture_ranks_zero_and_stays_finite(colour):
    states = states_of([np.full((36, 64, 3), colour, np.uint8)] * 60)
    assert {state.motion for state in states} == {0.0}
    for state in states:
        numbers = [value for value in dataclasses.astuple(state) if value is not None]
        assert np.isfinite(numbers).all()
        assert -1.0 <= state.valence <= 1.0 and -1.0 <= state.arousal <= 1.0


def test_movement_is_ranked_among_what_is_usual_here():
    ranks = {}
    for usual in (1.0, 16.0):
        scale = MotionScale()
        for _ in range(600):
            scale.push(usual)
        ranks[usual] = [scale.push(value) for value in (0.5, 4.0, 32.0)]
    assert ranks[1.0][1] > ranks[16.0][1] + 0.2
    for values in ranks.values():
        assert values == sorted(values)
        assert all(0.0 <= value <= 1.0 for value in values)


def test_calibration_makes_a_dark_room_neutral():
    film = shots([150], light=0.2)
    before = states_of(film)
    neutral = calibrate(before)
    after = states_of(film, calibration=neutral)
    assert before[-1].valence < -0.4
    assert abs(after[-1].valence) < 0.1
    with pytest.raises(InputError, match="10 analysis frames"):
        calibrate(before[:5])
    with pytest.raises(InputError, match="brightness"):
        Calibration(brightness=1.5)


def test_features_survive_their_table(tmp_path):
    states = states_of(shots([50, 50]))
    write_features(tmp_path / "f.csv", states)
    again = read_features(tmp_path / "f.csv")
    assert [state.cut_s for state in again] == [state.cut_s for state in states]
    assert [s.motion_rgb for s in again] == pytest.approx([s.motion_rgb for s in states], abs=1e-3)


@pytest.mark.parametrize("text", ["", "time_s,valence\n1,2\n", "\x00", "ü"])
def test_what_is_no_table_is_said_in_one_line(tmp_path, text):
    path = tmp_path / "f.csv"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match=r"features .*f\.csv") as caught:
        read_features(path)
    assert "\n" not in str(caught.value)
