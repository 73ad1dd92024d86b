"""An engine that takes over goes on where the last one was."""

import dataclasses

import pytest

from engine.emotion.target import Target
from engine.errors import InputError
from engine.pipeline.pipeline import Pipeline
from engine.pipeline.player import Player
from engine.settings.performance import Performance
from engine.settings.resume import Resume
from engine.settings.run import LiveConfig
from engine.sync.follower import ClockFollower
from engine.sync.source import START_DELAY_S, InternalSync


class Sender:
    """Where notes would go."""

    def __getattr__(self, name):
        return lambda *values, **named: None


AT = Resume(
    at_s=100.0, beat=33.5, tempo_bpm=120.0, playing=True, key="D:min", valence=-0.4, arousal=0.6
)


def test_position_goes_on_as_if_nothing_had_happened():
    sync = InternalSync(120.0)
    sync.begin(100.7, AT)
    assert sync.clock.running
    assert sync.clock.beat_at(101.0) == pytest.approx(35.5)
    assert sync.clock.landing == pytest.approx(33.5 + (0.7 + START_DELAY_S) * 2)


def test_music_that_was_held_stays_held_at_its_place():
    sync = InternalSync(120.0)
    sync.begin(105.0, dataclasses.replace(AT, playing=False))
    assert not sync.clock.running
    assert sync.clock.beat_at(110.0) == pytest.approx(33.5)


def test_follower_runs_from_the_next_clock_without_start():
    follower = ClockFollower(100.0)
    follower.resume(AT)
    period_s = 60 / 120 / 24
    first = 101.0 + period_s / 3  # any phase will do: a clock is a clock
    for number in range(48):
        follower.tick(first + number * period_s)
    assert follower.running
    assert follower.beat_at(first + 24 * period_s) == pytest.approx(36.5, abs=0.03)


@pytest.mark.parametrize("order", ["start", "stop"])
def test_start_and_stop_win_over_the_place_before(order):
    follower = ClockFollower(120.0)
    follower.resume(AT)
    getattr(follower, order)(100.5)
    for number in range(24):
        follower.tick(101.0 + number / 48)
    assert follower.running == (order == "start")
    assert follower.beat_at(101.0) == pytest.approx(0.0, abs=0.01)


def test_target_goes_on_until_something_is_heard():
    target = Target(Performance(mode="follow"))
    target.resume(AT)
    state = target.update(None, 101.0, 0.0)
    assert (state.valence, state.arousal) == (-0.4, 0.6)


def test_guide_keeps_the_time_it_had_left():
    performance = Performance(mode="guide", valence=1.0, arousal=0.0, guide_seconds=100.0)
    one = Target(performance)
    one.update(None, 0.0, 0.0)
    before = one.update(None, 40.0, 0.0)
    other = Target(performance)
    other.resume(
        dataclasses.replace(
            AT, at_s=40.0, valence=before.valence, arousal=0.0, remaining_s=before.remaining_s
        )
    )
    for time_s in (40.0, 41.0, 70.0, 100.0):
        expected, got = one.update(None, time_s, 0.0), other.update(None, time_s, 0.0)
        assert got.valence == pytest.approx(expected.valence)
        assert got.remaining_s == pytest.approx(expected.remaining_s)


def test_frozen_target_stays_frozen():
    target = Target(Performance(mode="manual", valence=0.9))
    target.resume(dataclasses.replace(AT, frozen=True))
    assert target.update(None, 101.0, 0.0).valence == -0.4
    assert target.frozen


def test_pipeline_keeps_the_key():
    sync = InternalSync(120.0)
    pipeline = Pipeline(Performance(mode="manual"), sync.clock)
    pipeline.resume(AT)
    assert pipeline.key == "D:min"


def test_what_was_ordered_of_an_arranger_holds_on():
    sync = InternalSync(120.0)
    spans = (("break", 40, 44), ("section", 44, 48))
    pipeline = Pipeline(Performance(mode="manual"), sync.clock, draft_beats=0)
    pipeline.resume(dataclasses.replace(AT, spans=spans))
    player = Player(pipeline, sync, Sender())
    sync.begin(100.7, AT)
    played = [note for n in range(1200) for note in player.turn(100.7 + 0.01 * n).notes]
    assert pipeline.arrangement.to_spans() == spans
    starts = [note.note.onset for note in played]
    assert any(36 <= s < 40 for s in starts) and any(44 <= s < 46 for s in starts)
    assert not any(40 <= start < 44 for start in starts)


def test_snapshot_as_json_makes_a_resume_and_nonsense_does_not():
    look = {
        "at_s": 1.0,
        "beat": 2.0,
        "tempo_bpm": 90.0,
        "running": True,
        "key": "C:maj",
        "target_valence": 0.1,
        "target_arousal": 0.2,
        "remaining_s": 0.0,
        "frozen": False,
        "spans": [["silence", 8, 2**53]],
        "notes": [
            {"channel": 1, "pitch": 60, "onset": 1.0, "duration": 4.0},
            {"channel": 1, "pitch": 60, "onset": 5.0, "duration": 1.0},
            {"channel": 2, "pitch": 40, "onset": -4.0, "duration": 1.0},
        ],
    }
    config = LiveConfig.from_mapping({"resume": Resume.from_snapshot(look)})
    assert config.resume is not None and config.resume.beat_at(2.0) == pytest.approx(3.5)
    assert config.resume.sounding == ((1, 60),)
    assert config.resume.spans == (("silence", 8, 2**53),)
    outside = {**Resume.from_snapshot(look), "sounding": [[16, 60]]}
    for broken in (
        [],
        {"beat": 1},
        {**Resume.from_snapshot(look), "beat": float("nan")},
        {"x": 1},
        outside,
    ):
        with pytest.raises(InputError, match="resume|beat"):
            LiveConfig.from_mapping({"resume": broken})
