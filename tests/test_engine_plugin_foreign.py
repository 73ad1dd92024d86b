"""The plug-in as it is shipped for other systems, cross-built by zig and run by wine or qemu."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from plugin_host.built import HEADERS, SOURCES, loadable, plugin_folder
from plugin_host.host import PluginHost, hanging
from plugin_host.pattern import PatternEngine
from plugin_host.rows import ROWS, check_offline
from servers.needs import missing, need_program

from engine.plugin.build import TARGETS, build
from engine.plugin.parameters import header

pytestmark = [pytest.mark.proof, pytest.mark.note_ends, pytest.mark.timeout(1800)]

ARM = Path("/usr/aarch64-linux-gnu")
"""The C library that programs for arm64 are given."""


@pytest.fixture(scope="module", params=["windows-x86_64", "linux-aarch64"])
def target(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the plug-in and the host for another system."""
    if importlib.util.find_spec("ziglang") is None:
        missing("ziglang")
    if request.param == "linux-aarch64" and not ARM.is_dir():
        missing("libc6-arm64-cross")
    plugin_folder()  # says what else is missing
    folder = tmp_path_factory.mktemp("foreign")
    build((request.param,), folder)
    (folder / "parameters.hpp").write_text(header())
    subprocess.run(
        [sys.executable, "-m", "ziglang", "c++", "-target", TARGETS[request.param].zig, "-O2", "-s",
         "-std=c++17", f"-I{folder}", f"-isystem{HEADERS}", "-o", str(folder / "host.exe"),
         str(SOURCES / "host.cpp")],
        check=True,
    )  # fmt: skip
    return folder / request.param


@pytest.mark.parametrize("kind", ["clap", "vst3", "lv2"])
def test_every_note_is_on_its_frame_and_a_project_is_kept(
    target: Path, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, drive = tmp_path / "plugin.txt", ""
    monkeypatch.setenv("STIMMUNG_PLUGIN_FILE", str(place))
    if target.name.startswith("windows"):
        before, drive = [need_program("wine")], "Z:"
        monkeypatch.setenv("WINEPREFIX", str(target.parent / "wine"))
        monkeypatch.setenv("WINEDEBUG", "-all")
    else:
        before = [need_program("qemu-aarch64-static"), "-L", str(ARM)]

    def host() -> PluginHost:
        return PluginHost(
            target.parent / "host.exe",
            loadable(kind, target, drive),
            before=before,
            environment={"STIMMUNG_PLUGIN_FILE": f"{drive}{place}"},
        )

    with PatternEngine(offline=True) as engine:
        with host() as running:
            for name in ROWS:
                check_offline(running, name)
            running.set("valence", 0.25, 17)
            running.do("transport 1 120 0 4 4", "run 0.6 256 0 1")
            assert hanging(running.events), "a long note sounds"
            running.do(f"save {drive}{tmp_path}/kept")
            running.set("bypass", 1)
            running.do("run 0.1 256 0 1")
            assert ("valence", 0.25) in engine.link.take_changes()
        assert not hanging(running.events)
    with host() as again:
        again.do(f"load {drive}{tmp_path}/kept", within_s=300)
        assert again.value("valence") == 0.25
