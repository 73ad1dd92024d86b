"""MQTT with a broker and clients that are not ours (Debian: mosquitto, mosquitto-clients)."""

import os
import signal
import subprocess
from dataclasses import replace

import pytest
from servers.jack import until
from servers.mosquitto import Mosquitto, publish, subscriber
from servers.needs import need_program
from test_engine_osc import moment, state
from test_engine_oscquery import Played

from engine.errors import InputError
from engine.live.runtime import Runtime
from engine.network.mqtt import MqttService, arguments_of, payload_of
from engine.network.orders import ORDERS
from engine.network.values import VALUES
from engine.process.child import child_command, child_environment
from engine.settings.addresses import Broker, parse_broker
from engine.settings.run import LiveConfig

PATIENCE_S = 30.0


@pytest.fixture
def broker(tmp_path):
    broker = Mosquitto(tmp_path)
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def stage(broker):
    """Yield a function that sets the moment, and the controls, of a service at the broker."""
    now = [moment(state(), beats=9.5, playing=True, tempo_bpm=96.0, section=3)]
    controls = Played()
    service = MqttService(lambda: now[0], controls, Broker("127.0.0.1", broker.port))
    service.start()

    def show(**values):
        now[0] = replace(now[0], **values)

    show.controls, show.service = controls, service
    yield show
    service.stop()


def wait_for(lines, line):
    until(lambda: line in lines, line, PATIENCE_S)


def test_topics_of_values_and_of_orders_are_apart():
    assert not {name.partition("/")[0] for name in VALUES} & set(ORDERS)
    assert "status" not in {*VALUES, *ORDERS}


def test_a_stranger_who_comes_late_is_told_everything_and_then_what_changes(broker, stage):
    with subscriber(broker.port, "stimmung/#") as first:
        wait_for(first, "stimmung/status online")
        wait_for(first, "stimmung/tempo 96.0")
    with subscriber(broker.port, "stimmung/#") as late:  # all that is retained
        for line in (
            "stimmung/status online",
            "stimmung/valence 0.5",
            "stimmung/arousal -0.5",
            "stimmung/quadrant 1",
            "stimmung/key C:maj",
            "stimmung/chord N",
            "stimmung/beat 9",
            "stimmung/section 3",
            "stimmung/emotion [0.5, -0.5, 0.5, -0.5]",
        ):
            wait_for(late, line)
        stage(beats=10.0, section=4)
        wait_for(late, "stimmung/beat 10")
        wait_for(late, "stimmung/section 4")
        stage.service.stop()
        wait_for(late, "stimmung/status offline")


def test_a_stranger_orders(broker, stage):
    controls = stage.controls
    with subscriber(broker.port, "stimmung/status") as status:
        wait_for(status, "stimmung/status online")
    publish(broker.port, "stimmung/act/tap", "", "-r")  # kept for who comes later
    until(lambda: controls.did == ["tap"], "the action", PATIENCE_S)
    for topic, payload in (
        ("stimmung/set/tempo_bpm", "132"),
        ("stimmung/set/beats_per_bar", "3.0"),
        ("stimmung/set/mpe", "on"),
        ("stimmung/set", '["settings.density", 0.5]'),
        ("stimmung/target", "[0.75, -0.25]"),
        ("stimmung/freeze", "1"),
        ("stimmung/act", "capture"),
        ("stimmung/act/play", "0"),  # a button that is let go
        ("stimmung/preset", "calm-down"),
    ):
        publish(broker.port, topic, payload)
    until(lambda: controls.did[-1] == "preset calm-down", "the last order", PATIENCE_S)
    played = controls.performance
    assert (played.tempo_bpm, played.beats_per_bar, played.mpe) == (132, 3, True)
    assert (played.mode, played.valence, played.arousal) == ("manual", 0.75, -0.25)
    assert played.settings == {"density": 0.5} and controls.frozen is True
    assert controls.did == ["tap", "capture", "preset calm-down"]
    assert controls.complaints == []
    publish(broker.port, "stimmung/mode", "swing")
    until(lambda: controls.complaints, "the complaint", PATIENCE_S)
    assert controls.complaints[0].startswith("stimmung/mode ('swing',): mode must be one of follow")


def test_orders_that_the_broker_kept_from_another_run_are_left_out(broker, stage):
    with subscriber(broker.port, "stimmung/status") as status:
        wait_for(status, "stimmung/status online")
    stage.service.stop()
    publish(broker.port, "stimmung/panic", "1", "-r")
    controls = Played()
    again = MqttService(lambda: None, controls, Broker("127.0.0.1", broker.port))
    again.start()
    try:
        until(lambda: controls.complaints, "the order", PATIENCE_S)
    finally:
        again.stop()
    assert controls.complaints == ["stimmung/panic: retained by the broker, left out"]
    assert controls.did == []


def test_a_broker_that_dies_is_reported_and_told_everything_when_it_is_back(broker, stage):
    with subscriber(broker.port, "stimmung/status") as status:
        wait_for(status, "stimmung/status online")
    broker.stop()
    until(lambda: stage.service.problem, "the problem", PATIENCE_S)
    assert stage.service.problem.startswith(f"broker 127.0.0.1:{broker.port}: ")
    stage(section=5)
    broker.start()
    with subscriber(broker.port, "stimmung/#") as lines:
        wait_for(lines, "stimmung/section 5")
    until(lambda: stage.service.problem == "", "all well", PATIENCE_S)


def test_the_broker_says_offline_for_an_engine_that_is_killed(broker):
    command = child_command(
        "engine.cli", "live", "--input", "none", "--midi-out", "none",
        "--mqtt", f"mqtt://127.0.0.1:{broker.port}/hall/left",
    )  # fmt: skip
    engine = subprocess.Popen(command, env=child_environment(), stderr=subprocess.DEVNULL)
    with subscriber(broker.port, "hall/left/#") as lines:
        try:
            wait_for(lines, "hall/left/playing 1")
            publish(broker.port, "hall/left/set/tempo_bpm", "77")
            wait_for(lines, "hall/left/tempo 77.0")
        finally:
            os.kill(engine.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
            engine.wait()
        wait_for(lines, "hall/left/status offline")


def test_the_music_plays_without_its_broker():
    config = LiveConfig(input="none", midi_out="none", mqtt=Broker("127.0.0.1", 9))
    with Runtime(config) as runtime:
        until(lambda: any("mqtt: " in what for what in runtime.snapshot().troubles), "it", 15.0)
        look = runtime.snapshot()
        assert look.running
        assert any(entry.words.startswith("MQTT: broker 127.0.0.1:9: ") for entry in look.messages)


def test_a_broker_that_wants_a_password_gets_it(tmp_path):
    passwords = tmp_path / "passwords"
    passwords.touch()
    command = [need_program("mosquitto_passwd"), "-b", str(passwords), "stage", "p@ss:word"]
    subprocess.run(command, check=True, capture_output=True)
    broker = Mosquitto(tmp_path, f"allow_anonymous false\npassword_file {passwords}\n")
    broker.start()
    try:
        for user, good in (("stage:p%40ss%3Aword@", True), ("stage:wrong@", False)):
            where = parse_broker(f"mqtt://{user}127.0.0.1:{broker.port}")
            service = MqttService(lambda: None, Played(), where)
            service.start()
            try:
                if good:
                    with subscriber_of(broker, "stage", "p@ss:word") as online:
                        until(online, "online", PATIENCE_S)
                else:
                    until(lambda: "uthoriz" in service.problem, "a refusal", PATIENCE_S)  # noqa: B023
                    assert "wrong" not in service.problem
            finally:
                service.stop()
    finally:
        broker.stop()


class subscriber_of:  # noqa: N801
    """Ask the broker once a moment, with a password, whether we are online."""

    def __init__(self, broker, user, password):
        self._command = [
            need_program("mosquitto_sub"), "-h", "127.0.0.1", "-p", str(broker.port),
            "-u", user, "-P", password, "-t", "stimmung/status", "-C", "1", "-W", "2",
        ]  # fmt: skip

    def __enter__(self):
        def online():
            done = subprocess.run(self._command, capture_output=True, text=True, check=False)
            return done.stdout.strip() == "online"

        return online

    def __exit__(self, *exc_info):
        return None


@pytest.mark.parametrize(
    ("text", "broker"),
    [
        ("broker", Broker("broker", 1883)),
        ("broker:1884/hall/", Broker("broker", 1884, prefix="hall")),
        ("mqtts://a:b%2Fc@[::1]/x", Broker("::1", 8883, True, "a", "b/c", "x")),
    ],
)
def test_addresses(text, broker):
    assert parse_broker(text) == broker


@pytest.mark.parametrize(
    "text", ["", "mqtt://", "http://broker", "broker:0", "broker:70000", "broker:x", "b/a+", "b/#"]
)
def test_bad_addresses_are_refused_without_showing_a_password(text):
    with pytest.raises(InputError, match=r"mqtt must be \[mqtt://\]\[USER"):
        parse_broker(text)
    with pytest.raises(InputError) as refused:
        parse_broker("http://user:secret@broker")
    assert "secret" not in str(refused.value)


def test_payloads():
    assert payload_of((0.1 + 0.2,)) == "0.3" and payload_of((3,)) == "3"
    assert payload_of(("A:min",)) == "A:min" and payload_of((1, 0.5)) == "[1, 0.5]"
    assert arguments_of(b"") == [] and arguments_of(b" calm-down\n") == ["calm-down"]
    assert arguments_of(b"0.5") == [0.5] and arguments_of(b'["a", 1]') == ["a", 1]
    for wrong in (b"{}", b"[[1]]", b"\xff", b"x" * 5000):
        with pytest.raises(ValueError):
            arguments_of(wrong)
