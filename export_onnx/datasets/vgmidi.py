"""VGMIDI: piano arrangements of game music, rated continuously by about 30 listeners.

As distributed, the repository with its folder ``labelled``: see `vgmidi_raw`. Our own layout, with
the raters already averaged: ``manifest.csv`` with ``path, split, franchise, valence_mean,
arousal_mean, duration_s`` (and, where known, the deviations among the raters and the key),
``annotations.json`` with the medians per time slot, and ``midi.zip`` or ``midi/``. Everything is
on -1..1 and stays as it is. A slot keeps the last value given in it, so a value belongs to the end
of its slot.

References
----------
Ferreira, Whitehead: Learning to generate music with sentiment. ISMIR 2019.
https://github.com/lucasnfe/vgmidi
"""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from engine.errors import InputError
from export_onnx.datasets.item import Item
from export_onnx.datasets.labels import Span, key_index
from export_onnx.datasets.tables import MANIFEST, number, read_manifest
from export_onnx.datasets.vgmidi_raw import RAW_FILES, RAW_MIDI, read_raw

__all__ = ["lacks_vgmidi", "read_vgmidi"]

_DEVIATIONS = ("valence_sd_annotators", "arousal_sd_annotators")


def lacks_vgmidi(folder: Path) -> str:
    """Return what of VGMIDI is missing in `folder`."""
    if (folder / MANIFEST).is_file():
        return ""
    missing = [name for name in (RAW_MIDI, *RAW_FILES) if not (folder / name).exists()]
    return f"{', '.join(missing)} (or {MANIFEST})" if missing else ""


def read_vgmidi(folder: Path) -> Iterator[Item]:
    """Read the pieces; the split is by franchise."""
    manifest = folder / MANIFEST
    if not manifest.is_file():
        yield from read_raw(folder)
        return
    try:
        notes = json.loads((folder / "annotations.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{folder / 'annotations.json'}: cannot be read ({error})") from error
    for row in read_manifest(folder):
        note = notes.get(row["path"])
        curve = None
        if note is not None and not int(note["time_uncertain"]):
            time_s = np.asarray(note["t_start"]) + float(note["step_s"])
            curve = np.stack([time_s, note["valence_median"], note["arousal_median"]], 1)
        spread = None
        if all(row.get(column) for column in _DEVIATIONS):
            spread = (number(row, _DEVIATIONS[0], manifest), number(row, _DEVIATIONS[1], manifest))
        key = key_index(row.get("key_est", ""))
        yield Item(
            dataset="vgmidi",
            name=Path(row["path"]).stem,
            split=row["split"],
            group=row["franchise"],
            folder=folder,
            path=row["path"],
            archive="midi.zip",
            valence=number(row, "valence_mean", manifest),
            arousal=number(row, "arousal_mean", manifest),
            spread=spread,
            curve=curve,
            keys=(Span(0.0, number(row, "duration_s", manifest), key),) if key >= 0 else (),
        )
