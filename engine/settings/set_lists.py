"""Set lists: presets in an order, with notes, tempo and how each begins, as JSON files.

::

    {"version": 1, "name": "Friday", "entries": [
      {"preset": "band", "title": "Opening", "notes": "wait for the drummer",
       "tempo_bpm": 96, "entry": "intro"}, …]}

They lie beside the user's presets. An exported file also holds the presets it names, so that it
works on another machine. A broken file costs itself alone, a missing preset its own entry.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from engine.choices import ENTRIES, Entry, check_choice, check_range
from engine.errors import InputError, PresetError
from engine.music.clock import TEMPO_RANGE_BPM
from engine.settings.performance import Performance
from engine.settings.presets import (
    VERSION,
    list_presets,
    load_preset,
    preset_of,
    read_json_file,
    save_preset,
    slug_of,
    user_folder,
    write_json_file,
)

__all__ = [
    "SetList",
    "Song",
    "export_set_list",
    "import_set_list",
    "list_set_lists",
    "load_set_list",
    "remove_set_list",
    "save_set_list",
    "set_list_folder",
]

_FIELDS = {"version", "name", "entries", "presets"}
_MOST_SONGS = 500


@dataclass(frozen=True, slots=True)
class Song:
    """An entry of a set list.

    Attributes
    ----------
    preset : str
        File name of a preset without ``.json``, or its title.
    title : str
        What is shown; empty: the preset's title.
    notes : str
        For whoever plays.
    tempo_bpm : float or None
        Tempo in place of the preset's [quarter notes per minute].
    entry : str
        How it begins, one of `engine.choices.ENTRIES`.
    """

    preset: str
    title: str = ""
    notes: str = ""
    tempo_bpm: float | None = None
    entry: Entry = "bar"

    def __post_init__(self) -> None:
        for name in ("preset", "title", "notes"):
            if not isinstance(getattr(self, name), str):
                raise InputError(f"{name} must be a text; got {getattr(self, name)!r}")
        check_choice("entry", self.entry, ENTRIES)
        if self.tempo_bpm is not None:
            check_range("tempo_bpm", self.tempo_bpm, *TEMPO_RANGE_BPM)

    def performance(self) -> Performance:
        """Return how it is played.

        Raises
        ------
        PresetError
            Its preset cannot be found or read.
        """
        performance = load_preset(self.preset).performance
        if self.tempo_bpm is None:
            return performance
        return performance.changed({"tempo_bpm": self.tempo_bpm})

    def words(self) -> str:
        """Return its title, or that of its preset if that can be found."""
        if self.title:
            return self.title
        return next((p.name for p in list_presets() if p.slug == self.preset), self.preset)


@dataclass(frozen=True, slots=True)
class SetList:
    """Songs in an order, and the file they are kept in."""

    name: str
    songs: tuple[Song, ...]
    path: Path


def set_list_folder() -> Path:
    """Return the folder of the user's set lists; it may not exist yet."""
    return user_folder().parent / "setlists"


def list_set_lists() -> tuple[list[SetList], list[PresetError]]:
    """Return the set lists by name, and what is wrong with files that cannot be read."""
    found, broken = [], []
    for path in sorted(set_list_folder().glob("*.json")):
        try:
            found.append(_read(path))
        except PresetError as error:
            broken.append(error)
    return sorted(found, key=lambda one: one.name.casefold()), broken


def load_set_list(name: str) -> SetList:
    """Return a set list by path, by name, or by file name without ``.json``.

    Raises
    ------
    PresetError
        There is none, or its file is broken.
    """
    if name.endswith(".json"):
        return _read(Path(name))
    path = set_list_folder() / f"{name}.json"
    if path.parent == set_list_folder() and path.is_file():
        return _read(path)
    known, _ = list_set_lists()
    for one in known:
        if one.name.casefold() == name.casefold():
            return one
    names = ", ".join(one.path.stem for one in known) or "none so far"
    raise PresetError(f"set list must be one of {names}, or a file; got {name!r}")


def save_set_list(name: str, songs: Sequence[Song]) -> SetList:
    """Write a set list into the user's folder; one of the same name is replaced.

    Raises
    ------
    PresetError
        The name has no letter or digit, or the file cannot be written.
    """
    path = set_list_folder() / f"{slug_of(name.strip(), 'set list')}.json"
    found = SetList(name.strip(), tuple(songs), path)
    write_json_file(path, _content(found))
    return found


def remove_set_list(found: SetList) -> None:
    """Delete the file of a set list.

    Raises
    ------
    PresetError
        It cannot be removed.
    """
    try:
        found.path.unlink()
    except OSError as error:
        raise PresetError(f"set list {found.path} cannot be removed: {error.strerror}") from error


def export_set_list(found: SetList, path: Path) -> list[str]:
    """Write a set list with its presets into one file; return the presets that are missing.

    Raises
    ------
    PresetError
        The file cannot be written.
    """
    presets, missing = {}, []
    for slug in dict.fromkeys(song.preset for song in found.songs):
        try:
            preset = load_preset(slug)
        except PresetError:
            missing.append(slug)
            continue
        presets[slug] = {
            "version": VERSION,
            "name": preset.name,
            "program": preset.program,
            "description": preset.description,
            "performance": preset.performance.to_json(),
        }
    write_json_file(path, {**_content(found), "presets": presets})
    return missing


def import_set_list(path: Path) -> SetList:
    """Take over an exported set list: its presets too, where no preset has their name yet.

    Raises
    ------
    PresetError
        It is none, one of its presets is broken, or a file cannot be written; nothing is kept then.
    """
    content = read_json_file(path, "set list", _FIELDS)
    found = _read(path)
    given = content.get("presets", {})
    if not isinstance(given, dict):
        raise PresetError(f"set list {path}: presets must be an object; got {given!r}")
    known = {preset.slug for preset in list_presets()}
    added = [
        preset_of(Path(f"{slug}.json"), values if isinstance(values, dict) else {"performance": 0})
        for slug, values in given.items()
        if slug not in known
    ]
    for preset in added:
        save_preset(
            preset.slug,
            preset.name,
            preset.performance,
            program=preset.program,
            description=preset.description,
        )
    return save_set_list(found.name, found.songs)


def _content(found: SetList) -> dict[str, Any]:
    plain = asdict(Song("x"))
    entries = [
        {
            name: value
            for name, value in asdict(song).items()
            if name == "preset" or value != plain[name]
        }
        for song in found.songs
    ]
    return {"version": VERSION, "name": found.name, "entries": entries}


def _read(path: Path) -> SetList:
    content = read_json_file(path, "set list", _FIELDS)
    entries = content.get("entries")
    if not isinstance(entries, list) or len(entries) > _MOST_SONGS:
        raise PresetError(f"set list {path}: entries must be a list of at most {_MOST_SONGS}")
    names = {item.name for item in fields(Song)}
    songs = []
    for number, entry in enumerate(entries, 1):
        if not isinstance(entry, dict) or set(entry) - names or "preset" not in entry:
            raise PresetError(
                f"set list {path}: entry {number} must hold preset, and of the rest only "
                f"{', '.join(sorted(names - {'preset'}))}; got {entry!r:.200}"
            )
        try:
            songs.append(replace(Song(""), **entry))
        except InputError as error:
            raise PresetError(f"set list {path}: entry {number}: {error}") from error
    return SetList(str(content.get("name", path.stem)), tuple(songs), path)
