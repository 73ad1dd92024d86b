"""Render, spoil, analyse, store: band levels and beats of every clip, at several speeds.

One file per clip and variant, ``OUT/SPLIT/KIND_NAME.VARIANT.npz``: ``bands`` float16, (n, 136),
`encode`d; ``beats`` float32, shape (m, 2): time [s] at that speed, number. Existing files are kept,
so an interrupted run goes on where it was.
"""

import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.beat.frontend import HOP_LENGTH, SAMPLE_RATE, WINDOW_LENGTH, band_levels
from engine.errors import InputError
from export_onnx.beat.clips import Clip, Sound, find_clips
from export_onnx.datasets.render import Synth, find_soundfonts
from export_onnx.training.options import data_option, option
from export_onnx.training.progress import Progress

__all__ = ["PrepareOptions", "decode", "encode", "prepare"]

_SCALE = 100.0
_RENDERED = ("groove", "change", "metre", "asap", "pop909")
_CHUNK = 512


@dataclass(frozen=True)
class PrepareOptions:
    """What to prepare."""

    data: Path = data_option()
    out: Path = option(Path("runs/beat/prepared"), "folder of clips")
    labels: Path | None = option(Path("runs/beat/labels"), "folder written by teach")
    kinds: tuple[str, ...] = option((), "kinds of clip; default all")
    splits: tuple[str, ...] = option(("train", "val"), "parts of the data sets", flag="--split")
    variants: int = option(3, "renderings or speeds of each training clip")
    limit: int = option(0, "clips of a kind and split, drawn by the seed; 0 takes all")
    seed: int = option(20261201)


def encode(levels: np.ndarray) -> np.ndarray:
    """Squeeze band levels into float16."""
    return np.asarray(np.log10(1.0 + _SCALE * levels), np.float16)


def decode(stored: np.ndarray) -> np.ndarray:
    """Return band levels, float32."""
    levels = (10.0 ** stored.astype(np.float32) - 1.0) / _SCALE
    return np.asarray(levels, np.float32)


def _spoil(pcm: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Put a rendering into a room, before a microphone, into noise; each now and then."""
    n = len(pcm)
    if rng.random() < 0.6:
        length = int(rng.uniform(0.15, 0.6) * SAMPLE_RATE)
        tail = rng.normal(0.0, 1.0, length) * 10.0 ** (-3.0 * np.arange(length) / length)
        tail /= np.sqrt(np.square(tail).sum())
        size = 1 << (n + length).bit_length()
        wet = np.fft.irfft(np.fft.rfft(pcm, size) * np.fft.rfft(tail, size), size)[:n]
        pcm = pcm + rng.uniform(0.1, 0.5) * wet
    spectrum, hz = np.fft.rfft(pcm), np.fft.rfftfreq(n, 1.0 / SAMPLE_RATE)
    tilt = rng.normal(0.0, 2.0)  # dB an octave round 1 kHz
    shape = 10.0 ** (tilt * np.log2(np.maximum(hz, 40.0) / 1000.0).clip(-4, 3) / 20.0)
    if rng.random() < 0.25:
        shape = shape * (hz > rng.uniform(80, 200)) * (hz < rng.uniform(5000, 9000))
    pcm = np.fft.irfft(spectrum * shape, n)
    level = np.sqrt(np.square(pcm).mean()) + 1e-9
    noise = rng.normal(0.0, 1.0, n)
    noise = np.cumsum(noise - noise.mean()) * 0.02 + noise if rng.random() < 0.5 else noise
    noise *= level / np.sqrt(np.square(noise).mean()) * 10.0 ** (-rng.uniform(12, 60) / 20.0)
    pcm = pcm + noise
    return np.asarray(np.tanh(rng.uniform(0.3, 1.5) * pcm / (np.abs(pcm).max() + 1e-9)))


def _analyse(sound: Sound, speed: float) -> tuple[np.ndarray, np.ndarray]:
    """Return encoded bands and beats of a sound played at another speed, its pitch kept."""
    import soxr

    pcm = np.asarray(soxr.resample(sound.pcm, sound.sample_rate, SAMPLE_RATE), np.float32)
    half = WINDOW_LENGTH // 2
    padded = np.pad(pcm, (half, half + 1))
    starts = np.round(np.arange(0.0, len(pcm), HOP_LENGTH * speed)).astype(int)
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW_LENGTH)
    bands = [
        encode(band_levels(windows[starts[i : i + _CHUNK]])) for i in range(0, len(starts), _CHUNK)
    ]
    beats = sound.beats.copy()
    beats[:, 0] /= speed
    return np.concatenate(bands), beats[beats[:, 0] < len(starts) * HOP_LENGTH / SAMPLE_RATE]


def _store(clip: Clip, variant: int, path: Path, seed: int, synths: list[Synth]) -> None:
    code = zlib.crc32(f"{clip.kind}/{clip.name}".encode())
    rng = np.random.default_rng([seed, code, variant])
    sound = clip.make(rng, synths[int(rng.integers(len(synths)))])
    if clip.kind in _RENDERED:
        sound = Sound(_spoil(sound.pcm, rng), sound.sample_rate, sound.beats)
    training = clip.split == "train"
    speed = float(np.exp(rng.uniform(-0.2, 0.2))) if training and variant else 1.0
    bands, beats = _analyse(sound, speed)
    partial = path.with_suffix(".part")
    with partial.open("wb") as file:
        np.savez(file, bands=bands, beats=beats.astype(np.float32))
    partial.replace(path)


def prepare(options: PrepareOptions) -> dict[str, int]:
    """Prepare the clips; return how many files there are by kind.

    Raises
    ------
    InputError
        There are no clips, or no soundfont.
    """
    soundfonts = find_soundfonts()
    if not soundfonts:
        raise InputError("no soundfont found (Debian: apt install timgm6mb-soundfont)")
    clips = [c for c in find_clips(options.data, options.labels) if c.split in options.splits]
    order = np.random.default_rng(options.seed).permutation(len(clips))
    clips = [clips[i] for i in order]
    counts: dict[str, int] = {}
    taken: dict[tuple[str, str], int] = {}
    synths = [Synth(path, SAMPLE_RATE) for path in soundfonts.values()]
    with Progress("prepare beat", len(clips)) as progress:
        for clip in clips:
            progress.advance()
            place = (clip.kind, clip.split)
            full = options.limit and taken.get(place, 0) >= options.limit
            if full or (options.kinds and clip.kind not in options.kinds):
                continue
            taken[place] = taken.get(place, 0) + 1
            folder = options.out / clip.split
            folder.mkdir(parents=True, exist_ok=True)
            for variant in range(options.variants if clip.split == "train" else 1):
                path = folder / f"{clip.kind}_{clip.name}.{variant}.npz"
                if not path.exists():
                    _store(clip, variant, path, options.seed, synths)
                counts[clip.kind] = counts.get(clip.kind, 0) + 1
    for synth in synths:
        synth.close()
    return counts
