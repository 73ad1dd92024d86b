"""The whole loop over a real server: somebody plays, Stimmung hears it, somebody gets the notes."""

import csv
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import mido
import pytest
import soundfile
import soxr
from servers.jack import (
    RATE,
    JackServer,
    MidiDump,
    hanging,
    since_connected,
    sounding,
    until,
)

import presets


@pytest.fixture(scope="module")
def player(jack: JackServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the name of a JACK client that plays the demo piece."""
    samples, rate = soundfile.read(presets.DEMO_AUDIO, dtype="float32", always_2d=True)
    path = tmp_path_factory.mktemp("player") / "demo.wav"
    soundfile.write(path, soxr.resample(samples[:, 0], rate, RATE), RATE)
    name = f"concert-{os.getpid()}"
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "engine.bench.player", name, str(path)],
        env=jack.environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    ) as process:
        until(lambda: f"{name}:out" in jack.ports(), "the player")
        yield name
        assert process.stdin is not None
        process.stdin.close()


def start_live(jack: JackServer, player: str, *options: str) -> "subprocess.Popen[str]":
    command = [
        sys.executable,
        "-P",
        "-m",
        "engine.cli",
        "live",
        "--input",
        player,
        "--engine",
        "rules",
    ]
    return subprocess.Popen(
        [*command, *options], env=jack.environment(), stderr=subprocess.PIPE, text=True
    )


def our_port(jack: JackServer) -> str:
    def found() -> list[str]:
        return [port for port in jack.ports() if port.startswith("Stimmung:")]

    until(found, "our MIDI port", 20.0)
    return found()[0]


def settled(dump: MidiDump) -> None:
    """Wait until nothing has arrived for half a second."""
    count = -1
    while count != len(dump.heard):
        count = len(dump.heard)
        time.sleep(0.5)


@pytest.mark.parametrize("path", [pytest.param("virtual", marks=pytest.mark.proof), "jack"])
def test_sound_in_notes_out(
    jack: JackServer, player: str, dump: MidiDump, tmp_path: Path, path: str
) -> None:
    live = start_live(jack, player, "--midi-out", path, "--record", str(tmp_path))
    jack.connect(our_port(jack), dump.port)
    events = tmp_path / "events.jsonl"

    def enough() -> bool:
        """Tell whether three seconds were tracked, and how that was answered."""
        tracked = events.read_text().count('"event":"emotion"') if events.exists() else 0
        return tracked > 30 and len(dump.ons) > 12

    until(enough, "emotions and notes", 40.0)
    live.terminate()
    said = live.communicate(timeout=40)[1]
    assert live.returncode == 0, said
    settled(dump)
    assert hanging(since_connected(dump.heard)) == set()
    with (tmp_path / "emotion.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    heard = [row for row in rows if row["state"] != "silence"]
    assert len(heard) > 20  # the music reached the tracker
    assert max(float(row["loudness_db"]) for row in heard) > -45
    recorded = [m for m in mido.MidiFile(tmp_path / "stimmung.mid") if m.type == "note_on"]
    # The receiver was connected after the first notes; from there on nothing is missing.
    # Counted: notes of one chord, milliseconds apart, may change places where the server stalled.
    last = Counter(m.note for m in [m for m in recorded if m.velocity][-10:])
    assert not last - Counter(m.data[1] for m in dump.ons[-12:])
    controllers = {m.data[1] for m in dump.heard if m.kind == 0xB0}
    assert {20, 21} <= controllers


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
@pytest.mark.note_ends
def test_no_note_hangs_when_the_engine_dies(
    jack: JackServer, player: str, dump: MidiDump, number: signal.Signals
) -> None:
    live = start_live(jack, player)
    port = our_port(jack)
    jack.connect(port, dump.port)
    until(lambda: sounding(dump), "a sounding note", 20.0)
    live.send_signal(number)
    until(lambda: port not in jack.ports(), "the port to close")
    live.communicate(timeout=10)
    settled(dump)
    assert hanging(since_connected(dump.heard)) == set()
    assert live.returncode == (-9 if number == signal.SIGKILL else 0)
