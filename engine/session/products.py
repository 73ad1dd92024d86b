"""Writes a session's ``stimmung.mid``, ``emotion.csv`` and ``log.txt``."""

import csv
from collections import Counter
from pathlib import Path
from typing import Final

from engine.choices import AUTO_KEY
from engine.emotion.columns import EMOTION_COLUMNS
from engine.midi.file import write_midi_file
from engine.session.content import SETTLED, EmotionTrack, Session
from engine.session.timeline import lay_out

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
    """Write notes and controllers as a standard MIDI file that plays as the session did."""
    laid_out = lay_out(session, session_key(session))
    write_midi_file(
        path,
        laid_out.notes,
        laid_out.controls,
        tempo_bpm=laid_out.tempo_bpm,
        key=laid_out.key,
        beats_per_bar=laid_out.beats_per_bar,
        song_map=laid_out.song_map,
    )


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
    for logged in session.log:
        minutes, seconds = divmod(logged.at_s, 60.0)
        text = f"{int(minutes):3d}:{seconds:06.3f}  {logged.entry.kind:<8} {logged.words}"
        lines.append(" ".join(text.splitlines()))
    late = sum(logged.entry.kind == "late" for logged in session.log)
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
