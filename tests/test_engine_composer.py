"""The generator on a worker: late beats, drafts, engines taking over, pedals."""

from collections import deque
from concurrent.futures import Executor, Future

import pytest

from engine.errors import InputError
from engine.events import ControlEvent, NoteEvent
from engine.generators.registry import GENERATORS
from engine.generators.shared.settings import SETTINGS, Setting
from engine.music.clock import InternalClock
from engine.pipeline.pipeline import COMMIT_LEAD_S, DISPATCH_LEAD_S, Pipeline
from engine.pipeline.player import Player
from engine.pipeline.step import Inputs
from engine.settings.performance import Performance
from engine.settings.run import LiveConfig
from engine.sync.source import open_sync

BEAT_S = 0.5


class Later(Executor):
    """Does a job only when told to."""

    def __init__(self):
        self.jobs = deque()

    def submit(self, fn, /, *args, **kwargs):
        future = Future()
        self.jobs.append((future, fn, args, kwargs))
        return future

    def work(self, count=None):
        for _ in range(len(self.jobs) if count is None else count):
            future, fn, args, kwargs = self.jobs.popleft()
            try:
                future.set_result(fn(*args, **kwargs))
            except Exception as error:
                future.set_exception(error)


class Counter:
    """Four notes a beat, pitched by how many beats it has filled; presses the pedal."""

    name = "counter"
    roles = (("chords", 1),)

    def __init__(self):
        self.filled = 0
        self.contexts = []
        self.settings = {}

    def reset(self, seed):
        self.filled = 0

    def adjust(self, settings):
        self.settings = dict(settings)

    def extend(self, context):
        self.filled += 1
        self.contexts.append(context)
        return [
            NoteEvent(0, context.beat + quarter / 4, 0.2, self.filled % 128, 64, 1, "chords")
            for quarter in range(4)
        ]

    def pedal(self, context):
        return [ControlEvent(context.beat + 0.1, 64, 127, 1, "chords")]

    def shape(self, note, valence, arousal):
        return note

    def snapshot(self):
        return self.filled

    def restore(self, state):
        self.filled = state


class Other(Counter):
    name = "other"


@pytest.fixture(autouse=True)
def plain(monkeypatch):
    def broken(*_ways):
        raise InputError("model other.onnx must be there; it is not")

    monkeypatch.setitem(GENERATORS, "counter", lambda *_ways: Counter())
    monkeypatch.setitem(GENERATORS, "other", lambda *_ways: Other())
    monkeypatch.setitem(GENERATORS, "broken", broken)
    monkeypatch.setitem(SETTINGS, "counter", (Setting("swing", 0.0, 1.0, 0.0, ""),))
    return Performance(engine="counter", mode="manual", key="C:maj", tempo_bpm=120.0)


def make(plain, worker, inputs=None):
    clock = InternalClock(120.0)
    clock.start(0.0)
    return Pipeline(plain, clock, worker=worker, draft_beats=0, inputs=inputs or Inputs())


def test_a_beat_that_is_not_there_in_time_holds_once_and_its_late_notes_are_left_out(plain):
    worker = Later()
    pipeline = make(plain, worker)
    pipeline.advance(0.0)
    worker.work()
    first = pipeline.advance(0.01)
    assert [scheduled.note.onset for scheduled in first.notes] == [0.0]
    steps = [pipeline.advance(tick / 100) for tick in range(2, 75)]
    holds = [step.hold_until_s for step in steps if step.hold_until_s is not None]
    assert holds == [2 * BEAT_S]
    assert sum(step.missed_beats for step in steps) == 1
    worker.work(1)  # half a beat late
    after = [n for tick in range(75, 100) for n in pipeline.advance(tick / 100).notes]
    assert [scheduled.note.onset for scheduled in after] == [1.5, 1.75]


def test_a_worker_in_time_makes_no_difference_to_what_is_played(plain):
    at_once, later = make(plain, None), Later()
    threaded = make(plain, later)
    heard = [[], []]
    for tick in range(500):
        heard[0] += at_once.advance(tick / 100).notes
        heard[1] += threaded.advance(tick / 100).notes
        later.work()
    on_time = DISPATCH_LEAD_S < COMMIT_LEAD_S
    assert on_time and len(heard[0]) > 38
    assert heard[0] == heard[1]


def test_the_draft_grows_by_one_beat_and_is_redrawn_when_the_target_moves(plain):
    clock = InternalClock(120.0)
    clock.start(0.0)
    worker = Later()
    pipeline = Pipeline(plain, clock, worker=worker, draft_beats=4)
    generator = pipeline.generator
    for tick in range(100):
        pipeline.advance(tick / 100)
        worker.work()
    drafted = [context.beat for context in generator.contexts]
    # One committed and one drafted beat for each beat, once the first draft stands.
    assert drafted == [0, 1, 2, 3, 4, 1, 5, 2, 6]
    pipeline.advance(1.0)
    assert [note.onset for note in pipeline.plan.draft][::4] == [3, 4, 5, 6]
    assert [note.pitch for note in pipeline.plan.draft][::4] == [4, 5, 6, 7]
    pipeline.change(plain.changed({"valence": 1.0, "slew_per_s": 100.0}))
    pipeline.advance(1.4)
    worker.work()
    pipeline.advance(1.41)  # takes the beat over and asks for the draft
    worker.work()
    assert [context.beat for context in generator.contexts][9:] == [3, 4, 5, 6, 7]
    assert generator.filled == 4  # drafts leave no trace


def test_a_beat_to_be_played_interrupts_the_draft(plain):
    clock = InternalClock(120.0)
    clock.start(0.0)
    worker = Later()
    pipeline = Pipeline(plain, clock, worker=worker, draft_beats=4)
    pipeline.advance(0.0)
    worker.work()
    pipeline.advance(0.01)  # a draft is wanted but not begun
    pipeline.advance(0.4)  # beat 1 is asked for meanwhile
    worker.work()
    assert [context.beat for context in pipeline.generator.contexts] == [0, 1]


def test_another_engine_takes_over_on_the_bar_line_after_it_is_ready(plain):
    worker = Later()
    pipeline = make(plain, worker)
    pipeline.change(plain.changed({"engine": "other", "settings": {"swing": 0.5}}))
    names = []
    for tick in range(600):
        pipeline.advance(tick / 100)
        worker.work()
        names.append((pipeline.clock.beat_at(tick / 100), pipeline.generator.name))
    taken = min(beat for beat, name in names if name == "other")
    assert 4 - COMMIT_LEAD_S / BEAT_S - 0.1 <= taken <= 4
    assert pipeline.generator.settings == {"swing": 0.5}


def test_an_engine_that_cannot_play_is_reported_and_the_present_one_plays_on(plain):
    pipeline = make(plain, None)
    pipeline.change(plain.changed({"engine": "broken"}))
    notes = [n for tick in range(400) for n in pipeline.advance(tick / 100).notes]
    assert pipeline.generator.name == "counter" and len(notes) > 28
    assert "other.onnx" in pipeline.trouble
    pipeline.change(plain)
    assert pipeline.trouble == ""


def test_pedal_moves_are_handed_over_on_their_beats_and_lifted_when_the_engine_leaves(plain):
    pipeline = make(plain, None)
    pipeline.advance(0.0)
    pipeline.change(plain.changed({"engine": "other"}))
    moves = [
        (round(change.at_s, 3), change.control.value)
        for tick in range(1, 230)
        for change in pipeline.advance(tick / 100).controls
        if change.control.control == 64
    ]
    # Emotion controllers are others; the new engine comes at beat 4 with the pedal up.
    assert moves == [(0.05, 127), (2.0, 0), (2.05, 127)]
    pipeline.relocate(8.0)
    lifted = pipeline.advance(2.31).controls
    pipeline.clock.stop(2.32)
    lifted += pipeline.advance(2.33).controls
    assert [change.control.value for change in lifted if change.control.control == 64] == [0]


def test_what_the_performer_plays_reaches_the_next_beat_once(plain):
    played = NoteEvent(0, 0.4, 0.3, 60, 90, 0, "lead")
    waiting = [(), (played,)]
    inputs = Inputs(
        performed=lambda _now_s: waiting.pop(0) if waiting else (),
        listening=lambda _duet, now_s: now_s > 0.0,
    )
    pipeline = make(plain, None, inputs)
    pipeline.advance(0.0)
    for tick in range(100):
        pipeline.advance(tick / 100)
    contexts = pipeline.generator.contexts
    assert [context.performed for context in contexts] == [(), (played,), ()]
    assert [context.listening for context in contexts] == [False, True, True]


def test_a_setting_out_of_range_or_of_no_engine_is_refused(plain):
    with pytest.raises(InputError, match="swing must be a number from 0 to 1; got 2"):
        plain.changed({"settings": {"swing": 2}})
    with pytest.raises(InputError, match="engine setting must be one of .*got 'speed'"):
        plain.changed({"settings": {"speed": 0.1}})
    one = plain.changed({"settings": {"swing": 0.1}})
    assert one.changed({"settings": {}}).settings == {"swing": 0.1}


class Port:
    """Remembers which notes were to end when."""

    def __init__(self):
        self.ends = {}

    def note(self, note_id, on_s, off_s, channel, pitch, velocity):
        self.ends[note_id] = off_s

    def control(self, at_s, channel, control, value, holder=0):
        pass

    def end_note(self, note_id, at_s):
        self.ends[note_id] = at_s

    def cancel_after(self, at_s):
        pass


def test_harmony_holds_until_the_end_of_a_beat_that_is_late(plain):
    sync = open_sync(LiveConfig(performance=plain))
    worker, port = Later(), Port()
    pipeline = Pipeline(plain, sync.clock, worker=worker, draft_beats=0)
    player = Player(pipeline, sync, port)
    sync.begin(0.0)
    second_s = sync.clock.time_at(1)
    for tick in range(round(second_s * 100) + 10):
        player.turn(tick / 100)
        if sync.clock.beat_at(tick / 100) < 0.5:
            worker.work()
    assert port.ends[4] == pytest.approx(second_s + BEAT_S)  # the last note of beat 0 sounds on
    assert port.ends[1] < second_s  # what had ended before stays ended


def test_the_beat_of_a_start_without_notice_is_there_already(plain):
    clock = InternalClock(120.0)
    worker = Later()
    pipeline = Pipeline(plain, clock, worker=worker, draft_beats=0)
    generator = pipeline.generator
    for tick in range(5):
        pipeline.advance(tick / 100)
        worker.work()
    assert generator.filled == 1  # once, not at every turn
    pipeline.change(plain.changed({"valence": 1.0, "slew_per_s": 100.0}))
    pipeline.advance(0.06)
    worker.work()
    assert generator.filled == 1 and generator.contexts[-1].valence > 0.0  # another, undone first
    clock.start(0.1)
    pipeline.relocate(0.0)
    started = pipeline.advance(0.1)
    assert [scheduled.note.onset for scheduled in started.notes] == [0.0]
    worker.work()
    assert generator.filled == 1


def test_a_start_elsewhere_undoes_what_was_prepared(plain):
    clock = InternalClock(120.0)
    worker = Later()
    pipeline = Pipeline(plain, clock, worker=worker, draft_beats=0)
    pipeline.advance(0.0)
    worker.work()
    clock.start(0.1, 8.0)
    pipeline.relocate(8.0)
    pipeline.advance(0.1)
    worker.work()
    assert [context.beat for context in pipeline.generator.contexts] == [0, 8]
    assert pipeline.generator.filled == 1


def test_another_engine_takes_over_at_once_while_the_music_stands(plain):
    pipeline = Pipeline(plain, InternalClock(120.0), draft_beats=0)
    pipeline.advance(0.0)
    pipeline.change(plain.changed({"engine": "other"}))
    pipeline.advance(0.01)
    assert pipeline.generator.name == "other" and pipeline.generator.filled == 1
