"""Learns a player's style from MIDI files, and reads what was learned."""

import zipfile
from collections.abc import Callable, Iterable
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Final

import numpy as np

from engine.errors import InputError
from engine.files import write_output
from engine.generators.muser.features import beat_features
from engine.generators.muser.model import MuserModel
from engine.generators.muser.pieces import Piece, piece_of
from engine.generators.muser.player import MOST_BEATS, PlayerStyle, joined
from engine.generators.shared.styles import find_style, style_path
from engine.midi.file import read_midi_file, score_of_contents

__all__ = ["MIDI_SUFFIXES", "learn_style", "load_style", "style_of_pieces"]

MIDI_SUFFIXES: Final = (".mid", ".midi", ".kar", ".rmi")
_FEWEST_BEATS: Final = 64
_ARRAYS: Final = ("codes", "positions", "first", "notes", "starts")


def learn_style(
    folder: Path, name: str, model: MuserModel, report: Callable[[str], None]
) -> tuple[int, int]:
    """Learn a style from all MIDI files in a folder and below, and keep it under a name.

    Parameters
    ----------
    report : callable
        Given a line for each file that cannot be used; the others are.

    Returns
    -------
    pieces, beats : int
        What was learned from.

    Raises
    ------
    InputError
        The name is unusable, or the folder has fewer than 64 beats of music in it.
    """
    style_path(name)  # refuses a name that cannot be kept
    if not folder.is_dir():
        raise InputError(f"style learn needs a folder of MIDI files; got {folder}")
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in MIDI_SUFFIXES)
    pieces, beats = [], 0
    for path in paths:
        try:
            piece = piece_of(score_of_contents(read_midi_file(path)))
        except InputError as error:
            report(str(error))
            continue
        if beats + len(piece.beats) > MOST_BEATS:
            report(f"{path} and what follows are left out: {MOST_BEATS} beats are enough")
            break
        pieces.append(piece)
        beats += len(piece.beats)
    if beats < _FEWEST_BEATS:
        raise InputError(
            f"{folder}: a style needs at least {_FEWEST_BEATS} beats of music in MIDI files; "
            f"found {beats} in {len(paths)} files"
        )
    style = style_of_pieces(pieces, model)
    buffer = BytesIO()
    arrays = {array: getattr(style, array) for array in _ARRAYS}
    np.savez_compressed(buffer, training=np.array(_training(model)), **arrays)
    path = style_path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_output(path, buffer.getvalue())
    return len(pieces), beats


def style_of_pieces(pieces: Iterable[Piece], model: MuserModel) -> PlayerStyle:
    """Return the style of some pieces, at least one of them with beats."""
    return joined([_style_of(piece, model) for piece in pieces if piece.beats])


def _style_of(piece: Piece, model: MuserModel) -> PlayerStyle:
    codes, _ = model.encode_features(np.stack([beat_features(beat) for beat in piece.beats]))
    rows = [
        (note.onset, note.pitch, note.duration, note.velocity)
        for beat in piece.beats
        for note in beat.notes
    ]
    headers = [beat.header for beat in piece.beats]
    return PlayerStyle(
        codes.astype(np.int16),
        np.array([(head.position, head.beats_per_bar) for head in headers], np.int16),
        np.arange(len(piece.beats)) == 0,
        np.array(rows, np.int16).reshape(-1, 4),
        np.cumsum([0, *(len(beat.notes) for beat in piece.beats)]).astype(np.int64),
    )


def load_style(name: str, model: MuserModel) -> PlayerStyle:
    """Return a learned style; one that was read before is kept in memory.

    Raises
    ------
    InputError
        There is none of that name, its file is damaged, or it was learned for another model.
    """
    path = find_style(name)
    return _read(path, path.stat().st_mtime_ns, model)


@lru_cache(4)
def _read(path: Path, _written_ns: int, model: MuserModel) -> PlayerStyle:
    try:
        with np.load(BytesIO(path.read_bytes()), allow_pickle=False) as kept:
            training = str(kept["training"])
            style = PlayerStyle(*(kept[array] for array in _ARRAYS))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"style {path.stem!r}: {path} is damaged; learn it anew") from error
    if training != _training(model):
        raise InputError(
            f"style {path.stem!r} was learned for another version of MusER; learn it anew"
        )
    return style


def _training(model: MuserModel) -> str:
    return model.metadata.get("training", "")
