"""Broken and hostile input to OSCQuery, MQTT, lights and their addresses; see `test_fuzz`."""

import json
import math
import urllib.parse

import pytest
from fuzz_samples import EDITS, FLOATS, FUZZ, damaged
from hypothesis import given
from hypothesis import strategies as st
from test_engine_osc import moment, state
from test_engine_oscquery import HERE, Played

from engine.errors import InputError
from engine.mapping.lights import Fixture, LightTable, read_fixtures
from engine.mapping.sources import SOURCES
from engine.network.light_sender import _Lights
from engine.network.mqtt import arguments_of
from engine.network.orders import ORDERS, OrderGate
from engine.network.oscquery import NODES, OscQuery
from engine.settings.addresses import parse_address, parse_broker, parse_lights
from engine.settings.performance import Performance

ANYTHING = st.recursive(
    st.none() | st.booleans() | FLOATS | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=5,
)


@pytest.fixture
def query():
    """Yield an OSCQuery server whose requests are made without a socket."""
    query = OscQuery(lambda: moment(state()), Played(), HERE, ("127.0.0.1", 9001))
    yield query
    query.stop()


def test_requests_to_oscquery(query, rounds):
    paths = st.sampled_from([*NODES, "/", "/stimmung", "//", "/%", "/%ff%00", "/../x"])
    attributes = st.sampled_from(["", "VALUE", "HOST_INFO", "RANGE", "CONTENTS", "value", "=", "&"])

    @FUZZ
    @given(paths | st.text(max_size=30), attributes | st.text(max_size=10), st.booleans())
    def check(path, attribute, quoted):
        target = urllib.parse.quote(path) if quoted else path
        page = query._serve_node(f"{target}?{attribute}", False)
        assert page.status in (200, 204, 400, 404)
        if page.status == 200:
            json.loads(page.body, parse_constant=pytest.fail)  # no NaN: that is no JSON

    rounds(check)


def test_messages_to_oscquery(query, rounds):
    @FUZZ
    @given(
        st.text(max_size=60)
        | st.binary(max_size=60)
        | st.builds(
            lambda command, data: json.dumps({"COMMAND": command, "DATA": data}),
            st.sampled_from(["LISTEN", "IGNORE", "PATH_CHANGED"]) | ANYTHING,
            st.sampled_from([*NODES, "/"]) | ANYTHING,
        )
        | ANYTHING.map(json.dumps)
    )
    def check(order):
        said = {}
        query._take(order, said)
        assert set(said) <= set(NODES)

    rounds(check)


def test_orders_by_mqtt(rounds):
    names = st.sampled_from([*ORDERS, *(p.removeprefix("/stimmung/") for p in NODES), "", "a/b/c"])
    payloads = st.sampled_from([b"NaN", b"-1e999", b"[null]", b"[" * 3000, b"true", b'["mpe", 2]'])

    @FUZZ
    @given(names | st.text(max_size=20), payloads | st.binary(max_size=60))
    def check(name, payload):
        controls = Played()
        try:
            arguments = arguments_of(payload)
        except ValueError:
            return
        OrderGate(controls, "MQTT").obey(name, arguments, name)
        controls.performance.changed({})  # checks every value again

    rounds(check)


def test_lines_to_the_light_process(rounds):
    good = json.dumps({"1": "00" * 512}).encode()

    @FUZZ
    @given(EDITS, st.none() | ANYTHING)
    def check(edits, other):
        lights = _Lights({"to": [], "universes": [1], "hz": 30, "exit": "hold"})
        lights.take(damaged(good, edits) if other is None else json.dumps(other).encode())
        assert len(lights._levels[1]) == 512 and set(lights._levels) == {1}

    rounds(check)


def test_files_of_fixtures(tmp_path, rounds):
    path = tmp_path / "hall.json"
    good = json.dumps([Fixture("spot").to_json(), Fixture("wash", 2, 100).to_json()]).encode()

    @FUZZ
    @given(EDITS, st.none() | ANYTHING)
    def check(edits, other):
        path.write_bytes(damaged(good, edits) if other is None else json.dumps(other).encode())
        try:
            fixtures = read_fixtures(path)
        except InputError:
            return
        for fixture in fixtures:
            assert 1 <= fixture.address <= 513 - len(fixture.channels)

    rounds(check)


def test_tables_of_lights_in_presets(rounds):
    fields = ("source", "low", "high", "source_low", "source_high", "curve", "smoothing_s", "to")
    line = st.dictionaries(
        st.sampled_from([*fields, "fixture", "x"]),
        st.sampled_from([*SOURCES, "hue", "red", ""]) | st.floats(-2, 3) | ANYTHING,
        max_size=6,
    )

    @FUZZ
    @given(st.lists(line, max_size=3) | ANYTHING, st.floats(-1, 1), st.floats(-1, 1))
    def check(lines, valence, arousal):
        try:
            performance = Performance.from_mapping({"lights": lines})
        except InputError:
            return
        table = LightTable((Fixture("a", 1, 1, ("dimmer", "red", "green", "blue", "white")),))
        table.change(performance.lights)
        seen = moment(state(), beats=valence, playing=True)
        for at_s in (0.0, 0.1, 0.1, math.pi):
            assert len(table.levels(seen, at_s)[1]) == 512  # each level is a byte, or it raises

    rounds(check)


def test_addresses(rounds):
    parts = st.sampled_from(["mqtt", "://", "@", ":", "[", "]", "/", "artnet", "sacn", "%", "1"])

    @FUZZ
    @given(st.text(max_size=30) | st.lists(parts, max_size=8).map("".join))
    def check(text):
        for parse in (parse_broker, parse_lights, parse_address):
            try:
                found = parse(text)
            except InputError:
                continue
            assert 0 <= found[-1 if parse is not parse_broker else 1] <= 65535

    rounds(check)
