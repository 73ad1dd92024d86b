import pytest

from engine.events import EmotionState, to_controller
from engine.music.clock import InternalClock
from engine.pipeline.pipeline import COMMIT_LEAD_S, DISPATCH_LEAD_S, Pipeline
from engine.settings.performance import Performance

MANUAL = Performance(mode="manual", valence=0.5, arousal=0.2, key="C:maj", slew_per_s=100.0)


def make(performance=MANUAL, seed=1, **options):
    clock = InternalClock(performance.tempo_bpm)
    clock.start(0.0)
    return Pipeline(performance, clock, seed, **options)


def run(pipeline, start_s, end_s, tick_s=0.01):
    steps = []
    ticks = round((end_s - start_s) / tick_s)
    for tick in range(ticks):
        steps.append(pipeline.advance(start_s + tick * tick_s))
    return steps


def notes_of(steps):
    return [scheduled.note for step in steps for scheduled in step.notes]


def test_same_seed_same_notes_whatever_the_tick_and_the_draft():
    coarse = notes_of(run(make(draft_beats=0), 0.0, 20.0, 0.04))
    fine = notes_of(run(make(draft_beats=8), 0.0, 20.0, 0.005))
    assert len(coarse) > 20
    assert coarse == fine


def test_other_seed_other_notes():
    one, other = (notes_of(run(make(seed=seed), 0.0, 20.0)) for seed in (1, 2))
    assert [note.pitch for note in one] != [note.pitch for note in other]


def test_notes_are_numbered_once_and_handed_over_just_before_they_sound():
    steps = run(make(), 0.0, 20.0)
    ids = [note.note_id for note in notes_of(steps)]
    assert len(set(ids)) == len(ids) and 0 not in ids
    for tick, step in enumerate(steps):
        for scheduled in step.notes if tick else ():  # the clock starts without a lead here
            assert 0.0 <= DISPATCH_LEAD_S - (scheduled.on_s - tick * 0.01) <= 0.011
            assert scheduled.off_s > scheduled.on_s


def test_velocity_follows_the_target_at_once_density_within_a_beat():
    calm, wild = MANUAL.changed({"arousal": -0.9}), MANUAL.changed({"arousal": 0.9})
    pipeline = make(calm)
    before = notes_of(run(pipeline, 0.0, 19.2))
    pipeline.change(wild)
    after = [scheduled for step in run(pipeline, 19.2, 40.0) for scheduled in step.notes]
    loud = sum(note.velocity for note in before) / len(before) + 15
    assert after[0].note.velocity > loud
    # The change falls on beat 32; beat 32 was fixed already, beat 33 is not.
    beat_s = 60.0 / pipeline.clock.tempo_bpm
    first_wild_beat = [n for n in after if 33 * beat_s <= n.on_s < 34 * beat_s]
    assert len(first_wild_beat) >= 3
    assert len(after) / 20.8 > 2 * len(before) / 19.2


def test_a_stall_leaves_beats_out_and_never_bursts():
    pipeline = make()
    run(pipeline, 0.0, 5.0)
    step = pipeline.advance(30.0)
    assert step.missed_beats > 35
    late = [scheduled for scheduled in step.notes if scheduled.on_s < 30.0 - 0.7]
    assert len(late) < 30  # at most what was committed before the stall
    again = run(pipeline, 30.01, 35.0)
    assert sum(item.missed_beats for item in again) == 0
    assert len(notes_of(again)) > 5


def test_muted_parts_are_silent_and_come_back_at_once():
    pipeline = make(MANUAL.changed({"parts": ["bass"]}))
    assert {note.role for note in notes_of(run(pipeline, 0.0, 10.0))} == {"bass"}
    pipeline.change(MANUAL)
    assert {note.role for note in notes_of(run(pipeline, 10.0, 20.0))} == {"lead", "chords", "bass"}


def test_parts_that_the_engine_has_not_are_said():
    pipeline = make(MANUAL.changed({"parts": ["pad"]}))
    assert notes_of(run(pipeline, 0.0, 4.0)) == []
    assert pipeline.trouble == "rules plays lead, chords, bass and none of the parts chosen: pad"
    pipeline.change(MANUAL.changed({"parts": ["pad", "bass"]}))
    run(pipeline, 4.0, 4.1)
    assert pipeline.trouble == ""
    pipeline.change(MANUAL.changed({"parts": []}))  # silence that was asked for
    run(pipeline, 4.1, 4.2)
    assert pipeline.trouble == ""


def test_key_changes_on_the_bar_line_only():
    pipeline = make()
    run(pipeline, 0.0, 1.0)
    pipeline.change(MANUAL.changed({"key": "F#:min"}))
    bar_s = pipeline.clock.time_at(4) - COMMIT_LEAD_S
    run(pipeline, 1.0, bar_s - 0.02)
    assert pipeline.key == "C:maj"
    run(pipeline, bar_s - 0.02, bar_s + 0.1)
    assert pipeline.key == "F#:min"


def heard(valence, key="C:maj", state="tracking"):
    return EmotionState(0.0, valence, 0.0, 0.1, 0.1, (0.25,) * 4, (), key, "N", -20.0, state)


def test_auto_key_is_the_tracked_one_and_stays_while_none_is_known():
    pipeline = make(Performance(mode="follow"))
    pipeline.emotion = heard(0.0, "D:min")
    run(pipeline, 0.0, 10.0)
    assert pipeline.key == "D:min"
    pipeline.emotion = heard(0.0, "")
    run(pipeline, 10.0, 15.0)
    assert pipeline.key == "D:min"


def emotion_controls(steps):
    controls = [scheduled.control for step in steps for scheduled in step.controls]
    return [control for control in controls if control.control in (20, 21)]


def test_controllers_carry_the_emotion_and_are_not_repeated():
    pipeline = make()
    controls = emotion_controls(run(pipeline, 0.0, 10.0))
    assert [(c.control, c.value) for c in controls] == [(20, 95), (21, 76)]
    pipeline.change(MANUAL.changed({"valence": -1.0}))
    controls = emotion_controls(run(pipeline, 10.0, 11.0))
    assert [(c.control, c.value) for c in controls] == [(20, 0)]


@pytest.mark.parametrize(("value", "level"), [(-1.0, 0), (0.0, 64), (1.0, 127), (9.0, 127)])
def test_controller_covers_the_whole_range(value, level):
    assert to_controller(value) == level


def test_regenerate_changes_what_comes_and_relocate_drops_what_waits():
    pipeline = make()
    run(pipeline, 0.0, 5.0)
    pipeline.regenerate(99)
    pipeline.relocate(pipeline.clock.beat_at(5.0))
    assert pipeline.plan.committed == ()
    assert notes_of(run(pipeline, 5.0, 10.0)) != notes_of(run(make(), 5.0, 10.0))


def test_stopped_clock_plays_nothing():
    pipeline = make()
    run(pipeline, 0.0, 5.0)
    pipeline.clock.stop(5.0)
    assert notes_of(run(pipeline, 5.0, 10.0)) == []


def leap(bpm, at_s, before=-0.8, after=0.8):
    """Play on from a time without and with a leap of arousal there; return both."""
    old = MANUAL.changed({"arousal": before, "tempo_bpm": bpm})
    played = []
    for changes in (False, True):
        pipeline = make(old)
        run(pipeline, 0.0, at_s)
        if changes:
            pipeline.change(old.changed({"arousal": after}))
        played.append([one for step in run(pipeline, at_s, at_s + 4.0) for one in step.notes])
    return played


@pytest.mark.parametrize("bpm", [60.0, 120.0, 180.0])
@pytest.mark.parametrize("after", [0.8, -0.8])
def test_a_leap_of_the_target_is_heard_within_the_beat(bpm, after):
    waits = []
    for part in range(12):
        at_s = round((8.0 + part / 12.0) * 60.0 / bpm, 2)
        without, heard = (
            {(one.on_s, one.note.pitch, one.note.velocity) for one in notes}
            for notes in leap(bpm, at_s, -after, after)
        )
        waits.append(min(on_s for on_s, _, _ in without ^ heard) - at_s)
    assert min(waits) >= DISPATCH_LEAD_S - 0.011  # what was handed over stays
    assert sorted(waits)[-2] <= 0.2


def test_a_beat_written_again_keeps_order_and_numbers():
    _, heard = leap(100.0, 5.0)
    ids = [one.note.note_id for one in heard]
    assert len(set(ids)) == len(ids)
    places = [(one.note.onset, one.note.channel, one.note.pitch) for one in heard]
    assert len(set(places)) == len(places)


def test_small_moves_write_nothing_again():
    plain = MANUAL.changed({"arousal": 0.1})
    results = []
    for arousal in (0.1, 0.3):
        pipeline = make(plain)
        run(pipeline, 0.0, 5.3)
        pipeline.change(plain.changed({"arousal": arousal}))
        results.append([note.onset for note in notes_of(run(pipeline, 5.3, 5.8))])
    assert results[0] == results[1]
