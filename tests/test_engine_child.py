"""Children of ours: found from anywhere, from a source tree and from a frozen program alike."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from engine.process.child import CHILD, child_command, child_environment, external_environment

ROOT = Path(__file__).resolve().parent.parent


def test_child_is_ours_wherever_the_musician_stands(tmp_path):
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine" / "__init__.py").write_text("raise SystemExit('not ours')\n")
    done = subprocess.run(
        child_command("engine.cli", "--version"),
        cwd=tmp_path,
        env=child_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("stimmung ")


def test_frozen_program_calls_itself(monkeypatch):
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    command = child_command("engine.midi.sender.main", "--name=x")
    assert command == [sys.executable, CHILD, "engine.midi.sender.main", "--name=x"]


def test_entry_of_a_frozen_program_runs_the_child(tmp_path):
    entry = "import sys\nfrom engine.process.child import run_if_child\n"
    script = tmp_path / "entry.py"
    script.write_text(entry + "run_if_child(sys.argv)\nprint('me')\n")

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, str(script), *arguments]
        environment = child_environment()
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    assert run().stdout == "me\n"
    child = run(CHILD, "engine.cli", "--version")
    assert child.returncode == 0 and child.stdout.startswith("stimmung ")
    nobody = run(CHILD, "engine.nobody")
    assert nobody.returncode == 1 and "engine.nobody" in nobody.stderr


@pytest.mark.parametrize("before", ["/usr/lib/mine", None])
def test_other_programs_do_not_inherit_our_libraries(monkeypatch, before):
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setenv("LD_LIBRARY_PATH", "/bundle")
    monkeypatch.delenv("LD_LIBRARY_PATH_ORIG", raising=False)
    if before is not None:
        monkeypatch.setenv("LD_LIBRARY_PATH_ORIG", before)
    assert external_environment().get("LD_LIBRARY_PATH") == before


def test_children_are_started_in_one_place():
    for package in ("engine", "gui"):
        for path in (ROOT / package).rglob("*.py"):
            if path != ROOT / "engine" / "process" / "child.py":
                text = path.read_text(encoding="utf-8")
                ours = re.search(r'sys\.executable, .*"(engine|gui)', text)
                assert ours is None, f"{path}: engine.process.child starts children"
