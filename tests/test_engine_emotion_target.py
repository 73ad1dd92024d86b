import pytest

from engine.config import Performance
from engine.emotion.target import Target
from engine.events import EmotionState


def heard(valence, arousal, state="tracking"):
    return EmotionState(
        0.0, valence, arousal, 0.1, 0.1, (0.25,) * 4, (), "C:maj", "N", -20.0, state
    )


def settle(target, emotion, time_s, beat=0.0):
    target.update(emotion, time_s - 10.0, beat)
    return target.update(emotion, time_s, beat)


def test_follow_adds_bias_and_contrast_answers_the_opposite():
    emotion = heard(0.4, -0.6)
    followed = settle(Target(Performance(mode="follow", bias_arousal=0.2)), emotion, 10.0)
    opposed = settle(Target(Performance(mode="contrast")), emotion, 10.0)
    assert (followed.valence, followed.arousal) == pytest.approx((0.4, -0.4))
    assert (opposed.valence, opposed.arousal) == pytest.approx((-0.4, 0.6))


def test_target_stays_in_range():
    state = settle(Target(Performance(mode="follow", bias_valence=1.0)), heard(0.9, 0.0), 10.0)
    assert state.valence == 1.0


def test_slew_limits_the_speed_of_change():
    target = Target(Performance(mode="follow", slew_per_s=0.5))
    target.update(heard(0.0, 0.0), 0.0, 0.0)
    moved = target.update(heard(1.0, -1.0), 1.0, 0.0)
    assert (moved.valence, moved.arousal) == pytest.approx((0.5, -0.5))


def test_silence_holds_the_last_mood():
    target = Target(Performance(mode="follow"))
    settle(target, heard(0.5, 0.5), 10.0)
    held = target.update(heard(0.0, 0.0, "silence"), 60.0, 0.0)
    assert (held.valence, held.arousal) == pytest.approx((0.5, 0.5))


def test_frozen_target_does_not_move_until_released():
    target = Target(Performance(mode="follow", slew_per_s=100.0))
    target.update(heard(0.2, 0.2), 0.0, 0.0)
    target.frozen = True
    assert target.update(heard(0.9, 0.9), 5.0, 0.0).valence == pytest.approx(0.2)
    target.frozen = False
    assert target.update(heard(0.9, 0.9), 6.0, 0.0).valence == pytest.approx(0.9)


def test_guide_starts_where_the_room_is_and_arrives_on_time():
    performance = Performance(mode="follow", slew_per_s=100.0)
    target = Target(performance)
    target.update(heard(-0.8, 0.8), 0.0, 0.0)
    target.change(performance.changed({"mode": "guide", "valence": 0.6, "arousal": -0.6,
                                       "guide_seconds": 100.0}))
    first = target.update(heard(-0.8, 0.8), 1.0, 0.0)
    middle = target.update(heard(-0.8, 0.8), 51.0, 0.0)
    last = target.update(heard(-0.8, 0.8), 101.0, 0.0)
    assert (first.valence, first.arousal) == pytest.approx((-0.8, 0.8))
    assert (middle.valence, middle.arousal) == pytest.approx((-0.1, 0.1))
    assert middle.remaining_s == pytest.approx(50.0)
    assert (last.valence, last.arousal, last.remaining_s) == pytest.approx((0.6, -0.6, 0.0))


def test_changing_the_goal_starts_the_guidance_anew():
    performance = Performance(mode="guide", valence=1.0, guide_seconds=10.0, slew_per_s=100.0)
    target = Target(performance)
    target.update(heard(0.0, 0.0), 0.0, 0.0)
    assert target.update(None, 5.0, 0.0).valence == pytest.approx(0.5)
    target.change(performance.changed({"valence": -1.0}))
    assert target.update(None, 5.0, 0.0).valence == pytest.approx(0.5)
    assert target.update(None, 15.0, 0.0).valence == pytest.approx(-1.0)


def test_curve_is_linear_between_its_points():
    curve = ((0.0, -1.0, 0.0), (8.0, 1.0, 0.5), (16.0, 1.0, -0.5))
    target = Target(Performance(mode="curve", slew_per_s=100.0), curve)
    course = [target.update(None, beat, beat) for beat in (0.0, 2.0, 8.0, 12.0, 99.0)]
    assert [state.valence for state in course] == pytest.approx([-1.0, -0.5, 1.0, 1.0, 1.0])
    assert [state.arousal for state in course] == pytest.approx([0.0, 0.125, 0.5, 0.0, -0.5])


def test_nothing_heard_yet_is_neutral():
    state = Target(Performance(mode="follow")).update(None, 0.0, 0.0)
    assert (state.valence, state.arousal) == (0.0, 0.0)
