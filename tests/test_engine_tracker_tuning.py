"""Music at any tuning is heard as at A = 440 Hz."""

import functools

import numpy as np
import pytest
import soxr

from engine.emotion.model import TrackerModel
from engine.emotion.tracker import Tracker
from engine.emotion.tuning import Retuner, TuningEstimator

RATE, HOP = 22050, 2048
CHORDS = {
    "C": (48, 60, 64, 67),
    "G": (43, 59, 62, 67),
    "Am": (45, 60, 64, 69),
    "F": (41, 60, 65, 69),
}


@pytest.fixture(scope="module")
def model():
    return TrackerModel()


def tone(pitch, seconds, rate=RATE):
    time_s = np.arange(int(rate * seconds)) / rate
    hz = 440.0 * 2.0 ** ((pitch - 69) / 12)
    partials = sum(np.sin(2 * np.pi * hz * h * time_s) / h**1.5 for h in range(1, 8))
    return partials * np.exp(-1.2 * time_s)


@functools.cache
def piece(cents=0.0):
    """Twenty seconds in C major whose A4 lies `cents` off 440 Hz: float32, shape (n,)."""
    parts = []
    for name in ("C", "G", "Am", "F", "C", "F", "G", "C"):
        part = sum(tone(pitch, 2.4) for pitch in CHORDS[name])
        for eighth in range(8):
            note = tone(CHORDS[name][1 + eighth % 3] + 12, 0.3)
            start = int(0.3 * eighth * RATE)
            part[start : start + len(note)] += note[: len(part) - start]
        parts.append(part)
    sound = np.concatenate(parts).astype(np.float32)
    sound *= np.float32(0.3 / np.abs(sound).max())
    return soxr.resample(sound, RATE * 2.0 ** (cents / 1200.0), RATE) if cents else sound


def settled(states):
    return [state for state in states if state.state not in ("settling", "silence")]


@functools.cache
def heard_in_tune(model):
    return settled(Tracker(model).push(piece()))


@pytest.mark.parametrize("cents", [-50.0, -20.0, 32.0, 43.0])
def test_detuned_music_keeps_its_key_chords_and_valence(model, cents):
    """A quarter tone down, as guitars are, is no semitone up."""
    plain = heard_in_tune(model)
    heard = settled(Tracker(model).push(piece(cents)))
    assert plain[-1].key == heard[-1].key == "C:maj"
    assert [state.tuning_hz for state in plain] == pytest.approx([440.0] * len(plain), abs=1.0)
    # Partials of a piece lie beside the grid by the same few cents at any tuning.
    ratio = heard[-1].tuning_hz / plain[-1].tuning_hz
    assert 1200.0 * np.log2(ratio) == pytest.approx(cents, abs=2.5)
    assert {"C:maj", "F:maj", "G:maj"} <= {state.chord for state in heard}
    moved = [np.mean([state.valence for state in part]) for part in (plain, heard)]
    assert moved[1] == pytest.approx(moved[0], abs=0.05)


def test_any_chunking_of_detuned_music_gives_the_same_states(model):
    sound = piece(-30.0)[: 9 * RATE]
    tracker = Tracker(model)
    whole = tracker.push(sound)
    tracker.reset()
    rng, parts, place = np.random.default_rng(4), [], 0
    while place < len(sound):
        size = int(rng.integers(1, 9000))
        parts += tracker.push(sound[place : place + size])
        place += size
    assert len(parts) == len(whole) == len(sound) // HOP
    for one, other in zip(parts, whole, strict=True):
        assert (one.key, one.chord, one.state) == (other.key, other.chord, other.state)
        assert one.tuning_hz == other.tuning_hz
        assert one.valence == pytest.approx(other.valence, abs=1e-4)


def follow(estimator, sound):
    whole = len(sound) // HOP * HOP
    for evidence in estimator.listen(sound[:whole].reshape(-1, HOP)):
        estimator.follow(evidence)
    return estimator.cents


def test_a_tuning_is_found_within_two_seconds_and_noise_has_none():
    assert follow(TuningEstimator(RATE, HOP), piece(25.0)[: 2 * RATE]) == pytest.approx(25, abs=5)
    noise = np.random.default_rng(1).standard_normal(20 * RATE).astype(np.float32)
    assert follow(TuningEstimator(RATE, HOP), noise) == 0.0
    assert follow(TuningEstimator(RATE, HOP), np.zeros(4 * RATE, np.float32)) == 0.0


@pytest.mark.parametrize("cents", [-48.0, -25.0, 25.0, 48.0])
def test_noise_above_music_does_not_hide_its_tuning(cents):
    """Peaks of noise gather around the bins of the spectrum, which imitates 440 Hz."""
    sound = piece(cents)[: 5 * RATE]
    noise = np.random.default_rng(3).standard_normal(len(sound)).astype(np.float32)
    noise *= 4.0 * np.sqrt(np.mean(sound**2))
    heard = follow(TuningEstimator(RATE, HOP), sound + noise)
    assert (heard - cents + 50.0) % 100.0 - 50.0 == pytest.approx(0.0, abs=6.0)


def test_a_turntable_that_runs_up_is_followed_to_466_hz_and_no_further():
    estimator, heard = TuningEstimator(RATE, HOP), []
    for cents in range(0, 140, 20):
        follow(estimator, piece(float(cents))[: 12 * RATE])
        heard.append(estimator.tuning_hz)
        assert 415.0 <= heard[-1] <= 466.0
    assert max(heard) > 458.0
    assert -10.0 < estimator.cents < 35.0  # A = 471 Hz is read a semitone lower


def test_retuning_moves_pitch_and_nothing_else():
    time_s = np.arange(4 * RATE) / RATE
    sound = np.sin(2 * np.pi * 452.9 * time_s).astype(np.float32)
    retuner = Retuner()
    out = np.concatenate([retuner.push(part, 50.0) for part in np.array_split(sound, 37)])
    assert len(out) == pytest.approx(len(sound) * 2 ** (50 / 1200), abs=40)
    spectrum = np.abs(np.fft.rfft(out[1000:-1000] * np.hanning(len(out) - 2000)))
    peak = spectrum.argmax() * RATE / (len(out) - 2000)
    assert peak == pytest.approx(440.0, abs=0.5)
    rest = spectrum.copy()
    rest[spectrum.argmax() - 8 : spectrum.argmax() + 9] = 0.0
    assert rest.max() < 1e-3 * spectrum.max()  # 60 dB below


@pytest.mark.parametrize("mains_hz", [50.0, 60.0])
def test_mains_hum_is_no_tuning_and_chords_are_no_hum(mains_hz):
    time_s = np.arange(8 * RATE) / RATE
    estimator = TuningEstimator(RATE, HOP)
    for step in (1, 2):  # all harmonics, and the odd ones of a transformer
        numbers = range(1, 8, step)
        hum = sum(np.sin(2 * np.pi * mains_hz * k * time_s + k) / k for k in numbers)
        estimator.reset()
        assert follow(estimator, hum.astype(np.float32)) == 0.0
        assert estimator.hum
    for sound in (piece(), piece(35.0)):  # at 35 cents G is 100 Hz
        estimator.reset()
        follow(estimator, sound)
        assert not estimator.hum
