"""The slow lane beside the fast graph: the same states whoever does the work, one distribution."""

import math
from dataclasses import replace

import numpy as np
import pytest

from engine.emotion.config import TrackerConfig
from engine.emotion.model import TrackerModel
from engine.emotion.quadrants import quadrant_masses
from engine.emotion.slow_lane import DELAY_HOPS, SlowLane
from engine.emotion.slow_model import Opinion, SlowModel
from engine.emotion.tracker import Tracker
from engine.errors import ModelError, ModelMetadataError


@pytest.fixture(scope="module")
def fast():
    return TrackerModel()


@pytest.fixture(scope="module")
def slow():
    return SlowModel()


def chords(seconds, rate=22_050, beat_s=0.4, level=0.1):
    time_s = np.arange(int(seconds * rate)) / rate
    age = time_s % beat_s
    sound = sum(
        np.sin(2 * math.pi * pitch * partial * time_s) / partial
        for pitch in (220.0, 277.2, 329.6)
        for partial in range(1, 6)
    ) * np.exp(-4.0 * age)
    return (level * sound / np.abs(sound).max()).astype(np.float32)


class Turning:
    """The slow graph, but other music begins in every fourth step."""

    def __init__(self, slow):
        self._slow, self.hops_per_step, self.check = slow, slow.hops_per_step, slow.check

    def start(self):
        return self._slow.start() | {"count": 0}

    def step(self, pcm, outputs, digest, states):
        count = states["count"] + 1
        given = {name: value for name, value in states.items() if name != "count"}
        said, states = self._slow.step(pcm, outputs, digest, given)
        return replace(said, changed=count % 4 == 0), states | {"count": count}


@pytest.mark.parametrize("turning", [False, True])
def test_states_are_the_same_on_a_thread_of_its_own_in_any_chunking(fast, slow, turning):
    slow = Turning(slow) if turning else slow
    sound = chords(9.0)
    sound[int(4.0 * 22_050) : int(7.2 * 22_050)] = 0.0  # a new piece begins within
    whole = Tracker(fast, slow=slow).push(sound)
    beside = Tracker(fast, slow=slow, beside=True)
    rng = np.random.default_rng(2)
    parts, place = [], 0
    while place < len(sound):
        size = int(rng.integers(1, 30_000))
        parts += beside.push(sound[place : place + size])
        place += size
    beside.close()
    assert len(parts) == len(whole)
    for one, other in zip(parts, whole, strict=True):
        assert one.valence == pytest.approx(other.valence, abs=1e-4)
        assert one.arousal == pytest.approx(other.arousal, abs=1e-4)
        assert one.valence_std == pytest.approx(other.valence_std, abs=1e-4)
        assert one.state == other.state


def test_the_first_emotion_does_not_wait_for_the_slow_lane(fast, slow):
    states = Tracker(fast, slow=slow).push(chords(1.0))
    assert any(state.valence or state.arousal for state in states[:3])


def test_without_the_slow_lane_the_fast_graph_decides(fast, slow):
    sound = chords(6.0)
    both = Tracker(fast, slow=slow).push(sound)
    alone = Tracker(fast, TrackerConfig(slow_lane=False)).push(sound)
    first_step = slow.hops_per_step + DELAY_HOPS - 1
    for one, other in zip(both[:first_step], alone[:first_step], strict=True):
        assert one.valence == pytest.approx(other.valence, abs=1e-4)
    assert both[-1].valence != alone[-1].valence


def test_input_gain_does_not_move_the_opinion(fast, slow):
    loud = Tracker(fast, slow=slow).push(chords(8.0, level=0.5))[-1]
    quiet = Tracker(fast, slow=slow).push(chords(8.0, level=0.02))[-1]
    assert quiet.valence == pytest.approx(loud.valence, abs=0.1)
    assert quiet.arousal == pytest.approx(loud.arousal, abs=0.1)


def test_a_renewed_mood_knows_the_newest_hops_and_the_key_all(fast):
    sound = np.concatenate([chords(6.0), np.flip(chords(1.0))])
    hops = sound[: len(sound) // 2048 * 2048]
    _, states = fast.step(hops, fast.start())
    newest = hops[-7 * 2048 :]
    said, renewed = fast.renew_mood(newest, states)
    assert len(said["valence"]) == 7
    for name in ("state_key", "state_chord", "state_level"):
        np.testing.assert_array_equal(renewed[name], states[name])
    assert renewed["state_digest_pool"][0, 0, -1] < 0.1 < states["state_digest_pool"][0, 0, -1]


class Told:
    """A slow graph that says the number of its step."""

    hops_per_step = 5

    def start(self):
        return {"count": np.zeros(1, np.float32)}

    def step(self, pcm, fast, digest, states):
        count = float(states["count"][0]) + 1.0
        return Opinion(count, 0.0, 0.1, 0.1, count == 2.0), {"count": np.full(1, count, np.float32)}


def test_the_slow_lane_hears_the_retuned_sound(fast, slow):
    class Listening:
        hops_per_step, sounds = slow.hops_per_step, []

        def check(self, model):
            slow.check(model)

        def start(self):
            return {}

        def step(self, pcm, outputs, digest, states):
            self.sounds.append(pcm)
            return Opinion(0.0, 0.0, 0.1, 0.1, False), {}

    time_s = np.arange(12 * 22_050) / 22_050
    sound = sum(np.sin(2 * math.pi * hz * 2 ** (40 / 1200) * time_s) for hz in (220.0, 440.0))
    heard = Listening()
    states = Tracker(fast, slow=heard).push((0.1 * sound).astype(np.float32))
    assert states[-1].tuning_hz == pytest.approx(450.3, abs=1.0)
    assert {len(pcm) for pcm in heard.sounds} == {slow.hops_per_step * fast.hop_length}
    late = np.concatenate(heard.sounds[-12:])
    power = np.abs(np.fft.rfft(late * np.hanning(len(late))))
    hz = np.argmax(power[1_000:4_000]) + 1_000  # bins of a long spectrum
    assert hz * 22_050 / len(late) in (pytest.approx(220.0, abs=0.5), pytest.approx(440.0, abs=0.5))


@pytest.mark.parametrize("beside", [False, True])
def test_an_opinion_counts_three_hops_after_its_step(fast, beside):
    lane = SlowLane(Told(), beside)
    outputs, states = fast.step(chords(0.2)[:2048], fast.start())
    row = {name: value[0] for name, value in outputs.items()}
    heard, turned = [], []
    for _ in range(16):
        opinion = lane.hop()
        heard.append(None if opinion is None else opinion.valence)
        turned.append(lane.turned)
        lane.add(np.zeros((1, 2048), np.float32), [row], states["state_digest_pool"])
    lane.close()
    assert heard == [None] * 7 + [1.0] * 5 + [2.0] * 4
    assert turned == [False] * 12 + [True] + [False] * 3


def test_a_reset_forgets_what_is_still_being_asked(fast):
    lane = SlowLane(Told())
    outputs, states = fast.step(chords(0.2)[:2048], fast.start())
    row = {name: value[0] for name, value in outputs.items()}
    for _ in range(5):
        lane.add(np.zeros((1, 2048), np.float32), [row], states["state_digest_pool"])
    lane.reset()
    assert [lane.hop() for _ in range(5)] == [None] * 5


@pytest.mark.parametrize(
    ("valence", "arousal", "leading"),
    [(0.3, 0.1, 0), (-0.2, 0.4, 1), (-0.1, -0.5, 2), (0.2, -0.1, 3)],
)
def test_the_likeliest_quadrant_is_that_of_the_signs(valence, arousal, leading):
    masses = quadrant_masses(valence, arousal, 0.4, 0.6)
    assert sum(masses) == pytest.approx(1.0)
    assert max(range(4), key=masses.__getitem__) == leading
    assert max(quadrant_masses(valence, arousal, 0.01, 0.01)) == pytest.approx(1.0)


def test_states_never_contradict_themselves(fast, slow):
    for state in Tracker(fast, slow=slow).push(chords(6.0)):
        expected = quadrant_masses(
            state.valence, state.arousal, state.valence_std, state.arousal_std
        )
        assert state.quadrants == pytest.approx(expected)


def test_a_file_that_is_no_slow_lane_is_refused(fast, tmp_path):
    with pytest.raises(ModelError, match="not found"):
        SlowModel(tmp_path / "none.onnx")
    with pytest.raises(ModelMetadataError, match="'tracker_slow'"):
        SlowModel(fast.path)


def test_a_change_that_is_told_before_a_fresh_model_has_heard_a_hop_is_no_error(fast, slow):
    tracker = Tracker(fast, slow=slow)
    tracker.push(chords(3.0))
    tracker._restart()
    tracker._slow.turned, tracker._slow.hop = True, lambda: None
    tracker._retuned, tracker._filled = [np.zeros(0, np.float32)], 0
    tracker._waiting = [(tracker._know(np.ones((1, fast.hop_length), np.float32) * 0.1)[0], 0)]
    assert len(tracker._hear()) == 1
