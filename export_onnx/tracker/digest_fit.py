"""Fit the valence regression on statistics in closed form, and check it on franchises left out."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from engine.errors import InputError
from export_onnx.progress import Progress
from export_onnx.tracker.augment import Augmenter
from export_onnx.tracker.config import FrontEndConfig, NetworkConfig, TrainConfig
from export_onnx.tracker.digest import DIGEST, LANDMARKS
from export_onnx.tracker.network import Tracker, zeros
from export_onnx.tracker.stage import load_checkpoint, save_checkpoint
from export_onnx.tracker.store import Clip, load_clips

__all__ = ["DigestOptions", "Moments", "fit_digest", "regress"]

# Renderings per piece and weight of one piece of each set.
_VARIANTS = {"vgmidi": 5, "emopia": 2, "emotify": 2}
_WEIGHTS = {"vgmidi": 1.0, "emopia": 0.3, "emotify": 0.15}
# EMOPIA's quadrants stand at +-0.6; what a hop tells of them is less.
_QUADRANT_LEVEL = 0.45
_FIRST_HOP, _HOP_STEP = 80, 110
_WIDTH, _RIDGE = 1.5, 0.2
_LIMIT = 4.0


@dataclass(frozen=True)
class DigestOptions:
    """Where to read features and the harmony stage, and where to write."""

    features: Path
    harmony: Path
    out: Path
    seed: int = 20251121
    threads: int = 1


@dataclass(frozen=True)
class Moments:
    """Running means at some moments of all pieces.

    Attributes
    ----------
    means : float32 array, shape (n, DIGEST)
    valence, weight : float64 array, shape (n,)
    piece : int array, shape (n,)
    group, dataset : str array, shape (n,)
    """

    means: np.ndarray
    valence: np.ndarray
    weight: np.ndarray
    piece: np.ndarray
    group: np.ndarray
    dataset: np.ndarray


def _means(tracker: Tracker, clip: Clip, augment: Augmenter | None) -> np.ndarray:
    states = zeros(tracker.state_shapes())
    with torch.no_grad():
        mel = torch.from_numpy(clip.mel.astype(np.float32))[None]
        pitch = torch.from_numpy(clip.pitch.astype(np.float32))[None]
        if augment is not None:
            mel, pitch = augment(mel, pitch)
        analysis, _ = tracker.level(mel, pitch, states["state_level"])
        harmony, _, _ = tracker.harmony(
            analysis.pitch, analysis.activity, states["state_chord"], states["state_key"]
        )
        means, _, _ = tracker.digest.describe(
            analysis.mel,
            analysis.pitch,
            analysis.contrast,
            analysis.activity,
            harmony,
            states["state_digest_flux"],
            states["state_digest_pool"],
        )
    return np.asarray(means[0].numpy())


def _gather(tracker: Tracker, features: Path, seed: int) -> Moments:
    """Listen to the train part; later renderings through random desks and rooms."""
    augment = Augmenter(tracker.front_end.config, TrainConfig().gain_range_db, seed)
    rows, valence, piece, group, dataset = [], [], [], [], []
    pieces: dict[str, int] = {}
    for name, variants in _VARIANTS.items():
        if not (features / "train" / name).is_dir():
            continue
        clips: list[Clip] = []
        for variant in range(variants):
            if next((features / "train" / name).glob(f"*.{variant}.npz"), None) is not None:
                clips += load_clips(features, "train", (name,), variant)
        with Progress(f"digest {name}", len(clips)) as progress:
            for clip in clips:
                progress.advance()
                if clip.mean_affect is None:
                    continue
                means = _means(tracker, clip, augment if clip.variant else None)
                last = len(means) - 1
                chosen = np.unique(np.append(np.arange(_FIRST_HOP, last, _HOP_STEP), last))
                value = clip.mean_affect[0]
                if clip.quadrant >= 0:
                    value = float(np.sign(value)) * _QUADRANT_LEVEL
                number = pieces.setdefault(f"{name}/{clip.name}", len(pieces))
                rows.append(means[chosen])
                valence += [value] * len(chosen)
                piece += [number] * len(chosen)
                group += [f"{name}/{clip.group}"] * len(chosen)
                dataset += [name] * len(chosen)
    if not rows:
        raise InputError(f"{features / 'train'}: none of {', '.join(_VARIANTS)} was prepared")
    counts = np.bincount(piece)
    share = np.array([_WEIGHTS[name] for name in dataset])
    return Moments(
        means=np.concatenate(rows),
        valence=np.asarray(valence, float),
        weight=share / counts[np.asarray(piece)],
        piece=np.asarray(piece),
        group=np.asarray(group),
        dataset=np.asarray(dataset),
    )


def _kernel(rows: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    squares = np.square(rows).sum(1)[:, None] + np.square(landmarks).sum(1)[None]
    distance = np.maximum(squares - 2.0 * rows @ landmarks.T, 0.0)
    return np.asarray(np.exp(-distance / (2.0 * _WIDTH**2 * rows.shape[1])))


def regress(moments: Moments, seed: int) -> dict[str, torch.Tensor]:
    """Weighted kernel ridge regression on random landmarks, as buffers of `Digest`."""
    rated = np.isin(moments.dataset, ("vgmidi", "emopia"))
    spread = moments.means[rated] if rated.any() else moments.means
    centre, scale = spread.mean(0), spread.std(0) + 1e-3
    rows = np.clip((moments.means - centre) / scale, -_LIMIT, _LIMIT).astype(np.float64)
    rng = np.random.default_rng(seed)
    chance = moments.weight / moments.weight.sum()
    count = min(LANDMARKS, int(np.count_nonzero(chance)))
    landmarks = rows[rng.choice(len(rows), count, replace=False, p=chance)]
    offset = float(np.average(moments.valence, weights=moments.weight))
    kernel = _kernel(rows, landmarks)
    weighted = kernel * moments.weight[:, None]
    system = weighted.T @ kernel + _RIDGE * _kernel(landmarks, landmarks)
    solved = np.linalg.solve(system + 1e-6 * np.eye(count), weighted.T @ (moments.valence - offset))
    places = np.zeros((LANDMARKS, DIGEST))
    weights = np.zeros((LANDMARKS, 1))
    places[:count], weights[:count, 0] = landmarks, solved
    return {
        "centre": torch.from_numpy(centre).float(),
        "scale": torch.from_numpy(scale).float(),
        "landmarks": torch.from_numpy(places).float(),
        "weights": torch.from_numpy(weights).float(),
        "width": torch.tensor(_WIDTH),
        "offset": torch.tensor([offset]),
    }


def _without(moments: Moments, away: np.ndarray) -> Moments:
    kept = ~away
    return Moments(
        means=moments.means[kept],
        valence=moments.valence[kept],
        weight=moments.weight[kept],
        piece=moments.piece[kept],
        group=moments.group[kept],
        dataset=moments.dataset[kept],
    )


def _skill(tracker: Tracker, moments: Moments, dataset: str, folds: int, seed: int) -> float:
    """Correlation of piece means with labels, each group judged by a fit without it."""
    here = moments.dataset == dataset
    groups = np.unique(moments.group[here])
    said = np.zeros(len(moments.means))
    for fold in range(min(folds, len(groups))):
        away = here & np.isin(moments.group, groups[fold::folds])
        tracker.digest.load_state_dict(regress(_without(moments, away), seed))
        with torch.no_grad():
            rows = torch.from_numpy(moments.means[away]).float()[None]
            said[away] = tracker.digest.judge(rows)[0].numpy()
    pieces = np.unique(moments.piece[here])
    if len(pieces) < 3:
        return float("nan")
    means = [said[moments.piece == number].mean() for number in pieces]
    labels = [moments.valence[moments.piece == number][0] for number in pieces]
    return float(np.corrcoef(means, labels)[0, 1])


def fit_digest(options: DigestOptions, sets: Sequence[str] = ("vgmidi",)) -> dict[str, float]:
    """Fit, write ``OUT``, and return the skill on left-out groups of each of `sets`."""
    torch.set_num_threads(options.threads)
    tracker = Tracker(FrontEndConfig(), NetworkConfig()).eval()
    tracker.harmony.load_state_dict(load_checkpoint(options.harmony)["average"])
    moments = _gather(tracker, options.features, options.seed)
    skill = {
        name: _skill(tracker, moments, name, 10, options.seed)
        for name in sets
        if (moments.dataset == name).any()
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    save_checkpoint(options.out, {"digest": regress(moments, options.seed)})
    return skill
