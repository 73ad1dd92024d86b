"""Without a screen or a library: one clear line, never an abort."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from gui.display import missing_library, screen_problem, xcb_problem

ROOT = Path(__file__).resolve().parent.parent


def test_no_display_is_said():
    assert "no screen" in screen_problem("linux", {})


@pytest.mark.parametrize("name", ["offscreen", "minimal", "vnc:size=10x10"])
def test_platforms_without_a_server_are_fine(name):
    assert screen_problem("linux", {"QT_QPA_PLATFORM": name}) == ""


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_other_systems_always_have_a_screen(platform):
    assert screen_problem(platform, {}) == ""


def test_a_wayland_socket_is_enough(tmp_path):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "wayland-9"))
    here = {"WAYLAND_DISPLAY": "wayland-9", "XDG_RUNTIME_DIR": str(tmp_path)}
    assert screen_problem("linux", here) == ""
    listener.close()
    (tmp_path / "wayland-9").unlink()
    assert screen_problem("linux", here) != ""


def test_a_plugin_that_cannot_be_loaded_names_the_packages(tmp_path):
    plugin = tmp_path / "platforms" / "libqxcb.so"
    plugin.parent.mkdir()
    plugin.write_bytes(b"not a library")
    assert "apt install" in xcb_problem("linux", {"DISPLAY": ":0"}, tmp_path)
    assert xcb_problem("linux", {"QT_QPA_PLATFORM": "offscreen"}, tmp_path) == ""


def test_loader_messages_give_the_library():
    message = "libEGL.so.1: cannot open shared object file: No such file or directory"
    assert missing_library(message) == "libEGL.so.1"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux can lack a screen")
@pytest.mark.parametrize("display", [None, ":977"])
def test_the_program_ends_with_one_line(display):
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    }
    if display:
        environment["DISPLAY"] = display
    done = subprocess.run(
        [sys.executable, "-P", "-m", "gui"],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1 and "stimmung live" in done.stderr
