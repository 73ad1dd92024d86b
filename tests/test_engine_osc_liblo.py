"""OSC with an implementation that is not ours: the programs of liblo (Debian: liblo-tools)."""

import itertools
import subprocess
import time
from pathlib import Path

import pytest
from servers.jack import until
from servers.lines import printed_by
from servers.needs import need_program
from servers.ports import free_port
from test_engine_osc import Recorded, moment, state

from engine.network.osc import OscOutput
from engine.network.osc_input import OscInput

BEAT = "/stimmung/beat i 7"


def osc_dump(port: int):
    """Run a receiver of liblo; its lines end with what was received, after a time stamp."""
    return printed_by(need_program("oscdump"), "-L", str(port))


def received(lines: list[str]) -> set[str]:
    return {line.strip().partition(" ")[2] for line in lines}


def test_several_receivers_read_all_that_is_sent():
    ports = free_port(), free_port()
    with osc_dump(ports[0]) as one, osc_dump(ports[1]) as other:
        output = OscOutput(tuple(("127.0.0.1", port) for port in ports))
        try:
            # Their sockets open some time after they start.
            turns = itertools.count()

            def both_listen():
                output.turn(moment(playing=True, beats=float(next(turns) % 2)), time.monotonic())
                return one and other

            until(both_listen, "both to listen")
            one.clear()
            other.clear()
            output.turn(moment(state(), playing=True, beats=7.0), time.monotonic() + 1.0)
            until(lambda: all(BEAT in received(lines) for lines in (one, other)), "a beat")
        finally:
            output.close()
    for lines in (one, other):
        assert {
            "/stimmung/emotion ffff 0.500000 -0.500000 0.500000 -0.500000",
            "/stimmung/arousal f -0.500000",
            "/stimmung/quadrant i 1",
            '/stimmung/state s "tracking"',
            '/stimmung/key s "C:maj"',
            '/stimmung/chord s "N"',
            "/stimmung/tuning f 440.000000",
            BEAT,
        } <= received(lines)


@pytest.fixture
def ordered():
    """Yield our port and the orders that came in there."""
    port = free_port()
    controls = Recorded()
    listener = OscInput(("127.0.0.1", port), controls)
    listener.start()
    yield port, controls.orders
    listener.stop()


TARGET = {"mode": "manual", "valence": 0.5, "arousal": -0.25}


@pytest.mark.parametrize(
    ("message", "order"),
    [
        (("/stimmung/target", "ff", "0.5", "-0.25"), TARGET),
        (("/stimmung/target", "dd", "0.5", "-0.25"), TARGET),  # Max sends what it has
        (("/stimmung/mode", "s", "follow"), {"mode": "follow"}),
        (("/stimmung/mode/contrast", "f", "1"), {"mode": "contrast"}),
        (("/stimmung/preset", "s", "calm-down"), "preset calm-down"),
        (("/stimmung/preset/calm-down", "i", "1"), "preset calm-down"),
        (("/stimmung/act", "s", "tap"), "tap"),
        (("/stimmung/act/next_preset", "f", "1"), "next_preset"),
        (("/stimmung/act/tap", ""), "tap"),
        (("/stimmung/set", "sf", "tempo_bpm", "90"), {"tempo_bpm": 90.0}),
        (("/stimmung/set/tempo_bpm", "f", "90"), {"tempo_bpm": 90.0}),
        (("/stimmung/set/settings.density", "f", "0.5"), {"settings": {"density": 0.5}}),
        (("/stimmung/freeze", "i", "1"), True),
        (("/stimmung/freeze", "F"), False),
        (("/stimmung/freeze", "f", "1"), True),
        (("/stimmung/panic", ""), "panic"),
        (("/stimmung/panic", "f", "1"), "panic"),
    ],
)
def test_a_stranger_orders(ordered, message, order):
    port, orders = ordered
    command = [need_program("oscsend"), "localhost", str(port), *(part for part in message if part)]
    subprocess.run(command, check=True)
    until(lambda: orders, "the order")
    assert orders == [order]


def test_a_button_let_go_orders_nothing(ordered):
    port, orders = ordered
    for value in ("1", "0"):
        address = f"osc.udp://localhost:{port}"
        command = [need_program("oscsend"), address, "/stimmung/act/freeze", "f", value]
        subprocess.run(command, check=True)
    subprocess.run([need_program("oscsend"), address, "/stimmung/panic"], check=True)
    until(lambda: "panic" in orders, "the last order")
    assert orders == ["freeze", "panic"]


def test_bundles_of_a_stranger_are_carried_out_at_once_and_in_order(ordered, tmp_path: Path):
    """Whatever their time tag says: a tag of tomorrow would hold up all that follow."""
    port, orders = ordered
    score = tmp_path / "score.osc"
    score.write_text(
        "00000000.00000001 /stimmung/target ff 0.5 -0.25\n"
        '00000000.00000001 /stimmung/mode s "follow"\n'
        "00000000.10000000 /stimmung/panic\n"
    )
    subprocess.run([need_program("oscsendfile"), "127.0.0.1", str(port), str(score)], check=True)
    until(lambda: len(orders) == 3, "three orders")
    assert orders == [TARGET, {"mode": "follow"}, "panic"]
