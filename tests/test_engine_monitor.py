"""The stage-side monitor: who may look, who may order, and what a browser shows."""

import base64
import contextlib
import json
import os
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path

import pytest
from gui_samples import emotion
from gui_samples import look as snapshot
from servers.jack import until
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from engine import words
from engine.choices import MODES, SYNCS
from engine.errors import InputError
from engine.generators.registry import GENERATORS
from engine.network import web as server
from engine.network.guard import Bucket, host_allowed, origin_allowed, token_matches
from engine.network.monitor import Monitor
from engine.network.monitor_page import page, view
from engine.settings.addresses import MONITOR_PORT, parse_address
from engine.snapshot import LogEntry

TOKEN = "open sesame now"
QUOTED = "open%20sesame%20now"


class Desk:
    def __init__(self):
        self.orders = []

    def act(self, action):
        if action == "dance":
            raise InputError("action must be one of panic; got 'dance'")
        self.orders.append(action)

    def change(self, values):
        self.orders.append(dict(values))


@pytest.fixture
def desk():
    return Desk()


@pytest.fixture
def monitor(desk):
    monitor = Monitor(snapshot, desk, ("127.0.0.1", 0), TOKEN)
    monitor.start()
    yield monitor
    monitor.stop()


def port_of(monitor):
    return int(monitor.url.split(":")[2].split("/")[0])


def live(monitor, token=QUOTED, **options):
    return connect(f"ws://127.0.0.1:{port_of(monitor)}/live?token={token}", **options)


def ask(monitor, path="/", **headers):
    request = urllib.request.Request(f"http://127.0.0.1:{port_of(monitor)}{path}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), b""


def hear(client, name, seconds=5.0):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        said = json.loads(client.recv(timeout=seconds))
        if name in said:
            return said
    raise AssertionError(f"nothing about {name}")


def test_the_page_is_served_with_headers_that_keep_others_out(monitor):
    status, headers, body = ask(monitor)
    assert status == 200 and b"<title>Stimmung</title>" in body
    assert headers["Content-Type"].startswith("text/html")
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "DENY"
    assert ask(monitor, "/../../etc/passwd")[0] == 404
    assert b"http" not in body.replace(b"https:", b"")  # nothing is loaded from elsewhere


def test_what_is_heard_is_told_again_and_again(monitor):
    with live(monitor, "") as client:
        assert hear(client, "may_order") == {"may_order": False}
        first, second = hear(client, "heard"), hear(client, "heard")
    sample = snapshot()
    assert first == second
    assert first["heard"]["valence"] == round(sample.emotion.valence, 3)
    assert first["target"] == [round(sample.target_valence, 3), round(sample.target_arousal, 3)]


def test_page_and_window_say_the_same():
    told = view(snapshot(emotion=emotion(state="settling", valence=0.7, arousal=0.7)))
    assert (told["state"], told["mood"]) == ("Settling", "joyful ?")
    assert told["position"] == "3 . 2" and told["tuning"] == "A = 440 Hz"
    entry = LogEntry("late", {"note_id": 100, "ms": 6.3})
    assert view(snapshot(messages=(entry,)))["message"] == "A note left 6.3 ms late."
    html = page().decode()
    for word in (*words.QUADRANTS, words.PANIC, words.UNPLEASANT, words.CAPTURE):
        assert word in html
    assert "@WORDS@" not in html


def test_every_choice_has_a_word():
    assert set(words.MODES) == set(MODES) and set(words.SYNCS) == set(SYNCS)
    assert set(words.ENGINES) == set(GENERATORS)


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8765", ""])
def test_a_name_that_is_not_this_machine_is_refused(monitor, host):
    assert ask(monitor, Host=host)[0] == 403


def test_two_hosts_or_origins_are_refused(monitor):
    for header in ("Host: localhost", "Origin: http://a\r\nOrigin: http://b"):
        with socket.create_connection(("127.0.0.1", port_of(monitor)), 5.0) as client:
            client.sendall(f"GET / HTTP/1.1\r\nHost: localhost\r\n{header}\r\n\r\n".encode())
            assert client.recv(64).startswith(b"HTTP/1.1 400")
    assert monitor.refused == 2


def test_another_page_cannot_open_the_socket(monitor):
    for origin in ("http://evil.example", "null", f"http://127.0.0.1:{port_of(monitor) + 1}"):
        with pytest.raises(InvalidStatus) as refused:
            live(monitor, origin=origin)
        assert refused.value.response.status_code == 403
    with live(monitor, origin=f"http://127.0.0.1:{port_of(monitor)}") as client:
        assert hear(client, "may_order")["may_order"]


@pytest.mark.parametrize("token", ["", "wrong", QUOTED + "1"])
def test_without_the_token_nothing_can_be_ordered(monitor, desk, token):
    with live(monitor, token) as client:
        client.send(json.dumps({"act": "panic"}))
        assert hear(client, "error") == {"error": "orders need the token"}
    assert desk.orders == [] and monitor.refused == 1


def test_orders_are_carried_out(monitor, desk):
    orders = [{"act": "panic"}, {"target": [0.5, -1]}, {"mode": "contrast"}]
    with live(monitor) as client:
        for order in orders:
            client.send(json.dumps(order))
        until = time.monotonic() + 5.0
        while len(desk.orders) < 3 and time.monotonic() < until:
            hear(client, "heard")
    target = {"mode": "manual", "valence": 0.5, "arousal": -1}
    assert desk.orders == ["panic", target, {"mode": "contrast"}]


@pytest.mark.parametrize(
    "order",
    [
        "",
        "panic",
        "[]",
        "{}",
        '{"act": 1}',
        '{"act": "dance"}',
        '{"target": [0.1]}',
        '{"target": [NaN, 0]}',
        '{"target": ["0", "1"]}',
        '{"mode": "manual", "act": "panic"}',
        "[" * 1500,
        b"\xff\xfe",
    ],
)
def test_what_cannot_be_understood_is_answered_and_harms_nothing(monitor, desk, order):
    with live(monitor) as client:
        client.send(order)
        assert hear(client, "error")["error"]
        hear(client, "heard")
    assert desk.orders == []


@pytest.mark.proof
def test_a_flood_is_cut_off_and_a_huge_message_ends_its_connection(monitor, desk):
    with live(monitor) as client:
        for _ in range(200):
            client.send('{"act": "tap"}')
        assert hear(client, "error") == {"error": "too many orders"}
    assert len(desk.orders) < 60
    with live(monitor) as client:
        client.send("x" * 100_000)
        with pytest.raises(ConnectionClosed):
            for _ in range(100):
                client.recv(timeout=5)
    with live(monitor) as client:
        assert hear(client, "heard")


def test_rubbish_instead_of_http_is_survived(monitor):
    for rubbish in (b"\0" * 5000, b"GET / HTTP/9\r\n\r\n", b"GET /live HTTP/1.1\r\n\r\n", b""):
        with socket.create_connection(("127.0.0.1", port_of(monitor)), timeout=5) as raw:
            raw.sendall(rubbish)
            raw.shutdown(socket.SHUT_WR)
            while raw.recv(4096):
                pass
    assert ask(monitor)[0] == 200


def test_those_who_connect_and_say_nothing_are_few_and_not_for_long(desk, monkeypatch):
    monkeypatch.setattr(server, "_HANDSHAKE_S", 60.0)
    monitor = Monitor(snapshot, desk, ("127.0.0.1", 0), TOKEN)
    monitor.start()
    before = threading.active_count()
    silent = [socket.create_connection(("127.0.0.1", port_of(monitor))) for _ in range(100)]
    until(lambda: monitor.refused == 36, "the refusals")
    assert threading.active_count() - before <= 2 * 64 + 36  # the refused are just leaving
    for raw in silent:
        raw.close()
    until(lambda: threading.active_count() <= before, "the threads of those who left to end")
    assert ask(monitor)[0] == 200
    monitor.stop()
    monkeypatch.setattr(server, "_HANDSHAKE_S", 0.2)
    monitor = Monitor(snapshot, desk, ("127.0.0.1", 0), TOKEN)
    monitor.start()
    with socket.create_connection(("127.0.0.1", port_of(monitor)), 20.0) as raw:
        assert raw.recv(64) == b""  # it was let go
    monitor.stop()


def test_a_taken_port_is_a_clear_error(monitor, desk):
    with pytest.raises(InputError, match="cannot be used"):
        Monitor(snapshot, desk, ("127.0.0.1", port_of(monitor)))


def test_addresses():
    assert parse_address("") == ("127.0.0.1", MONITOR_PORT)
    assert parse_address("9000") == ("127.0.0.1", 9000)
    assert parse_address("0.0.0.0:9000") == ("0.0.0.0", 9000)
    assert parse_address("[::1]:9000") == ("::1", 9000)
    for wrong in ("host:", "host:x", "host:70000"):
        with pytest.raises(InputError, match="HOST:PORT"):
            parse_address(wrong)


def test_guards():
    for host in ("localhost:1", "127.0.0.1", "192.168.0.7:8765", "[::1]:8765"):
        assert host_allowed(host, "0.0.0.0")
    assert host_allowed("stage.local:8765", "stage.local")
    assert not host_allowed("stage.local:8765", "0.0.0.0") and not host_allowed(None, "")
    assert origin_allowed(None, "a:1") and not origin_allowed("http://b:1", "a:1")
    assert not token_matches("", "") and not token_matches(None, "x") and token_matches("ä", "ä")
    bucket = Bucket(10.0, 2.0)
    assert [bucket.allow(t) for t in (0.0, 0.0, 0.0, 0.1, 0.1)] == [True, True, False, True, False]


class Browser:
    """Chromium, driven through its own debugging socket."""

    def __init__(self, tmp_path, url):
        program = shutil.which("chromium") or shutil.which("google-chrome")
        command = [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
                   "--disable-dev-shm-usage", "--window-size=420,800",
                   "--remote-debugging-port=0", f"--user-data-dir={tmp_path}", url]  # fmt: skip
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        self.number = 0
        port_file = tmp_path / "DevToolsActivePort"
        until = time.monotonic() + 60.0
        while not (port_file.exists() and port_file.read_text().count("\n")):
            assert time.monotonic() < until, "the browser did not start"
            time.sleep(0.05)
        port = port_file.read_text().split()[0]
        while True:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list") as answer:
                pages = [page for page in json.load(answer) if page["url"] == url]
            if pages:
                break
            assert time.monotonic() < until, "the browser did not open the page"
            time.sleep(0.05)
        self.open = contextlib.ExitStack()
        self.socket = self.open.enter_context(
            connect(pages[0]["webSocketDebuggerUrl"], max_size=2**24)
        )

    def ask(self, method, **parameters):
        self.number += 1
        self.socket.send(json.dumps({"id": self.number, "method": method, "params": parameters}))
        while True:
            said = json.loads(self.socket.recv(timeout=30))
            if said.get("id") == self.number:
                return said["result"]

    def eval(self, expression):
        result = self.ask("Runtime.evaluate", expression=expression, returnByValue=True)
        return result["result"].get("value")

    def until(self, expression, wanted, seconds=20.0):
        until = time.monotonic() + seconds
        while (value := self.eval(expression)) != wanted:
            assert time.monotonic() < until, f"{expression} is {value!r}, not {wanted!r}"
            time.sleep(0.05)

    def drag_to(self, x, y):
        for kind in ("mousePressed", "mouseReleased"):
            self.ask(
                "Input.dispatchMouseEvent",
                type=kind, x=x, y=y, button="left", buttons=1, clickCount=1,
            )  # fmt: skip

    def close(self):
        self.open.close()
        self.process.terminate()
        self.process.wait(20)


@pytest.mark.proof
def test_a_real_browser_shows_the_emotion_and_drags_the_target(tmp_path, desk):
    if shutil.which("chromium") is None and shutil.which("google-chrome") is None:
        if os.environ.get("CI"):
            pytest.fail("no chromium on this machine; CI must not skip")
        pytest.skip("no chromium on this machine")
    looks = [snapshot()]
    monitor = Monitor(lambda: looks[0], desk, ("127.0.0.1", 0), TOKEN)
    monitor.start()
    page = monitor.url.replace(" ", "%20")
    browser = Browser(tmp_path, page)
    try:
        sample = looks[0]
        browser.until("document.getElementById('state').textContent", words.STATES["tracking"][0])
        assert "F♯ minor" in browser.eval("document.getElementById('music').textContent")
        assert browser.eval("document.body.innerText").find("_") < 0  # no name of a field
        browser.until("document.getElementById('orders').hidden", False)
        heights = browser.eval(
            "[...document.querySelectorAll('button:not([data-act=panic])')]"
            ".map(b => [b.offsetWidth, b.offsetHeight, b.scrollWidth <= b.clientWidth])"
        )
        assert len(heights) == 11 and all(item == heights[0] for item in heights) and heights[0][2]
        shape = browser.eval("(s => [s.box.left, s.box.top, s.left, s.top, s.side])(square())")
        left, top, inner_left, inner_top, side = shape
        assert side > 250  # the plane fills a phone, and is as high as it is wide
        browser.drag_to(left + inner_left + side / 2, top + inner_top)
        browser.eval("document.querySelector('[data-act=panic]').click()")
        until = time.monotonic() + 10.0
        while len(desk.orders) < 2 and time.monotonic() < until:
            time.sleep(0.05)
        target = next(order for order in desk.orders if isinstance(order, dict))
        assert target["valence"] == pytest.approx(0.0, abs=0.01)
        assert target["arousal"] == pytest.approx(1.0, abs=0.01)
        assert desk.orders[-1] == "panic"
        looks[0] = replace(sample, emotion=replace(sample.emotion, state="silence"))
        browser.until("document.getElementById('state').textContent", words.STATES["silence"][0])
        picture = base64.b64decode(browser.ask("Page.captureScreenshot")["data"])
        (tmp_path / "page.png").write_bytes(picture)
        assert len(picture) > 5000
        for width, height in ((320, 568), (420, 800), (800, 360), (1366, 768)):
            browser.ask(
                "Emulation.setDeviceMetricsOverride",
                width=width, height=height, deviceScaleFactor=1, mobile=True,
            )  # fmt: skip
            assert browser.eval("document.documentElement.scrollWidth") <= width
            cut = browser.eval(
                "[...document.querySelectorAll('button, dd, dt, header span')]"
                ".filter(e => e.scrollWidth > e.clientWidth + 1 && e.clientWidth).length"
            )
            assert cut == 0, (width, height)
            if os.environ.get("PAGE_PICTURES"):
                data = browser.ask("Page.captureScreenshot")["data"]
                (Path(os.environ["PAGE_PICTURES"]) / f"page_{width}.png").write_bytes(
                    base64.b64decode(data)
                )
        monitor.stop()
        browser.until("document.getElementById('state').textContent", words.PAGE_LOST)
    finally:
        browser.close()
        monitor.stop()
