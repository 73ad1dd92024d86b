"""Writes the last bars that were played as a MIDI file."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import count
from pathlib import Path

from engine.errors import InputError, SessionError
from engine.events import NoteEvent
from engine.midi.file import write_midi_file
from engine.music.song_map import SongMap
from engine.pipeline.step import Frame

__all__ = ["capture_bars", "capture_folder"]


def capture_folder() -> Path:
    """Return the folder for captures, in the user's music folder."""
    import platformdirs

    return platformdirs.user_music_path() / "Stimmung"


def capture_bars(
    notes: Sequence[NoteEvent],
    until_beat: float,
    bars: int,
    folder: Path,
    *,
    tempo_bpm: float,
    key: str,
    beats_per_bar: int,
    frames: Sequence[Frame] = (),
) -> Path:
    """Write the whole bars that ended last and return the file.

    Parameters
    ----------
    notes : sequence of NoteEvent
        What was played, at least so far back.
    until_beat : float
        Where the music is now [beats]; the bar under way is included.
    bars : int
        How many bars, 1..64.
    folder : Path
        Made if it is not there.
    tempo_bpm, key, beats_per_bar
        Those of now.
    frames : sequence of Frame
        Where the tempo changed, by time.

    Raises
    ------
    InputError
        Nothing was played in these bars, ``bars`` is out of range, or the file cannot be written.
    SessionError
        The folder cannot be made.
    """
    if not 1 <= bars <= 64:
        raise InputError(f"bars must be from 1 to 64; got {bars!r}")
    end = (int(until_beat) // beats_per_bar + 1) * beats_per_bar
    start = max(0, end - bars * beats_per_bar)
    kept = [replace(note, onset=note.onset - start) for note in notes if start <= note.onset < end]
    if not kept:
        raise InputError(f"nothing was played in the last {bars} bars")
    moment = datetime.now().strftime("%Y-%m-%d %H-%M-%S")
    name = f"Stimmung {moment} bar {start // beats_per_bar + 1}"
    names = (name if number == 1 else f"{name} ({number})" for number in count(1))
    path = next(path for name in names if not (path := folder / f"{name}.mid").exists())
    tempos = {frame.beat - start: frame.tempo_bpm for frame in frames if frame.beat < end}
    before = [tempo for beat, tempo in tempos.items() if beat <= 0.0]
    later = sorted((beat, tempo) for beat, tempo in tempos.items() if beat > 0.0)
    first = before[-1] if before else later[0][1] if later else tempo_bpm
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SessionError(f"cannot make the folder {folder}: {error.strerror}") from error
    write_midi_file(
        path,
        kept,
        (),
        tempo_bpm=first,
        key=key,
        beats_per_bar=beats_per_bar,
        song_map=SongMap(tuple(later)),
    )
    return path
