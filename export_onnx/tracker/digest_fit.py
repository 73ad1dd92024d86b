"""Fit the regression on statistics in closed form, and test it on left-out groups."""

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch

from engine.errors import InputError
from export_onnx.tracker.augment import Augmenter
from export_onnx.tracker.config import FrontEndConfig, NetworkConfig
from export_onnx.tracker.digest import DIGEST, LANDMARKS
from export_onnx.tracker.network import Tracker, zeros
from export_onnx.tracker.store import Clip, load_clips
from export_onnx.tracker.weights import DIGEST_FILE
from export_onnx.training.options import option
from export_onnx.training.progress import Progress
from export_onnx.training.stage import TrainConfig, load_checkpoint, save_checkpoint

__all__ = ["DigestOptions", "Pieces", "fit_digest", "regress"]

# Renderings per piece and weight of one piece of each set.
_VARIANTS = {"vgmidi": 4, "emopia": 2, "emotify": 2}
_WEIGHTS = {"vgmidi": 1.0, "emopia": 0.3, "emotify": 0.15}
# Sets differ in what their labels mean: this share of the kernel holds across sets, the rest within
# one. Of music that is from none of them each set has its say.
_KINSHIP = 0.7
_SAY = {"vgmidi": 0.4, "emopia": 0.4, "emotify": 0.2}
# EMOPIA's quadrants are labelled +-0.6; single hops predict smaller values.
_QUADRANT_LEVEL = 0.45
# The first part of a clip still settles [hops]; moments of a clip on which the fit is checked.
_FIRST_HOP, _MOMENTS = 80, 8
_WIDTH, _RIDGE = 1.5, 0.25
_LIMIT = 4.0
_FOLDS = 10


@dataclass(frozen=True)
class DigestOptions:
    """Where to read features and the harmony stage, and where to write."""

    features: Path = option(Path("runs/tracker/features"), "prepared features")
    harmony: Path = option(Path("runs/tracker/train/harmony.pt"), "stage file of `train`")
    out: Path = option(DIGEST_FILE)
    seed: int = option(20251121)
    threads: int = option(1)


@dataclass(frozen=True)
class Pieces:
    """Statistics and labels of n pieces.

    Attributes
    ----------
    means : float32 array, shape (n, DIGEST)
        Over all renderings.
    moments : float32 array, shape (n, m, DIGEST)
        Of the first rendering.
    valence : float64 array, shape (n,)
        Labels.
    group, dataset : str array, shape (n,)
    """

    means: np.ndarray
    moments: np.ndarray
    valence: np.ndarray
    group: np.ndarray
    dataset: np.ndarray


def _statistics(tracker: Tracker, clip: Clip, augment: Augmenter | None) -> np.ndarray:
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
        statistics, _, _ = tracker.digest.describe(
            analysis.mel,
            analysis.pitch,
            analysis.contrast,
            analysis.activity,
            harmony,
            states["state_digest_flux"],
            states["state_digest_pool"],
        )
    return np.asarray(statistics[0].numpy())


def _gather(tracker: Tracker, features: Path, seed: int) -> Pieces:
    """Listen to the train part; later renderings through random desks and rooms."""
    augment = Augmenter(tracker.front_end.config, TrainConfig().gain_range_db, seed)
    means: dict[str, list[np.ndarray]] = {}
    moments, valence, group, dataset = [], [], [], []
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
                course = _statistics(tracker, clip, augment if clip.variant else None)
                last = len(course) - 1
                first = min(_FIRST_HOP, last)
                place = f"{name}/{clip.name}"
                if place not in means:
                    label = clip.mean_affect[0]
                    if clip.quadrant >= 0:
                        label = float(np.sign(label)) * _QUADRANT_LEVEL
                    moments.append(course[np.linspace(first, last, _MOMENTS).astype(int)])
                    valence.append(label)
                    group.append(f"{name}/{clip.group}")
                    dataset.append(name)
                means.setdefault(place, []).append(course[first:].mean(0))
    if not means:
        raise InputError(f"{features / 'train'}: none of {', '.join(_VARIANTS)} was prepared")
    return Pieces(
        means=np.stack([np.mean(each, 0) for each in means.values()]),
        moments=np.stack(moments),
        valence=np.asarray(valence),
        group=np.asarray(group),
        dataset=np.asarray(dataset),
    )


def _kernel(rows: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    squares = np.square(rows).sum(1)[:, None] + np.square(landmarks).sum(1)[None]
    distance = np.maximum(squares - 2.0 * rows @ landmarks.T, 0.0)
    return np.asarray(np.exp(-distance / (2.0 * _WIDTH**2 * rows.shape[1])))


def regress(pieces: Pieces, seed: int) -> dict[str, torch.Tensor]:
    """Weighted kernel ridge regression on the pieces' means, as buffers of `Digest`.

    Where there are more than `LANDMARKS` pieces it is fitted on a random part of them.
    """
    weight = np.array([_WEIGHTS[name] for name in pieces.dataset])
    count = min(LANDMARKS, len(weight))
    if count < len(weight):
        rng = np.random.default_rng(seed)
        drawn = np.sort(rng.choice(len(weight), count, replace=False, p=weight / weight.sum()))
        weight, pieces = weight[drawn], _part(pieces, drawn)
    rated = np.isin(pieces.dataset, ("vgmidi", "emopia"))
    spread = pieces.means[rated] if rated.any() else pieces.means
    centre, scale = spread.mean(0), spread.std(0) + 1e-3
    rows = np.clip((pieces.means - centre) / scale, -_LIMIT, _LIMIT).astype(np.float64)
    kernel = _kernel(rows, rows)
    same = pieces.dataset[:, None] == pieces.dataset[None]
    say = np.array([_SAY[name] for name in pieces.dataset])
    level = np.zeros(count)
    for name in np.unique(pieces.dataset):
        here = pieces.dataset == name
        level[here] = pieces.valence[here].mean()
    system = kernel * (_KINSHIP + (1.0 - _KINSHIP) * same) + _RIDGE * np.diag(1.0 / weight)
    solved = np.linalg.solve(system, pieces.valence - level)
    landmarks, weights = np.zeros((LANDMARKS, DIGEST)), np.zeros((LANDMARKS, 1))
    landmarks[:count] = rows
    weights[:count, 0] = solved * (_KINSHIP + (1.0 - _KINSHIP) * say)
    return {
        "centre": torch.from_numpy(centre).float(),
        "scale": torch.from_numpy(scale).float(),
        "landmarks": torch.from_numpy(landmarks).float(),
        "weights": torch.from_numpy(weights).float(),
        "width": torch.tensor(_WIDTH),
        "offset": torch.tensor([np.average(pieces.valence, weights=weight)]).float(),
    }


def _part(pieces: Pieces, kept: np.ndarray) -> Pieces:
    return Pieces(**{field.name: getattr(pieces, field.name)[kept] for field in fields(Pieces)})


def _skill(tracker: Tracker, pieces: Pieces, seed: int) -> dict[str, float]:
    """Correlation of what is said on average with labels, each group judged by a fit without it.

    The groups of every set are dealt over the folds: a franchise, a song, an artist.
    """
    fold = np.zeros(len(pieces.group), int)
    for name in np.unique(pieces.dataset):
        here = pieces.dataset == name
        fold[here] = np.unique(pieces.group[here], return_inverse=True)[1] % _FOLDS
    said = np.zeros(len(fold))
    for number in np.unique(fold):
        away = fold == number
        if away.all():
            return {}
        tracker.digest.load_state_dict(regress(_part(pieces, ~away), seed))
        with torch.no_grad():
            said[away] = tracker.digest.judge(torch.from_numpy(pieces.moments[away])).mean(1)
    return {
        name: float(np.corrcoef(said[here], pieces.valence[here])[0, 1])
        for name in dict.fromkeys(pieces.dataset.tolist())
        if np.count_nonzero(here := pieces.dataset == name) > 2
    }


def fit_digest(options: DigestOptions) -> dict[str, float]:
    """Fit, write ``OUT``, and return the skill on left-out groups of each set."""
    torch.set_num_threads(options.threads)
    tracker = Tracker(FrontEndConfig(), NetworkConfig()).eval()
    tracker.harmony.load_state_dict(load_checkpoint(options.harmony)["average"])
    pieces = _gather(tracker, options.features, options.seed)
    skill = _skill(tracker, pieces, options.seed)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    save_checkpoint(options.out, {"digest": regress(pieces, options.seed)})
    return skill
