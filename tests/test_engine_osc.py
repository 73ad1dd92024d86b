import socket
import struct
from types import SimpleNamespace

import pytest
from servers.jack import until

from engine.errors import InputError
from engine.events import EmotionState, HeardBeat, TargetState
from engine.live.runtime import Runtime
from engine.mapping.sources import Moment
from engine.network import orders
from engine.network.osc import OscOutput
from engine.network.osc_input import OscInput
from engine.network.values import Changes
from engine.settings.addresses import parse_destination
from engine.settings.performance import Performance
from engine.settings.run import LiveConfig


def packet(address: str, types: str = ",", payload: bytes = b"") -> bytes:
    """Return an OSC 1.0 message, encoded here by the letter of the standard."""

    def padded(text: str) -> bytes:
        raw = text.encode() + b"\0"
        return raw + b"\0" * (-len(raw) % 4)

    return padded(address) + padded(types) + payload


FLOATS = bytes.fromhex("3f000000bf000000")  # 0.5, -0.5 big-endian


@pytest.fixture
def receiver():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))
        udp.settimeout(5.0)
        yield udp


def state(time_s=1.0, key="C:maj"):
    return EmotionState(time_s, 0.5, -0.5, 0.5, -0.5, (0.25,) * 4, (), key, "N", -20.0, "tracking")


def moment(emotion=None, **values):
    return Moment(emotion, TargetState(0.0, 0.0, "follow", False, 0.0), "C:maj", **values)


def received(receiver, count):
    """Return messages by address, in order; what comes after them stays."""
    found = {}
    for _ in range(count):
        data = receiver.recv(1024)
        found.setdefault(data[: data.index(b"\0")].decode(), []).append(data)
    return found


def test_what_is_tracked_goes_out_with_every_state_and_the_rest_only_when_it_changes(receiver):
    output = OscOutput((receiver.getsockname(),))
    first = moment(state(), beats=7.25, playing=True, tempo_bpm=90.0)
    output.turn(first, 0.0)
    count = len(list(Changes().poll(first, 0.0)))
    heard = received(receiver, count)
    emotion = packet("/stimmung/emotion", ",ffff", FLOATS * 2)
    assert heard.pop("/stimmung/emotion") == [emotion]
    wanted = {
        "/stimmung/valence": packet("/stimmung/valence", ",f", FLOATS[:4]),
        "/stimmung/quadrant": packet("/stimmung/quadrant", ",i", b"\0\0\0\1"),
        "/stimmung/state": packet("/stimmung/state", ",s", b"tracking\0\0\0\0"),
        "/stimmung/key": packet("/stimmung/key", ",s", b"C:maj\0\0\0"),
        "/stimmung/tuning": packet("/stimmung/tuning", ",f", bytes.fromhex("43dc0000")),
        "/stimmung/beat": packet("/stimmung/beat", ",i", b"\0\0\0\7"),
        "/stimmung/tempo": packet("/stimmung/tempo", ",f", struct.pack(">f", 90.0)),
    }
    assert {address: heard[address] for address in wanted} == {
        address: [data] for address, data in wanted.items()
    }
    output.turn(moment(state(1.1), beats=7.75, playing=True, tempo_bpm=90.0), 0.1)
    assert receiver.recv(1024) == emotion
    output.turn(moment(state(1.1, "D:min"), beats=8.0, playing=True, tempo_bpm=90.0), 0.2)
    changed = received(receiver, 2)
    assert changed["/stimmung/key"] == [packet("/stimmung/key", ",s", b"D:min\0\0\0")]
    assert changed["/stimmung/beat"] == [packet("/stimmung/beat", ",i", b"\0\0\0\x08")]
    output.close()


def test_what_moves_all_the_time_is_sent_twenty_times_a_second_and_ends_where_it_ended():
    changes = Changes()
    sent = [
        arguments
        for turn in range(201)
        for name, arguments in changes.poll(moment(tempo_bpm=60.0 + turn), turn * 0.005)
        if name == "tempo"
    ]
    assert 20 <= len(sent) <= 21 and sent[-1] == (260.0,)


def test_each_heard_beat_is_sent_even_if_all_that_is_known_of_it_is_the_same():
    changes = Changes()
    sent = [
        arguments
        for count in range(4)
        for name, arguments in changes.poll(
            moment(heard=HeardBeat(count, 0.0, 0.5, 1, 4, "locked", 0.9)), float(count)
        )
        if name == "heard/beat"
    ]
    assert sent == [(1, 4, 120.0, 0.9)] * 4


def test_destination_that_is_not_there_costs_nothing():
    output = OscOutput((("127.0.0.1", 9),))
    for number in range(50):
        output.turn(moment(state(float(number))), float(number))
    output.close()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "host",
        "host:",
        "host:0",
        "host:65536",
        "host:x",
        "a..b:1",
        "x" * 64 + ":1",
        "a\0b:1",
        "a b:1",
    ],
)
def test_bad_destination_is_refused(text):
    with pytest.raises(InputError, match="HOST:PORT|host must be a name or an address"):
        parse_destination(text)


def test_destination_without_host_is_this_machine():
    assert parse_destination(":9000") == ("127.0.0.1", 9000)


class Recorded:
    """Keeps what was ordered."""

    def __init__(self):
        self.orders = []

    def change(self, values):
        if values.get("mode") == "swing":
            raise InputError("mode must be one of …; got 'swing'")
        self.orders.append(dict(values))

    def act(self, action):
        if action == "preset none":
            raise InputError("preset must be one of …; got 'none'")
        self.orders.append(action)

    def set_frozen(self, frozen):
        self.orders.append(frozen)

    def panic(self):
        self.orders.append("panic")

    def complain(self, message):
        self.orders.append("?" + message.split()[0])


@pytest.fixture
def ordered():
    """Yield a function that sends a packet and returns the order it led to."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))
        port = udp.getsockname()[1]
    controls = Recorded()
    listener = OscInput(("127.0.0.1", port), controls)
    listener.start()
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    address = ("127.0.0.1", port)

    def send(data: bytes):
        count = len(controls.orders)
        sender.sendto(data, address)
        until(lambda: len(controls.orders) > count, "the order")
        return controls.orders[-1]

    send.sender, send.address = sender, address
    yield send
    sender.close()
    listener.stop()


def test_orders_are_carried_out(ordered):
    target = {"mode": "manual", "valence": 0.5, "arousal": -0.5}
    assert ordered(packet("/stimmung/target", ",ff", FLOATS)) == target
    assert ordered(packet("/stimmung/mode", ",s", b"contrast\0\0\0\0")) == {"mode": "contrast"}
    order = ordered(packet("/stimmung/preset", ",s", b"calm-down\0\0\0"))
    assert order == "preset calm-down"
    assert ordered(packet("/stimmung/act", ",s", b"tap\0")) == "tap"
    tempo = packet("/stimmung/set", ",sf", b"tempo_bpm\0\0\0" + struct.pack(">f", 90.0))
    assert ordered(tempo) == {"tempo_bpm": 90.0}
    assert ordered(packet("/stimmung/freeze", ",i", b"\0\0\0\1")) is True
    assert ordered(packet("/stimmung/panic")) == "panic"


def test_what_cannot_be_understood_is_said_and_changes_nothing(ordered):
    assert ordered(packet("/stimmung/mode", ",s", b"swing\0\0\0")) == "?/stimmung/mode"
    assert ordered(packet("/stimmung/target", ",f", FLOATS[:4])) == "?/stimmung/target"
    assert ordered(packet("/stimmung/preset", ",s", b"none\0\0\0\0")) == "?/stimmung/preset"


@pytest.mark.parametrize(
    "garbage", [b"\0", b"/stimmung/target", b"/\xff\xfe\0\0,ff\0", b"#bundle\0" * 3]
)
def test_garbage_does_not_stop_it(ordered, garbage):
    ordered.sender.sendto(garbage, ordered.address)
    assert ordered(packet("/stimmung/panic")) == "panic"


def text(word: str) -> bytes:
    raw = word.encode() + b"\0"
    return raw + b"\0" * (-len(raw) % 4)


@pytest.mark.parametrize(
    ("types", "payload", "frozen"),
    [
        (",i", struct.pack(">i", 0), False),
        (",f", struct.pack(">f", 0.0), False),
        (",f", struct.pack(">f", 1.0), True),
        (",T", b"", True),
        (",F", b"", False),
        (",s", text("0"), False),
        (",s", text("1"), True),
        (",s", text("off"), False),
        (",s", text("On"), True),
        (",s", text("false"), False),
        (",s", text("maybe"), "?/stimmung/freeze"),
        (",s", text(""), "?/stimmung/freeze"),
        (",f", struct.pack(">f", float("nan")), "?/stimmung/freeze"),
    ],
)
def test_a_switch_may_be_number_truth_value_or_word(ordered, types, payload, frozen):
    assert ordered(packet("/stimmung/freeze", types, payload)) == frozen


def test_a_button_let_go_does_nothing_whatever_it_sends(ordered):
    for types, payload in ((",f", bytes(4)), (",s", text("0")), (",F", b"")):
        ordered.sender.sendto(packet("/stimmung/act/tap", types, payload), ordered.address)
    assert ordered(packet("/stimmung/act/freeze", ",s", text("1"))) == "freeze"


def test_a_destination_whose_host_is_unknown_is_left_out_and_named(receiver):
    output = OscOutput((("no.such.host.invalid", 9000), receiver.getsockname()))
    assert output.problem.startswith("nothing is sent to no.such.host.invalid:9000: ")
    output.turn(moment(state()), 0.0)
    assert receiver.recv(1024).startswith(b"/stimmung/emotion")
    output.close()


def test_music_plays_though_its_services_are_taken():
    """The page's port and that of OSC are in use: both are reported, and the beat moves."""
    with socket.socket() as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        tcp.bind(("127.0.0.1", 0))
        tcp.listen()
        udp.bind(("127.0.0.1", 0))
        config = LiveConfig(
            performance=Performance(engine="rules"),
            input="none",
            midi_out="none",
            osc_in=udp.getsockname(),
            monitor=tcp.getsockname(),
        )
        with Runtime(config) as runtime:
            until(lambda: len(runtime.snapshot().troubles) >= 2, "both to be reported")
            look = runtime.snapshot()
    assert look.running and runtime.monitor_url == ""
    assert any("osc_in: OSC input 127" in trouble for trouble in look.troubles)
    assert any("page: monitor 127.0.0.1" in trouble for trouble in look.troubles)
    said = " ".join(entry.words for entry in look.messages)
    assert "Monitor page: monitor 127.0.0.1" in said and "OSC input: " in said


def test_taken_port_is_refused(receiver):
    with pytest.raises(InputError, match="cannot be used"):
        OscInput(receiver.getsockname(), Recorded())


class Counting:
    """Counts orders."""

    def __init__(self):
        self.orders, self.panics, self.complaints = 0, 0, []

    def change(self, values):
        self.orders += 1

    def act(self, action):
        self.orders += 1

    def set_frozen(self, frozen):
        self.orders += 1

    def panic(self):
        self.panics += 1

    def complain(self, message):
        self.complaints.append(message)


def test_flood_is_cut_off_but_panic_passes(monkeypatch, fake_clock):
    monkeypatch.setattr(orders, "time", SimpleNamespace(monotonic=fake_clock))
    controls = Counting()
    server = OscInput(("127.0.0.1", 0), controls)._server
    try:
        for _ in range(2000):
            server.dispatcher.call_handlers_for_packet(
                packet("/stimmung/target", ",ff", FLOATS), ("127.0.0.1", 9)
            )
        server.dispatcher.call_handlers_for_packet(packet("/stimmung/panic"), ("127.0.0.1", 9))
    finally:
        server.server_close()
    assert controls.orders == 200  # at once
    assert controls.panics == 1
    assert any("too many commands" in said for said in controls.complaints)


def test_packet_from_the_future_holds_nothing_up():
    controls = Counting()
    server = OscInput(("127.0.0.1", 0), controls)._server
    message = packet("/stimmung/target", ",ff", FLOATS)
    bundle = b"#bundle\0" + b"\xff" * 8 + struct.pack(">i", len(message)) + message
    try:  # whoever waited for that time would wait for years
        server.dispatcher.call_handlers_for_packet(bundle, ("127.0.0.1", 9))
    finally:
        server.server_close()
    assert controls.orders == 1
