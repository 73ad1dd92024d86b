"""``python -m gui.state.session_reader FOLDER``: a session as the window shows it, one JSON line.

A process of its own: an evening's events take seconds to read, and the window paints meanwhile.
Prints ``{"problem": …}`` where there is no session to be read.
"""

import json
import sys
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

import numpy as np

from engine.errors import StimmungError
from engine.session.content import EmotionTrack, Session, SessionInfo
from engine.session.events_file import read_session
from engine.session.markers import turning_points
from engine.settings.performance import Performance
from gui.state.history import COLUMNS

__all__ = ["SessionLook", "main", "recorded_sessions", "take_session"]

_MOST_POINTS: Final = 2000
"""More points cannot be seen on any screen."""


@dataclass(frozen=True, slots=True)
class SessionLook:
    """A session as it is shown.

    Attributes
    ----------
    folder, started, input : str
        Where it is, when it began, what was heard.
    seconds : float
        How long it is [s].
    complete : bool
        Whether it was closed; False after a crash.
    damaged_lines : int
        Lines that could not be read.
    seed : int
        Seed of the generator.
    performance : dict
        Settings it began with.
    curves : dict of str to list of float
        `gui.state.history.COLUMNS`, at most two thousand points; None where nothing was heard.
    notes : list
        ``[on_s, off_s, pitch, role]`` each.
    turns : list
        Where the music turned: ``[time_s, kind]`` each.
    midi, project : str
        Its MIDI file and its DAWproject, or empty.
    """

    folder: str
    started: str
    input: str
    seconds: float
    complete: bool
    damaged_lines: int
    seed: int
    performance: dict[str, Any]
    curves: dict[str, list[float | None]]
    notes: list[list[Any]]
    turns: list[list[Any]]
    midi: str
    project: str


def take_session(folder: Path) -> SessionLook:
    """Read a session folder.

    Raises
    ------
    SessionError
        It is none, or cannot be read.
    """
    session = read_session(folder)
    midi, project = folder / "stimmung.mid", folder / "stimmung.dawproject"
    return SessionLook(
        folder=str(folder),
        started=session.info.started,
        input=session.info.input,
        seconds=session.duration_s,
        complete=session.complete,
        damaged_lines=session.damaged_lines,
        seed=session.info.seed,
        performance=_settings(session.info),
        curves=_curves(session.emotion),
        notes=_notes(session),
        turns=_turns(session.emotion),
        midi=str(midi) if midi.is_file() else "",
        project=str(project) if project.is_file() else "",
    )


def recorded_sessions(folder: Path) -> list[Path]:
    """Return the session folders in a folder, the latest first."""
    if not folder.is_dir():
        return []
    found = [path.parent for path in folder.glob("*/events.jsonl")]
    return sorted(found, key=lambda path: path.name, reverse=True)


def _settings(info: SessionInfo) -> dict[str, Any]:
    """Return the settings of a session; older headers hold other values beside them."""
    given = info.run.get("performance") if info.run else None
    if given is not None:
        return dict(given)
    known = {item.name for item in fields(Performance)}
    settings = {name: value for name, value in info.settings.items() if name in known}
    own = {"tempo_bpm": info.tempo_bpm, "beats_per_bar": info.beats_per_bar, "key": info.key}
    return {**settings, **own}


def _curves(track: EmotionTrack) -> dict[str, list[float | None]]:
    step = max(1, -(-len(track) // _MOST_POINTS))
    silent = np.array([state == "silence" for state in track.states[::step]], dtype=bool)
    curves: dict[str, list[float | None]] = {}
    for name in COLUMNS:
        column = track.heard_s if name == "time_s" else track.columns[name]
        values = np.round(np.array(column[::step]), 3)
        heard = name not in ("time_s", "target_valence", "target_arousal")
        curves[name] = [
            None if heard and quiet else float(value)
            for value, quiet in zip(values, silent, strict=True)
        ]
    return curves


def _notes(session: Session) -> list[list[Any]]:
    return [
        [round(timed.on_s, 3), round(timed.off_s, 3), timed.note.pitch, timed.note.role]
        for timed in session.notes
    ]


def _turns(track: EmotionTrack) -> list[list[Any]]:
    times = track.heard_s
    return [[round(times[row], 2), kind] for row, kind in turning_points(track)]


def main() -> int:
    """Print the session; return the exit code."""
    try:
        found = asdict(take_session(Path(sys.argv[1])))
    except StimmungError as error:
        found = {"problem": str(error)}
    sys.stdout.write(json.dumps(found) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
