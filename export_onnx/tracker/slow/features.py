"""What the slow lane learns from: trunk and fast graph over every piece, once, kept in files.

One file per rendering, ``OUT/<split>/<set>/<name>.<variant>.npz``, with one row per step of the
slow lane (0.46 s): ``embedding`` of the trunk, ``digest`` (running sums of the fast graph's
statistics), ``fast`` (its outputs, mean over the step), ``labels`` (valence and arousal of the
moment), ``meta``; and what the change detector compares, ``steady`` within the clip and ``cut``
after a cut from the clip before. Existing files are kept.
"""

import json
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from engine.emotion.model import TrackerModel
from engine.emotion.slow_model import FAST_STATE
from engine.errors import InputError
from engine.models.onnx_file import open_session
from export_onnx.datasets import Item, read_items
from export_onnx.datasets.render import Rendering, Synth, find_soundfonts
from export_onnx.tracker.prepare import HELD_OUT, choose_rendering, resample, to_reference
from export_onnx.tracker.slow.change import ChangeDetector
from export_onnx.tracker.slow.musicnn import find_checkpoint, read_checkpoint
from export_onnx.tracker.slow.network import zeros_of
from export_onnx.tracker.slow.trunk import HOPS_PER_STEP, RECENT_STEPS, STEP_LENGTH, Trunk
from export_onnx.training.graph import write_graph
from export_onnx.training.options import data_option, option, read_worker
from export_onnx.training.progress import Progress

__all__ = ["FAST", "SETS", "Clip", "Ears", "FeatureOptions", "load_features", "prepare_features"]

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

_RENDER_RATE, _RATE = 44100, 22050
_ARRAYS = ("embedding", "digest", "fast", "labels", "steady", "cut")
_EXCERPT_S = 20.0  # of a training piece, another one in each variant
_PER_SONG = 2  # clips of an EMOPIA song to train on
_GAIN_DB = 30.0
_SHORTEST_S = 5.0
# After a cut: seconds of the new clip within which the detector must answer.
_HEARD_S = (0.3, 1.2)
_STEADY_FROM = 7  # step of a clip from which it is compared with itself, every third


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
    labels : float32 array, shape (n, 2)
        Valence and arousal of the moment, where the set has them over time, else of the piece.
    steady, cut : float32 arrays, shape (m, ...)
        Distances of `ChangeDetector` within the clip, and just after a cut to it.
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
    labels: np.ndarray
    steady: np.ndarray
    cut: np.ndarray


class Ears:
    """Both graphs over one clip after another; sound is mono float32 at the tracker's rate."""

    def __init__(self, musicnn: Path) -> None:
        self._model, self._change = TrackerModel(), ChangeDetector()
        trunk = Trunk()
        trunk.net.load(read_checkpoint(find_checkpoint(musicnn)))
        self._shapes = trunk.state_shapes()
        given = {"pcm": (STEP_LENGTH,), **self._shapes}
        said = ["embedding", "recent", "share", *(f"next_{name}" for name in self._shapes)]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "trunk.onnx"  # eight times as fast as the network in PyTorch
            write_graph(trunk, dict(zip(given, zeros_of(given), strict=True)), said, path, {})
            self._trunk = open_session(path)
        self._rest = np.zeros(0, np.float32)
        self._level = 0.0  # of the clip before; 0 without one
        self._reset()

    def _reset(self) -> None:
        self._fast = self._model.start()
        self._slow = {key: np.zeros((1, *size), np.float32) for key, size in self._shapes.items()}
        self._rows: list[dict[str, np.ndarray]] = []

    def extract(self, sound: np.ndarray) -> dict[str, np.ndarray]:
        """Return the arrays of a clip; the clip before must be another song."""
        size = self._change.scale.numel()
        cut = [np.zeros((0, size), np.float32)]
        if self._level:
            # The new clip at the level of the old, from anywhere within a step.
            first = len(self._rows)
            begin = sound[: 3 * STEP_LENGTH]
            self._step(
                np.concatenate([self._rest, begin * np.float32(self._level / _level(begin))])
            )
            heard = np.arange(1, len(self._rows) - first + 1) * STEP_LENGTH - len(self._rest)
            heard_s = heard / _RATE
            answers = np.flatnonzero((heard_s >= _HEARD_S[0]) & (heard_s <= _HEARD_S[1]))
            cut += [self._distances(first + int(index)) for index in answers]
        self._reset()
        self._step(sound)
        self._rest = sound[len(self._rows) * STEP_LENGTH :]
        self._level = _level(sound)
        steady = [self._distances(row) for row in range(_STEADY_FROM, len(self._rows), 3)]
        arrays = {
            key: np.stack([row[key] for row in self._rows])
            for key in ("embedding", "digest", "fast")
        }
        return arrays | {"cut": np.concatenate(cut), "steady": np.concatenate([cut[0], *steady])}

    def _step(self, sound: np.ndarray) -> None:
        """Hear all whole steps of the sound."""
        for start in range(0, len(sound) - STEP_LENGTH + 1, STEP_LENGTH):
            pcm = sound[start : start + STEP_LENGTH]
            outputs, self._fast = self._model.step(pcm, self._fast)
            embedding, recent, _, *kept = self._trunk.run(None, {"pcm": pcm[None], **self._slow})
            self._slow = dict(zip(self._shapes, kept, strict=True))
            said = [outputs[name].reshape(HOPS_PER_STEP, width) for name, width in FAST.items()]
            self._rows.append(
                {
                    "embedding": embedding[0],
                    "recent": recent[0],
                    "digest": self._fast[FAST_STATE][0, 0],
                    "fast": np.concatenate(said, 1).mean(0),
                }
            )

    def _distances(self, row: int) -> np.ndarray:
        """Return what the detector compares at a step, shape (1, size)."""
        now, then = self._rows[row], self._rows[row - RECENT_STEPS]
        given = (now["recent"], then["embedding"], now["digest"], then["digest"])
        return self._change.distances(*(torch.from_numpy(value[None]) for value in given)).numpy()


def _level(sound: np.ndarray) -> float:
    return max(1e-6, float(np.sqrt(np.mean(np.square(sound, dtype=np.float64)))))


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
        time_s = start_s + (np.arange(n) + 1) * STEP_LENGTH / _RATE * speed
        for column in (0, 1):
            labels[:, column] = np.interp(time_s, item.curve[:, 0], item.curve[:, 1 + column])
    return labels


def prepare_features(options: FeatureOptions) -> int:
    """Extract all items; returns the number of files written."""
    torch.set_num_threads(1)
    ears = Ears(options.musicnn)
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
                sound = resample(sound, _RENDER_RATE, _RATE)
            else:
                sound, rate = item.audio()
                if seen:
                    spare_s = max(0.0, len(sound) / rate - _EXCERPT_S)
                    start_s = float(rng.uniform(0.0, spare_s))
                    start = int(start_s * rate)
                    sound = sound[start : start + int(_EXCERPT_S * rate)]
                sound = resample(sound, rate, _RATE)
            gain = np.float32(10.0 ** (rng.uniform(-_GAIN_DB, 0.0) / 20.0))
            sound = to_reference(sound) * gain
            if len(sound) < _SHORTEST_S * _RATE:
                sound = np.resize(sound, int(_SHORTEST_S * _RATE))
            arrays = ears.extract(sound)
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
        raise InputError(f"{folder / split}: no features; run `prepare slow` first")
    return clips
