"""Settings with undo, throttled posts, tapped tempo, history."""

import json

import numpy as np
import pytest
from gui_samples import emotion, look

from engine.errors import InputError
from engine.settings.performance import Performance
from gui.engine_process.decode import read_snapshot
from gui.state.history import History
from gui.state.performance_model import PerformanceModel


@pytest.fixture
def model(qapp, fake_clock):
    made = PerformanceModel(Performance(), clock=fake_clock)
    made.posts = []
    made.posted.connect(made.posts.append)
    return made


def test_first_change_is_posted_at_once(model):
    model.set(valence=0.3)
    assert model.posts == [{"valence": 0.3}]


def test_dragging_posts_only_the_latest_position(model, qtbot):
    for step in range(200):
        model.set(mode="manual", valence=step / 200, arousal=-step / 200)
    qtbot.waitUntil(lambda: len(model.posts) == 2, timeout=10_000)
    assert model.posts[0]["mode"] == "manual"
    assert model.posts[1] == {"valence": 199 / 200, "arousal": -199 / 200}


def test_bad_value_changes_nothing(model):
    with pytest.raises(InputError, match="valence"):
        model.set(valence=3.0)
    assert model.performance == Performance() and not model.posts and not model.can_undo


def test_a_drag_is_undone_as_one(model, fake_clock):
    for step in range(10):
        fake_clock.sleep(0.03)
        model.set(mode="manual", valence=step / 10)
    fake_clock.sleep(5.0)
    model.set(tempo_bpm=80.0)
    model.undo()
    assert model.performance.tempo_bpm == 100.0 and model.performance.valence == 0.9
    model.undo()
    assert model.performance == Performance() and not model.can_undo
    model.redo()
    model.redo()
    assert model.performance.tempo_bpm == 80.0 and not model.can_redo


def test_a_new_change_ends_redo(model, fake_clock):
    model.set(tempo_bpm=80.0)
    model.undo()
    fake_clock.sleep(5.0)
    model.set(key="D:min")
    assert not model.can_redo


def test_engine_is_believed_once_own_changes_have_settled(model, fake_clock):
    by_osc = Performance(mode="manual", valence=-0.5)
    model.set(tempo_bpm=90.0)
    model.adopt(by_osc)
    assert model.performance.tempo_bpm == 90.0
    model.forget_pending()
    fake_clock.sleep(2.0)
    model.posts.clear()
    model.adopt(by_osc)
    assert model.performance == by_osc and not model.posts


def test_snapshot_survives_the_pipe():
    sent = look(mode="guide")
    line = json.dumps({"is": "snapshot", **sent.to_json()})
    assert read_snapshot(json.loads(line)) == sent


def test_snapshot_of_another_version_is_an_error():
    values = json.loads(json.dumps(look().to_json()))
    with pytest.raises(TypeError):
        read_snapshot({**values, "colour": "blue"})


def test_history_keeps_the_last_seconds_in_order_and_leaves_gaps_in_silence():
    history = History(capacity=50)
    for step in range(180):
        state = "silence" if step == 175 else "tracking"
        history.add(look(time_s=step * 0.1, emotion=emotion(valence=step / 180, state=state)))
    rows = history.last(1.0)
    assert np.allclose(np.diff(rows[:, 0]), 0.1)
    assert rows[-1, 0] == pytest.approx(17.9) and len(rows) == 11
    assert np.isnan(rows[6, 1]) and np.isfinite(rows[5, 1])
    assert len(history.last(100.0)) == 50


def test_history_begins_anew_with_a_new_run():
    history = History()
    history.add(look(time_s=50.0))
    history.add(look(time_s=0.1))
    assert len(history.last(100.0)) == 1
