"""How differently players play one emotion: the table `performers.json` of the engine.

Every clip of EMOPIA's training part is described by a few numbers of level (loudness, density,
length, register) and of touch (what is louder, how chords spread, how loudness wanders). Each is a
plane over valence and arousal; what is left differs from player to player. Of its covariance, what
would be heard as another emotion is taken out: the part along the linear rating of the levels.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from export_onnx.datasets import read_items
from export_onnx.judges.notes import Notes, from_messages
from export_onnx.training.options import data_option, option

__all__ = ["TRAITS", "PerformersOptions", "describe", "fit", "write_performers"]

TRAITS = (
    "velocity",
    "log_onsets",
    "log_notes",
    "log_length",
    "pitch",
    "length_spread",
    "lead_s",
    "log_apart",
    "high",
    "long",
    "accent",
    "drift",
)
"""Levels: mean velocity, log of onsets and notes per second, mean log length [s], mean pitch,
deviation of log length. Touch: how much earlier the top note of a chord comes than the others [s],
log of the deviation of the notes of a chord [s]; velocity per octave and per e-fold of length;
deviation of the loudness of onsets beside that, and of its means over 2.4 s."""
_LEVELS = 6
_QUADRANT = 0.6
_RIDGE = 10.0
_WINDOW_S = 2.4
_FEWEST = 40
_NEAREST_S = 0.0005


def describe(notes: Notes) -> np.ndarray:
    """Return the traits of a clip of many notes, float64, shape (len(TRAITS),)."""
    groups = notes.onset_groups()
    parts = np.split(np.arange(len(notes)), np.flatnonzero(np.diff(groups)) + 1)
    velocity, pitch = notes.velocity.astype(float), notes.pitch.astype(float)
    length = np.log(np.maximum(notes.end_s - notes.start_s, 0.03))
    chords = [at[np.argsort(pitch[at])] for at in parts if len(at) > 1]
    leads = [notes.start_s[at[:-1]].mean() - notes.start_s[at[-1]] for at in chords]
    apart = [notes.start_s[at] - notes.start_s[at].mean() for at in chords]
    design = np.column_stack(
        [np.ones(len(notes)), (pitch - pitch.mean()) / 12.0, length - length.mean()]
    )
    weights, *_ = np.linalg.lstsq(design, velocity, rcond=None)
    left = velocity - design @ weights
    loud = np.array([left[at].mean() for at in parts])
    window = ((notes.start_s - notes.start_s[0]) / _WINDOW_S).astype(int)
    slow = np.array([left[window == one].mean() for one in np.unique(window)])
    return np.array(
        [
            velocity.mean(),
            np.log(len(parts) / notes.seconds),
            np.log(len(notes) / notes.seconds),
            length.mean(),
            pitch.mean(),
            length.std(),
            np.mean(leads) if leads else 0.0,
            np.log(max(np.concatenate(apart).std() if apart else 0.0, _NEAREST_S)),
            weights[1],
            weights[2],
            loud.std(),
            slow.std(),
        ]
    )


def fit(clips: Sequence[Notes], quadrants: np.ndarray) -> dict[str, list[list[float]]]:
    """Return the table: ``planes`` (traits, 4) and ``factors`` (traits, dimensions).

    Parameters
    ----------
    quadrants : int array, shape (n,)
        0..3.
    """
    traits = np.array([describe(clip) for clip in clips])
    signs = np.array([(1, 1), (-1, 1), (-1, -1), (1, -1)])[quadrants]
    at = _QUADRANT * signs
    design = np.column_stack([np.ones(len(at)), at, at.prod(1)])
    planes, *_ = np.linalg.lstsq(design, traits, rcond=None)
    left = traits - design @ planes
    low, high = np.percentile(left, [2, 98], axis=0)
    left = np.clip(left, low, high)
    scale = left.std(0)
    covariance = np.cov(left / scale, rowvar=False)
    levels = (traits[:, :_LEVELS] - traits[:, :_LEVELS].mean(0)) / scale[:_LEVELS]
    gram = levels.T @ levels + _RIDGE * np.eye(_LEVELS)
    rating = np.zeros((len(TRAITS), 2))
    rating[:_LEVELS] = np.linalg.solve(gram, levels.T @ (signs - signs.mean(0)))
    heard = covariance @ rating
    covariance -= heard @ np.linalg.solve(rating.T @ heard, heard.T)
    values, vectors = np.linalg.eigh(covariance)
    kept = np.argsort(-values)[: int((values > 0.05).sum())]
    factors = scale[:, None] * vectors[:, kept] * np.sqrt(values[kept])
    return {
        "planes": [[round(x, 5) for x in row] for row in planes.T.tolist()],
        "factors": [[round(x, 5) for x in row] for row in factors.tolist()],
    }


@dataclass(frozen=True)
class PerformersOptions:
    """EMOPIA in, the table out."""

    data: Path = data_option()
    out: Path = option(Path("engine/generators/muser/performers.json"), "table")


def write_performers(options: PerformersOptions) -> str:
    """Fit EMOPIA's training part and write the table; returns a line about it."""
    every = read_items(options.data, ("train",), ("emopia",))
    items = [item for item in every if item.quadrant is not None]
    clips = [from_messages(item.messages()) for item in items]
    kept = [i for i, clip in enumerate(clips) if len(clip) >= _FEWEST]
    table = fit([clips[i] for i in kept], np.array([items[i].quadrant for i in kept]))
    rows = zip(table["planes"], table["factors"], strict=True)
    content = {
        "data": "training part of EMOPIA (CC BY-NC-SA 4.0)",
        "clips": len(kept),
        "traits": dict(zip(TRAITS, rows, strict=True)),
    }
    options.out.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return f"{options.out}: {len(kept)} clips, {len(table['factors'][0])} dimensions"
