"""Lights: what the table makes of a moment, and what receivers that are not ours see of it."""

import json
import os
import signal
import socket
import subprocess
import time
from dataclasses import replace

import pytest
import sacn
from servers.jack import until
from servers.ports import free_port
from stupidArtnet import StupidArtnetServer
from test_engine_osc import moment, state
from test_engine_oscquery import Played

from engine.errors import InputError
from engine.live.runtime import Runtime
from engine.mapping.lights import (
    DEFAULT_LIGHTS,
    Fixture,
    LightMapping,
    LightTable,
    read_fixtures,
)
from engine.network.lights import Lights
from engine.process.child import child_command, child_environment
from engine.settings.addresses import LightTarget, parse_lights
from engine.settings.performance import Performance
from engine.settings.run import LiveConfig

SPOT = Fixture("spot", 1, 10, ("dimmer", "red", "green", "blue"))
WASH = Fixture("wash", 2, 1, ("red", "green", "blue", "white", "strobe"))


def felt(valence=0.0, arousal=0.0, **values):
    return moment(replace(state(), valence=valence, arousal=arousal), **values)


def levels(lines, seen, fixtures=(SPOT, WASH), now_s=0.0):
    table = LightTable(fixtures)
    table.change(lines)
    return table.levels(seen, now_s)


def test_hue_saturation_and_intensity_become_the_channels_of_each_fixture():
    lines = (
        LightMapping("valence", 1 / 3, 1.0, to="hue"),
        LightMapping("arousal", 0.0, 1.0, to="intensity"),
        LightMapping("pulse", to="strobe", fixture="wash"),
    )
    found = levels(lines, felt(1.0, 0.0, beats=2.5, playing=True))
    assert set(found) == {1, 2} and all(len(data) == 512 for data in found.values())
    assert tuple(found[1][9:13]) == (128, 255, 0, 0)  # red; the dimmer takes half of it
    assert tuple(found[2][:5]) == (128, 0, 0, 0, 128)  # half red; strobe by the pulse
    assert sum(found[1]) == 128 + 255 and sum(found[2]) == 256
    assert tuple(levels(lines, felt(-1.0, 1.0))[1][9:13]) == (255, 0, 255, 0)  # green, full


def test_hues_add_up_round_the_circle_and_intensities_are_multiplied():
    lines = (
        LightMapping("valence", 1.0, 1.0, to="hue"),
        LightMapping("section_round", 0.0, 4 / 3, to="hue"),
        LightMapping("arousal", 0.5, 0.5),
        LightMapping("target_arousal", 0.5, 0.5, fixture="spot"),
    )
    found = levels(lines, felt(section=1))
    assert tuple(found[1][9:13]) == (64, 0, 255, 0)  # 1 and 1/3 turns: green
    assert tuple(found[2][:3]) == (0, 128, 0)
    assert tuple(levels(lines, felt(section=2))[2][:3]) == (0, 0, 128)


def test_white_is_what_red_green_and_blue_have_in_common():
    pale = (
        LightMapping("valence", 0.0, 0.0, to="hue"),
        LightMapping("arousal", 0.25, 0.25, to="saturation"),
    )
    assert tuple(levels(pale, felt())[2][:4]) == (64, 0, 0, 191)
    lamp = Fixture("lamp", 1, 1, ("white",))
    assert levels(pale, felt(), (lamp,))[1][0] == 255
    assert levels((), felt(), (Fixture("fan", 1, 1, ("speed",)),))[1][0] == 0


def test_without_a_moment_it_is_dark_and_what_is_unknown_stands_at_its_low_end():
    assert not any(map(any, levels((), None).values()))
    lines = (LightMapping("arousal", 0.2, 1.0),)
    assert levels(lines, moment(None))[1][9] == 51


def test_a_value_is_smoothed_by_the_clock_not_by_the_frame():
    lines = (LightMapping("arousal", smoothing_s=1.0),)
    for steps in (10, 100):
        table = LightTable((SPOT,))
        table.change(lines)
        table.levels(felt(0.0, -1.0), 0.0)
        for step in range(1, steps + 1):
            level = table.levels(felt(0.0, 1.0), step / steps)[1][9]
        assert level == 161  # 1 - 1/e


def test_a_preset_without_a_table_has_one_that_goes_from_dark_blue_to_bright_orange():
    sad, glad = levels((), felt(-1.0, -1.0)), levels((), felt(1.0, 1.0))
    dimmer, red, green, blue = sad[1][9:13]
    assert blue == 255 > red and dimmer < 40
    dimmer, red, green, blue = glad[1][9:13]
    assert red == 255 > green > blue and dimmer > 180
    table = LightTable((SPOT,))
    table.change([LightMapping("valence", fixture="blinder")])
    assert table.unknown == ("blinder",)


def test_the_table_is_kept_in_presets_and_fixtures_in_a_file(tmp_path):
    performance = Performance(lights=(*DEFAULT_LIGHTS, LightMapping("drop", fixture="spot")))
    assert Performance.from_mapping(json.loads(json.dumps(performance.to_json()))) == performance
    path = tmp_path / "hall.json"
    path.write_text(json.dumps([SPOT.to_json(), {"name": "wash", "universe": 2, "channels": "red,"
                                " green blue white strobe"}]))  # fmt: skip
    assert read_fixtures(path) == (SPOT, WASH)
    config = LiveConfig.from_mapping({"lights_to": ["sacn:lamp.local"], "fixtures": str(path)})
    assert config.fixtures == (SPOT, WASH)
    assert config.lights_to == (LightTarget("sacn", "lamp.local", 5568),)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"source": "mood"}, "source must be one of valence"),
        ({"source": "valence", "to": "hue", "high": 2.5}, "high must be a number from -1 to 2"),
        ({"source": "valence", "high": 1.5}, "high must be a number from 0 to 1; got 1.5"),
        ({"source": "valence", "to": ""}, "to must be one of hue, saturation, intensity, or a"),
        ({"source": "valence", "to": 7}, "to must be a text; got 7"),
        ({"source": "valence", "fixtures": "a"}, "only source, .*got 'fixtures'"),
    ],
)
def test_a_wrong_line_is_refused_by_name(values, message):
    with pytest.raises(InputError, match=message):
        Performance.from_mapping({"lights": [values]})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "name must be given"),
        ({"name": " "}, "name must be a text"),
        ({"name": "a", "address": 511}, "address must be 1..510 for 3 channels; got 511"),
        ({"name": "a", "universe": -1}, "universe must be a number from 0 to 63999"),
        ({"name": "a", "channels": []}, "channels must be words such as dimmer, red"),
        ({"name": "a", "colour": "red"}, "only name, universe, address, channels; got 'colour'"),
        ("a", "must be an object; got 'a'"),
    ],
)
def test_a_wrong_fixture_is_refused_by_name(tmp_path, values, message):
    path = tmp_path / "hall.json"
    path.write_text(json.dumps([values]))
    with pytest.raises(InputError, match=message):
        read_fixtures(path)


def test_a_file_that_is_none_and_a_target_that_is_none_are_refused(tmp_path):
    (tmp_path / "a.json").write_text("{")
    for given, message in (
        (tmp_path / "no.json", "cannot read"),
        (tmp_path / "a.json", "not a JSON list of fixtures"),
        ({}, "must be a list"),
    ):
        with pytest.raises(InputError, match=message):
            read_fixtures(given)
    assert parse_lights("artnet") == ("artnet", "127.0.0.1", 6454)
    assert parse_lights("sacn:10.0.0.7:6000") == ("sacn", "10.0.0.7", 6000)
    for wrong in ("", "dmx:1", "artnet:host:0", "artnet:host:x", "sacn:h:70000"):
        with pytest.raises(InputError, match="lights must be KIND:HOST"):
            parse_lights(wrong)
    with pytest.raises(InputError, match="lights need fixtures"):
        LiveConfig.from_mapping({"lights_to": ["artnet"]})


# ---------------------------------------------------------------------- receivers


class SacnEars:
    """The receiver of the library sacn."""

    def __init__(self):
        self.port = free_port()
        self.seen = []
        self._receiver = sacn.sACNreceiver(bind_address="127.0.0.1", bind_port=self.port)
        self._receiver.register_listener("universe", self._hear, universe=1)
        self._receiver.start()

    def _hear(self, packet):
        self.seen.append(tuple(packet.dmxData))

    @property
    def last(self):
        return self.seen[-1] if self.seen else None

    def close(self):
        self._receiver.stop()


class ArtnetEars:
    """The receiver of the library stupidArtnet."""

    def __init__(self):
        self.port = free_port()
        self._server = StupidArtnetServer(port=self.port)
        self._ear = self._server.register_listener(1)

    @property
    def last(self):
        return tuple(self._server.get_buffer(self._ear)) or None

    def close(self):
        self._server.close()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.sendto(b"\0", ("127.0.0.1", self.port))  # its thread looks at the flag then
        until(lambda: not self._server.listen, "the end")
        self._server.socket_server.close()


@pytest.fixture
def ears():
    both = {"sacn": SacnEars(), "artnet": ArtnetEars()}
    yield both
    for one in both.values():
        one.close()


def targets(ears):
    return tuple(LightTarget(kind, "127.0.0.1", one.port) for kind, one in ears.items())


LINES = (LightMapping("valence", 1 / 3, 1.0, to="hue"), LightMapping("arousal"))


@pytest.mark.parametrize("at_end", ["blackout", "hold"])
def test_receivers_that_are_not_ours_see_true_values_and_the_last_look(ears, at_end):
    controls = Played()
    controls.change({"lights": [line.to_json() for line in LINES]})
    now = [felt(1.0, 0.0)]
    lights = Lights(lambda: now[0], controls, (SPOT,), targets(ears), 40.0, at_end)
    lights.start()
    try:
        for seen, wanted in (
            (felt(1.0, 0.0), (128, 255, 0, 0)),
            (felt(-1.0, 1.0), (255, 0, 255, 0)),
        ):
            now[0] = seen
            for kind, one in ears.items():
                until(lambda: one.last and one.last[9:13] == wanted, f"{kind}: {wanted}", 30.0)  # noqa: B023
                assert sum(one.last) == sum(wanted)
        assert lights.problem == "" and lights.colours == {"spot": (0, 255, 0)}
    finally:
        lights.stop()
    wanted = (255, 0, 255, 0) if at_end == "hold" else (0, 0, 0, 0)
    for one in ears.values():
        until(lambda: one.last[9:13] == wanted, at_end)  # noqa: B023


def test_no_more_frames_than_asked_for_and_what_stands_still_is_repeated(ears):
    controls = Played()
    turns = iter(range(10**6))
    moving = [True]

    def look():
        return felt(0.0, next(turns) % 100 / 50 - 1.0 if moving[0] else 0.0)

    controls.change({"lights": [line.to_json() for line in LINES]})
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as raw:
        raw.bind(("127.0.0.1", 0))
        raw.settimeout(5.0)
        plain = LightTarget("artnet", *raw.getsockname())
        lights = Lights(look, controls, (SPOT,), (*targets(ears), plain), 10.0, "hold")
        began_s = time.monotonic()
        lights.start()
        try:
            until(lambda: len(ears["sacn"].seen) >= 16, "16 frames", 30.0)
            assert len(ears["sacn"].seen) <= 10.0 * (time.monotonic() - began_s) + 4
            moving[0] = False
            frames = [raw.recv(1024)]
            while len(frames) < 2 or frames[-1][18:] != frames[-2][18:]:
                frames.append(raw.recv(1024))
        finally:
            lights.stop()


def test_the_lights_of_an_engine_that_is_killed_go_dark(ears, tmp_path):
    """Also when nothing of it could say so."""
    path = tmp_path / "hall.json"
    path.write_text(json.dumps([SPOT.to_json()]))
    port = ears["sacn"].port
    command = child_command(
        "engine.cli", "live", "--input", "none", "--midi-out", "none", "--mode", "manual",
        "--lights", f"sacn:127.0.0.1:{port}", "--fixtures", str(path),
    )  # fmt: skip
    engine = subprocess.Popen(command, env=child_environment(), stderr=subprocess.DEVNULL)
    try:
        until(lambda: ears["sacn"].last and any(ears["sacn"].last), "light", 30.0)
    finally:
        os.kill(engine.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
        engine.wait()
    until(lambda: not any(ears["sacn"].last), "the dark", 30.0)


def test_a_light_process_that_dies_is_started_again(ears):
    controls = Played()
    turns = iter(range(10**6))

    def look():
        return felt(1.0, next(turns) % 100 / 50 - 1.0)  # its receiver tells changes only

    lights = Lights(look, controls, (SPOT,), targets(ears), 40.0, "hold")
    lights.start()
    try:
        until(lambda: ears["sacn"].seen and lights._sender is not None, "light", 30.0)
        sender = lights._sender
        sender._process.kill()
        sender._process.wait()
        until(lambda: lights._sender is not sender and lights.problem == "", "another", 30.0)
        count = len(ears["sacn"].seen)
        until(lambda: len(ears["sacn"].seen) > count, "light again", 30.0)
    finally:
        lights.stop()


def test_a_host_that_is_unknown_costs_the_lights_only():
    config = LiveConfig(
        input="none",
        midi_out="none",
        fixtures=(SPOT,),
        lights_to=(LightTarget("artnet", "no.such.host.invalid", 6454),),
    )
    with Runtime(config) as runtime:
        until(lambda: any("lights: " in what for what in runtime.snapshot().troubles), "it", 15.0)
        look = runtime.snapshot()
        assert look.running
        assert any(entry.words.startswith("Lights: ") for entry in look.messages)
