"""The final products that are text or MIDI: ``stimmung.mid``, ``emotion.csv``, ``log.txt``."""

import csv
import math
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Final

from engine.choices import AUTO_KEY
from engine.emotion.columns import EMOTION_COLUMNS
from engine.events import ControlEvent, NoteEvent
from engine.session.events_file import SETTLED, EmotionTrack, Session

__all__ = ["CSV_COLUMNS", "session_key", "write_emotion_csv", "write_log", "write_midi"]

CSV_COLUMNS: Final = (*EMOTION_COLUMNS, "target_valence", "target_arousal", "mode")
"""Columns of ``emotion.csv``: those of ``stimmung track``, then the target of that moment in
[-1, 1] and the mode it came from."""

_FALLBACK_KEY: Final = "C:maj"


def session_key(session: Session) -> str:
    """Return the key of the session: as set, or the one tracked longest."""
    if session.info.key != AUTO_KEY:
        return session.info.key
    heard = Counter(
        key
        for key, state in zip(session.emotion.keys, session.emotion.states, strict=True)
        if key and state in SETTLED
    )
    return heard.most_common(1)[0][0] if heard else _FALLBACK_KEY


def write_midi(session: Session, path: Path) -> None:
    """Write notes and controllers as a standard MIDI file."""
    from engine.midi.file import write_midi_file

    notes, controls = _unrolled(session)
    write_midi_file(
        path,
        notes,
        controls,
        tempo_bpm=session.info.tempo_bpm,
        key=session_key(session),
        beats_per_bar=session.info.beats_per_bar,
    )


def _unrolled(session: Session) -> tuple[list[NoteEvent], list[ControlEvent]]:
    """Return the music on one line of beats: what was relocated backwards follows on.

    A DAW that loops sends the position back again and again; in the file each pass starts at
    the bar after the one before, at the same place within the bar.
    """
    bar = session.info.beats_per_bar
    timed: list[tuple[float, NoteEvent | ControlEvent]] = [
        *((item.on_s, item.note) for item in session.notes),
        *session.controls,
    ]
    timed.sort(key=lambda item: item[0])
    notes: list[NoteEvent] = []
    controls: list[ControlEvent] = []
    shift, reached = 0.0, 0.0
    for _, event in timed:
        beat = event.onset if isinstance(event, NoteEvent) else event.beat
        if beat + shift < reached - bar:
            shift += bar * math.ceil((reached - beat - shift) / bar)
        reached = max(reached, beat + shift)
        if isinstance(event, NoteEvent):
            notes.append(replace(event, onset=event.onset + shift))
        else:
            controls.append(replace(event, beat=event.beat + shift))
    return notes, controls


def write_emotion_csv(session: Session, path: Path) -> None:
    """Write what was heard and aimed at, one row per hop, columns `CSV_COLUMNS`."""
    track = session.emotion
    words = {
        "key": track.keys,
        "chord": track.chords,
        "state": track.states,
        "mode": track.modes,
    }
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(CSV_COLUMNS)
        for row in range(len(track)):
            writer.writerow(
                f"{track.columns[name][row]:.4f}" if name in track.columns else words[name][row]
                for name in CSV_COLUMNS
            )


def write_log(session: Session, path: Path) -> None:
    """Write what was set, what went wrong and a summary, for people."""
    info = session.info
    lines = [
        f"Stimmung {info.version}".rstrip() + f", session of {info.started}",
        f"input: {info.input}",
        f"MIDI out: {info.midi_out}",
        f"tempo: {info.tempo_bpm:g} bpm, {info.beats_per_bar} beats a bar, key {info.key}, "
        f"seed {info.seed}",
        *(f"{name}: {value}" for name, value in sorted(info.settings.items())),
        "",
    ]
    for entry in session.log:
        details = ", ".join(f"{name} {value}" for name, value in entry.fields.items())
        minutes, seconds = divmod(entry.at_s, 60.0)
        text = f"{int(minutes):3d}:{seconds:06.3f}  {entry.kind:<8} {entry.message}"
        lines.append(" ".join((f"{text} ({details})" if details else text).splitlines()))
    late = sum(entry.kind == "late" for entry in session.log)
    lines += [
        "",
        f"{_clock(session.duration_s)} long: {_heard(session.emotion)}, {len(session.notes)} "
        f"notes played, {late or 'none'} reported late.",
    ]
    if not session.complete:
        lines.append("The session was not closed: rebuilt from what had been written.")
    if session.damaged_lines:
        lines.append(f"{session.damaged_lines} damaged lines of the events file were left out.")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _clock(seconds: float) -> str:
    return f"{int(seconds // 60)}:{seconds % 60:04.1f}"


def _heard(track: EmotionTrack) -> str:
    tracked = track.states.count("tracking")
    return f"{len(track)} hops heard, {tracked} of them with a clear emotion"
