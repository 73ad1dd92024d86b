"""``python -m export_onnx train transfer``: fit the levels that belong to an emotion.

Ordinary least squares of each statistic of `engine.transfer.levels.Levels` on valence, arousal and
their product, over the training parts of EMOPIA (quadrants as +-EMOPIA_LEVEL) and VGMIDI (means of
the rated curves). VGMIDI's velocities and lengths are typed rather than played, so every set has a
constant of its own; the published base is EMOPIA's. No seed: the fit has one solution.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from engine.transfer.levels import Levels, measure
from engine.transfer.notes import Sounded
from export_onnx.datasets import Item, read_items
from export_onnx.judges.notes import from_messages
from export_onnx.training.options import data_option, option

__all__ = ["LevelOptions", "fit_levels", "sounded", "train"]

_SETS = ("emopia", "vgmidi")
_TERMS = ("base", "valence", "arousal", "both")


def sounded(item: Item) -> list[Sounded]:
    """Return the pitched notes of a piece in seconds; a note struck again ends there."""
    notes = from_messages(item.messages())
    rows = zip(notes.start_s, notes.end_s - notes.start_s, notes.pitch, notes.velocity, strict=True)
    return [
        Sounded(number, float(start_s), float(length_s), int(pitch), int(velocity))
        for number, (start_s, length_s, pitch, velocity) in enumerate(rows, 1)
    ]


def fit_levels(items: list[Item]) -> dict[str, dict[str, float]]:
    """Return the plane of every level, by its name."""
    design, rows = [], []
    for item in items:
        notes = sounded(item)
        if not notes or item.valence is None or item.arousal is None:
            continue
        second = float(item.dataset == _SETS[1])
        valence, arousal = item.valence, item.arousal
        design.append((1.0, valence, arousal, valence * arousal, second))
        rows.append(asdict(measure(notes)))
    planes = {}
    for name in Levels.__dataclass_fields__:
        values = np.array([row[name] for row in rows])
        found = np.linalg.lstsq(np.array(design), values, rcond=None)[0]
        planes[name] = {
            term: round(float(value), 4) for term, value in zip(_TERMS, found[:4], strict=True)
        }
    return planes


@dataclass(frozen=True)
class LevelOptions:
    """EMOPIA and VGMIDI in, the table of the engine out."""

    data: Path = data_option()
    out: Path = option(Path("engine/transfer/levels.json"), flag="-o --output")


def train(options: LevelOptions) -> Path:
    """Fit and write; returns the file."""
    items = read_items(options.data, ("train",), _SETS)
    fitted = {
        "data": "training parts of EMOPIA (CC BY-NC-SA 4.0) and VGMIDI",
        "pieces": len(items),
        "planes": fit_levels(items),
    }
    options.out.write_text(json.dumps(fitted, indent=2) + "\n", encoding="utf-8")
    return options.out
