"""Intro, fill, break, ending and next section: when they begin, what sounds, and that all ends."""

from itertools import pairwise
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inputs import FakeInput

from engine.errors import InputError
from engine.events import TargetState
from engine.mapping.input import InputMapper
from engine.midi.output import NoteOutput
from engine.midi.wire import Kind
from engine.music.arrange.signals import final_chord, leans_minor
from engine.music.keys import Key
from engine.performer.keyboards import Keyboards
from engine.pipeline.arrangement import NO_ARRANGEMENT, ORDERS
from engine.pipeline.pipeline import Pipeline
from engine.pipeline.player import Player
from engine.pipeline.step import Inputs
from engine.settings.performance import Performance
from engine.sync.source import InternalSync, MidiSync

ENGINES = ("rules", "muser", "amt")
LEADERS = [  # under our own tempo and under a clock, where MusER takes seconds of processor time
    pytest.param(engine, follows, marks=[pytest.mark.proof] * (follows and engine == "muser"))
    for engine in ENGINES
    for follows in (False, True)
]
PARTS = ("lead", "chords", "bass", "drums")
BEAT_S = 0.5
TURN_S = 0.01


class Stage:
    """Pipeline, player and port under our own tempo or a clock, on counted time."""

    def __init__(self, engine="rules", follows=False, **values):
        self.wire = FakeInput()
        self.sync = MidiSync(self.wire, 120.0) if follows else InternalSync(120.0)
        values = {"parts": PARTS, "valence": 0.4, "arousal": 0.5, "key": "C:maj", **values}
        performance = Performance(engine=engine, mode="manual", tempo_bpm=120.0, **values)
        self.pipeline = Pipeline(performance, self.sync.clock, 3)
        self.ends = {}  # note → (onset, its end on the wire) [beats]
        self.notes = {}
        self.cuts = []
        port = NoteOutput(self._take)
        cut = lambda at_s, ends: self.cuts.append((at_s, ends))  # noqa: E731
        self.player = Player(self.pipeline, self.sync, port, withdrawn=cut)
        self.now, self.clock_s = 10.0, 10.0
        if follows:
            self.wire.waiting.append((self.now, b"\xfa"))
        self.sync.begin(self.now)
        self.started = self.now

    def _take(self, frame):
        if frame.kind == Kind.NOTE:
            self.ends[frame.note_id] = [frame.at_s, frame.until_s]
        elif frame.kind == Kind.END_NOTE and frame.note_id in self.ends:
            self.ends[frame.note_id][1] = frame.at_s

    def run(self, beat):
        """Play up to a beat."""
        for _ in range(10000):
            if self.sync.clock.beat_at(self.now) >= beat:
                return self
            self.turn()
        raise AssertionError(f"beat {beat} never came")

    def turn(self, count=1):
        for _ in range(count):
            while self.sync.follows and self.clock_s <= self.now:
                self.wire.waiting.append((self.clock_s, b"\xf8"))
                self.clock_s += BEAT_S / 24
            for scheduled in self.player.turn(self.now).notes:
                self.notes[scheduled.note.note_id] = scheduled.note
            self.now += TURN_S

    def order(self, order):
        self.pipeline.arrange(order, self.now)
        return self

    def bars(self):
        """Return how many notes begin in each bar."""
        counts = {}
        for note in self.notes.values():
            counts[int(note.onset // 4)] = counts.get(int(note.onset // 4), 0) + 1
        return counts

    def sounding(self, beat):
        at_s = self.sync.clock.time_at(beat)
        return [self.notes[n] for n, (on_s, off_s) in self.ends.items() if on_s < at_s < off_s]


@pytest.mark.parametrize(("engine", "follows"), LEADERS)
def test_a_break_silences_one_bar_and_comes_back_on_the_downbeat(engine, follows):
    stage = Stage(engine, follows).run(5.5).order("break").run(16)
    counts = stage.bars()
    assert 2 not in counts and counts[1] and counts[3]
    assert stage.sounding(8.05) == [] == stage.sounding(11.9)
    assert min(n.onset for n in stage.notes.values() if n.onset > 9) < 12.3


def test_a_break_may_be_ordered_until_just_before_its_bar():
    stage = Stage().run(7.8).order("break").run(13)
    assert 2 not in stage.bars() and stage.bars()[3]


@pytest.mark.parametrize(("engine", "follows"), LEADERS)
def test_an_ending_closes_with_the_tonic_chord_and_stops(engine, follows):
    stage = Stage(engine, follows).run(5.5).order("ending")
    assert stage.pipeline.arrangement.coming(5.5) == "cadence"
    stage.run(15.9).turn(400)
    last = [note for note in stage.notes.values() if note.onset >= 12]
    assert {note.onset for note in last} == {12.0}
    pitched = [note for note in last if note.role != "drums"]
    assert {note.pitch % 12 for note in pitched} == {0, 4, 7}
    assert min(note.pitch for note in pitched) % 12 == 0
    assert stage.sync.clock.running == follows  # our own tempo stops, another's goes on
    assert max(off_s for _, off_s in stage.ends.values()) <= stage.started + 8.3
    dominant = [n for n in stage.notes.values() if 10 <= n.onset < 12 and n.role == "bass"]
    if engine == "rules":
        assert dominant[0].pitch % 12 == 7


def test_after_an_ending_a_start_plays_again_and_under_a_clock_an_intro_does():
    own = Stage().run(1).order("ending").run(11.9)
    own.turn(100)
    assert not own.sync.clock.running
    before = len(own.notes)
    own.sync.set_playing(True, own.now, own.pipeline.next_bar())
    own.turn(200)
    assert len(own.notes) > before + 5
    led = Stage(follows=True).run(1).order("ending").run(20)
    before = len(led.notes)
    led.order("fill").run(24)
    assert len(led.notes) == before
    led.order("intro").run(29)
    assert {note.role for note in list(led.notes.values())[before:]} == {"chords"}


def test_an_ending_survives_a_loop_of_the_host_but_not_a_new_start():
    stage = Stage().run(9).order("ending")
    stage.sync.clock.start(stage.now, 1.0)  # the host jumps back two bars while it plays
    stage.turn()
    assert stage.pipeline.arrangement.coming(1.1) == "cadence"
    stage.run(11.9).turn(20)
    assert not stage.sync.clock.running
    assert stage.pipeline.arrangement == NO_ARRANGEMENT


@pytest.mark.parametrize("engine", ENGINES)
def test_a_fill_starts_on_the_next_beat_and_ends_with_the_bar(engine):
    plain, filled = Stage(engine).run(13), Stage(engine).run(5.5).order("fill").run(13)

    def count(stage, low, high):
        return sum(low <= note.onset < high for note in stage.notes.values())

    assert count(plain, 0, 6) == count(filled, 0, 6)
    shown = [note for note in filled.notes.values() if 6 <= note.onset < 8]
    if engine == "amt":
        drums = [note for note in shown if note.role == "drums"]
        assert len(drums) == 8 and {note.pitch for note in drums} & {43, 45, 47, 50}
    else:
        run = [note.pitch for note in sorted(shown, key=lambda n: n.onset) if note.role == "lead"]
        assert len(run) == 8
        assert all(abs(high - low) <= 7 and low != high for low, high in pairwise(run))
        assert run[:4] in (sorted(run[:4]), sorted(run[:4], reverse=True))


@pytest.mark.parametrize("engine", ENGINES)
def test_an_intro_lets_the_parts_enter_one_by_one(engine):
    stage = Stage(engine).run(2).order("intro").run(24)
    roles = {}
    for note in stage.notes.values():
        roles.setdefault(int(note.onset // 4), set()).add(note.role)
    assert roles[1] == {"chords"} and "lead" not in roles[2] | roles[3] | roles[4]
    assert "lead" in roles[5]


def test_an_intro_ordered_while_the_music_stands_begins_with_it():
    stage = Stage(follows=True)
    stage.wire.waiting.clear()
    stage.order("intro")
    stage.wire.waiting.append((stage.now, b"\xfa"))
    stage.run(5)
    assert {note.role for note in stage.notes.values()} <= {"chords", "bass"}


@pytest.mark.parametrize("engine", ENGINES)
def test_the_next_section_brings_a_fill_and_other_material_under_the_same_emotion(engine):
    plain, other = Stage(engine).run(24), Stage(engine).run(5.5).order("section").run(24)

    def notes(stage, low, high):
        return [(n.onset, n.pitch) for n in stage.notes.values() if low <= n.onset < high]

    assert notes(plain, 0, 6) == notes(other, 0, 6)
    assert notes(plain, 8, 24) != notes(other, 8, 24)
    assert other.pipeline.performance == plain.pipeline.performance


@pytest.mark.parametrize("engine", ENGINES)
def test_a_locked_bar_is_played_as_shown_under_a_clock_too(engine):
    stage = Stage(engine, follows=True).run(5.5)
    stage.pipeline.edit_bar("lock", 2, 0, TargetState(0.4, 0.5, "manual", False, 0.0))
    stage.turn()

    def sounds(notes):
        found = [(n.onset, n.pitch, n.duration, n.velocity) for n in notes if 8 <= n.onset < 12]
        return sorted(found)

    shown = sounds(stage.pipeline.plan.draft)
    stage.pipeline.regenerate(99)
    assert shown and sounds(stage.run(13).notes.values()) == shown


def test_orders_that_follow_each_other():
    spans = NO_ARRANGEMENT.ordered("break", 6, 5.2, 4).ordered("fill", 6, 5.2, 4)
    assert (spans.at(6), spans.at(7.9), spans.at(8), spans.at(12)) == ("fill", "fill", "break", "")
    ending = spans.ordered("ending", 6, 5.2, 4)
    assert [ending.at(beat) for beat in (6, 8, 12, 16, 999)] == [
        "fill", "cadence", "final", "silence", "silence",
    ]  # fmt: skip
    assert ending.ordered("fill", 9, 8.2, 4) == ending  # an ending is not held up
    back = ending.ordered("section", 9, 8.2, 4)
    assert [back.at(beat) for beat in (8, 9, 12, 99)] == ["cadence", "fill", "section", ""]
    assert back.sections(99) == 1 and back.pruned(500).sections(600) == 1
    with pytest.raises(InputError, match="order must be one of intro, fill.*got 'outro'"):
        NO_ARRANGEMENT.ordered("outro", 0, 0.0, 4)


def test_the_last_chord_takes_the_mode_that_was_played():
    stage = Stage(valence=-0.8).run(8)
    recent = tuple(stage.notes.values())
    assert leans_minor(recent, Key(0, "maj"))
    chord = final_chord(Key(0, "min"), recent, PARTS, 8, 4.0)
    assert {note.pitch % 12 for note in chord if note.role != "drums"} == {0, 3, 7}


@pytest.mark.parametrize("examples", [12, pytest.param(100, marks=pytest.mark.proof)])
def test_whatever_is_ordered_every_note_ends_and_breaks_are_silent(examples):
    @settings(max_examples=examples, deadline=None)
    @given(
        st.lists(st.tuples(st.sampled_from(ORDERS), st.integers(1, 500)), max_size=8),
        st.booleans(),
        st.sampled_from([2, 3, 4, 7]),
    )
    def check(orders, follows, bar):
        stage = Stage("rules", follows, beats_per_bar=bar)
        for order, turns in orders:
            stage.turn(turns)
            stage.order(order)
            found = stage.pipeline.arrangement
            for _ in range(30):
                stage.turn()
                beat = stage.sync.clock.beat_at(stage.now)
                if stage.sync.clock.running and found.silent(beat - 0.02) and found.silent(beat):
                    assert stage.sounding(beat - 0.01) == []
        stage.turn(50)
        assert all(off_s > on_s for on_s, off_s in stage.ends.values())
        stage.order("ending")
        if stage.sync.clock.running:
            stage.turn(round((3 * bar + 1) * BEAT_S / TURN_S))
            beat = stage.sync.clock.beat_at(stage.now)
            assert stage.pipeline.arrangement.ended(beat) or not stage.sync.clock.running
            assert all(off_s <= stage.now for _, off_s in stage.ends.values())

    check()


class LeftHandStage(Stage):
    """The same with a keyboard whose left hand leads."""

    def __init__(self, engine, follows=False, **values):
        super().__init__(engine, follows, split=60, **values)
        self.keys = FakeInput()
        desk = SimpleNamespace()
        self.keyboards = Keyboards([self.keys], self.sync.clock, InputMapper(desk), None)
        performance = self.pipeline.performance
        inputs = Inputs(led=self.keyboards.led, performed=self.keyboards.performed)
        self.pipeline = Pipeline(performance, self.sync.clock, 3, inputs=inputs)
        self.player = Player(self.pipeline, self.sync, NoteOutput(self._take))
        self.calm = TargetState(0.4, 0.5, "manual", False, 0.0)

    def turn(self, count=1):
        for _ in range(count):
            self.keyboards.move(self.pipeline.performance, self.calm, self.now)
            self.keyboards.poll(self.now)
            super().turn()

    def play(self, pitches):
        self.keys.waiting += [(self.now, bytes((0x90, pitch, 80))) for pitch in pitches]
        self.keys.waiting += [(self.now, bytes((0x80, pitch, 64))) for pitch in pitches]


CHORDS = ((45, 48, 52), (41, 45, 48), (43, 47, 50, 53), (46, 50, 53), (44, 48, 51))
"""Am, F, G7, and B♭ and A♭ outside C major."""


@pytest.mark.parametrize("key", ["C:maj", "auto"])
@pytest.mark.parametrize(("engine", "follows"), LEADERS)
def test_the_left_hand_leads_every_engine_in_any_key(engine, key, follows):
    stage = LeftHandStage(engine, follows, key=key)
    stage.run(2.4)
    begins = []
    for number, pitches in enumerate(CHORDS):
        stage.play(pitches)
        begins.append(3 + 4 * number)  # from the next beat on, whichever of the bar it is
        stage.run(6.4 + 4 * number)
    stage.run(23)
    inside = total = 0.0
    for start, pitches in zip(begins, CHORDS, strict=True):
        classes = {pitch % 12 for pitch in pitches}
        for note in stage.notes.values():
            if start <= note.onset < start + 3.9 and note.role in ("chords", "bass"):
                total += note.duration
                inside += note.duration * (note.pitch % 12 in classes)
    assert total > 20 and inside / total > 0.8, inside / total


def test_a_chord_of_the_left_hand_is_heard_within_the_beat():
    stage = LeftHandStage("rules")
    stage.run(8.1)
    stage.play((44, 48, 51))
    stage.run(9)
    changed = [note for note in stage.notes.values() if 8.1 < note.onset < 9]
    assert changed and {note.pitch % 12 for note in changed if note.role == "chords"} <= {0, 3, 8}
