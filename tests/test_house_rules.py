"""Lint, types, import rules, and what the README promises: part of the test commands."""

import ast
import graphlib
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from check import TOOLS

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("engine", "gui", "export_onnx", "presets")
MOST_LINES = 420


def tool(command):
    """Leave types to the proofs: in a fresh clone mypy reads every library anew."""
    marks = [pytest.mark.proof] if "mypy" in command else []
    return pytest.param(command, marks=marks, id=" ".join(command[1:]) or "imports")


@pytest.mark.parametrize("command", [tool(command) for command in TOOLS])
def test_tool_finds_nothing(command):
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


HEAVY = (
    "torch",
    "PyQt6",
    "onnxruntime",
    "sounddevice",
    "rtmidi",
    "jack",
    "matplotlib",
    "soxr",
    "av",
)


@pytest.mark.parametrize(
    "module", ["engine", "engine.cli", "engine.settings.performance", "engine.midi.sender.client"]
)
def test_import_stays_light(module):
    probe = f"import sys, {module}; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_sender_loads_neither_numpy_nor_models():
    probe = (
        "import sys, engine.midi.sender.main;"
        "print([name for name in ('numpy', 'onnxruntime', 'PyQt6') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def python_files() -> list[Path]:
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


@pytest.mark.parametrize("path", python_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_file_is_one_room_with_named_contents(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MOST_LINES, "wants two rooms"
    tree = ast.parse(text)
    assert ast.get_docstring(tree), "says nothing about itself"
    names = {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    defines = any(isinstance(node, (ast.ClassDef, ast.FunctionDef)) for node in tree.body)
    assert "__all__" in names or not defines or path.name == "__main__.py", "lacks __all__"


def layout():
    """Return docs/rooms.py, which reads the rooms and the imports from the code."""
    return runpy.run_path(str(ROOT / "docs" / "rooms.py"))


def test_every_room_is_named_and_no_import_runs_upward():
    drawn = layout()
    listed, known = drawn["rooms"](), drawn["graph"]()
    nowhere = {
        name
        for name in known.modules
        if not drawn["room_of"](name, listed) and not known.find_children(name)
    }
    assert not nowhere, "name their rooms in the layers contract of pyproject.toml"
    upward = {
        (importing, imported)
        for importing, imported in drawn["imports"](known)
        if (begin := drawn["room_of"](importing, listed))
        and (end := drawn["room_of"](imported, listed))
        and listed.index(begin) > listed.index(end)
    }
    assert not upward


def test_no_circle_of_imports_even_inside_functions():
    drawn = layout()
    imported_by: dict[str, set[str]] = {}
    for importing, imported in drawn["imports"](drawn["graph"]()):
        imported_by.setdefault(importing, set()).add(imported)
    try:
        list(graphlib.TopologicalSorter(imported_by).static_order())
    except graphlib.CycleError as error:
        pytest.fail(" is imported by ".join(error.args[1]))


def test_no_pickle_at_run_time():
    for path in python_files():
        if "export_onnx" not in path.parts:
            assert not re.search(
                r"^\s*(import|from) (pickle|marshal|shelve)\b",
                path.read_text(encoding="utf-8"),
                re.M,
            ), path


def readme_commands() -> list[str]:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.findall(r"^python3 -m venv .*$", readme, re.M)


def test_readme_has_two_commands_and_ci_runs_the_second():
    run, test = readme_commands()
    assert run.endswith("stimmung demo")
    assert test.endswith("pytest")
    assert test in (ROOT / ".ci/run").read_text(encoding="utf-8").splitlines()


def test_shipped_models_are_small():
    for path in (ROOT / "presets" / "models").glob("*.onnx"):
        assert path.stat().st_size < 20_000_000, path
        card = path.with_name(path.stem.partition("_")[0] + ".md")
        assert card.is_file(), f"{path} has no model card"
