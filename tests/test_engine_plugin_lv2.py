"""The LV2 in hosts that are not ours: jalv on JACK, and Ardour; and what qtractor finds."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import mido
import pytest
from plugin_host.built import plugin_folder
from plugin_host.pattern import PatternEngine, nearest
from servers.jack import RATE, JackServer, until
from servers.needs import missing, need_program

from engine.process.child import external_environment

HERE = Path(__file__).parent / "plugin_host"
PERIOD = 256  # frames, of the test server
_FARTHEST_TICKS = 4
"""Ardour's own rounding of a recorded note, in 1/19200 of a beat."""


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PatternEngine]:
    monkeypatch.setenv("STIMMUNG_PLUGIN_FILE", str(tmp_path / "plugin.txt"))
    (tmp_path / "lv2").mkdir()
    (tmp_path / "lv2" / "stimmung.lv2").symlink_to(plugin_folder() / "stimmung.lv2")
    monkeypatch.setenv("LV2_PATH", f"{tmp_path / 'lv2'}:/usr/lib/lv2")
    with PatternEngine() as running:
        yield running


def late(engine: PatternEngine) -> int:
    leader = engine.link.leader
    assert leader is not None and leader.block is not None
    return leader.block.late


@pytest.mark.parametrize(
    ("bpm", "metre"), [(133.7, (4, 4)), pytest.param(90.0, (3, 4), marks=pytest.mark.proof)]
)
def test_jalv_plays_every_note_where_jack_s_ticks_put_it(
    engine: PatternEngine, jack: JackServer, bpm: float, metre: tuple[int, int]
) -> None:
    need_program("jalv")
    environment = external_environment() | jack.environment()
    host = subprocess.Popen(
        ["jalv", "-n", "plugged", "urn:stimmung:plugin"],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: engine.link.leader is not None, "the plug-in")
        ear = subprocess.run(
            [sys.executable, str(HERE / "jack_ear.py"), "plugged", str(bpm), *map(str, metre), "4"],
            env=os.environ | jack.environment(), capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert ear.returncode == 0, ear.stderr
        counted = late(engine)
    finally:
        assert host.stdin is not None
        host.stdin.close()
        host.kill()
        host.wait()
    per_beat = RATE * 60.0 / bpm
    off, sounding = [], set()
    for line in ear.stdout.splitlines():
        frame, _rolling, status, pitch, _velocity = map(int, line.split())
        if status & 0xF0 == 0x90:
            beat = frame / per_beat
            off.append(round((beat - nearest(beat)) * per_beat))
            assert pitch not in sounding
            sounding.add(pitch)
        elif status & 0xF0 == 0x80:
            sounding.discard(pitch)
    print(f"{len(off)} notes, off {sorted(set(off))} frames, late {counted}")
    assert len(off) >= 10 and not sounding
    tick = per_beat / 1920.0  # JACK tells whole ticks
    # Where JACK lost a period, jalv's beat is behind by one until the next change.
    apart = [min(abs(each), abs(abs(each) - PERIOD)) for each in off]
    placed = sum(each <= tick + 1 for each in apart)
    assert len(off) - placed <= counted and placed >= 3


@pytest.mark.proof
@pytest.mark.note_ends
def test_ardour_records_every_note_in_its_place(engine: PatternEngine, tmp_path: Path) -> None:
    program = need_program("ardour*-lua")
    environment = external_environment() | {
        "HOME": str(tmp_path), "SESSION": str(tmp_path / "session"), "SECONDS": "6",
        "LV2_PATH": os.environ["LV2_PATH"],
        "STIMMUNG_PLUGIN_FILE": os.environ["STIMMUNG_PLUGIN_FILE"],
    }  # fmt: skip
    for variable in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "DISPLAY"):
        environment.pop(variable, None)
    done = subprocess.run(
        [program, str(HERE / "ardour.lua")],
        env=environment, capture_output=True, text=True, timeout=150,
    )  # fmt: skip
    files = list((tmp_path / "session").glob("interchange/*/midifiles/*.mid"))
    assert files, done.stdout + done.stderr
    recorded = mido.MidiFile(files[0])
    off, sounding, ticks = [], set(), 0
    for message in mido.merge_tracks(recorded.tracks):
        ticks += message.time
        if message.type == "note_on" and message.velocity:
            beat = ticks / recorded.ticks_per_beat
            off.append(round((beat - nearest(beat)) * recorded.ticks_per_beat))
            sounding.add(message.note)
        elif message.type in ("note_on", "note_off"):
            sounding.discard(message.note)
    print(f"{len(off)} notes, off {sorted(set(off))} of {recorded.ticks_per_beat} ticks a beat")
    assert len(off) >= 15 and not sounding
    assert sum(abs(each) > _FARTHEST_TICKS for each in off) <= 0.2 * len(off)


def test_qtractor_finds_the_clap() -> None:
    scans = list(Path("/usr/lib").glob("*/qtractor/qtractor_plugin_scan"))
    if not scans:
        missing("qtractor")
    path = plugin_folder() / "stimmung.clap"
    scan = subprocess.run(
        [scans[0], "CLAP"], input=f"CLAP:{path}\n", capture_output=True, text=True,
        timeout=60, check=False, env=external_environment() | {"QT_QPA_PLATFORM": "offscreen"},
    )  # fmt: skip
    assert "Stimmung" in scan.stdout, scan.stdout + scan.stderr
