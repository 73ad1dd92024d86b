"""The performer at the keyboard: heard in beats, passed through, taking turns, giving orders."""

import random

import mido
import pytest
from inputs import FakeInput

from engine.choices import ACTIONS
from engine.errors import InputError
from engine.events import EmotionState, NoteEvent, TargetState
from engine.live.cc_output import MappedOutput
from engine.live.triggers import Actions
from engine.mapping.input import InputMapper
from engine.mapping.table import InputMapping, OutputMapping
from engine.midi.file import read_midi_file
from engine.music.clock import InternalClock
from engine.performer.held import HeldByInput
from engine.performer.keyboards import Keyboards
from engine.performer.left_hand import chord_of
from engine.performer.listener import Listener
from engine.performer.thru import Thru
from engine.performer.turns import FIRST_PAUSE_S, Pauses, Turns
from engine.pipeline.pipeline import Pipeline
from engine.pipeline.step import Frame
from engine.session.last_bars import capture_bars
from engine.settings.performance import Performance
from engine.settings.presets import list_presets


def on(pitch, velocity=80, channel=0):
    return bytes((0x90 | channel, pitch, velocity))


def off(pitch, channel=0):
    return bytes((0x80 | channel, pitch, 64))


def pedal(value, channel=0):
    return bytes((0xB0 | channel, 64, value))


@pytest.fixture
def clock():
    clock = InternalClock(120.0)
    clock.start(0.0)
    return clock


def heard(listener, *messages, until_s):
    for message in messages:
        listener.push(*message)
    return [(note.onset, round(note.duration, 3), note.pitch) for note in listener.collect(until_s)]


def test_notes_are_told_once_in_beats_held_ones_as_long_as_they_are(clock):
    listener = Listener(clock)
    told = heard(listener, (0.0, on(60)), (0.5, off(60)), (0.75, on(64)), until_s=1.0)
    assert told == [(0.0, 1.0, 60), (1.5, 0.5, 64)]
    assert listener.holding
    assert heard(listener, (2.0, off(64)), until_s=2.5) == []
    assert not listener.holding


def test_the_sustain_pedal_holds_notes_and_a_second_stroke_ends_the_first(clock):
    listener = Listener(clock)
    told = heard(
        listener,
        (0.0, pedal(127)), (0.0, on(60)), (0.25, off(60)), (0.5, on(60)), (0.6, off(60)),
        (1.0, pedal(0)),
        until_s=2.0,
    )  # fmt: skip
    assert told == [(0.0, 1.0, 60), (1.0, 1.0, 60)]


def test_stray_offs_and_broken_messages_are_nothing(clock):
    listener = Listener(clock)
    rubbish = [(0.0, off(60)), (0.0, b""), (0.1, b"\x90"), (0.1, b"\xf8"), (0.2, on(60, 0))]
    assert heard(listener, *rubbish, until_s=1.0) == []


class Port:
    def __init__(self):
        self.sounding = {}
        self.sent = []

    def note(self, note_id, on_s, off_s, channel, pitch, velocity):
        assert note_id not in self.sounding and off_s > on_s
        self.sounding[note_id] = (channel, pitch)
        self.sent.append((channel, pitch))

    def end_note(self, note_id, at_s):
        del self.sounding[note_id]

    def control(self, at_s, channel, control, value, holder=0):
        self.sent.append(("cc", channel, control, value))

    def program(self, at_s, channel, program):
        self.sent.append(("program", channel, program))

    def bend(self, at_s, channel, value, holder=0):
        self.sent.append(("bend", channel, value))

    def key_pressure(self, at_s, channel, pitch, value, holder=0):
        self.sent.append(("key pressure", channel, pitch, value))

    def pressure(self, at_s, channel, value, holder=0):
        self.sent.append(("pressure", channel, value))

    def sound(self, engine, volume):
        pass


def test_through_every_note_has_its_end_whatever_is_played():
    port = Port()
    thru = Thru(port)
    rng = random.Random(4)
    held = HeldByInput()
    for step in range(2000):
        pitch, channel = rng.randrange(60, 66), rng.randrange(2)
        message = rng.choice([on, off])(pitch, channel=channel)
        held.push(message)
        thru.send(step / 100, message)
        assert len(set(port.sounding.values())) == len(port.sounding)
    assert port.sounding
    for message in held.let_go():
        thru.send(30.0, message)
    assert not port.sounding


def test_through_everything_else_passes_but_clocks_and_sysex():
    port = Port()
    thru = Thru(port)
    for message in (
        b"\xa2\x3c\x30",
        b"\xb3\x07\x40",
        b"\xc1\x05",
        b"\xd0\x20",
        b"\xe2\x01\x40",
        b"\xf8",
        b"\xfe",
    ):
        thru.send(0.0, message)
    thru.send(0.0, b"\xf0\x7e\x00\xf7")
    assert port.sent == [
        ("key pressure", 2, 60, 48), ("cc", 3, 7, 64), ("program", 1, 5), ("pressure", 0, 32),
        ("bend", 2, 8193),
    ]  # fmt: skip


def test_in_turns_a_key_takes_the_floor_and_a_pause_hands_it_over():
    turns = Turns()
    assert not turns.update("turns", float("-inf"), False, 0.0)
    assert turns.update("turns", 10.0, True, 10.0)
    assert turns.update("turns", 10.0, True, 15.0)  # a held chord is no pause
    assert turns.update("turns", 12.0, False, 12.0 + FIRST_PAUSE_S - 0.01)
    assert not turns.update("turns", 12.0, False, 12.0 + FIRST_PAUSE_S + 0.01)
    assert turns.update("turns", 20.0, True, 20.0)
    turns.cue(21.0)  # a pedal hands over before the pause
    assert not turns.update("turns", 20.5, False, 21.0)
    assert turns.update("turns", 22.0, True, 22.0)
    assert not turns.update("turns", 22.0, False, 22.6, fixed_s=0.5)
    assert turns.update("turns", 23.0, True, 23.0)
    assert turns.update("turns", 23.0, False, 26.9, fixed_s=4.0)


def phrases(turns, pause_s, count):
    """Play so many phrases with such pauses in them, each answered for a while."""
    now = 0.0
    for _ in range(count):
        for rest in (pause_s, pause_s * 0.7, 9.0):
            turns.update("turns", now, True, now)
            turns.update("turns", now + 0.2, False, now + min(rest, 8.9))
            now += 0.2 + rest
            turns.update("turns", now, True, now, (rest,))


def test_the_silence_that_hands_over_is_learned_from_the_pauses_in_phrases():
    short, long = Turns(), Turns()
    assert short.pause_s() == pytest.approx(FIRST_PAUSE_S)
    phrases(short, 0.15, 12)
    phrases(long, 1.6, 12)
    assert 0.3 <= short.pause_s() < 0.5
    assert 1.8 < long.pause_s() < 4.0
    assert long.pause_s(0.7) == 0.7  # a value that is set counts
    known = Turns()
    known.pauses = Pauses(long.pauses.longest)
    assert known.pause_s() == pytest.approx(long.pause_s(), rel=0.1)


def test_who_plays_again_soon_after_the_answer_began_had_not_ended():
    turns = Turns()
    turns.update("turns", 1.0, True, 1.0)
    assert not turns.update("turns", 1.2, False, 2.5)
    assert turns.update("turns", 2.6, True, 2.6, (1.4,))
    assert turns.pause_s() > 1.5
    assert turns.update("turns", 2.8, False, 4.2)


def test_learned_pauses_answer_less_often_within_a_phrase_than_two_beats():
    def answers_within(median_s, fixed_s, skipped=0):
        """Return the share of rests within phrases that are taken for their end, and the pause."""
        rng, turns, now_s, early = random.Random(3), Turns(), 0.0, []
        for phrase in range(40):
            rests = [median_s * rng.lognormvariate(0.0, 0.45) for _ in range(8)]
            for rest_s in (*rests, None):
                ended_s = now_s + 0.5
                turns.update("turns", now_s, True, now_s, (), fixed_s)
                turns.update("turns", ended_s, False, ended_s, (), fixed_s)
                silent_s = rest_s or turns.pause_s(fixed_s) + 5.0
                for step in range(int(silent_s / 0.02)):
                    turns.update("turns", ended_s, False, ended_s + 0.02 * step, (), fixed_s)
                if rest_s and phrase >= skipped:
                    early.append(not turns.listening)
                now_s = ended_s + silent_s
                turns.update("turns", now_s, True, now_s, (silent_s,), fixed_s)
        return sum(early) / len(early), turns.pause_s(fixed_s)

    two_beats_s = 60.0 / 109.0 * 2.0
    assert answers_within(0.45, 0.0)[0] < 0.6 * answers_within(0.45, 0.7)[0]
    assert answers_within(1.0, 0.0, 5)[0] < 0.3 * answers_within(1.0, two_beats_s, 5)[0]
    assert answers_within(0.2, 0.0)[1] < two_beats_s


def test_together_only_a_cue_decides():
    turns = Turns()
    assert not turns.update("together", 10.0, True, 10.0)
    turns.cue(11.0)
    assert turns.update("together", 10.0, False, 99.0)


class Desk:
    def __init__(self):
        self.actions = []
        self.performance = Performance()
        self.moving = True
        self.frozen = False
        self.hears_beat = False

    def change(self, values):
        self.performance = self.performance.changed(values)

    def change_at_bar(self, performance):
        self.performance = performance

    def setting(self, name):
        return getattr(self.performance, name)

    def take_program(self, program):
        return False

    def complain(self, message):
        raise AssertionError(message)

    def act(self, action):
        self.actions.append(action)

    def __getattr__(self, name):
        return lambda *values: self.actions.append((name, *values))


def test_several_keyboards_are_one_performer_and_mapped_messages_go_no_further(clock):
    desk, port = Desk(), Port()
    mapper = InputMapper(desk)
    mapper.change([InputMapping("note", 36, does="freeze"), InputMapping("cc", 64, does="tap")])
    first, second = FakeInput((0.0, on(60)), (0.1, on(36))), FakeInput((0.2, on(67, channel=1)))
    keyboards = Keyboards([first, second], clock, mapper, Thru(port))
    keyboards.poll(0.5, [(0.3, on(72)), (0.4, pedal(127))])
    assert desk.actions == ["freeze", "tap"]
    assert sorted(port.sounding.values()) == [(0, 60), (0, 72), (1, 67)]
    assert [note.pitch for note in keyboards.performed(0.5)] == [60, 67, 72]


@pytest.mark.parametrize(
    ("pitches", "key", "chord"),
    [
        ((48,), "C:maj", "C:maj"), ((50,), "C:maj", "D:min"), ((59,), "C:maj", "B:dim"),
        ((49,), "C:maj", "C#:maj"), ((50, 57), "C:maj", "D:min"), ((45, 48, 52), "C:maj", "A:min"),
        ((48, 52, 57), "C:maj", "A:min"), ((43, 47, 50, 53), "C:maj", "G:7"),
        ((48, 52), "C:maj", "C:maj"), ((53, 56), "C:maj", "F:min"), ((), "C:maj", ""),
    ],
)  # fmt: skip
def test_keys_of_the_left_hand_make_a_chord(pitches, key, chord):
    found = chord_of(pitches, key)
    assert ("" if found is None else str(found)) == chord


def test_the_left_hand_leads_and_does_not_sound_and_the_right_hand_plays(clock):
    port, source = Port(), FakeInput((0.0, on(45)), (0.0, on(48)), (0.0, on(52)), (0.1, on(72)))
    keyboards = Keyboards([source], clock, InputMapper(Desk()), Thru(port))
    keyboards.move(Performance(split=60), TargetState(0.0, 0.0, "follow", False, 0.0), 0.0)
    assert keyboards.led("C:maj") == ""
    keyboards.poll(0.2)
    assert keyboards.led("C:maj") == "A:min"
    assert list(port.sounding.values()) == [(0, 72)]
    assert [note.pitch for note in keyboards.performed(0.2)] == [72]
    source.waiting = [(0.3, off(45)), (0.3, off(48)), (0.3, off(52))]
    keyboards.poll(0.4)
    assert keyboards.led("C:maj") == "A:min"  # the chord holds until the next one
    keyboards.move(Performance(), TargetState(0.0, 0.0, "follow", False, 0.0), 0.5)
    assert keyboards.led("C:maj") == ""


def test_keys_held_while_the_split_is_moved_end_where_they_began(clock):
    calm = TargetState(0.0, 0.0, "follow", False, 0.0)
    port, source = Port(), FakeInput((0.0, on(50)))
    keyboards = Keyboards([source], clock, InputMapper(Desk()), Thru(port))
    keyboards.poll(0.1)
    keyboards.move(Performance(split=60), calm, 0.1)
    source.waiting = [(0.2, on(50)), (0.3, on(48))]  # struck again without an end
    keyboards.poll(0.4)
    keyboards.move(Performance(), calm, 0.4)
    source.waiting = [(0.5, off(50)), (0.6, off(48))]
    keyboards.poll(0.7)
    assert not port.sounding and not keyboards._left._keys


def test_a_keyboard_that_goes_away_leaves_no_note(clock):
    port, source = Port(), FakeInput((0.0, on(60)))
    keyboards = Keyboards([source], clock, InputMapper(Desk()), Thru(port))
    keyboards.poll(0.1)
    assert port.sounding
    source.alive = False
    keyboards.poll(0.2)
    assert not port.sounding and "keys" in keyboards.trouble
    clock.stop(1.0)
    assert keyboards.performed(1.0) == ()  # no music, no beats


def test_what_passes_through_is_moved_only_as_far_as_asked(clock):
    played = [(n / 4, on(60 + n % 5, 60)) for n in range(24)]
    calm = TargetState(0.0, -1.0, "manual", False, 0.0)
    sent = {}
    for strength in (0.0, 1.0):
        port = Port()
        port.velocities = []
        port.note = lambda n, a, b, c, p, velocity, port=port: port.velocities.append(velocity)
        port.end_note = lambda note_id, at_s: None
        keyboards = Keyboards([FakeInput(*played)], clock, InputMapper(Desk()), Thru(port))
        performance = Performance(transfer=strength, transfer_elements=("velocity",))
        keyboards.move(performance, calm, 0.0)
        keyboards.poll(6.0)
        sent[strength] = port.velocities
    assert sent[0.0] == [60] * 24
    assert len(sent[1.0]) == 24 and max(sent[1.0]) < 60


def act_on(desk, *actions, now=lambda: 0.0):
    actor = Actions(desk, now)
    for action in actions:
        actor.act(action)
    return actor


def test_every_action_can_be_done():
    for action in ACTIONS:
        act_on(Desk(), action)
    with pytest.raises(InputError, match="action must be one of panic.*got 'dance'"):
        act_on(Desk(), "dance")


def test_presets_are_stepped_through_and_taken_by_name_and_number():
    presets = list_presets()
    desk = Desk()
    actor = act_on(desk, "next_preset", "next_preset")
    assert actor.preset == presets[1].slug and desk.performance == presets[1].performance
    actor.act("previous_preset")
    actor.act("previous_preset")
    assert actor.preset == presets[-1].slug
    assert actor.take_program(presets[2].program) and actor.preset == presets[2].slug
    assert not actor.take_program(127)


def test_taps_set_the_tempo_and_a_long_pause_begins_anew():
    desk = Desk()
    times = iter([0.0, 0.5, 1.02, 1.5, 9.0, 9.4, 9.8])
    actor = Actions(desk, lambda: next(times))
    tempi = []
    for _ in range(7):
        actor.act("tap")
        tempi.append(desk.performance.tempo_bpm)
    assert tempi == [100.0, 100.0, pytest.approx(117.6), 120.0, 120.0, 120.0, 150.0]


def test_the_last_bars_are_kept_as_a_file_that_begins_on_a_bar(tmp_path):
    notes = [NoteEvent(n, n / 2, 0.4, 60 + n % 12, 80, 1, "chords") for n in range(64)]
    options = {"tempo_bpm": 90.0, "key": "D:min", "beats_per_bar": 4}
    path = capture_bars(notes, 30.5, 4, tmp_path / "new", **options)
    written = mido.MidiFile(path)
    onsets, beat = [], 0.0
    for message in mido.merge_tracks(written.tracks):
        beat += message.time / written.ticks_per_beat
        if message.type == "note_on":
            onsets.append(round(beat, 3))
    assert onsets == [n / 2 for n in range(32)]
    frames = [Frame(0.0, 60.0, 4, "D:min"), Frame(20.25, 120.0, 4, "D:min")]
    again = capture_bars(notes, 30.5, 4, tmp_path / "new", **options, frames=frames)
    assert again != path and path.exists()
    assert read_midi_file(again).song_map.tempos == ((0.0, 60.0), (4.25, 120.0))
    with pytest.raises(InputError, match="nothing was played in the last 2 bars"):
        capture_bars(notes[:4], 30.5, 2, tmp_path, **options)
    with pytest.raises(InputError, match="from 1 to 64; got 0"):
        capture_bars(notes, 30.5, 0, tmp_path, **options)


def test_what_is_heard_is_told_as_the_performance_asks(clock):
    port = Port()
    teller = MappedOutput(port)
    performance = Performance(outputs=(OutputMapping("arousal", number=74),), key="C:maj")
    pipeline = Pipeline(performance, clock, draft_beats=0)
    target = TargetState(0.0, 0.0, "follow", False, 0.0)
    teller.turn(pipeline, target, clock, 0.0)
    assert port.sent == []
    quadrants = (0.25, 0.25, 0.25, 0.25)
    pipeline.emotion = EmotionState(
        0.1, 0.0, 1.0, 0.1, 0.1, quadrants, (), "", "", -20.0, "tracking"
    )
    teller.turn(pipeline, target, clock, 0.1)
    assert port.sent == [("cc", 0, 74, 127)]
