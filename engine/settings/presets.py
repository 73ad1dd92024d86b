"""Presets: named performances as JSON files, shipped ones and the user's own.

::

    {"version": 1, "name": "Calm down", "program": 4,
     "description": "…", "performance": {"mode": "guide", …}}

The user's folder (``stimmung presets`` prints it) comes first, so a preset of the same file
name replaces a shipped one. A broken file costs itself alone: `broken_presets` names it.
"""

import json
import re
import unicodedata
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from engine.choices import check_range
from engine.errors import InputError, PresetError
from engine.files import write_output
from engine.settings.performance import Performance

__all__ = [
    "Preset",
    "broken_presets",
    "keep_preset",
    "list_presets",
    "load_preset",
    "preset_of",
    "read_json_file",
    "remove_preset",
    "save_preset",
    "slug_of",
    "user_folder",
    "write_json_file",
]

VERSION = 1
_FIELDS = {"version", "name", "program", "description", "performance"}
LARGEST_BYTES = 100_000
_LONGEST_SLUG = 80


@dataclass(frozen=True, slots=True)
class Preset:
    """A named performance; ``program`` is its MIDI program number, 0..127."""

    slug: str
    name: str
    program: int
    description: str
    performance: Performance
    path: Path

    @property
    def own(self) -> bool:
        """Whether it is the user's own."""
        return self.path.parent == user_folder()


def user_folder() -> Path:
    """Return the folder of the user's own presets; it may not exist yet."""
    import platformdirs

    return platformdirs.user_config_path("stimmung", appauthor=False) / "presets"


def list_presets() -> list[Preset]:
    """Return all presets that can be read, by program number.

    The user's own replace shipped ones of the same file name.
    """
    return _scan()[0]


def broken_presets() -> list[PresetError]:
    """Return what is wrong with preset files that cannot be read; each message names its file."""
    return _scan()[1]


def _scan() -> tuple[list[Preset], list[PresetError]]:
    found: dict[str, Preset] = {}
    broken = []
    for folder in _folders():
        for path in sorted(folder.glob("*.json")):
            if path.stem not in found:
                try:
                    found[path.stem] = _read(path)
                except PresetError as error:
                    broken.append(error)
    return sorted(found.values(), key=lambda preset: (preset.program, preset.slug)), broken


def load_preset(name: str) -> Preset:
    """Return a preset by path, by title, or by file name without ``.json``.

    Raises
    ------
    PresetError
        There is none of that name, or its file is broken.
    """
    if name.endswith(".json"):
        return _read(Path(name))
    presets = list_presets()
    for preset in presets:
        if preset.name == name:
            return preset
    for folder in _folders():
        path = folder / f"{name}.json"
        if path.parent == folder and path.is_file():
            return _read(path)
    for preset in presets:
        if preset.name.casefold() == name.casefold():
            return preset
    known = ", ".join(preset.slug for preset in presets)
    raise PresetError(f"preset must be one of {known}; got {name!r}")


def save_preset(
    slug: str, name: str, performance: Performance, *, program: int, description: str = ""
) -> Path:
    """Write a preset into the user's folder and return its path.

    Raises
    ------
    PresetError
        The name is no plain file name, or the folder cannot be written.
    """
    if not slug or slug != Path(slug).name or slug.startswith("."):
        raise PresetError(f"preset name must be a plain file name; got {slug!r}")
    preset = {
        "version": VERSION,
        "name": name,
        "program": program,
        "description": description,
        "performance": performance.to_json(),
    }
    return write_json_file(user_folder() / f"{slug}.json", preset)


def keep_preset(name: str, performance: Performance, *, description: str = "") -> Path:
    """Save a preset of the user's own under a title and return its path.

    One of the same title is replaced. Any other keeps its file, also where the letters that a
    file name may have are the same ("C" and "C#"), and a broken one too. A new preset gets the
    first free program number.

    Raises
    ------
    PresetError
        The title has no letter or digit, or the file cannot be written.
    """
    title = unicodedata.normalize("NFC", name.strip())
    plain = slug_of(title, "preset")
    presets = list_presets()
    for preset in presets:
        if preset.own and preset.name == title:
            return save_preset(
                preset.slug, title, performance, program=preset.program, description=description
            )
    shipped = {preset.slug: preset for preset in presets if not preset.own}
    if plain in shipped and shipped[plain].name == title and not _taken(plain, set()):
        program = shipped[plain].program
        return save_preset(plain, title, performance, program=program, description=description)
    choices = (plain if number == 1 else f"{plain}-{number}" for number in count(1))
    slug = next(slug for slug in choices if not _taken(slug, set(shipped)))
    numbers = {preset.program for preset in presets}
    program = next((number for number in range(128) if number not in numbers), 127)
    return save_preset(slug, title, performance, program=program, description=description)


def _taken(slug: str, others: set[str]) -> bool:
    return slug in others or (user_folder() / f"{slug}.json").exists()


def remove_preset(preset: Preset) -> None:
    """Throw a preset of the user's own away; a shipped one of the same file name comes back.

    Raises
    ------
    PresetError
        It is a shipped one, or its file cannot be removed.
    """
    if not preset.own:
        raise PresetError(f"preset {preset.slug} is shipped with Stimmung and cannot be removed")
    try:
        preset.path.unlink()
    except OSError as error:
        raise PresetError(f"preset {preset.path} cannot be removed: {error.strerror}") from error


def _folders() -> list[Path]:
    import presets

    return [user_folder(), presets.FOLDER]


def read_json_file(path: Path, kind: str, names: set[str]) -> dict[str, Any]:
    """Return the object in a small JSON file of version `VERSION` that holds only these names.

    Raises
    ------
    PresetError
        It cannot be read, or is no such file; the message names it.
    """
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise PresetError(f"{kind} {path} must be below {LARGEST_BYTES} bytes")
        content: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        if isinstance(error, PresetError):
            raise
        raise PresetError(f"{kind} {path} cannot be read: {error}") from error
    if not isinstance(content, dict) or set(content) - names or "version" not in content:
        raise PresetError(f"{kind} {path} must hold only {', '.join(sorted(names))}")
    if content["version"] != VERSION:
        raise PresetError(f"{kind} {path}: version must be {VERSION}; got {content['version']!r}")
    return content


def write_json_file(path: Path, content: dict[str, Any]) -> Path:
    """Write a JSON file, its folder too, and return its path.

    Raises
    ------
    PresetError
        It cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_output(path, (json.dumps(content, indent=2) + "\n").encode())
    except OSError as error:
        raise PresetError(f"cannot write {path}: {error.strerror}") from error
    except InputError as error:
        raise PresetError(str(error)) from error
    return path


def slug_of(title: str, kind: str) -> str:
    """Return the plain file name of a title.

    Raises
    ------
    PresetError
        It has no letter or digit.
    """
    plain = re.sub(r"[^\w-]+", "-", title.lower()).strip("-_")[:_LONGEST_SLUG]
    if not plain:
        raise PresetError(f"{kind} name must have a letter or digit; got {title!r}")
    return plain


def preset_of(path: Path, content: dict[str, Any]) -> Preset:
    """Return the preset that a file holds.

    Raises
    ------
    PresetError
        A value is unknown or out of range; the message names the file.
    """
    performance = content.get("performance", {})
    program = content.get("program", 0)
    if not isinstance(performance, dict):
        raise PresetError(f"preset {path}: performance must be an object; got {performance!r}")
    try:
        check_range("program", program, 0, 127)
        checked = Performance.from_mapping(performance)
    except (InputError, TypeError) as error:
        raise PresetError(f"preset {path}: {error}") from error
    return Preset(
        slug=path.stem,
        name=str(content.get("name", path.stem)),
        program=int(program),
        description=str(content.get("description", "")),
        performance=checked,
        path=path,
    )


def _read(path: Path) -> Preset:
    return preset_of(path, read_json_file(path, "preset", _FIELDS))
