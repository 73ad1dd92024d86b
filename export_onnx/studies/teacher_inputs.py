"""Input of the teachers: a whole clip in coarse steps, from the tracker's features or from MERT.

Not causal: level and tonic are those of the whole clip.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from export_onnx.datasets import Item
from export_onnx.studies.mert import SAMPLE_RATE, Mert
from export_onnx.tracker.harmony import rotate_to_tonic
from export_onnx.tracker.listen import sounds
from export_onnx.tracker.network import Tracker, zeros
from export_onnx.tracker.store import Clip
from export_onnx.training.progress import Progress

__all__ = ["TeacherInput", "feature_inputs", "mert_inputs"]

# Hops per step: 0.74 s.
_STEP_HOPS = 8
_LOUD_SHARE = 1e-3


@dataclass(frozen=True)
class TeacherInput:
    """Teacher features of one rendering of a piece, with the labels of the piece.

    Attributes
    ----------
    steps : float32 array, shape (n_steps, n_features)
        In time order.
    affect : tuple of float, or None
        Valence and arousal.
    quadrant : int
        0..3, -1 unknown.
    tags : float32 array, shape (9,), or None
        Shares.
    """

    dataset: str
    name: str
    group: str
    steps: np.ndarray
    affect: tuple[float, float] | None
    quadrant: int
    tags: np.ndarray | None


def _steps(values: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and deviation of (n, F) over steps of hops; both (n_steps, F)."""
    count = max(1, len(values) // _STEP_HOPS)
    cut = values[: count * _STEP_HOPS] if len(values) >= _STEP_HOPS else values
    grouped = cut.reshape(count, -1, values.shape[1])
    return grouped.mean(1), grouped.std(1, correction=0)


def _front_view(tracker: Tracker, clip: Clip) -> np.ndarray:
    states = zeros(tracker.state_shapes())
    mel = torch.from_numpy(clip.mel.astype(np.float32))[None]
    pitch = torch.from_numpy(clip.pitch.astype(np.float32))[None]
    with torch.no_grad():
        analysis, _ = tracker.level(mel, pitch, states["state_level"])
        harmony, _, _ = tracker.harmony(
            analysis.pitch, analysis.activity, states["state_chord"], states["state_key"]
        )
        power = mel[0].exp().sum(2).mean(1)
        loud = power > _LOUD_SHARE * power.max()
        level = torch.log(power[loud].mean())
        bands = (mel[0] - level).clamp(-12.0, 6.0) * 0.2 + 1.0  # (n, frames, mels)
        series = bands.reshape(-1, bands.shape[2])
        rise = (series[1:] - series[:-1]).clamp(min=0.0) * 3.0
        rise = torch.cat([torch.zeros(1, rise.shape[1]), rise]).reshape(bands.shape)
        key = torch.softmax(harmony.key[0], 1)
        later = key[len(key) // 2 :].mean(0)
        tonic = (later[:12] + later[12:])[None].expand(len(key), 12)
        chord = torch.softmax(harmony.chord[0], 1)
        parts = torch.cat([harmony.classes[0], chord[:, 1:].reshape(-1, 2, 12)], 1)
        turned = rotate_to_tonic(parts, tonic).reshape(len(key), -1)
        mode = key[:, :12].sum(1, keepdim=True)
        loudness = (torch.log(power + 1e-9) - level).clamp(-12.0, 6.0)[:, None] * 0.2
        mean, spread = _steps(bands.mean(1))
        rest, _ = _steps(torch.cat([rise.mean(1), turned, mode, chord[:, :1], loudness], 1))
    return torch.cat([mean, spread, rest], 1).numpy()


def feature_inputs(tracker: Tracker, clips: Sequence[Clip], title: str) -> list[TeacherInput]:
    """Make views of prepared features through the tracker's level and harmony networks."""
    tracker.eval()
    views = []
    with Progress(title, len(clips)) as progress:
        for clip in clips:
            steps = _front_view(tracker, clip)
            views.append(
                TeacherInput(
                    dataset=clip.dataset,
                    name=clip.name,
                    group=clip.group,
                    steps=steps,
                    affect=clip.mean_affect,
                    quadrant=clip.quadrant,
                    tags=clip.tags,
                )
            )
            progress.advance()
    return views


def mert_inputs(mert: Mert, items: list[Item], soundfont: Path, title: str) -> list[TeacherInput]:
    """Make views of audio through MERT, one step per second."""
    views = []
    with Progress(title, len(items)) as progress:
        for item, sound in sounds(items, soundfont, SAMPLE_RATE):
            _, steps = mert.embed_course(sound, SAMPLE_RATE)
            known = item.valence is not None and item.arousal is not None
            views.append(
                TeacherInput(
                    dataset=item.dataset,
                    name=item.name,
                    group=item.group,
                    steps=steps,
                    affect=(float(item.valence or 0.0), float(item.arousal or 0.0))
                    if known
                    else None,
                    quadrant=-1 if item.quadrant is None else item.quadrant,
                    tags=None if item.tags is None else np.asarray(item.tags, np.float32),
                )
            )
            progress.advance()
    return views
