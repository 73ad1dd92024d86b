"""Random faults against real processes, a real server and a receiver that is not ours.

The long form is ``stimmung bench soak --hours 1 --faults 300``.
"""

import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from servers.jack import JackServer, hanging, midi_dump, since_connected, sounding, until
from servers.needs import need_program

from engine.bench.soak.fake import fake_soak
from engine.bench.soak.faults import FAULTS
from engine.bench.soak.report import as_text
from engine.bench.soak.run import soak
from engine.bench.soak.watch import trend

SHORT = (
    "sender killed",
    "engine killed",
    "capture killed",
    "JACK server killed and restarted",
    "disk full a while",
    "nonsense instead of commands",
)


@pytest.mark.proof
def test_no_fault_leaves_a_note_hanging_or_the_engine_silent(tmp_path: Path) -> None:
    for program in ("jackd", "jack_midi_dump", "jack_connect"):
        need_program(program)
    kinds = [fault for fault in FAULTS if fault.name in SHORT]
    report = soak(tmp_path, seconds=0.0, faults=7, seed=4, tell=print, kinds=kinds)
    assert report.passed, as_text(report)
    assert len({incident.fault for incident in report.incidents}) >= 4
    assert report.notes > 20
    assert report.sessions >= 1
    assert report.to_json()["hanging_notes"] == 0


def test_window_that_is_killed_leaves_no_note_and_no_process() -> None:
    """The window is the engine's parent: with it goes the engine, with that the sender."""
    server = JackServer()
    try:
        with midi_dump(server, "receiver") as receiver:
            window = subprocess.Popen(
                [sys.executable, "-P", "-c", WINDOW],
                env=server.environment() | {"QT_QPA_PLATFORM": "offscreen"},
            )
            try:
                until(lambda: "Stimmung:Stimmung" in server.ports(), "the engine", 60)
                server.connect("Stimmung:Stimmung", receiver.port)
                until(lambda: sounding(receiver), "a note", 60)
            finally:
                window.send_signal(signal.SIGKILL)
                window.wait()
            until(lambda: "Stimmung:Stimmung" not in server.ports(), "the port to close", 20)
            assert hanging(since_connected(receiver.heard)) == set()
    finally:
        server.stop()


WINDOW = """
import sys
from PyQt6.QtCore import QCoreApplication
import presets
from gui.engine_process.bridge import EngineBridge

app = QCoreApplication(sys.argv)
bridge = EngineBridge()
config = {"input": str(presets.DEMO_AUDIO), "midi_out": "jack", "performance": {"mode": "manual"}}
bridge.ready.connect(lambda: bridge.start(config))
bridge.open()
app.exec()
"""


def test_faults_have_names_of_their_own() -> None:
    assert max(Counter(fault.name for fault in FAULTS).values()) == 1
    assert {fault.name for fault in FAULTS} >= set(SHORT)


@pytest.mark.parametrize("slope", [0.0, 0.5, -2.0])
def test_trend_is_the_slope_of_a_straight_line(slope: float) -> None:
    assert trend([(x, 3.0 + slope * x) for x in range(10)]) == pytest.approx(slope)


def test_counted_time_plays_without_gap_burst_or_hanging_note() -> None:
    found = fake_soak(0.1)
    assert found["notes"] > 1000
    assert (found["missed_beats"], found["hanging_notes"]) == (0, 0)
    assert found["most_at_once"] < 16
    assert found["longest_silence_s"] < 10
