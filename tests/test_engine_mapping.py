"""Mappings: what leaves, how often, and what controllers may do."""

from dataclasses import asdict

import pytest

from engine.errors import InputError
from engine.events import EmotionState, TargetState
from engine.mapping.input import InputMapper
from engine.mapping.output import OutputMapper
from engine.mapping.sections import SectionWatch
from engine.mapping.sources import SOURCES, Moment
from engine.mapping.table import InputMapping, OutputMapping
from engine.settings.performance import Performance, controller_range

TARGET = TargetState(0.25, -0.5, "manual", False, 0.0)


def emotion(time_s=0.0, valence=0.0, arousal=0.0, level_db=-20.0, chord="A:min"):
    quadrants = (0.1, 0.2, 0.3, 0.4)
    return EmotionState(
        time_s, valence, arousal, 0.1, 0.2, quadrants, (), "C:maj", chord, level_db, "tracking"
    )


def heard(**values):
    return Moment(emotion(**values), TARGET, "C:maj")


class Port:
    def __init__(self):
        self.sent = []
        self.sounding = {}

    def note(self, note_id, on_s, off_s, channel, pitch, velocity):
        self.sent.append(("on", channel, pitch, velocity))
        self.sounding[note_id] = pitch

    def end_note(self, note_id, at_s):
        self.sent.append(("off", self.sounding.pop(note_id)))

    def control(self, at_s, channel, control, value, holder=0):
        self.sent.append(("cc", channel, control, value))

    def program(self, at_s, channel, program):
        self.sent.append(("program", channel, program))

    def bend(self, at_s, channel, value, holder=0):
        self.sent.append(("bend", channel, value))

    def pressure(self, at_s, channel, value, holder=0):
        self.sent.append(("pressure", channel, value))


def send(mapping, *moments):
    port = Port()
    mapper = OutputMapper(port)
    mapper.change([OutputMapping(**mapping)], 0.0)
    for number, moment in enumerate(moments):
        mapper.update(moment, float(number))
    return port.sent


@pytest.mark.parametrize(
    ("mapping", "expected"),
    [
        ({"to": "cc", "number": 74}, [("cc", 0, 74, 95)]),
        ({"to": "cc", "number": 74, "low": 1.0, "high": 0.0}, [("cc", 0, 74, 32)]),
        ({"to": "cc", "number": 1, "curve": 2.0}, [("cc", 0, 1, 71)]),
        ({"to": "cc", "number": 1, "source_low": 0.0}, [("cc", 0, 1, 64)]),
        ({"to": "cc14", "number": 2, "channel": 3}, [("cc", 3, 2, 95), ("cc", 3, 34, 127)]),
        (
            {"to": "nrpn", "number": 300},
            [("cc", 0, 99, 2), ("cc", 0, 98, 44), ("cc", 0, 6, 95), ("cc", 0, 38, 127)],
        ),
        ({"to": "bend"}, [("bend", 0, 12287)]),
        ({"to": "pressure"}, [("pressure", 0, 95)]),
        ({"to": "program"}, [("program", 0, 95)]),
        ({"to": "note", "number": 36, "velocity": 80}, [("on", 0, 36, 80)]),
    ],
)
def test_every_carrier_tells_the_value(mapping, expected):
    assert send({"source": "arousal", **mapping}, heard(arousal=0.5)) == expected


def test_what_does_not_change_is_not_repeated_and_the_rate_is_limited():
    port = Port()
    mapper = OutputMapper(port)
    mapper.change([OutputMapping("arousal", number=1, rate_hz=10.0)], 0.0)
    for tick in range(100):
        mapper.update(heard(arousal=tick / 100), tick / 100)
    assert 9 <= len(port.sent) <= 11
    before = len(port.sent)
    for tick in range(100):
        mapper.update(heard(arousal=0.99), 1.0 + tick / 100)
    assert len(port.sent) <= before + 1


def test_smoothing_arrives_by_two_thirds_after_its_time():
    port = Port()
    mapper = OutputMapper(port)
    mapper.change([OutputMapping("arousal", number=1, smoothing_s=1.0, rate_hz=100.0)], 0.0)
    mapper.update(heard(arousal=-1.0), 0.0)
    for tick in range(1, 101):
        mapper.update(heard(arousal=1.0), tick / 100)
    assert port.sent[-1][3] == pytest.approx(127 * 0.632, abs=2)


def test_a_gate_has_hysteresis_and_ends_with_its_table():
    port = Port()
    mapper = OutputMapper(port)
    gate = OutputMapping("arousal", to="note", number=36, threshold=0.75, hysteresis=0.25)
    mapper.change([gate], 0.0)
    for tick, arousal in enumerate([0.4, 0.6, 0.2, 0.6, -0.2, 0.6]):
        mapper.update(heard(arousal=arousal), float(tick))
    assert [message[0] for message in port.sent] == ["on", "off", "on"]
    mapper.change([], 9.0)
    assert not port.sounding


def test_fourteen_bits_send_the_coarse_half_only_when_it_moves():
    sent = send(
        {"source": "arousal", "to": "cc14", "number": 1},
        heard(arousal=0.0),
        heard(arousal=0.002),
        heard(arousal=0.5),
    )
    assert [message[2] for message in sent] == [1, 33, 33, 1, 33]


def test_unknown_sources_say_nothing():
    nothing = Moment(None, TARGET, "")
    for name in SOURCES:
        sent = send({"source": name, "number": 1}, nothing)
        assert len(sent) == (name.startswith("target") or name in (
            "section", "section_round", "build", "drop", "beat", "pulse", "tempo", "playing"
        ))  # fmt: skip
    assert send({"source": "chord", "number": 1}, heard(chord="")) == []


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"source": "mood"}, "source must be one of valence"),
        ({"source": "arousal", "to": "cc14", "number": 32}, "number must be .* from 0 to 31"),
        ({"source": "arousal", "number": 1.5}, "whole number"),
        ({"source": "arousal", "curve": 0}, "curve must be .* 0.1 to 10; got 0"),
        ({"source": "arousal", "colour": 1}, "only source.*got 'colour'"),
        ({"number": 1}, "source must be given"),
        ({"source": "arousal", "source_low": 0.5, "source_high": 0.5}, "below source_high"),
        ([], "must be an object"),
    ],
)
def test_a_wrong_output_mapping_is_refused_by_name(values, message):
    with pytest.raises(InputError, match=message):
        OutputMapping.from_json(values)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"on": "cc", "number": 120, "sets": "valence"}, "120 is bank select or a channel"),
        ({"on": "cc", "number": 1}, "exactly one of sets and does"),
        ({"on": "cc", "number": 1, "sets": "mood"}, "sets must be one of"),
        ({"on": "cc", "number": 1, "does": "dance"}, "does must be one of panic"),
        ({"on": "knob", "number": 1, "does": "panic"}, "on must be one of cc, note"),
        ({"on": "program", "number": 1, "sets": "valence"}, "sets nothing"),
        ({"on": "cc", "number": 1, "sets": "valence", "low": -2}, "low must be .* -1 to 1"),
    ],
)
def test_a_wrong_input_mapping_is_refused_by_name(values, message):
    with pytest.raises(InputError, match=message):
        Performance(inputs=(InputMapping.from_json(values),))


def test_mappings_travel_through_a_preset():
    values = {
        "outputs": [{"source": "tension", "to": "nrpn", "number": 300, "curve": 0.5}],
        "inputs": [
            {"on": "cc", "number": 1, "sets": "arousal"},
            {"on": "note", "number": 36, "channel": 9, "does": "preset duet-follow"},
        ],
    }
    performance = Performance.from_mapping(values)
    assert performance.outputs[0].number == 300
    assert [item.to_json() for item in performance.inputs] == values["inputs"]
    assert [item.to_json() for item in performance.outputs] == values["outputs"]
    assert Performance.from_mapping(asdict(performance)) == performance


class Desk:
    """Carries out orders on a performance."""

    def __init__(self):
        self.performance = Performance()
        self.actions = []
        self.complaints = []

    def change(self, values):
        self.performance = self.performance.changed(values)

    def act(self, action):
        self.actions.append(action)

    def setting(self, name):
        return getattr(self.performance, name)

    def controller_range(self, name):
        return controller_range(name)

    def take_program(self, program):
        self.actions.append(program)
        return program == 3

    def complain(self, message):
        self.complaints.append(message)


def mapper_for(*inputs):
    desk = Desk()
    mapper = InputMapper(desk)
    mapper.change([InputMapping.from_json(values) for values in inputs])
    return desk, mapper


def test_a_controller_takes_over_only_once_it_passes_the_value():
    desk, mapper = mapper_for({"on": "cc", "number": 1, "sets": "arousal"})
    for level in (10, 30, 50):
        assert mapper.push(bytes((0xB0, 1, level)))
    assert desk.performance.arousal == 0.0 and desk.performance.mode == "follow"
    mapper.push(bytes((0xB0, 1, 70)))  # passes the middle, where arousal stands
    assert desk.performance.arousal == pytest.approx(0.102, abs=0.01)
    assert desk.performance.mode == "manual"
    mapper.push(bytes((0xB0, 1, 127)))
    assert desk.performance.arousal == 1.0
    mapper.release()
    mapper.push(bytes((0xB5, 1, 20)))
    assert desk.performance.arousal == -1.0 + 2 * 20 / 127  # it passed 127 on its way


def test_without_soft_takeover_a_controller_sets_at_once():
    desk, mapper = mapper_for(
        {"on": "cc", "number": 1, "sets": "tempo_bpm", "low": 60, "high": 124,
         "soft_takeover": False},
    )  # fmt: skip
    mapper.push(bytes((0xB0, 1, 127)))
    assert desk.performance.tempo_bpm == 124.0


def test_a_pedal_acts_when_it_goes_down_and_only_on_its_channel():
    desk, mapper = mapper_for(
        {"on": "cc", "number": 64, "channel": 2, "does": "freeze"},
        {"on": "program", "number": 5, "does": "preset duet-follow"},
    )
    for level in (127, 127, 0, 90, 0):
        mapper.push(bytes((0xB2, 64, level)))
    assert not mapper.push(bytes((0xB1, 64, 127)))
    mapper.push(bytes((0xC7, 5)))
    mapper.push(bytes((0xC7, 5)))
    assert desk.actions == ["freeze"] * 3 + ["preset duet-follow"] * 2
    assert mapper.push(bytes((0xC0, 3))) and not mapper.push(bytes((0xC0, 4)))


def test_learning_takes_the_next_controller_that_may_be_mapped():
    desk, mapper = mapper_for()
    learned = []
    mapper.learn("arousal", learned.append)
    for message in (b"\xb0\x00\x01", b"\xb0\x7b\x00", b"\xc0\x05", b"\xf8", b"\x90\x30\x00"):
        assert not mapper.push(message) and not learned
    assert mapper.push(b"\xb3\x4a\x20")
    assert learned == [InputMapping("cc", 74, channel=3, sets="arousal")]
    assert not mapper.push(b"\xb3\x4b\x20")  # disarmed
    mapper.learn("panic", learned.append)
    mapper.push(b"\xc0\x05")
    assert learned[1] == InputMapping("program", 5, channel=0, does="panic")


def test_an_order_that_fails_is_said_and_nothing_is_raised():
    desk, mapper = mapper_for({"on": "cc", "number": 1, "sets": "arousal"})

    def refuse(values):
        raise InputError("not now")

    desk.change = refuse
    mapper.push(bytes((0xB0, 1, 63)))
    assert desk.complaints == ["not now"]


def watch(*stretches):
    """Play (seconds, valence, arousal from, arousal to, level) and return the watch's tellings."""
    watcher, told, time_s = SectionWatch(), [], 0.0
    for seconds, valence, begin, end, level_db in stretches:
        steps = round(seconds * 10)
        for step in range(steps):
            time_s += 0.1
            arousal = begin + (end - begin) * step / steps
            watcher.hear(emotion(time_s, valence, arousal, level_db))
            told.append((time_s, watcher.section, watcher.build, watcher.drop))
    return told


def test_a_section_begins_where_the_music_stays_elsewhere_not_where_it_visits():
    told = watch((20, 0.5, -0.4, -0.4, -24), (2, -0.3, 0.5, 0.5, -18), (10, 0.5, -0.4, -0.4, -24))
    assert told[-1][1] == 0
    told = watch((20, 0.5, -0.4, -0.4, -24), (20, -0.3, 0.5, 0.5, -18))
    begun = [time_s for time_s, section, _, _ in told if section == 1]
    assert told[-1][1] == 1 and 22.0 < begun[0] < 24.5


def test_a_build_rises_and_its_drop_comes_with_the_level():
    told = watch((12, 0, -0.3, -0.3, -24), (12, 0, -0.3, 0.7, -24), (4, 0, 0.7, 0.7, -14))
    build = {round(time_s, 1): build for time_s, _, build, _ in told}
    assert build[11.0] == 0.0 and build[23.0] > 0.5
    drops = [time_s for time_s, _, _, drop in told if drop]
    assert 24.0 < drops[0] < 24.3 and drops[-1] < 25.3
    assert not any(drop for _, _, _, drop in watch((12, 0, 0, 0, -24), (4, 0, 0, 0, -14)))


def learned_from(what, *messages):
    """Learn from messages in hexadecimal; return what was learned and what passed on."""
    _, mapper = mapper_for()
    learned = []
    mapper.learn(what, learned.append)
    passed = [text for text in messages if not mapper.push(bytes.fromhex(text))]
    return learned, passed


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        (("b0 63 02", "b0 62 2c", "b0 06 40", "b0 26 10"), ("nrpn", 300)),
        (("b0 62 2c", "b0 63 02", "b0 26 10", "b0 06 40"), ("nrpn", 300)),
        (("b0 65 00", "b0 64 01", "b0 06 40"), ("rpn", 1)),
        (("b0 65 00", "b0 64 01", "b0 60 00"), ("rpn", 1)),  # data increment
        (("b0 21 10", "b0 01 40"), ("cc", 1)),  # 14 bits, the fine half first
        (("b0 01 40", "b0 21 10"), ("cc", 1)),
        (("b0 28 10", "b0 28 11"), ("cc", 40)),  # no partner: seven bits
        (("b0 65 7f", "b0 64 7f", "b0 06 40"), ("cc", 6)),  # no parameter is chosen
        (("b0 40 00", "b0 40 7f"), ("cc", 64)),  # a pedal's lift is not learned
    ],
)
def test_parameters_of_several_messages_are_learned_as_one(messages, expected):
    learned, _ = learned_from("arousal", *messages)
    assert [(mapping.on, mapping.number) for mapping in learned] == [expected]


def test_what_is_let_go_while_learning_passes_on():
    learned, passed = learned_from("panic", "b0 40 00", "80 3c 40", "90 3c 00", "b0 63 02")
    assert learned == [] and len(passed) == 4


def test_a_parameter_sets_and_acts_from_its_data_and_passes_on_when_unmapped():
    desk, mapper = mapper_for(
        {"on": "nrpn", "number": 300, "sets": "arousal", "soft_takeover": False},
        {"on": "rpn", "number": 5, "does": "tap"},
    )
    for text in ("b0 63 02", "b0 62 2c"):
        assert not mapper.push(bytes.fromhex(text))  # chosen, not moved
    assert mapper.push(bytes.fromhex("b0 06 7f"))
    assert desk.performance.arousal == 1.0
    assert mapper.push(bytes.fromhex("b0 06 00"))
    mapper.push(bytes.fromhex("b0 26 40"))
    assert desk.performance.arousal == pytest.approx(-1.0 + 1 / 127)
    assert not mapper.push(bytes.fromhex("b1 06 7f"))  # nothing is chosen on that channel
    for text in ("b0 65 00", "b0 64 05", "b0 06 7f", "b0 06 7f"):
        mapper.push(bytes.fromhex(text))
    assert desk.actions == ["tap", "tap"]
    for text in ("b0 63 02", "b0 62 2d", "b0 06 7f"):
        assert not mapper.push(bytes.fromhex(text))  # another parameter is music
    assert InputMapping.from_json({"on": "nrpn", "number": 16382, "does": "tap"}).number == 16382
    with pytest.raises(InputError, match="number must be .* from 0 to 16382; got 16383"):
        InputMapping("nrpn", 16383, does="tap")


@pytest.mark.parametrize(
    ("on", "messages", "times"),
    [
        ("cc", ("b0 40 7f",) * 3, 3),  # a stomp that never sends anything but 127
        ("cc", ("b0 40 7f", "b0 40 00", "b0 40 7f"), 2),
        ("cc", ("b0 40 41", "b0 40 50", "b0 40 7f"), 1),  # a pedal on its way down
        ("cc", ("b0 40 3f", "b0 40 3f"), 0),
        ("note", ("90 40 28", "80 40 40", "90 40 01", "90 40 00"), 2),  # soft pads count
    ],
)
def test_each_press_acts(on, messages, times):
    desk, mapper = mapper_for({"on": on, "number": 64, "does": "tap"})
    for text in messages:
        mapper.push(bytes.fromhex(text))
    assert desk.actions == ["tap"] * times


def test_what_stands_is_handed_over_again_for_a_receiver_that_was_reset():
    """The sender leaves it out unless the receiver needs it."""
    port = Port()
    mapper = OutputMapper(port)
    mapper.change([OutputMapping("arousal", number=1), OutputMapping("arousal", to="program")], 0.0)
    for tick in range(25):
        mapper.update(heard(arousal=0.5), tick / 10)
    assert port.sent == [("cc", 0, 1, 95), ("program", 0, 95), ("cc", 0, 1, 95), ("cc", 0, 1, 95)]
