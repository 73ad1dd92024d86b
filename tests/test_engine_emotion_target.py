from dataclasses import replace

import pytest

from engine.emotion.target import Target
from engine.events import EmotionState
from engine.settings.performance import Performance


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
    target.change(
        performance.changed(
            {"mode": "guide", "valence": 0.6, "arousal": -0.6, "guide_seconds": 100.0}
        )
    )
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


def listen(target, values, hop_s=0.1):
    """Feed one state per hop and return the targets."""
    states = []
    for index, (valence, arousal) in enumerate(values, start=1):
        emotion = replace(heard(valence, arousal), time_s=index * hop_s)
        states.append(target.update(emotion, index * hop_s, 0.0))
    return states


def test_recentring_moves_what_is_usual_here_to_the_middle():
    loud_club = [(0.2, 0.8)] * 6000
    fixed = listen(Target(Performance(mode="follow")), loud_club)[-1]
    venue = listen(Target(Performance(mode="follow", recentre=1.0)), loud_club)[-1]
    half = listen(Target(Performance(mode="follow", recentre=0.5)), loud_club)[-1]
    assert (fixed.valence, fixed.arousal) == pytest.approx((0.2, 0.8))
    assert abs(venue.arousal) < 0.25 and abs(venue.valence) < 0.1
    assert venue.arousal < half.arousal < fixed.arousal


def test_recentring_leaves_the_first_seconds_nearly_as_they_are():
    first = listen(Target(Performance(mode="follow", recentre=1.0)), [(0.2, 0.8)] * 50)[-1]
    assert first.arousal > 0.65


def test_smoothing_takes_its_time_constant():
    performance = Performance(mode="follow", smoothing_s=5.0, slew_per_s=100.0)
    course = listen(Target(performance), [(0.0, 0.0)] * 10 + [(1.0, 1.0)] * 200)
    assert course[9 + 50].valence == pytest.approx(0.63, abs=0.02)
    assert course[-1].valence > 0.97


def test_hysteresis_holds_back_trembling_but_not_change():
    performance = Performance(mode="follow", hysteresis=0.1, slew_per_s=100.0)
    trembling = [(0.5 + 0.05 * (-1) ** k, 0.0) for k in range(20)]
    course = listen(Target(performance), trembling)
    assert len({state.valence for state in course}) == 1
    assert listen(Target(performance), [*trembling, (-0.5, 0.0)])[-1].valence < -0.3
