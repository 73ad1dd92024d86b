"""The plug-in as it is shipped for Windows, cross-built by zig, in a host under wine."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from plugin_host.built import plugin_folder
from plugin_host.host import ClapHost, hanging, note_ons
from plugin_host.pattern import PatternEngine, nearest
from servers.needs import missing, need_program

from engine.plugin.build import build

pytestmark = [pytest.mark.proof, pytest.mark.note_ends, pytest.mark.timeout(900)]


def windows_path(path: Path) -> str:
    return "Z:" + str(path).replace("/", "\\")


def test_the_windows_binary_plays_every_note_on_its_frame(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wine = need_program("wine")
    if importlib.util.find_spec("ziglang") is None:
        missing("ziglang")
    plugin_folder()  # says what else is missing
    build(("windows-x86_64",), tmp_path / "built")
    host = tmp_path / "host.exe"
    subprocess.run(
        [sys.executable, "-m", "ziglang", "cc", "-target", "x86_64-windows-gnu", "-O1",
         "-isystem/usr/share/dpf/distrho/src", "-o", str(host),
         str(Path(__file__).parent / "plugin_host" / "clap_host.c")],
        check=True,
    )  # fmt: skip
    place = tmp_path / "plugin.txt"
    monkeypatch.setenv("STIMMUNG_PLUGIN_FILE", str(place))
    environment = {
        "WINEPREFIX": str(tmp_path / "wine"),
        "WINEDEBUG": "-all",
        "STIMMUNG_PLUGIN_FILE": windows_path(place),
    }
    path = tmp_path / "built" / "windows-x86_64" / "stimmung.clap"
    with (
        PatternEngine() as engine,
        ClapHost(host, path, before=[wine], environment=environment) as h,
    ):
        h.do("activate 48000 8192", within_s=300)
        for _ in range(200):
            if h.value("connected"):
                break
            h.do("run 0.05 512 1 1")
        h.do("transport 1 133.7 0 4 4", "run 4 512 1 1", "transport 0 120 0 4 4", "run 0.2 512 1 1")
        leader = engine.link.leader
        assert leader is not None and leader.block is not None
        off = [round(event.frames_from(nearest(event.beat))) for event in note_ons(h.events)]
        print(f"{len(off)} notes, off {sorted(set(off))} frames, late {leader.block.late}")
        assert len(off) >= 20 and sum(map(bool, off)) <= leader.block.late <= 0.5 * len(off)
    assert not hanging(h.events)
