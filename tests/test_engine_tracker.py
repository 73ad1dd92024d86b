"""The tracker as shipped: sane on any input, equal in any chunking, right about plain contrasts."""

import functools
import json
import math

import numpy as np
import pytest

from engine.emotion.config import TrackerConfig
from engine.emotion.model import TrackerModel
from engine.emotion.smoothing import HeldLabel, Lead, Smoother
from engine.emotion.tracker import Tracker
from engine.errors import InputError, ModelError, ModelMetadataError


@pytest.fixture(scope="module")
def model():
    return TrackerModel()


@pytest.fixture
def tracker(model):
    return Tracker(model)


@functools.cache
def plucked(rate, pitch, brightness, decay):
    """One tone of 2.5 s with eight partials."""
    age = np.arange(int(2.5 * rate)) / rate
    hz = 440.0 * 2.0 ** ((pitch - 69) / 12)
    partials = (
        partial ** (-6.0 / brightness) * np.sin(2 * math.pi * partial * hz * age)
        for partial in range(1, 9)
    )
    return np.exp(-decay * age) * sum(partials)


def notes(rate, seconds, chords, beat_s, brightness=3.0, decay=3.0, level=0.05):
    """Play plucked chords, one per beat, at a given RMS: float32, shape (n,)."""
    sound = np.zeros(int(seconds * rate))
    for number, onset in enumerate(np.arange(0.0, seconds, beat_s)):
        start = int(onset * rate)
        for pitch in chords[number % len(chords)]:
            part = sound[start : start + int(2.5 * rate)]
            part += plucked(rate, pitch, brightness, decay)[: len(part)]
    return (sound * level / np.sqrt(np.mean(sound**2))).astype(np.float32)


CALM = ((60, 64, 67), (65, 69, 72), (60, 64, 67), (67, 71, 74))
DRIVEN = ((40, 52, 64, 67, 71), (40, 52, 64, 67, 76), (45, 57, 60, 64, 76), (47, 59, 63, 66, 78))


def last_mean(states, attribute, count=40):
    return float(np.mean([getattr(state, attribute) for state in states[-count:]]))


def assert_sensible(states):
    for state in states:
        numbers = (
            state.time_s,
            state.valence,
            state.arousal,
            state.valence_std,
            state.arousal_std,
            state.loudness_db,
            *state.quadrants,
        )
        assert all(math.isfinite(number) for number in numbers)
        assert -1 <= state.valence <= 1 and -1 <= state.arousal <= 1
        assert state.valence_std >= 0 and state.arousal_std >= 0
        assert sum(state.quadrants) == pytest.approx(1.0, abs=1e-5)


def test_one_state_per_hop_with_its_time(tracker):
    states = tracker.push(np.zeros(10 * tracker.hop_length + 5, np.float32))
    hop_s = tracker.hop_length / tracker.sample_rate
    assert [state.time_s for state in states] == pytest.approx([hop_s * (i + 1) for i in range(10)])
    assert 10 <= 1 / hop_s <= 25


def test_any_chunking_equals_the_whole(tracker):
    rng = np.random.default_rng(1)
    sound = notes(tracker.sample_rate, 14.0, DRIVEN, 0.25)
    sound[5 * tracker.sample_rate : 9 * tracker.sample_rate] = 0.0  # a new piece begins within
    whole = tracker.push(sound)
    tracker.reset()
    parts = []
    position = 0
    while position < len(sound):
        size = int(rng.integers(1, 9000))
        parts += tracker.push(sound[position : position + size])
        position += size
    assert len(parts) == len(whole)
    for one, other in zip(parts, whole, strict=True):
        assert (one.key, one.chord, one.state) == (other.key, other.chord, other.state)
        assert one.valence == pytest.approx(other.valence, abs=1e-4)
        assert one.arousal == pytest.approx(other.arousal, abs=1e-4)
        assert one.quadrants == pytest.approx(other.quadrants, abs=1e-4)


def test_reset_restores_the_start(tracker):
    sound = notes(tracker.sample_rate, 4.0, CALM, 1.0)
    first = tracker.push(sound)
    tracker.reset()
    assert tracker.push(sound) == first


def test_driven_music_has_more_arousal_than_calm_music_of_equal_level(tracker):
    rate = tracker.sample_rate
    calm = tracker.push(notes(rate, 15.0, CALM, 1.5, brightness=1.5, decay=1.0))
    tracker.reset()
    driven = tracker.push(notes(rate, 15.0, DRIVEN, 0.18, brightness=6.0, decay=6.0))
    assert last_mean(driven, "arousal") > last_mean(calm, "arousal") + 0.2


def test_input_gain_does_not_move_arousal(tracker):
    sound = notes(tracker.sample_rate, 12.0, DRIVEN, 0.3)
    loud = tracker.push(sound)
    tracker.reset()
    quiet = tracker.push(sound * np.float32(10 ** (-24 / 20)))
    assert abs(last_mean(loud, "arousal") - last_mean(quiet, "arousal")) < 0.1
    assert last_mean(loud, "loudness_db") - last_mean(quiet, "loudness_db") == pytest.approx(
        24, abs=0.1
    )


def test_states_go_from_settling_to_tracking_to_silence(tracker):
    rate = tracker.sample_rate
    sound = notes(rate, 9.0, CALM, 0.5)
    states = tracker.push(np.concatenate([sound, np.zeros(3 * rate, np.float32)]))
    assert states[5].state == "settling"
    assert states[5].valence_std > states[60].valence_std
    assert states[85].state in ("tracking", "uncertain")
    assert states[-1].state == "silence"
    assert states[-1].chord == "N"


@pytest.mark.proof
def test_after_an_hour_of_nothing_music_is_heard_as_on_the_first_day(tracker):
    rate = tracker.sample_rate
    sound = notes(rate, 12.0, DRIVEN, 0.25)
    # Whole hops, so that the music begins at the same place in a hop.
    minute = np.zeros(646 * tracker.hop_length, np.float32)
    tracker.push(minute)
    fresh = tracker.push(sound)
    for _ in range(60):
        states = tracker.push(minute)
    states = tracker.push(minute[: -len(sound) % tracker.hop_length + tracker.hop_length])
    assert states[-1].state == "silence"
    assert (states[-1].valence, states[-1].arousal) == pytest.approx((0.0, 0.0), abs=1e-6)
    later = tracker.push(sound)
    assert last_mean(later, "arousal") == pytest.approx(last_mean(fresh, "arousal"), abs=0.02)
    assert last_mean(later, "valence") == pytest.approx(last_mean(fresh, "valence"), abs=0.02)
    assert later[-1].state == fresh[-1].state and later[-1].key == fresh[-1].key


def test_chord_and_key_are_named(tracker):
    cadence = ((48, 60, 64, 67), (53, 65, 69, 72), (55, 67, 71, 74), (48, 60, 64, 67))
    states = tracker.push(notes(tracker.sample_rate, 16.0, cadence, 2.0, decay=0.7))
    heard = [state.chord for state in states[40:]]
    assert {"C:maj", "F:maj", "G:maj"} <= set(heard)
    assert states[-1].key == "C:maj"
    changes = sum(a != b for a, b in zip(heard, heard[1:], strict=False))
    assert changes <= 12


@pytest.mark.parametrize(
    "name", ["silence", "dc", "square", "noise", "nan", "infinite", "huge", "impulse"]
)
def test_any_signal_gives_finite_output(tracker, name):
    rate = tracker.sample_rate
    n = 4 * rate
    time_s = np.arange(n) / rate
    signals = {
        "silence": np.zeros(n),
        "dc": np.ones(n),
        "square": np.sign(np.sin(2 * math.pi * 220 * time_s)),
        "noise": np.random.default_rng(2).standard_normal(n) * 0.2,
        "nan": np.full(n, np.nan),
        "infinite": np.where(np.arange(n) % 2, np.inf, -np.inf),
        "huge": np.sin(2 * math.pi * 220 * time_s) * 1e30,
        "impulse": np.eye(1, n, n // 2)[0],
    }
    states = tracker.push(signals[name].astype(np.float32))
    assert_sensible(states)
    if name in ("silence", "dc", "nan", "infinite"):
        assert states[-1].state == "silence"
    assert tracker.invalid_samples == (n if name in ("nan", "infinite") else 0)


def test_broken_samples_count_as_zero(tracker):
    sound = notes(tracker.sample_rate, 3.0, CALM, 0.5)
    clean = sound.copy()
    clean[1000:1010] = 0.0
    sound[1000:1010] = np.nan
    expected = tracker.push(clean)
    tracker.reset()
    assert tracker.push(sound) == expected
    assert tracker.invalid_samples == 10


def test_tags_are_ranked_and_named(tracker):
    state = tracker.push(notes(tracker.sample_rate, 3.0, CALM, 0.5))[-1]
    shares = [share for _, share in state.tags]
    assert len(state.tags) == 9
    assert shares == sorted(shares, reverse=True)
    assert {"tension", "calmness"} <= {tag for tag, _ in state.tags}


def test_stereo_is_refused(tracker):
    with pytest.raises(InputError, match="mono"):
        tracker.push(np.zeros((100, 2), np.float32))


@pytest.mark.parametrize(
    "setting",
    [
        {"valence_tau_s": -1.0},
        {"dead_band": 2.0},
        {"lead": 3.0},
        {"silence_db": 10.0},
        {"settle_s": math.nan},
    ],
)
def test_config_out_of_range_is_named(setting):
    with pytest.raises(InputError, match=next(iter(setting))):
        TrackerConfig(**setting)


def test_missing_model_is_named(tmp_path):
    with pytest.raises(ModelError, match=r"nowhere\.onnx"):
        TrackerModel(tmp_path / "nowhere.onnx")


def test_file_that_is_no_model_is_refused(tmp_path):
    path = tmp_path / "text.onnx"
    path.write_text("not a model")
    with pytest.raises(ModelError, match="cannot be loaded"):
        TrackerModel(path)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("stimmung_model", "muser", "muser"),
        ("version", "99", "version"),
        ("sample_rate", "fast", "sample_rate"),
        ("hop_length", None, "hop_length"),
        ("labels", "{", "labels"),
        ("labels", json.dumps({"quadrants": ["Q2", "Q1", "Q3", "Q4"]}), "tags"),
        ("states", "{}", "states"),
    ],
)
def test_wrong_metadata_are_named(tmp_path, model, name, value, says):
    onnx = pytest.importorskip("onnx")
    graph = onnx.load(str(model.path))
    metadata = {entry.key: entry.value for entry in graph.metadata_props}
    metadata.pop(name)
    if value is not None:
        metadata[name] = value
    del graph.metadata_props[:]
    onnx.helper.set_model_props(graph, metadata)
    path = tmp_path / "changed.onnx"
    onnx.save(graph, str(path))
    with pytest.raises(ModelMetadataError, match=says):
        TrackerModel(path)


def test_shipped_model_states_licence_and_data(model):
    assert "CC BY-NC-SA" in model.metadata["licence"]
    assert "EMOPIA" in model.metadata["training_data"]
    assert model.path.stat().st_size < 20e6


def test_smoother_reaches_a_step_and_ignores_small_changes():
    smoother = Smoother(tau_s=0.5, hop_s=0.1, dead_band=0.05)
    assert smoother.push(0.0) == 0.0
    for _ in range(50):
        value = smoother.push(1.0)
    assert value == pytest.approx(0.95, abs=0.01)
    assert smoother.push(0.98) == value


def test_lead_answers_a_step_sooner_and_leaves_steady_values_alone():
    lead = Lead(gain=0.7, tau_s=4.0, hop_s=0.1)
    assert [lead.push(0.3) for _ in range(50)] == pytest.approx([0.3] * 50)
    values = [lead.push(0.3 + 0.4 * (1 - math.exp(-t * 0.1 / 3.0))) for t in range(600)]
    reached = next(i for i, value in enumerate(values) if value >= 0.3 + 0.63 * 0.4) * 0.1
    assert reached < 2.2
    assert max(values) < 0.7 + 0.3 * 0.4
    assert values[-1] == pytest.approx(0.7, abs=1e-3)


def test_held_label_waits_for_a_steady_rival():
    label = HeldLabel(3)
    for name in ("A", "A", "A"):
        shown = label.push(name)
    assert shown == "A"
    for name in ("B", "A", "B", "B"):
        assert label.push(name) == "A"
    assert label.push("B") == "B"
