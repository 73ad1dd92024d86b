import json

import pytest

import engine.settings.presets
from engine.errors import PresetError
from engine.settings.performance import Performance
from engine.settings.presets import list_presets, load_preset, save_preset


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
