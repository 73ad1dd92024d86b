"""Writes the last bars that were played as a MIDI file."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from engine.errors import InputError, SessionError
from engine.events import NoteEvent

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
        Written into the file.

    Raises
    ------
    InputError
        Nothing was played in these bars, or ``bars`` is out of range.
    SessionError
        The file cannot be written.
    """
    from engine.midi.file import write_midi_file

    if not 1 <= bars <= 64:
        raise InputError(f"bars must be from 1 to 64; got {bars!r}")
    end = (int(until_beat) // beats_per_bar + 1) * beats_per_bar
    start = max(0, end - bars * beats_per_bar)
    kept = [replace(note, onset=note.onset - start) for note in notes if start <= note.onset < end]
    if not kept:
        raise InputError(f"nothing was played in the last {bars} bars")
    moment = datetime.now().strftime("%Y-%m-%d %H-%M-%S")
    path = folder / f"Stimmung {moment} bar {start // beats_per_bar + 1}.mid"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_midi_file(path, kept, (), tempo_bpm=tempo_bpm, key=key, beats_per_bar=beats_per_bar)
    except OSError as error:
        raise SessionError(f"capture {path} cannot be written: {error.strerror}") from error
    return path
