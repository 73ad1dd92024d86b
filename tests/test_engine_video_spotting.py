import numpy as np
import pytest

from engine.errors import InputError
from engine.video.spotting import LEAST_BEATS, spot


def random_cuts(seed, mean_s, length_s):
    random = np.random.default_rng(seed)
    lengths = np.clip(random.lognormal(np.log(mean_s), 0.5, 1000), 1.0, 30.0)
    cuts = np.cumsum(lengths)
    return [float(cut) for cut in cuts[cuts < length_s - 0.5]]


@pytest.mark.parametrize("beats_per_bar", [2, 3, 4, 5, 7])
@pytest.mark.parametrize("seed", range(4))
def test_sections_are_gapless_whole_and_within_the_stated_tempi(seed, beats_per_bar):
    cuts = random_cuts(seed, 3.0, 90.0)
    spotting = spot(cuts, 90.0, tempo_bpm=100, tempo_range=0.1, beats_per_bar=beats_per_bar)
    at_s, beat = 0.0, 0
    for section in spotting.sections:
        assert section.start_s == pytest.approx(at_s, abs=1e-9)
        assert section.start_beat == beat
        assert sum(section.bars) == section.beats >= LEAST_BEATS
        assert 90.0 - 1e-6 <= section.tempo_bpm <= 110.0 + 1e-6
        assert all(1 <= bar <= beats_per_bar + 1 for bar in section.bars)
        at_s += section.length_s
        beat += section.beats
    assert 90.0 - 1e-6 <= at_s < 90.0 + beats_per_bar * 60 / 90
    starts = {round(section.start_s, 6) for section in spotting.sections[1:]}
    assert starts <= {round(cut, 6) for cut in cuts}


def test_almost_all_cuts_of_an_ordinary_film_are_met():
    met = near = count = 0
    for seed in range(6):
        cuts = random_cuts(seed, 4.0, 120.0)
        spotting = spot(cuts, 120.0, tempo_bpm=100)
        away = [spotting.distance(cut) for cut in cuts]
        met += sum(seconds < 0.001 for seconds, _ in away)
        near += sum(beats <= 1.0 for _, beats in away)
        count += len(cuts)
    assert met / count >= 0.85
    assert near / count >= 0.95


def test_the_wanted_tempo_is_kept_where_cuts_allow_it():
    cuts = [4.8 * index for index in range(1, 6)]  # two bars of 4/4 at 100
    spotting = spot(cuts, 28.8, tempo_bpm=100)
    assert all(s.tempo_bpm == pytest.approx(100.0) for s in spotting.sections)
    assert {section.bars for section in spotting.sections} == {(4, 4)}


def test_a_short_bar_is_preferred_to_losing_a_cut():
    spotting = spot([6 * 0.6], 6 * 0.6 + 9.6, tempo_bpm=100, tempo_range=0.02)
    assert spotting.sections[0].bars == (4, 2)
    assert spotting.distance(3.6) == pytest.approx((0.0, 0.0), abs=1e-9)


def test_without_leeway_or_without_cuts_there_is_still_music():
    assert len(spot([], 61.7, tempo_bpm=97, tempo_range=0.0).sections) == 1
    stubborn = spot([1.3, 2.9, 5.55], 20.01, tempo_bpm=97, tempo_range=0.0)
    assert all(s.tempo_bpm == pytest.approx(97.0) for s in stubborn.sections)
    assert spot([], 1.0, tempo_bpm=20).sections[0].start_beat == 0


def test_cuts_outside_the_film_are_left_out():
    spotting = spot([-1.0, 0.0, 10.0, 12.0], 10.0, tempo_bpm=100)
    assert len(spotting.sections) == 1


def test_time_and_beat_are_each_other_turned_round():
    spotting = spot(random_cuts(3, 2.5, 60.0), 60.0, tempo_bpm=120)
    for time_s in np.linspace(0.0, 60.0, 200):
        assert spotting.time_at(spotting.beat_at(time_s)) == pytest.approx(time_s, abs=1e-9)
    lines = spotting.bar_lines()
    assert list(lines) == sorted(set(lines))


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"tempo_bpm": 10.0}, "tempo_bpm"),
        ({"tempo_range": 0.6}, "tempo_range"),
        ({"beats_per_bar": 1}, "beats_per_bar"),
        ({"end_s": float("nan")}, "film length"),
    ],
)
def test_values_out_of_range_are_named(values, name):
    arguments = {"end_s": 10.0, "tempo_bpm": 100.0, **values}
    with pytest.raises(InputError, match=name):
        spot([], arguments.pop("end_s"), **arguments)
