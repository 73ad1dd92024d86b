"""OSCQuery: every address with its present value, found and read by libraries that are not ours."""

import contextlib
import json
import socket
import subprocess
import urllib.error
import urllib.request
from dataclasses import replace

import pytest
from pythonosc.osc_message import OscMessage
from pythonosc.udp_client import SimpleUDPClient
from pythonoscquery.osc_query_browser import OSCQueryBrowser
from pythonoscquery.osc_query_client import OSCQueryClient
from pythonoscquery.shared.osc_access import OSCAccess
from servers.jack import until
from servers.needs import need_program
from test_engine_osc import moment, state
from websockets.sync.client import connect

from engine.choices import ACTIONS, MODES
from engine.errors import InputError
from engine.live import services
from engine.live.runtime import Runtime
from engine.network import extra
from engine.network.announce import Announcer
from engine.network.orders import ORDERS
from engine.network.osc_input import OscInput
from engine.network.oscquery import OscQuery
from engine.network.values import VALUES
from engine.settings.fields import settings_of
from engine.settings.performance import Performance
from engine.settings.run import LiveConfig

HERE = ("127.0.0.1", 0)


class Played:
    """Settings that change when they are ordered to."""

    preset = "band"

    def __init__(self):
        self.performance = Performance(mode="manual", valence=0.25, arousal=-0.5)
        self.frozen, self.did, self.complaints = False, [], []

    def change(self, values):
        self.performance = self.performance.changed(values)

    def act(self, action):
        self.did.append(action)

    def set_frozen(self, frozen):
        self.frozen = frozen

    def panic(self):
        self.did.append("panic")

    def complain(self, message):
        self.complaints.append(message)


class Stage:
    """A moment that is looked at, the settings, and the services that show them."""

    def __init__(self):
        self.now = moment(state(), beats=9.5, playing=True, tempo_bpm=96.0, section=3)
        self.controls = Played()
        self.osc = OscInput(HERE, self.controls)
        self.query = OscQuery(lambda: self.now, self.controls, HERE, self.osc.address)

    def get(self, path, query=None):
        query = self.query if query is None else query
        try:
            with urllib.request.urlopen(query.url.rstrip("/") + path, timeout=5) as answer:
                return json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as error:
            return error.code


@pytest.fixture
def stage():
    stage = Stage()
    stage.osc.start()
    stage.query.start()
    yield stage
    stage.query.stop()
    stage.osc.stop()


def test_a_browser_that_is_not_ours_finds_us_and_a_client_that_is_not_ours_reads_true_values(stage):
    port, osc_port = stage.query.address[1], stage.osc.address[1]
    announcer = Announcer("127.0.0.1", [("_oscjson._tcp", port), ("_osc._udp", osc_port)])
    browser = OSCQueryBrowser()
    try:
        announcer.start()
        until(lambda: _ports(browser.get_discovered_oscquery(), port), "the service", 30.0)
        until(lambda: _ports(browser.get_discovered_osc(), osc_port), "the OSC port", 30.0)
        client = OSCQueryClient(_ports(browser.get_discovered_oscquery(), port)[0])
        info = client.get_host_info()
        assert (info.name, info.osc_port, info.osc_transport) == ("Stimmung", osc_port, "UDP")
        assert info.extensions["VALUE"] and info.extensions["LISTEN"]
        for path, value in (
            ("/stimmung/emotion", [0.5, -0.5, 0.5, -0.5]),
            ("/stimmung/key", ["C:maj"]),
            ("/stimmung/beat", [9]),
            ("/stimmung/section", [3]),
            ("/stimmung/set/valence", [0.25]),
            ("/stimmung/set/settings.density", [0.0]),
            ("/stimmung/target", [0.25, -0.5]),
            ("/stimmung/mode", ["manual"]),
        ):
            assert client.query_node(path).to_json() and client.last_json["VALUE"] == value
        stage.controls.change({"valence": 0.75})
        stage.now = replace(stage.now, section=4)
        for path, value in (("/stimmung/set/valence", [0.75]), ("/stimmung/section", [4])):
            assert client.query_node(path) and client.last_json["VALUE"] == value
        tree = client.query_node("/")
        leaf = tree.find_subnode("/stimmung/act/tap")
        assert leaf.access is OSCAccess.WRITEONLY_VALUE
        assert leaf.description == ACTIONS["tap"]
    finally:
        announcer.stop()
        until(lambda: not _ports(browser.get_discovered_oscquery(), port), "the farewell", 30.0)
        browser.zc.close()
    assert announcer.problem == ""


_BUS = """<busconfig><type>session</type><listen>unix:path={path}</listen>
<auth>EXTERNAL</auth><policy context="default"><allow send_destination="*" eavesdrop="true"/>
<allow eavesdrop="true"/><allow own="*"/></policy></busconfig>"""
_AVAHI = "[server]\nuse-ipv6=no\nallow-interfaces=lo\n[publish]\ndisable-publishing=yes\n"


@pytest.mark.proof
def test_the_browser_of_avahi_finds_us_with_the_true_ports(tmp_path, monkeypatch):
    dbus, avahi, browse = map(need_program, ("dbus-daemon", "avahi-daemon", "avahi-browse"))
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/bus")
    (tmp_path / "bus.conf").write_text(_BUS.format(path=tmp_path / "bus"))
    (tmp_path / "avahi.conf").write_text(_AVAHI)
    ways = ("--no-drop-root", "--no-chroot", "--no-rlimits")
    announcer = Announcer("127.0.0.1", [("_oscjson._tcp", 8766), ("_osc._udp", 9001)])
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with contextlib.ExitStack() as running:

        def start(*command):
            process = running.enter_context(subprocess.Popen(command, **quiet))
            running.callback(process.terminate)

        def found(service):
            done = subprocess.run((browse, "-rpt", service), capture_output=True, text=True)
            lines = [line.split(";") for line in done.stdout.splitlines() if line[0] == "="]
            return [(line[3], line[7], int(line[8])) for line in lines]

        start(dbus, f"--config-file={tmp_path}/bus.conf", "--nofork", "--nopidfile")
        until((tmp_path / "bus").exists, "the message bus")
        start(avahi, "-f", f"{tmp_path}/avahi.conf", *ways)
        running.callback(announcer.stop)
        announcer.start()
        until(lambda: found("_oscjson._tcp") == [("Stimmung", "127.0.0.1", 8766)], "OSCQuery", 30.0)
        until(lambda: found("_osc._udp") == [("Stimmung", "127.0.0.1", 9001)], "OSC", 30.0)
        announcer.stop()
        until(lambda: not found("_osc._udp"), "the farewell", 30.0)


def _ports(found, port):
    return [service for service in found if service is not None and service.port == port]


def leaves(node):
    for below in node.get("CONTENTS", {}).values():
        yield from leaves(below)
    if "TYPE" in node:
        yield node["FULL_PATH"], node


def test_the_tree_is_that_of_the_tables_and_every_address_says_what_it_takes(stage):
    nodes = dict(leaves(stage.get("/")))
    names = {path.removeprefix("/stimmung/") for path in nodes}
    assert {name for name in names if not name.startswith(("act/", "set/"))} == {
        *VALUES,
        *(name for name in ORDERS if name not in ("act", "set")),
    }
    assert {name.removeprefix("act/") for name in names if name.startswith("act/")} == set(ACTIONS)
    settings = {name.removeprefix("set/") for name in names if name.startswith("set/")}
    assert {name for name in settings if not name.startswith("settings.")} == set(
        settings_of(Performance)
    )
    for path, node in nodes.items():
        assert node["DESCRIPTION"] and node["ACCESS"] in (1, 2, 3), path
        assert len(node["VALUE"]) == len(node["TYPE"]) == len(node.get("RANGE", node["TYPE"]))
    tempo = nodes["/stimmung/set/tempo_bpm"]
    assert tempo["RANGE"] == [{"MIN": 20.0, "MAX": 300.0}] and tempo["ACCESS"] == 3
    assert nodes["/stimmung/mode"]["RANGE"] == [{"VALS": list(MODES)}]
    assert nodes["/stimmung/set/mpe"]["TYPE"] == "T"
    assert nodes["/stimmung/valence"] == {
        "FULL_PATH": "/stimmung/valence",
        "TYPE": "f",
        "ACCESS": 1,
        "DESCRIPTION": "tracked valence",
        "RANGE": [{"MIN": -1.0, "MAX": 1.0}],
        "VALUE": [0.5],
    }
    assert nodes["/stimmung/heard/beat"]["VALUE"] == [None] * 4  # no beat is heard


def test_every_address_that_can_be_set_takes_its_own_present_value(stage):
    """Also where a sender knows floats only, as faders do."""
    before = stage.controls.performance
    nodes = dict(leaves(stage.get("/")))
    with SimpleUDPClient(*stage.osc.address) as client:
        for path, node in nodes.items():
            if path.startswith("/stimmung/set/"):
                value = node["VALUE"][0]
                client.send_message(path, float(value) if isinstance(value, int) else value)
        client.send_message("/stimmung/act/tap", None)
        until(lambda: stage.controls.did == ["tap"], "the last order")
    assert stage.controls.complaints == []
    for name in settings_of(Performance):
        value = getattr(before, name)
        near = pytest.approx(value) if isinstance(value, float) else value  # OSC has 32 bits
        assert getattr(stage.controls.performance, name) == near, name


def test_one_attribute_of_one_address(stage):
    assert stage.get("/stimmung/arousal?VALUE") == {"VALUE": [-0.5]}
    assert stage.get("/stimmung/arousal?TYPE") == {"TYPE": "f"}
    assert stage.get("/stimmung?TYPE") == {}
    assert stage.get("/stimmung/nowhere") == 404
    assert stage.get("/stimmung/arousal?COLOUR") == 400
    assert stage.get("/stimmung/act/tap?VALUE") == {}  # 204
    stage.now = None
    assert stage.get("/stimmung/arousal?VALUE") == {}
    stage.now = replace(moment(state(2.0)), section=4)
    assert stage.get("/stimmung/section?VALUE") == {"VALUE": [4]}


def test_what_is_listened_to_is_streamed_as_it_changes(stage):
    with connect(stage.query.url.replace("http", "ws")) as client:

        def told():
            message = OscMessage(client.recv(timeout=5))
            return message.address, message.params

        for rubbish in ("", "[]", "{}", '{"COMMAND": "LISTEN", "DATA": "/no"}', b"\\xff"):
            client.send(rubbish)
        client.send(json.dumps({"COMMAND": "LISTEN", "DATA": "/stimmung/section"}))
        assert told() == ("/stimmung/section", [3])
        client.send(json.dumps({"COMMAND": "LISTEN", "DATA": "/stimmung/set/mpe"}))
        assert told() == ("/stimmung/set/mpe", [False])
        stage.controls.change({"mpe": True})
        assert told() == ("/stimmung/set/mpe", [True])
        client.send(json.dumps({"COMMAND": "IGNORE", "DATA": "/stimmung/set"}))
        client.send(json.dumps({"COMMAND": "LISTEN", "DATA": "/stimmung/freeze"}))
        assert told() == ("/stimmung/freeze", [False])
        stage.controls.change({"mpe": False})
        stage.now = replace(stage.now, section=4)
        assert told() == ("/stimmung/section", [4])
    assert stage.query.refused == 5


def test_without_an_osc_port_everything_is_to_be_read_only():
    stage = Stage()
    query = OscQuery(lambda: stage.now, stage.controls, HERE)
    query.start()
    nodes = dict(leaves(stage.get("/", query)))
    assert "OSC_PORT" not in stage.get("/?HOST_INFO", query)
    query.stop()
    stage.query.stop()
    stage.osc.stop()
    assert {node["ACCESS"] for node in nodes.values()} == {1}
    assert "/stimmung/set/tempo_bpm" in nodes and "/stimmung/panic" not in nodes


def test_the_running_engine_is_listed_and_obeys_what_is_listed():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
        udp.bind(HERE)
        tcp.bind(HERE)
        osc_in, oscquery = udp.getsockname(), tcp.getsockname()
    config = LiveConfig(input="none", midi_out="none", osc_in=osc_in, oscquery=oscquery)
    url = f"http://127.0.0.1:{oscquery[1]}/stimmung/tempo?VALUE"

    def tempo():
        with urllib.request.urlopen(url, timeout=5) as answer:
            return json.loads(answer.read()).get("VALUE")

    with Runtime(config) as runtime, SimpleUDPClient(*osc_in) as client:
        until(lambda: tempo() == [100.0], "the tempo")
        assert runtime.oscquery_url == f"http://127.0.0.1:{oscquery[1]}/"
        client.send_message("/stimmung/set/tempo_bpm", 132)
        until(lambda: tempo() == [132.0], "the new tempo")
        assert runtime.snapshot().tempo_bpm == 132.0
        assert not any("oscquery" in trouble for trouble in runtime.snapshot().troubles)


def test_a_missing_library_is_named_with_its_extra(monkeypatch):
    def absent(name):
        raise ImportError(name)

    monkeypatch.setattr(extra, "import_module", absent)
    config = LiveConfig(oscquery=HERE)
    with pytest.raises(InputError, match=r"oscquery needs zeroconf: pip install 'stimmung\[rig\]'"):
        services.Services(config, None)


def test_an_address_that_is_not_here_costs_its_own_service_only():
    announcer = Announcer("192.0.2.7", [("_osc._udp", 9)])  # TEST-NET: nobody's
    announcer.start()
    until(lambda: announcer.problem, "the problem")
    assert announcer.problem.startswith("cannot be announced: ")
    announcer.stop()
    until(lambda: not announcer._thread.is_alive(), "its thread to end")
    announcer.stop()  # twice is no harm
