"""Batches of prepared clips, spoiled afresh each time they are drawn."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from engine.beat.frontend import FRAME_RATE, N_BANDS, Gain, features
from engine.errors import InputError
from export_onnx.beat.augment import draw_bend, other_metre, spoil
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
    recutting, bending, splicing : float
        Chance of another metre, of another tempo, and of another song on the way.
    """

    batch: int = 24
    frames: int = 700
    shares: tuple[tuple[str, float], ...] = (
        ("taught", 6.0),
        ("metre", 0.8),
        ("change", 0.5),
        ("consensus", 1.5),
        ("groove", 2.5),
        ("asap", 5.0),
        ("pop909", 2.5),
    )
    spoiling: float = 1.0
    recutting: float = 0.15
    bending: float = 0.5
    splicing: float = 0.1


def load_prepared(folder: Path, split: str) -> list[Prepared]:
    """Read every clip of a split: train, tune or val.

    ``tune`` is a tenth of the pieces in ``FOLDER/train``, left out of ``train``: settings of the
    decoder are chosen there.

    Raises
    ------
    InputError
        There are none, or one is not of `prepare`.
    """
    clips = []
    stored_in = folder / ("val" if split == "val" else "train")
    for path in sorted(stored_in.glob("*.npz")):
        kind, _, name = path.stem.partition("_")
        if split != "val" and (split == "tune") != _is_tuning(kind, name):
            continue
        try:
            with np.load(path) as stored:
                clips.append(Prepared(kind, name, stored["bands"], stored["beats"]))
        except (OSError, ValueError, KeyError) as error:
            raise InputError(f"{path}: not a prepared clip ({error})") from error
    if not clips:
        raise InputError(f"{stored_in}: no prepared clips; run prepare beat first")
    return clips


def _is_tuning(kind: str, name: str) -> bool:
    piece = name.rpartition(".")[0]
    if kind == "asap":
        piece = piece.rpartition("_")[0]  # without the player
    return zlib.crc32(piece.encode()) % 10 == 0


def targets(beats: np.ndarray, frames: int, config: NetworkConfig) -> tuple[np.ndarray, ...]:
    """Return share of a beat, of a downbeat, tempo shares, and their three weights.

    Shapes (frames,), (frames,), (frames, n_tempi), and (frames,) three times. Beats of uncertain
    place have no weight, nor have frames far from any beat.
    """
    beat, downbeat = np.zeros(frames, np.float32), np.zeros(frames, np.float32)
    weight = np.ones(frames, np.float32)
    known = np.zeros(frames, np.float32)
    tempo = np.zeros((frames, config.n_tempi), np.float32)
    tempo_weight = np.zeros(frames, np.float32)
    places = beats[:, 0] * FRAME_RATE
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


def _draw_part(
    clip: Prepared, config: SamplerConfig, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return a piece of a clip: encoded bands, as many frames as wanted or fewer; its beats."""
    span = 2 * config.frames  # enough, whatever is done to the time
    start = int(rng.integers(max(1, len(clip.bands) - config.frames + 1)))
    bands = clip.bands[start : start + span]
    beats = clip.beats.astype(np.float64) * (FRAME_RATE, 1.0) - (start, 0.0)
    if rng.random() < config.recutting:
        inside = beats[(beats[:, 0] > 1) & (beats[:, 0] < len(bands))]
        frames, cut = other_metre(inside, rng)
        if len(frames) >= config.frames // 2:
            bands, beats = bands[frames], cut
    if rng.random() < config.bending:
        bend = draw_bend(len(bands), rng)
        frames = np.round(bend.back(np.arange(int(bend.bent[-1])))).astype(int)
        beats = beats[(beats[:, 0] >= 0) & (beats[:, 0] < len(bands))]
        bands = bands[frames.clip(0, len(bands) - 1)]
        beats = np.stack((bend.to(beats[:, 0]), beats[:, 1]), axis=1)
    return bands[: config.frames], beats


def _draw_sequence(
    clip: Prepared, other: Prepared, config: SamplerConfig, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return band levels, and beats [s]; now and then another song begins on the way."""
    bands, beats = _draw_part(clip, config, rng)
    if rng.random() < config.splicing:
        at = int(rng.integers(config.frames // 4, config.frames // 2))
        following, further = _draw_part(other, config, rng)
        bands = np.concatenate((bands[:at], following))[: config.frames]
        earlier, later = beats[beats[:, 0] < at], further[further[:, 0] >= 0] + (at, 0.0)
        beats = np.concatenate((earlier, later))
    bands = np.pad(bands, ((0, config.frames - len(bands)), (0, 0)))
    return decode(bands), beats / (FRAME_RATE, 1.0)


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
            levels, beats = _draw_sequence(clip, other, config, rng)
            part = decode(other.bands[: config.frames])
            levels = spoil(levels, part, rng, config.spoiling)
            seen = features(Gain().push(levels), np.zeros(N_BANDS, np.float32))
            rows.append((seen, *targets(beats, config.frames, network)))
        yield Batch(*(torch.from_numpy(np.stack(column)) for column in zip(*rows, strict=True)))
