"""Player, sources and clock out in fake time: positions, nothing hangs, ours is followed."""

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inputs import FakeInput
from session_samples import INFO

from engine.errors import InputError
from engine.events import NoteEvent
from engine.midi.sender.schedule import Schedule
from engine.midi.wire import Frame, Kind
from engine.music.clock import InternalClock
from engine.pipeline.pipeline import Pipeline
from engine.pipeline.player import Player
from engine.session import SessionRecorder
from engine.session.events_file import read_session
from engine.settings.performance import Performance
from engine.settings.presets import list_presets
from engine.settings.run import LiveConfig
from engine.sync.follower import ClockFollower
from engine.sync.leader import ClockLeader
from engine.sync.source import InternalSync, MidiSync, open_sync

TURN_S = 0.005
PERFORMANCE = Performance(mode="manual", valence=0.4, arousal=0.6, key="C:maj")
CLOCK, START, CONTINUE, STOP = b"\xf8", b"\xfa", b"\xfb", b"\xfc"


def locate(sixteenths):
    return bytes([0xF2, sixteenths & 127, sixteenths >> 7])


class Synth:
    """The sender's own schedule, and what sounds behind it."""

    def __init__(self):
        self.schedule = Schedule()
        self.ons = []
        self.realtime_bytes = []
        self.sounding = set()
        self.now = 0.0

    def note(self, note_id, on_s, off_s, channel, pitch, velocity):
        frame = Frame(Kind.NOTE, channel, pitch, velocity, note_id, on_s, off_s)
        self._hear(self.schedule.handle(frame, self.now))

    def control(self, at_s, channel, control, value, holder=0):
        self._hear(
            self.schedule.handle(Frame(Kind.CONTROL, channel, control, value, at_s=at_s), self.now)
        )

    def end_note(self, note_id, at_s):
        self._hear(self.schedule.handle(Frame(Kind.END_NOTE, note_id=note_id, at_s=at_s), self.now))

    def cancel_after(self, at_s):
        self._hear(self.schedule.handle(Frame(Kind.CANCEL_AFTER, at_s=at_s), self.now))

    def realtime(self, at_s, status):
        self._hear(self.schedule.handle(Frame(Kind.REALTIME, data1=status, at_s=at_s), self.now))

    def song_position(self, at_s, sixteenths):
        frame = Frame(Kind.REALTIME, data1=0xF2, note_id=sixteenths, at_s=at_s)
        self._hear(self.schedule.handle(frame, self.now))

    def run(self, now):
        self.now = now
        self._hear(self.schedule.due(now))

    def _hear(self, messages):
        for data, at_s, note_id in messages:
            kind, place = data[0] & 0xF0, (data[0] & 15, data[1] if len(data) > 1 else 0)
            if kind == 0x90:
                assert place not in self.sounding
                self.sounding.add(place)
                self.ons.append((at_s, note_id))
            elif kind == 0x80:
                self.sounding.discard(place)
            elif data[0] >= 0xF0:
                self.realtime_bytes.append((at_s, data))


class Stage:
    """A player that follows a MIDI clock, turn by turn."""

    def __init__(self, tempo=120.0, seed=3):
        self.wire, self.synth = FakeInput(), Synth()
        sync = MidiSync(self.wire, 100.0)
        self.clock = sync.clock
        self.pipeline = Pipeline(PERFORMANCE, self.clock, seed, draft_beats=0)
        self.player = Player(self.pipeline, sync, self.synth)
        self.tempo = tempo
        self.now = 100.0
        self.due = 100.0
        self.planned = []

    def say(self, message):
        self.wire.waiting.append((self.now, message))

    def run(self, clocks, silent=False):
        for _ in range(clocks):
            while self.now < self.due:
                self._turn()
            if not silent:
                self.wire.waiting.append((self.due, CLOCK))
            self.due += 2.5 / self.tempo
        self._turn()

    def _turn(self):
        self.planned += self.player.turn(self.now).notes
        self.synth.run(self.now)
        self.now += TURN_S


def test_notes_sound_where_the_clock_says():
    stage = Stage()
    stage.run(48)
    assert stage.planned == []
    stage.say(START)
    first = stage.due
    stage.run(24 * 16)
    notes = {scheduled.note.note_id: scheduled for scheduled in stage.planned}
    assert len(notes) > 30
    for scheduled in notes.values():
        assert scheduled.on_s == pytest.approx(first + scheduled.note.onset / 2, abs=1e-3)
    assert min(scheduled.note.onset for scheduled in notes.values()) < 0.1
    assert len(stage.synth.ons) >= len(notes) - 8


def test_stop_ends_what_sounds_and_nothing_more_comes():
    stage = Stage()
    stage.say(START)
    stage.run(24 * 8 + 2)
    assert stage.synth.sounding
    stage.say(STOP)
    stage.run(2)
    assert stage.synth.sounding == set()
    count = len(stage.synth.ons)
    stage.run(24 * 4)
    assert len(stage.synth.ons) == count
    stage.say(CONTINUE)
    stage.run(24 * 4)
    assert len(stage.synth.ons) > count


def test_a_jump_plays_on_from_there_at_once():
    stage = Stage()
    stage.say(START)
    stage.run(24 * 8)
    before = len(stage.planned)
    stage.say(locate(4 * 32))
    stage.run(24 * 4)
    onsets = [scheduled.note.onset for scheduled in stage.planned[before + 1 :]]
    assert onsets and min(onsets) >= 32.0 - 0.1 and max(onsets) < 37.0


def test_a_clock_pulled_out_silences_the_music():
    stage = Stage()
    stage.say(START)
    stage.run(24 * 8)
    stage.run(60, silent=True)
    assert not stage.clock.running and stage.synth.sounding == set()
    stage.run(24 * 4)
    assert stage.clock.running
    assert stage.clock.beat_at(stage.due) == pytest.approx((24 * 12 + 60) / 24, abs=0.01)


@pytest.mark.proof
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_fifty_random_orders_leave_no_note_and_the_right_position(seed):
    rng = random.Random(seed)
    presets = [preset.performance for preset in list_presets()]
    stage = Stage(tempo=rng.uniform(40, 240), seed=seed)
    for _ in range(50):
        order = rng.choice([START, STOP, CONTINUE, "locate", "tempo", "preset", "wait", "wait"])
        if order == "locate":
            stage.say(locate(rng.randrange(2000)))
        elif order == "tempo":
            stage.tempo = rng.uniform(40, 240)
        elif order == "preset":
            stage.pipeline.change(rng.choice(presets))
        elif order != "wait":
            stage.say(order)
        stage.run(rng.randrange(1, 40))
    stage.say(STOP)
    stage.run(4)
    assert stage.synth.sounding == set()
    stage.say(START)
    stage.run(48)
    assert stage.clock.beat_at(stage.due) == pytest.approx(2.0, abs=0.02)
    stage.say(STOP)
    stage.run(4)
    assert stage.synth.sounding == set()


def leads(stage_clock, seconds, orders=()):
    """Run a leader beside a clock; return what it sent."""
    synth = Synth()
    leader = ClockLeader(synth)
    orders = list(orders)
    for turn in range(round(seconds / TURN_S)):
        now = turn * TURN_S
        while orders and orders[0][0] <= now:
            orders.pop(0)[1](now)
        leader.advance(stage_clock, now)
        synth.run(now)
    return synth.realtime_bytes


def test_clock_out_begins_with_start_and_has_24_clocks_a_beat():
    clock = InternalClock(120.0)
    clock.start(0.2)
    sent = leads(clock, 4.19)
    assert sent[0][1] == START
    clocks = [at_s for at_s, data in sent[1:] if data == CLOCK]
    assert len(clocks) == len(sent) - 1 == 192
    for number, at_s in enumerate(clocks):
        assert at_s == pytest.approx(0.2 + number / 48)


def test_our_follower_follows_our_leader_through_stop_jump_and_tempo():
    clock = InternalClock(120.0)
    clock.start(0.2)
    sent = leads(
        clock,
        12.0,
        [
            (3.0, clock.stop),
            (4.0, lambda now: clock.start(now + 0.2, 33.0)),
            (8.0, lambda now: clock.set_tempo(90.0, now)),
        ],
    )
    follower = ClockFollower(100.0)
    for at_s, data in sent:
        if data == CLOCK:
            follower.tick(at_s)
        elif data == START:
            follower.start(at_s)
        elif data == CONTINUE:
            follower.continue_(at_s)
        elif data == STOP:
            follower.stop(at_s)
        else:
            follower.song_position(data[1] | data[2] << 7, at_s)
    assert follower.running
    assert follower.beat_at(12.0) == pytest.approx(clock.beat_at(12.0), abs=0.01)
    assert follower.tempo_bpm == pytest.approx(90.0, rel=0.001)


def test_a_stalled_leader_announces_its_position_instead_of_a_burst():
    clock = InternalClock(120.0)
    clock.start(0.0)
    synth = Synth()
    leader = ClockLeader(synth)
    for now in (0.0, 0.01, 5.03, 5.04, 5.12, 5.2):
        leader.advance(clock, now)
        synth.run(now)
    kinds = [data[0] for _, data in synth.realtime_bytes]
    assert kinds.count(0xF8) < 12
    assert kinds[kinds.index(0xFC) :][:3] == [0xFC, 0xF2, 0xFB]


def test_start_and_stop_belong_to_the_sender_of_the_clock():
    sync = MidiSync(FakeInput(), 100.0)
    with pytest.raises(InputError, match="MIDI clock"):
        sync.check_playable()
    InternalSync(100.0).check_playable()


def test_health_tells_what_is_awaited():
    stage = Stage()
    sync = MidiSync(stage.wire, 100.0)
    assert (sync.health().locked, sync.health().message) == (False, "waiting for a MIDI clock")
    stage.wire.waiting = [(100 + number / 48, CLOCK) for number in range(48)]
    sync.poll(101.0)
    assert (sync.health().locked, sync.health().message) == (True, "stopped; waiting for Start")
    stage.wire.alive, stage.wire.message = False, "MIDI input 'wire' has gone"
    assert (sync.health().locked, sync.health().message) == (False, "MIDI input 'wire' has gone")


def test_sync_is_checked_like_every_setting():
    with pytest.raises(InputError, match="internal, midi, link, jack"):
        LiveConfig(sync="wordclock")
    assert isinstance(open_sync(LiveConfig()), InternalSync)
    assert isinstance(open_sync(LiveConfig(sync="midi")), MidiSync)


def test_the_recording_holds_what_sounded_not_what_was_planned(tmp_path):
    note = NoteEvent(1, 0.0, 4.0, 60, 90, 0, "lead")
    with SessionRecorder(tmp_path, INFO, origin_s=100.0) as recorder:
        recorder.note(note, 100.0, 102.0)
        recorder.note(replace(note, note_id=2, onset=0.5, pitch=64), 100.25, 100.5)
        recorder.cut(101.0, ends=True)
        recorder.note(replace(note, note_id=3, onset=8.0), 103.0, 105.0)
        recorder.note(replace(note, note_id=4, onset=10.0), 104.0, 104.5)
        recorder.cut(103.5, ends=False)
    notes = read_session(tmp_path).notes
    assert [(n.note.note_id, n.on_s, n.off_s, n.note.duration) for n in notes] == [
        (1, 0.0, 1.0, 2.0),
        (2, 0.25, 0.5, 4.0),
        (3, 3.0, 5.0, 4.0),
    ]


def test_the_player_says_what_it_withdrew():
    stage = Stage()
    cuts = []
    stage.player._withdrawn = lambda at_s, ends: cuts.append((at_s, ends))
    stage.say(START)
    stage.run(24 * 8 + 2)
    stage.say(STOP)
    stage.run(2)
    assert len(cuts) == 1 and cuts[0][1]
