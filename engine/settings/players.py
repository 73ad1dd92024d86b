"""What is learned of a player and kept: their pauses within a phrase, one small file each."""

from pathlib import Path

from engine.errors import PresetError
from engine.settings.presets import VERSION, read_json_file, slug_of, user_folder, write_json_file

__all__ = ["load_pauses", "save_pauses"]

_LONGEST_S = 60.0


def load_pauses(player: str) -> tuple[float, ...]:
    """Return the longest pause of each phrase that was kept [s]; none for nobody, or a broken file.

    Raises
    ------
    PresetError
        The name has no letter or digit.
    """
    if not player:
        return ()
    path = _path(player)
    try:
        found = read_json_file(path, "player", {"version", "pauses_s"}).get("pauses_s", [])
        return tuple(float(pause) for pause in found if 0.0 < float(pause) <= _LONGEST_S)
    except (PresetError, TypeError, ValueError):
        return ()  # learned anew


def save_pauses(player: str, pauses_s: tuple[float, ...]) -> None:
    """Keep what was learned; nothing for nobody, or where nothing was."""
    if player and pauses_s:
        rounded = [round(pause, 3) for pause in pauses_s]
        write_json_file(_path(player), {"version": VERSION, "pauses_s": rounded})


def _path(player: str) -> Path:
    return user_folder().parent / "players" / f"{slug_of(player.strip(), 'player')}.json"
