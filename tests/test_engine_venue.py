"""Fitting the emotion scale to a venue."""

import json

import numpy as np
import pytest
import soundfile

from engine.cli import main
from engine.emotion.heard import Heard
from engine.errors import InputError
from engine.events import EmotionState
from engine.settings.performance import Performance
from engine.settings.venue import Venue, fit_venue


def state(time_s, valence, arousal):
    return EmotionState(
        time_s, valence, arousal, 0.2, 0.2, (0.25,) * 4, (), "", "", -20.0, "tracking"
    )


def test_marked_ends_come_to_lie_at_half_of_the_scale():
    marks = {"calm": (0.3, 0.1), "intense": (0.5, 0.6)}
    venue = Performance().changed(fit_venue(marks)).venue
    assert venue.apply(*marks["calm"])[1] == pytest.approx(-0.5, abs=0.01)
    assert venue.apply(*marks["intense"])[1] == pytest.approx(0.5, abs=0.01)
    assert venue.valence == pytest.approx(0.4) and venue.valence_scale == 1.0


def test_valence_is_scaled_by_its_own_marks():
    fitted = fit_venue({"dark": (-0.1, 0.0), "bright": (0.3, 0.1)})
    assert fitted == {"venue_valence": 0.1, "venue_valence_scale": 2.5}


def test_one_mark_fits_nothing_and_equal_ends_are_refused():
    assert fit_venue({"calm": (0.0, 0.0)}) == {}
    with pytest.raises(InputError, match=r"arousal of calm is \+0.30 and of intense \+0.20"):
        fit_venue({"calm": (0.0, 0.3), "intense": (0.0, 0.2)})


def test_the_scale_stays_within_its_range():
    assert fit_venue({"calm": (0, 0.0), "intense": (0, 0.06)})["venue_arousal_scale"] == 4.0


def test_what_is_heard_is_on_the_venues_scale_and_marks_are_not():
    heard = Heard()
    for hop in range(200):
        heard.hear(state(0.1 * hop, 0.2, 0.4), 0.0, 0.0, 0.0, Venue(0.2, 0.3, 1.0, 2.0))
    assert heard.point == pytest.approx((0.0, 0.2))
    assert heard.recent == pytest.approx((0.2, 0.4))


def test_a_mark_means_the_last_seconds():
    heard = Heard()
    for hop in range(400):
        heard.hear(state(0.1 * hop, 0.0, 0.0 if hop < 300 else 1.0), 0.0, 0.0, 0.0)
    assert heard.recent == pytest.approx((0.0, 1.0))


def rhythm(path, beat_s, bright):
    rate = 22_050
    time_s = np.arange(10 * rate) / rate
    age = time_s % beat_s
    chord = sum(
        np.sin(2 * np.pi * pitch * partial * time_s) / partial ** (3.0 - 2.0 * bright)
        for pitch in (262, 330, 392)
        for partial in range(1, 8)
    )
    soundfile.write(path, 0.1 * chord * np.exp(-age * (1.0 + 5.0 * bright)), rate)
    return str(path)


def test_calibrate_keeps_the_fit_in_a_preset(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("engine.settings.presets.user_folder", lambda: tmp_path)
    calm, intense = rhythm(tmp_path / "a.wav", 2.0, 0.0), rhythm(tmp_path / "b.wav", 0.15, 1.0)
    assert main(["calibrate", "Chapel", "--calm", calm, "--intense", intense]) == 0
    kept = json.loads((tmp_path / "chapel.json").read_text())["performance"]
    assert 0.25 <= kept["venue_arousal_scale"] <= 4.0
    assert "venue_arousal" in capsys.readouterr().out
    assert main(["calibrate", "Chapel", "--calm", intense, "--intense", calm]) == 2
    assert "mark them anew" in capsys.readouterr().err
    assert main(["calibrate", "Chapel"]) == 2
