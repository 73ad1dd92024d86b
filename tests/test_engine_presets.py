import json
from pathlib import Path

import pytest

import engine.settings.presets
from engine.cli import main
from engine.errors import PresetError
from engine.settings.performance import Performance
from engine.settings.presets import (
    broken_presets,
    keep_preset,
    list_presets,
    load_preset,
    save_preset,
)


@pytest.fixture
def user_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(engine.settings.presets, "user_folder", lambda: tmp_path)
    return tmp_path


def test_shipped_presets_load_with_programs_of_their_own(user_folder):
    shipped = list_presets()
    assert len(shipped) >= 8
    assert len({preset.program for preset in shipped}) == len(shipped)
    assert all(preset.description for preset in shipped)


def test_preset_is_found_by_file_name_title_and_path(user_folder):
    by_slug = load_preset("calm-down")
    assert load_preset("CALM DOWN") == by_slug == load_preset(str(by_slug.path))


def test_saved_preset_comes_back_and_replaces_a_shipped_one(user_folder):
    mine = Performance(mode="manual", valence=-0.5, tempo_bpm=66.0, parts=("chords",))
    save_preset("calm-down", "My calm", mine, program=100)
    loaded = load_preset("calm-down")
    assert (loaded.performance, loaded.program, loaded.name) == (mine, 100, "My calm")
    assert sum(preset.slug == "calm-down" for preset in list_presets()) == 1


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"version": 2}',
        '{"version": 1, "colour": "red"}',
        '{"version": 1, "performance": {"valence": 3}}',
        '{"version": 1, "performance": {"volume": 3}}',
        '{"version": 1, "performance": 7}',
        '{"version": 1, "performance": {"parts": 7}}',
        '{"version": 1, "performance": {"parts": [[]]}}',
        '{"version": 1, "performance": {"engine": []}}',
        '{"version": 1, "performance": {"key": 7}}',
        '{"version": 1, "program": 128}',
        '{"version": 1, "program": "seven"}',
        "[" * 50_000,
    ],
)
def test_broken_preset_is_refused_naming_the_file(user_folder, content):
    path = user_folder / "broken.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(PresetError, match="broken.json"):
        load_preset(str(path))


@pytest.mark.parametrize("name", ["nonsense", "../models/tracker", "/etc/passwd", "none.json"])
def test_unknown_preset_is_refused(user_folder, name):
    with pytest.raises(PresetError):
        load_preset(name)


@pytest.mark.parametrize("slug", ["", "../up", "a/b", ".hidden"])
def test_preset_is_saved_only_in_its_folder(user_folder, slug):
    with pytest.raises(PresetError, match="plain file name"):
        save_preset(slug, "x", Performance(), program=1)


def test_preset_file_holds_only_what_differs(user_folder):
    path = save_preset("mine", "Mine", Performance(tempo_bpm=90.0), program=9)
    assert json.loads(path.read_text(encoding="utf-8"))["performance"] == {"tempo_bpm": 90.0}


def test_a_broken_preset_is_named_and_the_others_work(user_folder, capsys):
    for name, content in (("zz", "{"), ("calm-down", '{"version": 1, "program": 300}')):
        (user_folder / f"{name}.json").write_text(content, encoding="utf-8")
    assert load_preset("Band").name and len(list_presets()) >= 10
    assert {Path(str(error).split()[1].rstrip(":")).name for error in broken_presets()} == {
        "zz.json",
        "calm-down.json",
    }
    assert load_preset("Calm down").path.parent != user_folder  # the shipped one, by its title
    with pytest.raises(PresetError, match="program must be a number from 0 to 127"):
        load_preset("calm-down")  # by file name it is the broken one that is meant
    assert main(["presets"]) == 1
    printed = capsys.readouterr()
    assert "calm-down" in printed.out and "zz.json" in printed.err


@pytest.mark.parametrize(
    "names",
    [
        ("C#", "C"),
        ("C", "C#", "C♭", "c"),
        ("Night", "night", "NIGHT!"),
        ("zz", "Zz"),
        ("x" * 300, "x" * 301),
        ("Calm down", "Calm, down"),
    ],
)
def test_presets_of_different_names_are_all_kept(user_folder, names):
    (user_folder / "zz.json").write_text("{", encoding="utf-8")
    before = {preset.slug for preset in list_presets()}
    for number, name in enumerate(names):
        keep_preset(name, Performance(tempo_bpm=90.0 + number))
    own = {preset.name: preset.performance.tempo_bpm for preset in list_presets() if preset.own}
    assert own == {name: 90.0 + number for number, name in enumerate(names)}
    for number, name in enumerate(names):
        assert load_preset(name).performance.tempo_bpm == 90.0 + number
    assert before <= {preset.slug for preset in list_presets()}
    assert (user_folder / "zz.json").read_text(encoding="utf-8") == "{"
    programs = [preset.program for preset in list_presets()]
    assert len(set(programs)) == len(programs)


def test_a_preset_kept_again_is_replaced(user_folder):
    for tempo in (90.0, 120.0):
        path = keep_preset(" Café ", Performance(tempo_bpm=tempo))
        keep_preset("Cafe\N{COMBINING ACUTE ACCENT}", Performance(tempo_bpm=tempo + 1.0))
    assert list(user_folder.glob("*.json")) == [path]
    assert load_preset("Café").performance.tempo_bpm == 121.0
