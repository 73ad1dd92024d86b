"""Building the plug-in, and putting it where workstations look."""

from pathlib import Path

import pytest
from plugin_host.built import plugin_folder

from engine.cli import main
from engine.errors import InputError
from engine.plugin import build as building
from engine.plugin import install as installing
from engine.plugin.build import TARGETS, Target, build, native
from engine.plugin.install import install, places, remove, status
from engine.plugin.parameters import PARAMETERS


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("STIMMUNG_PLUGIN_FILE", str(tmp_path / "plugin.txt"))
    return tmp_path


@pytest.fixture
def carried(tmp_path: Path) -> Path:
    source = tmp_path / "carried"
    for kind in ("clap", "vst3", "lv2"):
        inner = source / native() / f"stimmung.{kind}"
        inner = inner if kind == "clap" else inner / "inner"
        inner.parent.mkdir(parents=True, exist_ok=True)
        inner.write_text(kind)
    return source


def test_install_replaces_what_is_there_and_remove_leaves_nothing(
    home: Path, carried: Path
) -> None:
    other = home / ".vst3" / "another.vst3"
    other.parent.mkdir()
    other.write_text("not ours")
    (home / ".clap").mkdir()
    (home / ".clap" / "stimmung.clap").write_text("old")
    assert {entry.format: (entry.there, entry.current) for entry in status(carried)} == {
        "clap": (True, False), "vst3": (False, False), "lv2": (False, False),
    }  # fmt: skip
    made = install(carried)
    assert all(entry.current for entry in status(carried))
    assert (home / ".clap" / "stimmung.clap").read_text() == "clap"
    assert sorted(remove()) == sorted(made)
    assert not any(entry.there for entry in status(carried))
    assert other.read_text() == "not ours"
    assert remove() == []


def test_without_binaries_install_says_how_to_build_them(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(installing, "BUILT", tmp_path / "nothing")
    with pytest.raises(InputError, match="stimmung plugin build"):
        install(tmp_path / "nothing")
    assert main(["plugin", "status"]) == 0
    assert "missing" in capsys.readouterr().out


def test_a_folder_that_cannot_be_written_is_named(home: Path, carried: Path) -> None:
    (home / ".clap").write_text("a file")
    with pytest.raises(InputError, match=r"cannot write .*\.clap"):
        install(carried)


def test_other_systems_have_folders_of_their_own() -> None:
    windows = places("windows", {"LOCALAPPDATA": "L", "APPDATA": "R"}, Path("home"))
    assert windows["vst3"] == Path("L/Programs/Common/VST3")
    assert windows["lv2"] == Path("R/LV2")
    assert places("macos", {}, Path("home"))["clap"] == Path("home/Library/Audio/Plug-Ins/CLAP")


def test_build_says_what_it_needs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DPF_PATH", str(tmp_path))
    with pytest.raises(InputError, match="apt install dpf-source"):
        build(None, tmp_path / "out")
    monkeypatch.undo()
    monkeypatch.setattr(building, "_find_dpf", lambda: tmp_path)
    monkeypatch.setattr(building.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(InputError, match="pip install ziglang"):
        build(("windows-x86_64",), tmp_path / "out")
    monkeypatch.setattr(building.platform, "machine", lambda: "sparc")
    with pytest.raises(InputError, match=r"built for .*; this is \w+-sparc"):
        build(None, tmp_path / "out")


def test_what_is_built_has_the_shape_that_hosts_look_for() -> None:
    folder, target = plugin_folder(), TARGETS[native()]
    assert (folder / "stimmung.clap").is_file()
    assert list((folder / "stimmung.vst3" / "Contents" / target.vst3).iterdir())
    manifest = (folder / "stimmung.lv2" / "manifest.ttl").read_text()
    assert f"<stimmung.{target.ending}>" in manifest
    assert "urn:stimmung:plugin" in manifest
    described = (folder / "stimmung.lv2" / "stimmung.ttl").read_text()
    assert 'lv2:index 7 ; a lv2:InputPort, lv2:ControlPort ; lv2:symbol "enabled"' in described
    assert f"lv2:index {6 + len(PARAMETERS)} ;" in described
    assert f"lv2:index {7 + len(PARAMETERS)} ;" not in described


def test_mac_gets_bundles(tmp_path: Path) -> None:
    library = tmp_path / "library"
    library.write_bytes(b"code")
    target = Target("macos-arm64", "", "dylib", "MacOS")
    libraries = dict.fromkeys(("clap", "vst3", "lv2"), library)
    building._pack(target, libraries, tmp_path / "out")
    for kind in ("clap", "vst3"):
        contents = tmp_path / "out" / f"stimmung.{kind}" / "Contents"
        assert (contents / "MacOS" / "stimmung").read_bytes() == b"code"
        assert b"BNDL" in (contents / "Info.plist").read_bytes()
    lv2 = tmp_path / "out" / "stimmung.lv2"
    assert "<stimmung.dylib>" in (lv2 / "manifest.ttl").read_text()
