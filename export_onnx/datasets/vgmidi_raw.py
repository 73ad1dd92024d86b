"""VGMIDI as its authors distribute it: every rater's own curves, to be cleaned and averaged.

``labelled/annotations/vgmidi_raw_1.json`` and ``_2.json`` hold ``pieces`` (midi, duration [s],
measures) and ``annotations``, one per piece and rater: valence and arousal, -1..1, in as many slots
as the piece has "measures". These are not bars: the annotation tool
(https://github.com/lucasnfe/adl-music-annotation) cuts the sounding time into equal slots, and a
slot keeps the last value written in it. Slots never written stay at (0, 0).

Cleaning: a rater counts who moved at all, has the right number of slots and wrote at least half of
them; a slot needs five raters, or the slot before is carried on. The curve is the median over the
raters. In the first file durations are cut to whole seconds: the end of the MIDI file is taken
where it comes within the second that is missing. Where MIDI and sound differ by more than a second,
slots cannot be placed and only the means are kept.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import InputError
from engine.midi.file import contents_of, read_midi_bytes
from engine.midi.smf import parse_midi
from export_onnx.datasets.item import Item
from export_onnx.datasets.split import listed_split

__all__ = ["RAW_FILES", "RAW_MIDI", "read_raw"]

RAW_MIDI = "labelled/midi"
RAW_FILES = (
    "labelled/annotations/vgmidi_raw_1.json",
    "labelled/annotations/vgmidi_raw_2.json",
)

_FEWEST_RATERS = 5
_AXES = ("valence", "arousal")


def _load(path: Path) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """Pieces by id, and the annotations of each."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        pieces: dict[str, Any] = stored["pieces"]
        by_piece: dict[str, list[Any]] = {}
        for name, annotation in stored["annotations"].items():
            by_piece.setdefault(name.rsplit("_", 1)[0], []).append(annotation)
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{path}: cannot be read ({error!r})") from error
    return pieces, by_piece


def _clean(annotations: list[Any], n_slots: int) -> np.ndarray:
    """Curves of the raters that count, (n_raters, n_slots, 2), NaN where nothing was written."""
    kept = []
    for annotation in annotations:
        sides = [np.asarray(annotation[axis], float) for axis in _AXES]
        if any(len(side) != n_slots for side in sides):
            continue
        curve = np.stack(sides, 1)
        written = np.any(curve != 0.0, 1)
        if np.ptp(curve, 0).any() and 2 * written.sum() >= n_slots:
            kept.append(np.where(written[:, None], curve, np.nan))
    return np.array(kept).reshape(-1, n_slots, 2)


def _median(raters: np.ndarray) -> np.ndarray:
    """Median per slot, (n_slots, 2)."""
    course = np.zeros(raters.shape[1:])
    for slot in range(raters.shape[1]):
        written = raters[~np.isnan(raters[:, slot, 0]), slot]
        if len(written) >= _FEWEST_RATERS:
            course[slot] = np.median(written, 0)
        elif slot:
            course[slot] = course[slot - 1]
    return course


def _length_s(path: Path) -> float:
    midi = parse_midi(read_midi_bytes(path), str(path))
    return contents_of(midi).song_map.time.seconds(max(midi.ends) / midi.ticks_per_beat)


def _sounding_s(stated_s: float, end_s: float) -> float:
    cut = stated_s == int(stated_s) and 0 <= end_s - stated_s < 1
    return end_s if cut else stated_s


def read_raw(folder: Path) -> Iterator[Item]:
    """Read the pieces with ratings; split by franchise.

    Files are named ``<series>_<console>_<game>_<title>.mid``, the series may be "Other".
    """
    for file in RAW_FILES:
        pieces, annotations = _load(folder / file)
        for key, piece in pieces.items():
            path = folder / RAW_MIDI / piece["midi"]
            raters = _clean(annotations.get(key, []), int(piece["measures"]))
            if len(raters) < _FEWEST_RATERS or not path.is_file():
                continue
            course = _median(raters)
            end_s = _length_s(path)
            sounding_s = _sounding_s(float(piece["duration"]), end_s)
            time_s = (np.arange(len(course)) + 1) * sounding_s / len(course)
            valence, arousal = course.mean(0).tolist()
            spread = np.nanmean(raters, 1).std(0).tolist()
            parts = path.stem.split("_")
            if len(parts) < 4:
                raise InputError(f"{path}: not named <series>_<console>_<game>_<title>.mid")
            franchise = parts[2] if parts[0] == "Other" else parts[0]
            yield Item(
                dataset="vgmidi",
                name=path.stem,
                split=listed_split("vgmidi", franchise),
                group=franchise,
                folder=path.parent,
                path=path.name,
                valence=valence,
                arousal=arousal,
                spread=(spread[0], spread[1]),
                curve=(np.column_stack([time_s, course]) if abs(end_s - sounding_s) <= 1 else None),
            )
