"""What the slow lane learns from: trunk and fast graph over every piece, once, kept in files.

One file per rendering, ``OUT/<split>/<set>/<name>.<variant>.npz``, with one row per step of the
slow lane (1.02 s): ``embedding`` of the trunk, ``digest`` (running sums of the fast graph's
statistics), ``fast`` (its outputs, mean over the step), ``course`` (valence and arousal of every
hop), ``labels`` (valence and arousal of the moment), ``meta``. Existing files are kept.
"""

import json
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from engine.emotion.model import TrackerModel
from engine.emotion.slow_model import FAST_STATE
from engine.errors import InputError
from export_onnx.datasets import Item, read_items
from export_onnx.datasets.render import Rendering, Synth, find_soundfonts
from export_onnx.tracker.prepare import HELD_OUT, choose_rendering, resample, to_reference
from export_onnx.tracker.slow.musicnn import find_checkpoint, read_checkpoint
from export_onnx.tracker.slow.trunk import HOPS_PER_STEP, STEP_LENGTH, Trunk
from export_onnx.training.options import data_option, option, read_worker
from export_onnx.training.progress import Progress

__all__ = ["FAST", "SETS", "Clip", "FeatureOptions", "extract", "load_features", "prepare_features"]

SETS = ("q4audio", "emotify", "vgmidi", "emopia")
FAST = {
    "valence": 1,
    "arousal": 1,
    "valence_std": 1,
    "arousal_std": 1,
    "quadrants": 4,
    "tags": 9,
    "key": 24,
    "chord": 25,
    "presence": 3,
}
"""Outputs of the fast graph in `Clip.fast`, in order, with their widths."""

_RENDER_RATE = 44100
_ARRAYS = ("embedding", "digest", "fast", "course", "labels")
_EXCERPT_S = 20.0  # of a training piece, another one in each variant
_PER_SONG = 2  # clips of an EMOPIA song to train on
_GAIN_DB = 30.0


@dataclass(frozen=True)
class FeatureOptions:
    """What to extract."""

    data: Path = data_option()
    musicnn: Path = option(text="unpacked wheel of the package musicnn")
    out: Path = option(Path("runs/slow/features"))
    splits: tuple[str, ...] = option(("train", "val"), "parts of the data sets", flag="--split")
    sets: tuple[str, ...] = option(SETS, "only these data sets", flag="--set")
    soundfonts: tuple[Path, ...] = option((), "one more for training", flag="--soundfont")
    variants: int = option(2, "renderings per training piece; the first is a plain piano")
    seed: int = 20261201
    worker: tuple[int, int] = option(
        (0, 1), "I/N: do every N-th item, from the I-th", parse=read_worker
    )


@dataclass(frozen=True)
class Clip:
    """One extracted rendering of n steps.

    Attributes
    ----------
    embedding, digest, fast : float32 arrays, shape (n, ...)
        See the module.
    course : float32 array, shape (n * HOPS_PER_STEP, 2)
        Valence and arousal of the fast graph.
    labels : float32 array, shape (n, 2)
        Valence and arousal of the moment, where the set has them over time, else of the piece.
    """

    dataset: str
    name: str
    group: str
    variant: int
    quadrant: int
    valence: float
    arousal: float
    words: np.ndarray | None
    embedding: np.ndarray
    digest: np.ndarray
    fast: np.ndarray
    course: np.ndarray
    labels: np.ndarray


def extract(sound: np.ndarray, model: TrackerModel, trunk: Trunk) -> dict[str, np.ndarray]:
    """Run both graphs over mono float32 sound at the tracker's rate."""
    kept: dict[str, list[np.ndarray]] = {
        name: [] for name in ("embedding", "digest", "fast", "course")
    }
    fast_state = model.start()
    states = [torch.zeros(1, *shape) for shape in trunk.state_shapes().values()]
    for start in range(0, len(sound) - STEP_LENGTH + 1, STEP_LENGTH):
        pcm = sound[start : start + STEP_LENGTH]
        outputs, fast_state = model.step(pcm, fast_state)
        with torch.no_grad():
            embedding, _, _, *states = trunk(torch.from_numpy(pcm[None]), *states)
        kept["embedding"].append(embedding[0].numpy())
        kept["digest"].append(fast_state[FAST_STATE][0, 0])
        rows = [outputs[name].reshape(HOPS_PER_STEP, width) for name, width in FAST.items()]
        kept["fast"].append(np.concatenate(rows, 1).mean(0))
        kept["course"].append(np.stack([outputs["valence"], outputs["arousal"]], 1))
    return {
        name: np.concatenate(parts) if name == "course" else np.stack(parts)
        for name, parts in kept.items()
    }


def _chosen(items: list[Item]) -> list[Item]:
    """All items, but no more than two clips of one EMOPIA song to train on, first clips first."""
    songs: dict[str, int] = {}
    ranked: list[tuple[int, Item]] = []
    for item in items:
        rank = 0
        if item.dataset == "emopia" and item.split == "train":
            rank = songs.get(item.group, 0)
            songs[item.group] = rank + 1
        if rank < _PER_SONG:
            ranked.append((rank, item))
    return [item for _, item in sorted(ranked, key=lambda pair: pair[0])]


def _labels(item: Item, n: int, start_s: float, speed: float) -> np.ndarray:
    labels = np.tile(np.array([item.valence, item.arousal], np.float32), (n, 1))
    if item.curve is not None:
        time_s = start_s + (np.arange(n) + 1) * STEP_LENGTH / 22050 * speed
        for column in (0, 1):
            labels[:, column] = np.interp(time_s, item.curve[:, 0], item.curve[:, 1 + column])
    return labels


def prepare_features(options: FeatureOptions) -> int:
    """Extract all items; returns the number of files written."""
    torch.set_num_threads(1)
    model = TrackerModel()
    trunk = Trunk().eval()
    trunk.net.load(read_checkpoint(find_checkpoint(options.musicnn)))
    fonts = {path.name: path for path in (*find_soundfonts().values(), *options.soundfonts)}
    held_out = [fonts[name] for name in HELD_OUT if name in fonts]
    training = [path for name, path in sorted(fonts.items()) if name not in HELD_OUT]
    items = _chosen(read_items(options.data, options.splits, options.sets))
    jobs = [
        (item, variant)
        for name in options.sets
        for variant in range(options.variants)
        for item in items
        if item.dataset == name and (variant == 0 or (item.split == "train" and item.is_midi))
    ][slice(options.worker[0], None, options.worker[1])]
    if any(item.is_midi for item, _ in jobs) and not (training and held_out):
        raise InputError(f"soundfonts: needs {', '.join(HELD_OUT)} and another (--soundfont FILE)")
    synths: dict[Path, Synth] = {}
    written = 0
    with Progress("features", len(jobs)) as progress:
        for item, variant in jobs:
            progress.advance()
            target = options.out / item.split / item.dataset / f"{item.name}.{variant}.npz"
            if target.exists():
                continue
            code = zlib.crc32(f"{item.dataset}/{item.name}".encode())
            rng = np.random.default_rng([options.seed, code, variant])
            start_s, speed = 0.0, 1.0
            seen = item.split == "train"
            if item.is_midi:
                pool = training if seen else held_out
                font = pool[int(rng.integers(len(pool)))]
                if font not in synths:
                    synths[font] = Synth(font, _RENDER_RATE)
                how = choose_rendering(rng) if seen and variant else Rendering()
                messages = item.messages()
                length_s = None
                if seen:
                    length_s, speed = _EXCERPT_S, how.speed
                    start_s = float(rng.uniform(0.0, max(0.0, messages[-1].time_s - _EXCERPT_S)))
                sound = synths[font].render(messages, how, start_s, length_s)
                sound = resample(sound, _RENDER_RATE, model.sample_rate)
            else:
                sound, rate = item.audio()
                if seen:
                    spare_s = max(0.0, len(sound) / rate - _EXCERPT_S)
                    start_s = float(rng.uniform(0.0, spare_s))
                    start = int(start_s * rate)
                    sound = sound[start : start + int(_EXCERPT_S * rate)]
                sound = resample(sound, rate, model.sample_rate)
            gain = np.float32(10.0 ** (rng.uniform(-_GAIN_DB, 0.0) / 20.0))
            sound = to_reference(sound) * gain
            if len(sound) < 5 * STEP_LENGTH:
                sound = np.resize(sound, 5 * STEP_LENGTH)
            arrays = extract(sound, model, trunk)
            meta: dict[str, Any] = {
                "dataset": item.dataset,
                "name": item.name,
                "group": item.group,
                "variant": variant,
                "quadrant": -1 if item.quadrant is None else item.quadrant,
                "valence": item.valence,
                "arousal": item.arousal,
                "words": item.tags,
            }
            target.parent.mkdir(parents=True, exist_ok=True)
            partial = target.with_suffix(".part")
            labels = _labels(item, len(arrays["embedding"]), start_s, speed)
            with partial.open("wb") as stream:
                arrays |= {"labels": labels, "meta": np.array(json.dumps(meta))}
                np.savez(stream, allow_pickle=False, **arrays)
            partial.rename(target)
            written += 1
    for synth in synths.values():
        synth.close()
    return written


def load_features(folder: Path, split: str, sets: tuple[str, ...] = SETS) -> list[Clip]:
    """Load the extracted clips of a split.

    Raises
    ------
    InputError
        Nothing was extracted there.
    """
    clips = []
    for name in sets:
        for path in sorted((folder / split / name).glob("*.npz")):
            with np.load(path, allow_pickle=False) as stored:
                meta = json.loads(str(stored["meta"]))
                arrays = {key: stored[key] for key in _ARRAYS}
            words = meta.pop("words")
            clips.append(Clip(words=None if words is None else np.asarray(words), **meta, **arrays))
    if not clips:
        raise InputError(f"{folder / split}: no features; run `features tracker` first")
    return clips
