"""Batches of prepared clips, spoiled afresh each time they are drawn."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from engine.beat.frontend import FRAME_RATE, N_BANDS, Gain, features
from engine.errors import InputError
from export_onnx.beat.network import NetworkConfig
from export_onnx.beat.prepare import decode

__all__ = ["Batch", "Prepared", "SamplerConfig", "draw_batches", "load_prepared", "targets"]

_NO_TEMPO_FRAMES = 60  # at the start of a sequence nobody can know the tempo


@dataclass(frozen=True)
class Prepared:
    """A clip on disk, in memory: encoded bands (n, N_BANDS) and beats (m, 2)."""

    kind: str
    name: str
    bands: np.ndarray
    beats: np.ndarray


@dataclass(frozen=True)
class Batch:
    """What a step learns from; tensors of shape (batch, n, ...).

    Features; the share of a beat, of a downbeat among beats, and of each tempo; and the weights of
    the three.
    """

    features: torch.Tensor
    beat: torch.Tensor
    downbeat: torch.Tensor
    tempo: torch.Tensor
    beat_weight: torch.Tensor
    downbeat_weight: torch.Tensor
    tempo_weight: torch.Tensor


@dataclass(frozen=True)
class SamplerConfig:
    """How batches are drawn.

    Attributes
    ----------
    shares : tuple of (str, float)
        Relative weight of each kind of clip.
    spoiling : float
        Probability factor of what is done to the sound; 0 leaves it as prepared.
    """

    batch: int = 24
    frames: int = 700
    shares: tuple[tuple[str, float], ...] = (
        ("taught", 6.0),
        ("consensus", 1.0),
        ("groove", 4.0),
        ("asap", 3.0),
        ("pop909", 1.0),
    )
    spoiling: float = 1.0


def load_prepared(folder: Path) -> list[Prepared]:
    """Read every clip of a split.

    Raises
    ------
    InputError
        There are none, or one is not of `prepare`.
    """
    clips = []
    for path in sorted(folder.glob("*.npz")):
        kind, _, name = path.stem.partition("_")
        try:
            with np.load(path) as stored:
                clips.append(Prepared(kind, name, stored["bands"], stored["beats"]))
        except (OSError, ValueError, KeyError) as error:
            raise InputError(f"{path}: not a prepared clip ({error})") from error
    if not clips:
        raise InputError(f"{folder}: no prepared clips; run prepare beat first")
    return clips


def targets(
    beats: np.ndarray, start: int, frames: int, config: NetworkConfig
) -> tuple[np.ndarray, ...]:
    """Return share of a beat, of a downbeat, tempo shares, and their three weights.

    Shapes (frames,), (frames,), (frames, n_tempi), and (frames,) three times. Beats of uncertain
    place have no weight, nor have frames far from any beat.
    """
    beat, downbeat = np.zeros(frames, np.float32), np.zeros(frames, np.float32)
    weight = np.ones(frames, np.float32)
    known = np.zeros(frames, np.float32)
    tempo = np.zeros((frames, config.n_tempi), np.float32)
    tempo_weight = np.zeros(frames, np.float32)
    places = beats[:, 0] * FRAME_RATE - start
    for place, number in zip(places, beats[:, 1], strict=True):
        if number < 0:
            low, high = max(0, int(place) - 8), max(0, int(place) + 9)
            weight[low:high] = 0.0
            continue
        nearest = int(round(place))
        for frame in range(max(0, nearest - 1), min(frames, nearest + 2)):
            share = max(0.0, 1.0 - 0.62 * abs(frame - place))
            beat[frame] = max(beat[frame], share)
            if number > 0:
                downbeat[frame], known[frame] = float(number == 1), share
    if len(places) > 3:
        firm = np.flatnonzero(beats[:, 1] >= 0)
        lengths = np.diff(places) / np.maximum(np.diff(np.arange(len(places))), 1)
        classes = np.arange(config.n_tempi)
        for i in range(len(lengths)):
            around = lengths[max(0, i - 3) : i + 4]
            bpm = 60.0 * FRAME_RATE / float(np.median(around))
            centre = config.classes_per_octave * np.log2(bpm / config.lowest_bpm)
            low, high = np.clip(np.round(places[i : i + 2]).astype(int), 0, frames)
            if 0 <= centre < config.n_tempi and high > low and len(firm) > 3:
                share = np.exp(-0.5 * np.square(classes - centre))
                tempo[low:high] = share / share.sum()
                tempo_weight[low:high] = 1.0
        outside = np.arange(frames)
        weight[(outside < places[0] - 25) | (outside > places[-1] + 25)] = 0.0
    else:
        weight[:] = 0.0
    tempo_weight[:_NO_TEMPO_FRAMES] = 0.0
    return beat, downbeat, tempo, weight, known, tempo_weight


def _spoil(
    levels: np.ndarray, other: np.ndarray, rng: np.random.Generator, much: float
) -> np.ndarray:
    """Change level and colour; add noise, another piece, a drop-out, each now and then."""
    n = len(levels)
    curve = np.interp(np.arange(N_BANDS), np.linspace(0, N_BANDS - 1, 6), rng.normal(0, 3.0, 6))
    gain_db = rng.uniform(-24.0, 6.0) if rng.random() < 0.5 else 0.0
    if rng.random() < 0.7 * much:
        levels = levels * 10.0 ** ((curve + gain_db) / 20.0)
    level = levels.mean() + 1e-6
    if rng.random() < 0.2 * much:
        span = int(rng.integers(100, 400))
        begin = int(rng.integers(max(1, n - span)))
        levels = levels.copy()
        levels[begin : begin + span] *= 10.0 ** (-rng.uniform(20, 80) / 20.0)
    if rng.random() < 0.15 * much:
        part = np.resize(other, (n, N_BANDS))
        levels = levels + part * level / (part.mean() + 1e-6) * 10.0 ** (-rng.uniform(8, 20) / 20.0)
    if rng.random() < 0.4 * much:
        colour = 10.0 ** (rng.normal(0, 6.0) * np.linspace(1, -1, N_BANDS) / 20.0)
        noise = np.abs(rng.normal(0, 1, (n, N_BANDS))) * colour
        levels = levels + noise * level * 10.0 ** (-rng.uniform(10, 40) / 20.0)
    return np.asarray(levels, np.float32)


def draw_batches(
    clips: list[Prepared], config: SamplerConfig, network: NetworkConfig, seed: int
) -> Iterator[Batch]:
    """Yield batches without end."""
    rng = np.random.default_rng(seed)
    groups = [
        ([clip for clip in clips if clip.kind == kind], share) for kind, share in config.shares
    ]
    groups = [group for group in groups if group[0]]
    chances = np.array([share for _, share in groups])
    chances /= chances.sum()
    while True:
        rows = []
        for group in rng.choice(len(groups), config.batch, p=chances):
            choice = groups[group][0]
            clip = choice[int(rng.integers(len(choice)))]
            other = clips[int(rng.integers(len(clips)))]
            start = int(rng.integers(max(1, len(clip.bands) - config.frames + 1)))
            levels = decode(clip.bands[start : start + config.frames])
            levels = np.pad(levels, ((0, config.frames - len(levels)), (0, 0)))
            part = decode(other.bands[: config.frames])
            levels = _spoil(levels, part, rng, config.spoiling)
            seen = features(Gain().push(levels), np.zeros(N_BANDS, np.float32))
            rows.append((seen, *targets(clip.beats, start, config.frames, network)))
        yield Batch(*(torch.from_numpy(np.stack(column)) for column in zip(*rows, strict=True)))
