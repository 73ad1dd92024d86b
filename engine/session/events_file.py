"""The session's events file: one JSON object a line, only ever appended to.

The first line is the header (`SessionInfo`), every other line one event with ``event`` (its
kind) and ``at_s`` (seconds since the session's start). Readers skip and count lines that they
cannot read.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, BinaryIO, Final, cast, get_args

from engine.errors import InputError, SessionError
from engine.events import CONTROL_ROLE, ControlEvent, EmotionState, NoteEvent, Role, TargetState
from engine.music.keys import parse_key
from engine.pipeline.step import Frame
from engine.session.content import (
    MAX_NUMBER,
    Logged,
    Session,
    SessionInfo,
    TimedNote,
    read_number,
)
from engine.session.cut import cut_pedals
from engine.session.folder import EVENTS_NAME
from engine.snapshot import LogEntry

__all__ = [
    "encode_control",
    "encode_cut",
    "encode_emotion",
    "encode_frame",
    "encode_header",
    "encode_log",
    "encode_note",
    "read_session",
    "add_line",
]

FORMAT_VERSION: Final = 2
MAX_LINE: Final = 65_536
"""Longest line understood [bytes]; real ones stay below 2 kB."""
_TAGS_KEPT: Final = 5


def encode_header(info: SessionInfo) -> bytes:
    """Return the first line of an events file."""
    return _line({"event": "session", "format": FORMAT_VERSION, **asdict(info)})


def encode_emotion(at_s: float, state: EmotionState, target: TargetState) -> bytes:
    """Return the line of one hop, with the target of that moment."""
    return _line(
        {
            "event": "emotion",
            "at_s": _short(at_s),
            "time_s": float(state.time_s),  # in full, as are those two: they shape the music
            "valence": float(state.valence),
            "arousal": float(state.arousal),
            "valence_std": _short(state.valence_std),
            "arousal_std": _short(state.arousal_std),
            "quadrants": [_short(value) for value in state.quadrants],
            "tags": {name: _short(value) for name, value in state.tags[:_TAGS_KEPT]},
            "key": state.key,
            "chord": state.chord,
            "loudness_db": _short(state.loudness_db),
            "tuning_hz": _short(state.tuning_hz),
            "state": state.state,
            "target_valence": _short(target.valence),
            "target_arousal": _short(target.arousal),
            "mode": target.mode,
            "frozen": target.frozen,
        }
    )


def encode_note(at_s: float, timed: TimedNote) -> bytes:
    """Return the line of one note."""
    times = {"on_s": _short(timed.on_s), "off_s": _short(timed.off_s)}
    return _line({"event": "note", "at_s": _short(at_s), **times, **timed.note.to_json()})


def encode_control(at_s: float, control: ControlEvent) -> bytes:
    """Return the line of one controller change."""
    return _line({"event": "control", "at_s": _short(at_s), **asdict(control)})


def encode_frame(at_s: float, frame: Frame) -> bytes:
    """Return the line of a tempo, metre and key."""
    values = asdict(frame) | {"beat": _short(frame.beat), "tempo_bpm": _short(frame.tempo_bpm)}
    return _line({"event": "frame", "at_s": _short(at_s), **values})


def encode_cut(at_s: float, *, ends: bool) -> bytes:
    """Return the line that withdraws notes from then on; with ``ends``, what sounded ended."""
    return _line({"event": "cut", "at_s": _short(at_s), "ends": ends})


def encode_log(at_s: float, entry: LogEntry) -> bytes:
    """Return the line of a log entry."""
    fields = dict(entry.fields)
    return _line({"event": "log", "at_s": _short(at_s), "kind": entry.kind, "fields": fields})


def _line(event: Mapping[str, Any]) -> bytes:
    text = json.dumps(event, ensure_ascii=False, separators=(",", ":"), default=str)
    return text.encode("utf-8", "backslashreplace") + b"\n"


def _short(value: float) -> float:
    return round(float(value), 5)


def read_session(folder: str | Path) -> Session:
    """Read the events file of a session folder, as far as it can be read.

    Raises
    ------
    SessionError
        There is no events file, or its header is missing, unreadable or of a newer version.
    """
    path = Path(folder) / EVENTS_NAME
    try:
        with path.open("rb") as stream:
            lines = _lines(stream)
            session = Session(_decode_header(path, next(lines, b"")))
            for line in lines:
                add_line(session, line)
    except FileNotFoundError:
        raise SessionError(f"no session in {folder}: it has no {EVENTS_NAME}") from None
    except OSError as error:
        raise SessionError(f"cannot read {path}: {error.strerror}") from error
    return session


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the lines; of an overlong one, pieces that will not decode."""
    while line := stream.readline(MAX_LINE):
        if line.strip():
            yield line


def _decode_header(path: Path, line: bytes) -> SessionInfo:
    try:
        header = json.loads(line)
        version = header.pop("format")
        if header.pop("event") != "session" or version > FORMAT_VERSION:
            raise SessionError(f"{path} has format {version}; up to {FORMAT_VERSION} is understood")
        return SessionInfo(**header)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, InputError) as error:
        raise SessionError(f"{path} does not begin with the header of a session") from error


def add_line(session: Session, line: bytes) -> None:
    """Add one line of an events file to a session; what cannot be read is counted."""
    try:
        event = json.loads(line)
        _ADDING[event["event"]](session, event)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        session.damaged_lines += 1


def _add_note(session: Session, event: dict[str, Any]) -> None:
    note = NoteEvent(
        note_id=_integer(event["note_id"], 0, 2**63),
        onset=read_number(event["onset"]),
        duration=read_number(event["duration"]),
        pitch=_integer(event["pitch"], 0, 127),
        velocity=_integer(event["velocity"], 1, 127),
        channel=_integer(event["channel"], 0, 15),
        role=_role(event["role"]),
    )
    session.notes.append(TimedNote(note, read_number(event["on_s"]), read_number(event["off_s"])))


def _add_control(session: Session, event: dict[str, Any]) -> None:
    control = ControlEvent(
        beat=read_number(event["beat"]),
        control=_integer(event["control"], 0, 127),
        value=_integer(event["value"], 0, 127),
        channel=_integer(event["channel"], 0, 15),
        role=CONTROL_ROLE if event["role"] == CONTROL_ROLE else _role(event["role"]),
    )
    session.controls.append((read_number(event["at_s"]), control))


def _add_frame(session: Session, event: dict[str, Any]) -> None:
    frame = Frame(
        beat=read_number(event["beat"]),
        tempo_bpm=read_number(event["tempo_bpm"]),
        beats_per_bar=_integer(event["beats_per_bar"], 1, 32),
        key=str(parse_key(event["key"])),
        since=_integer(event["since"], 0, int(MAX_NUMBER)),
    )
    if frame.tempo_bpm <= 0.0:
        raise ValueError(f"no tempo: {frame.tempo_bpm}")
    session.frames.append((read_number(event["at_s"]), frame))


def _add_cut(session: Session, event: dict[str, Any]) -> None:
    at_s, ends = read_number(event["at_s"]), bool(event["ends"])
    kept = [timed for timed in session.notes if timed.on_s < at_s]
    session.notes[:] = [_cut(timed, at_s) for timed in kept] if ends else kept
    beats_per_s = session.info.tempo_bpm / 60.0
    if kept:  # it may have changed since the start
        beats_per_s = kept[-1].note.duration / max(kept[-1].off_s - kept[-1].on_s, 1e-3)
    session.controls[:] = cut_pedals(session.controls, at_s, beats_per_s)


def _cut(timed: TimedNote, at_s: float) -> TimedNote:
    if timed.off_s <= at_s:
        return timed
    share = (at_s - timed.on_s) / (timed.off_s - timed.on_s)
    note = replace(timed.note, duration=timed.note.duration * share)
    return TimedNote(note, timed.on_s, at_s)


def _add_log(session: Session, event: dict[str, Any]) -> None:
    entry = LogEntry(str(event["kind"]), dict(event["fields"]))
    at_s = read_number(event["at_s"])
    session.log.append(Logged(at_s, entry, str(event.get("message", ""))))


def _add_end(session: Session, _event: dict[str, Any]) -> None:
    session.complete = True


def _ignore(_session: Session, _event: dict[str, Any]) -> None:
    """Ignore an event that only `engine.session.rerun` needs."""


_ADDING: Final = {
    "emotion": lambda session, event: session.emotion.append(event),
    "note": _add_note,
    "control": _add_control,
    "cut": _add_cut,
    "frame": _add_frame,
    "log": _add_log,
    "end": _add_end,
    "turns": _ignore,
    "order": _ignore,
}


def _role(value: object) -> Role:
    for role in get_args(Role):
        if value == role:
            return cast(Role, role)
    raise ValueError(f"not a role: {value!r}")


def _integer(value: object, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ValueError(f"not a whole number from {low} to {high}: {value!r}")
    return value
