"""Speech and noise are told from music, and are no mood."""

import math

import numpy as np
import pytest
from spoken import spoken

from engine.emotion.config import TrackerConfig
from engine.emotion.model import TrackerModel
from engine.emotion.tracker import Tracker


@pytest.fixture(scope="module")
def model():
    return TrackerModel()


def tune(rate, seconds, seed=0):
    """Broken chords in C major with eight partials, RMS 0.05."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(int(seconds * rate)) / rate
    sound = np.zeros_like(time_s)
    for onset in np.arange(0.0, seconds, 0.25):
        part = slice(int(onset * rate), int((onset + 1.5) * rate))
        age = time_s[part] - onset
        hz = 440.0 * 2.0 ** ((rng.choice([60, 64, 67, 72, 65, 69]) - 69) / 12)
        for partial in range(1, 9):
            decay = np.exp(-3.0 * age) / partial**1.5
            sound[part] += decay * np.sin(2 * math.pi * partial * hz * age)
    return (0.05 * sound / np.sqrt(np.mean(sound**2))).astype(np.float32)


def called(states, name):
    return np.mean([state.state == name for state in states])


def test_speech_is_uncertain_and_moves_nothing(model):
    tracker = Tracker(model)
    rate = tracker.sample_rate
    music = tracker.push(tune(rate, 10.0))
    assert called(music[50:], "tracking") == 1.0
    talk = tracker.push(spoken(rate, 14.0))
    late = talk[-60:]
    assert called(late, "uncertain") > 0.9
    still = [state for state in late if state.state == "uncertain"]
    assert np.ptp([state.valence for state in still]) < 0.2
    assert min(state.valence_std for state in still[-30:]) >= 1.0
    again = tracker.push(tune(rate, 12.0, seed=1))
    assert called(again[-40:], "tracking") == 1.0


def test_steady_noise_is_uncertain(model):
    tracker = Tracker(model)
    noise = np.random.default_rng(2).standard_normal(12 * tracker.sample_rate) * 0.05
    assert called(tracker.push(noise.astype(np.float32))[-40:], "uncertain") == 1.0


def filtered(rate, seconds, seed, gain):
    """Noise with a gain per frequency [Hz], RMS 0.05."""
    n = int(rate * seconds)
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(n))
    hz = np.maximum(np.fft.rfftfreq(n, 1.0 / rate), 1.0)
    sound = np.fft.irfft(spectrum * gain(hz), n)
    return 0.05 * sound / np.sqrt(np.mean(sound**2))


def gusts(rate, seconds, seed):
    swell = np.interp(
        np.linspace(0, 9, int(rate * seconds)),
        np.arange(10),
        np.random.default_rng(seed).uniform(0.2, 1.5, 10),
    )
    return filtered(rate, seconds, seed, lambda hz: 1.0 / (1.0 + (hz / 120.0) ** 1.5)) * swell


def lines(rate, seconds, hz, numbers):
    """Harmonics of a frequency [Hz] that may be a course, RMS 0.05."""
    turns = np.cumsum(np.broadcast_to(hz, int(rate * seconds))) / rate
    sound = sum(np.sin(2 * np.pi * k * turns + k) / k for k in numbers)
    return 0.05 * sound / np.sqrt(np.mean(sound**2))


def drifting(rate, seconds, hz, share, seed):
    """Return a frequency [Hz] that wanders by about this share, per sample."""
    knots = np.random.default_rng(seed).standard_normal(8)
    return hz * (1 + share * np.interp(np.linspace(0, 7, int(rate * seconds)), range(8), knots))


def hum(hz, numbers=range(1, 9), share=0.0):
    def make(rate, seconds, seed):
        course = drifting(rate, seconds, hz, share, seed)
        hiss = filtered(rate, seconds, seed, lambda hz: hz**-0.5)
        return lines(rate, seconds, course, numbers) + 0.1 * hiss

    return make


def motor(rate, seconds, seed):
    firing = lines(rate, seconds, drifting(rate, seconds, 38.0, 0.2, seed), range(1, 9))
    exhaust = filtered(rate, seconds, seed, lambda hz: 1.0 / (1.0 + hz / 300.0))
    return firing + exhaust * (0.3 + 10.0 * np.abs(firing))


def applause(rate, seconds, seed):
    rng = np.random.default_rng(seed)
    sound, length = np.zeros(int(rate * seconds)), int(0.02 * rate)
    shape = np.exp(-np.arange(length) / (0.005 * rate))
    for place in rng.integers(0, len(sound) - length, int(120 * seconds)):
        sound[place : place + length] += rng.uniform(0.2, 1) * shape * rng.standard_normal(length)
    return 0.05 * sound / np.sqrt(np.mean(sound**2))


NOT_MUSIC = {
    "brown": lambda rate, s, seed: filtered(rate, s, seed, lambda hz: 1.0 / hz * (hz > 20)),
    "pink": lambda rate, s, seed: filtered(rate, s, seed, lambda hz: hz**-0.5),
    "ventilation": lambda rate, s, seed: filtered(
        rate, s, seed, lambda hz: hz**-0.5 * ((hz > 50) & (hz < 500))
    ),
    "wind": gusts,
    "mains": hum(50.0),
    "generator": hum(51.3, share=0.003),
    "slow generator": hum(48.4),
    "transformer": hum(61.7, range(1, 12, 2)),
    "rectifier": hum(58.7, range(2, 14, 2), share=0.002),
    "engine": motor,
    "applause": applause,
}


@pytest.mark.parametrize("kind", NOT_MUSIC)
def test_noise_is_uncertain_and_has_no_chord(model, kind):
    tracker = Tracker(model)
    sound = NOT_MUSIC[kind](tracker.sample_rate, 14.0, 5).astype(np.float32)
    late = tracker.push(sound)[-80:]
    assert called(late, "uncertain") > 0.95
    assert {state.chord for state in late} == {"N"}


def test_a_chord_does_not_outlast_the_music(model):
    tracker = Tracker(model)
    tracker.push(tune(tracker.sample_rate, 10.0))
    talk = tracker.push(spoken(tracker.sample_rate, 14.0))
    assert {state.chord for state in talk[-60:] if state.state == "uncertain"} == {"N"}


@pytest.mark.parametrize("kind", NOT_MUSIC)
def test_music_in_noise_stays_music(model, kind):
    tracker = Tracker(model)
    rate = tracker.sample_rate
    noise = NOT_MUSIC[kind](rate, 12.0, 7)
    states = tracker.push((tune(rate, 12.0) + 0.3 * noise).astype(np.float32))
    assert called(states[-60:], "tracking") > 0.95


def test_presence_can_be_switched_off(model):
    heard = {}
    for share in (0.0, 0.4):
        tracker = Tracker(model, TrackerConfig(music_share=share, uncertain_std=2.0))
        heard[share] = tracker.push(spoken(tracker.sample_rate, 12.0))
    assert called(heard[0.0], "uncertain") == 0.0
    assert called(heard[0.4][-40:], "uncertain") > 0.8


def test_presence_is_a_distribution_over_named_classes(model):
    outputs, _ = model.step(spoken(model.sample_rate, 6.0)[: 60 * model.hop_length], model.start())
    assert outputs["presence"].shape == (60, 3)
    assert outputs["presence"].sum(1) == pytest.approx(np.ones(60), abs=1e-5)
    assert outputs["presence"][-1].argmax() == 1
