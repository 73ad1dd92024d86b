"""Bars to come are locked, cleared and drawn anew; what is locked is played exactly as shown."""

import pytest

from engine.choices import is_action
from engine.errors import InputError
from engine.events import TargetState
from engine.music.clock import InternalClock
from engine.pipeline.pipeline import Pipeline
from engine.settings.performance import Performance

ENGINES = ("rules", "muser", "amt")
TARGET = TargetState(0.3, 0.4, "manual", False, 0.0)


class Run:
    """A pipeline that draws its draft at once, on counted time."""

    def __init__(self, engine="rules", seed=3, **values):
        values = {"key": "C:maj", "valence": 0.3, "arousal": 0.4, **values}
        self.clock = InternalClock(120.0)
        self.clock.start(0.0)
        performance = Performance(engine=engine, mode="manual", slew_per_s=100.0, **values)
        self.pipeline = Pipeline(performance, self.clock, seed)
        self.now, self.notes = 0.0, []

    def run(self, beat):
        while self.clock.beat_at(self.now) < beat:
            self.turn()
        return self

    def turn(self):
        self.notes += [one.note for one in self.pipeline.advance(self.now).notes]
        self.now += 0.01

    def edit(self, edit, bar=None, ahead=0):
        number = self.pipeline.edit_bar(edit, bar, ahead, TARGET)
        self.turn()  # the draft is drawn anew
        return number

    def shown(self, bar, length=4):
        return sounds(self.pipeline.plan.draft, bar, length)

    def played(self, bar, length=4):
        return sounds(self.notes, bar, length)

    def change(self, **values):
        self.pipeline.change(self.pipeline.performance.changed(values))


def sounds(notes, bar, length=4):
    """Return all that can be heard of a bar."""
    return sorted(
        (n.onset, n.pitch, round(n.duration, 9), n.velocity, n.channel)
        for n in notes
        if bar * length <= n.onset < (bar + 1) * length
    )


@pytest.mark.parametrize("engine", ENGINES)
def test_a_locked_bar_is_played_as_shown_whatever_changes(engine):
    run = Run(engine).run(5.5)
    assert run.edit("lock", 2) == 2
    shown = run.shown(2)
    assert shown and run.pipeline.composer.outline.locked_bars(4) == (2,)
    run.change(valence=-0.9, arousal=-0.9)  # a leap
    run.pipeline.regenerate(77)
    run.run(7.0)
    assert run.shown(2) == shown
    run.clock.set_tempo(90.0, run.now)
    run.run(13)
    assert run.played(2) == shown
    other = Run(engine).run(5.5)
    other.change(valence=-0.9, arousal=-0.9)
    assert other.run(13).played(2) != shown


def test_a_locked_bar_stays_under_another_engine_and_after_a_jump():
    run = Run("rules").run(5.5)
    run.edit("lock", 2)
    shown = run.shown(2)
    run.change(engine="amt")
    run.clock.start(run.now, 4.0)  # the host goes back a bar
    run.pipeline.relocate(4.0)
    run.run(13)
    assert run.pipeline.generator.name == "amt"
    assert run.played(2) == shown


def test_what_follows_a_locked_bar_goes_on_from_it():
    run, free = Run().run(5.5), Run().run(5.5)
    before = run.shown(3)
    run.edit("lock", 2)
    assert run.shown(3) == before  # locking alone moves nothing that follows
    assert run.run(17).played(3) == free.run(17).played(3)


def test_locking_again_lets_a_bar_go():
    run = Run().run(5.5)
    run.edit("lock", 2)
    run.edit("lock", 2)
    assert run.pipeline.composer.outline.locked == {}
    assert run.run(13).played(2) == Run().run(13).played(2)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_bar_thrown_away_is_silent_and_a_bar_drawn_anew_is_another(engine):
    plain, run = Run(engine).run(17), Run(engine).run(5.5)
    run.edit("clear", 2)
    assert run.shown(2) == []
    first = run.shown(3)
    run.edit("redraw", 3)
    second = run.shown(3)
    run.edit("redraw", 3)
    assert first != second and len({str(n) for n in (first, second, run.shown(3))}) >= 2
    pitches = [(onset, pitch) for onset, pitch, *_ in run.shown(3)]
    run.run(17)
    assert run.played(2) == []
    assert [(onset, pitch) for onset, pitch, *_ in run.played(3)] == pitches
    assert run.played(1) == plain.played(1)


def test_a_bar_drawn_anew_may_be_cleared_and_a_cleared_one_drawn():
    run = Run().run(5.5)
    run.edit("clear", 2)
    run.edit("redraw", 2)
    assert run.shown(2) and run.pipeline.composer.outline.locked_bars(4) == ()


@pytest.mark.parametrize("length", [2, 3, 5, 7])
def test_the_next_bar_is_always_drafted_however_long_bars_are(length):
    run = Run(beats_per_bar=length)
    for beat in range(1, 15):
        run.run(beat + 0.3)
        bar = run.edit("lock")
        assert run.shown(bar, length)
        run.edit("lock", bar)


def test_bars_that_cannot_be_changed_are_refused():
    run = Run().run(5.5)
    with pytest.raises(InputError, match="bar must be 3 or later; got 2"):
        run.edit("lock", 1)
    with pytest.raises(InputError, match="bar 31 is not drafted yet"):
        run.edit("lock", 30)
    with pytest.raises(InputError, match="edit must be one of lock, clear, redraw; got 'burn'"):
        run.edit("burn", 2)
    assert run.pipeline.composer.outline.locked == {}


def test_muted_parts_are_not_locked_in():
    run = Run(parts=("lead",)).run(5.5)
    run.edit("lock", 2)
    run.change(parts=("lead", "chords", "bass"))
    assert {channel for *_, channel in run.run(13).played(2)} == {0}


def test_actions_of_bars_take_a_bar():
    assert all(map(is_action, ("lock_bar", "lock_bar 12", "clear_bar +2", "redraw_bar 1")))
    assert not any(map(is_action, ("lock_bar x", "lock_bar 0", "lock_bar -1", "fill 2", "preset ")))
