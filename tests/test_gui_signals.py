"""Signals to ``stimmung gui`` end the window, its engine and every process they started."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")


def session_members(session: int) -> list[int]:
    """Return the living processes of a session."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # ended meanwhile
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


def wait_for(condition, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    return bool(condition())


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_the_launcher_ends_window_and_engine(tmp_path, number):
    log = (tmp_path / "log").open("w+")
    launcher = subprocess.Popen(
        [sys.executable, "-P", "-m", "engine.cli", "gui"],
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen", "XDG_CONFIG_HOME": str(tmp_path)},
        start_new_session=True,
        stdout=log,
        stderr=log,
    )
    members = lambda: session_members(launcher.pid)  # noqa: E731
    try:
        # The window is the launcher itself; beside it live the engine and its MIDI sender.
        assert wait_for(lambda: len(members()) >= 3, 60.0), log.seek(0) or log.read()
        os.kill(launcher.pid, number)
        assert launcher.wait(30.0) == 0
        assert wait_for(lambda: not members(), 10.0), members()
    finally:
        for member in members():
            os.kill(member, signal.SIGKILL)
        log.close()
