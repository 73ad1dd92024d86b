"""Wheel, source archive, pipx and the frozen bundle: built, installed and played, for real."""

import contextlib
import importlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import time
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest
from plugin_host.built import plugin_folder

from engine.cli import build_parser
from engine.plugin.build import BUILT, native

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("engine", "gui", "export_onnx", "presets")
SHARE = ROOT / "packaging" / "share"
SECONDS = "6"


def run(*command, cwd, **environment):
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**os.environ, **{name: str(value) for name, value in environment.items()}},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def carried():
    """Return what belongs to the packages, modules and all else, as paths in the repository."""
    return subprocess.run(
        ["git", "ls-files", *PACKAGES], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split()


# ------------------------------------------------------------------ what is shown of it


def test_manual_page_knows_every_option():
    sys.path.insert(0, str(ROOT / "packaging"))
    try:
        manual = importlib.import_module("make").manual()
    finally:
        sys.path.pop(0)

    def titles(text):
        return set(re.findall(r"^(?:\.SS .*|\\fB.*)$", text, re.M))

    written = (SHARE / "man" / "man1" / "stimmung.1").read_text(encoding="utf-8")
    assert titles(written) == titles(manual), "run: python packaging/make.py"
    assert len(re.findall(r"^\.SS ", written, re.M)) == len(
        next(a.choices for a in build_parser()._actions if isinstance(a.choices, dict))
    )


def test_desktop_entry_description_and_icon_agree():
    entry = (SHARE / "applications" / "stimmung.desktop").read_text(encoding="utf-8")
    assert "\nExec=stimmung gui\n" in entry and "\nIcon=stimmung\n" in entry
    for icon in ("scalable/apps/stimmung.svg", "256x256/apps/stimmung.png"):
        assert (SHARE / "icons" / "hicolor" / icon).stat().st_size > 500
    description = ElementTree.parse(SHARE / "metainfo" / "stimmung.metainfo.xml").getroot()
    assert description.findtext("launchable") == "stimmung.desktop"
    assert description.findtext("provides/binary") == "stimmung"


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_completion_knows_commands_and_options(shell, capsys):
    from engine.cli import main

    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert "transfer" in script and "osc-in" in script


# ------------------------------------------------------------------ wheel and source archive


@pytest.fixture(scope="module")
def archives(request, tmp_path_factory):
    """Build both as anybody does, with the plug-in: the wheel comes out of the source archive."""
    folder = tmp_path_factory.mktemp("dist")
    made = not (BUILT / native()).is_dir()
    if made:
        shutil.copytree(plugin_folder(), BUILT / native())
    request.addfinalizer(lambda: shutil.rmtree(BUILT / native()) if made else None)
    run(sys.executable, "-m", "build", "--outdir", folder, ROOT, cwd=folder)
    (wheel,), (source,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return wheel, source


@pytest.mark.proof
@pytest.mark.timeout(900)
def test_wheel_holds_what_it_takes_and_nothing_else(archives):
    wheel, _ = archives
    assert wheel.name.endswith("-py3-none-any.whl"), "must need no compiler"
    with zipfile.ZipFile(wheel) as packed:
        names = set(packed.namelist())
    assert set(carried()) <= names
    assert {
        f"engine/plugin/built/{native()}/stimmung.{kind}" for kind in ("clap", "lv2/manifest.ttl")
    } <= names
    shared = {str(path.relative_to(SHARE)) for path in SHARE.rglob("*") if path.is_file()}
    assert {name.split("/share/")[1] for name in names if ".data/data/share/" in name} == shared
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.startswith("stimmung-")} == set(PACKAGES)


@pytest.mark.proof
@pytest.mark.timeout(900)
def test_source_archive_can_be_tested_and_documented(archives):
    _, source = archives
    with tarfile.open(source) as packed:
        names = {name.partition("/")[2] for name in packed.getnames()}
    assert set(carried()) <= names
    assert {
        "tests/conftest.py", "docs/index.md", "mkdocs.yml", "examples/my_engine.py", ".ci/run",
        "packaging/stimmung.spec", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE",
    } <= names  # fmt: skip


# ------------------------------------------------------------------ installed by pipx


@pytest.fixture(scope="module")
def pipx(archives, tmp_path_factory):
    """Install the wheel as users do; no dependency may be compiled."""
    wheel, _ = archives
    home = tmp_path_factory.mktemp("pipx")
    places = {
        "PIPX_HOME": home / "home",
        "PIPX_BIN_DIR": home / "bin",
        "PIPX_MAN_DIR": home / "man",
        "PIP_ONLY_BINARY": ":all:",
    }
    run(sys.executable, "-m", "pipx", "install", wheel, cwd=home, **places)
    return home, places


@pytest.mark.proof
@pytest.mark.timeout(900)
def test_installed_by_pipx_it_plays_the_demo(pipx, tmp_path):
    home, _ = pipx
    run(home / "bin" / "stimmung", "demo", "--seconds", SECONDS, cwd=tmp_path)
    made = {path.name for path in (tmp_path / "stimmung-demo").iterdir()}
    assert {"stimmung.mid", "emotion.csv", "picture.png"} <= made
    assert (home / "man" / "man1" / "stimmung.1").is_file()
    python = home / "home" / "venvs" / "stimmung" / "bin" / "python"
    find = "from importlib.util import find_spec; print(find_spec('torch'), find_spec('pytest'))"
    assert run(python, "-c", find, cwd=tmp_path).split() == ["None", "None"]


def check_plugin(program, home):
    """Check that a program installs, shows and removes the plug-in it carries."""
    run(program, "plugin", "install", cwd=home, HOME=home)
    assert len(list((home / ".vst3").rglob("stimmung.so"))) == 1
    assert len(list((home / ".lv2").rglob("stimmung.so"))) == 1
    assert plugin_states(program, home) == ["installed"] * 3
    run(program, "plugin", "remove", cwd=home, HOME=home)
    assert plugin_states(program, home) == ["missing"] * 3


def plugin_states(program, home):
    """Return what the program says of the plug-in in each format."""
    told = run(program, "plugin", "status", cwd=home, HOME=home).splitlines()
    return [words[1] for words in map(str.split, told) if words[0] in ("clap", "vst3", "lv2")]


@pytest.mark.proof
@pytest.mark.timeout(900)
def test_installed_by_pipx_it_brings_the_plugin(pipx, tmp_path):
    check_plugin(pipx[0] / "bin" / "stimmung", tmp_path)


# ------------------------------------------------------------------ the frozen bundle


@pytest.fixture(scope="module")
def bundle(pipx):
    """Freeze what pipx has installed."""
    home, places = pipx
    run(sys.executable, "-m", "pipx", "inject", "stimmung", "pyinstaller", cwd=home, **places)
    freeze = home / "home" / "venvs" / "stimmung" / "bin" / "pyinstaller"
    spec = ROOT / "packaging" / "stimmung.spec"
    run(freeze, "--noconfirm", "--distpath", home, "--workpath", home / "work", spec, cwd=home)
    return home / "stimmung" / "stimmung"


@pytest.mark.proof
@pytest.mark.timeout(900)
def test_bundle_plays_the_demo(bundle, tmp_path):
    run(bundle, "demo", "--seconds", SECONDS, "--out", tmp_path / "demo", cwd=tmp_path)
    assert (tmp_path / "demo" / "stimmung.mid").stat().st_size > 500
    check_plugin(bundle, tmp_path)
    frozen = {path.name for path in (bundle.parent / "_internal").iterdir()}
    assert not frozen & {"torch", "transformers", "export_onnx", "pytest", "onnx"}


@pytest.mark.proof
@pytest.mark.timeout(900)
def test_bundle_plays_live_with_its_children(bundle, tmp_path):
    demo = ROOT / "presets" / "demo" / "demo.ogg"
    options = ("--midi-out", "none", "--seconds", "4", "--record", tmp_path / "session")
    run(bundle, "live", "--input", demo, *options, cwd=tmp_path)
    assert (tmp_path / "session" / "emotion.csv").read_text().count("\n") > 10
    assert "inputs" in run(bundle, "devices", cwd=tmp_path)  # asks the capture and MIDI children


@pytest.mark.proof
@pytest.mark.timeout(900)
def test_bundle_opens_its_window_with_an_engine_behind(bundle, tmp_path):
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "HOME": str(tmp_path)}
    environment.pop("XDG_CONFIG_HOME", None)
    with subprocess.Popen(
        [str(bundle), "gui"],
        cwd=tmp_path,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as program:
        try:
            # The launcher becomes the window, so that a signal to it reaches the window.
            await_child(program, program.pid, "engine.live.remote")
            program.terminate()  # as closing it
            _, said = program.communicate(timeout=60)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(program.pid, signal.SIGKILL)
    assert program.returncode == 0 and "Traceback" not in said, said


def await_child(program, parent, module):
    """Wait for the child of a process that runs a module; return its id."""
    end = time.monotonic() + 120.0
    while time.monotonic() < end:
        assert program.poll() is None, program.stderr.read()
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        for child in children:
            words = Path(f"/proc/{child}/cmdline").read_bytes().decode().split("\0")
            if words[1:3] == ["--child", module]:
                return int(child)
        time.sleep(0.1)
    raise AssertionError(f"{module} was not started")
