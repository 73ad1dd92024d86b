"""Render, analyse, store: every item of the data sets becomes log powers with labels per hop.

One file per item and variant, ``OUT/<split>/<set>/<name>.<variant>.npz``: ``mel`` and ``pitch``
float16, ``labels`` float32 of shape (n_hops, 4) with valence, arousal, chord, key (NaN or -1 where
unknown), ``played`` (start in the file [s] and speed), ``meta`` a JSON text. Existing files are
kept, so an interrupted run goes on where it was. The `train` split is rendered with all soundfonts
but the held-out ones; every other split with the held-out ones only.
"""

import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import InputError
from export_onnx.datasets import Item, read_items
from export_onnx.datasets.render import Rendering, Synth, find_soundfonts
from export_onnx.tracker.config import FrontEndConfig
from export_onnx.tracker.store import write_clip
from export_onnx.training.options import data_option, option, read_worker

__all__ = [
    "HELD_OUT",
    "PrepareOptions",
    "choose_rendering",
    "choose_soundfonts",
    "prepare",
    "resample",
    "to_reference",
]

HELD_OUT = ("TimGM6mb.sf2",)

_RENDER_RATE = 44100
# Level every clip is brought to before analysis [dBFS]; training moves it again at random.
_REFERENCE_DB = -20.0
_EXCERPT_S = 36.0
# Longer recordings are cut to a part of this length, another one in each variant [s].
_RECORDING_S = 60.0

_PIANO = (0, 1, 2)
_ELECTRIC_PIANO = (4, 5)
_COLOURS = (6, 11, 12, 16, 19, 24, 25, 26, 46, 48, 49, 52, 73, 80, 88, 89)


@dataclass(frozen=True)
class PrepareOptions:
    """What to prepare."""

    data: Path = data_option()
    out: Path = option(Path("runs/tracker/features"), "folder of features")
    splits: tuple[str, ...] = option(("train", "val"), "parts of the data sets", flag="--split")
    variants: int = option(3, "renderings per training item; others get one")
    sets: tuple[str, ...] = option((), "only these data sets", flag="--set")
    soundfonts: tuple[Path, ...] = option((), "one more for training", flag="--soundfont")
    seed: int = option(20251121)
    worker: tuple[int, int] = option(
        (0, 1), "I/N: do every N-th item, from the I-th", parse=read_worker
    )


def resample(sound: np.ndarray, rate: float, to: float) -> np.ndarray:
    """Change the sample rate of mono float32 audio; `rate` and `to` in Hz."""
    import soxr

    return np.asarray(soxr.resample(sound, rate, to, quality="HQ"), np.float32)


def _item_rng(item: Item, variant: int, seed: int) -> np.random.Generator:
    name = zlib.crc32(f"{item.dataset}/{item.name}".encode())
    return np.random.default_rng([seed, name, variant])


def choose_rendering(rng: np.random.Generator) -> Rendering:
    """Draw how a piece is played: pianos mostly, other programs, transposition, touch, room."""

    def program() -> int:
        kind = rng.random()
        pool = _PIANO if kind < 0.55 else _ELECTRIC_PIANO if kind < 0.7 else _COLOURS
        return int(rng.choice(pool))

    first = program()
    programs = (first,) if rng.random() < 0.6 else (first, program(), program())
    return Rendering(
        programs=programs,
        speed=float(rng.uniform(0.97, 1.03)),
        transpose=int(rng.integers(-3, 4)),
        reverb=float(rng.choice([0.0, 0.2, 0.5, 0.9])),
        velocity_power=float(rng.uniform(0.8, 1.15)),
    )


def to_reference(sound: np.ndarray) -> np.ndarray:
    """Bring mono float32 audio to the reference level of -20 dBFS."""
    rms = float(np.sqrt(np.mean(np.square(sound, dtype=np.float64)))) if len(sound) else 0.0
    return sound * np.float32(10 ** (_REFERENCE_DB / 20) / max(rms, 1e-6))


def _labels(
    item: Item, n_hops: int, hop_s: float, start_s: float, speed: float, transpose: int
) -> np.ndarray:
    """Labels per hop, float32, shape (n_hops, 4): valence, arousal, chord, key."""
    labels = np.full((n_hops, 4), np.nan, np.float32)
    labels[:, 2:] = -1
    time_s = start_s + (np.arange(n_hops) + 1) * hop_s * speed
    if item.valence is not None and item.arousal is not None:
        labels[:, 0], labels[:, 1] = item.valence, item.arousal
    if item.curve is not None:
        for column in (0, 1):
            labels[:, column] = np.interp(time_s, item.curve[:, 0], item.curve[:, 1 + column])
    for column, spans, offset in ((2, item.chords, 1), (3, item.keys, 0)):
        for span in spans:
            inside = (time_s > span.start_s) & (time_s <= span.end_s)
            label = span.label
            if label >= offset:
                tonic, mode = (label - offset) % 12, (label - offset) // 12
                label = offset + 12 * mode + (tonic + transpose) % 12
            labels[inside, column] = label
    return labels


def choose_soundfonts(more: tuple[Path, ...]) -> tuple[list[Path], list[Path]]:
    """Return soundfonts for training and for validation: the installed ones, and `more`.

    Raises
    ------
    InputError
        One side has none.
    """
    fonts = {path.resolve(): path for path in find_soundfonts().values()}
    fonts.update({path.resolve(): path for path in more})
    paths = sorted(fonts)
    training = [path for path in paths if path.name not in HELD_OUT]
    held_out = [path for path in paths if path.name in HELD_OUT]
    if not training or not held_out:
        raise InputError(
            f"soundfonts found: {', '.join(path.name for path in paths) or 'none'}; needs "
            f"{', '.join(HELD_OUT)} and at least one more (Debian: apt install timgm6mb-soundfont "
            "fluidr3mono-gm-soundfont opl3-soundfont musescore-general-soundfont-small)"
        )
    return training, held_out


def prepare(options: PrepareOptions) -> int:
    """Prepare all items; returns the number of files written."""
    import torch

    from export_onnx.tracker.frontend import FrontEnd
    from export_onnx.training.progress import Progress

    torch.set_num_threads(1)
    config = FrontEndConfig()
    front_end = FrontEnd(config).eval()
    training, held_out = choose_soundfonts(options.soundfonts)
    synths: dict[Path, Synth] = {}
    items = read_items(options.data, options.splits, options.sets)
    jobs = [
        (item, variant)
        for variant in range(options.variants)
        for item in items
        if variant == 0 or item.split == "train"
    ][slice(options.worker[0], None, options.worker[1])]
    written = 0
    with Progress("prepare", len(jobs)) as progress:
        for item, variant in jobs:
            progress.advance()
            target = options.out / item.split / item.dataset / f"{item.name}.{variant}.npz"
            if target.exists():
                continue
            rng = _item_rng(item, variant, options.seed)
            seen = item.split == "train"
            fonts = training if seen else held_out
            font = fonts[int(rng.integers(len(fonts)))]
            if item.is_midi and font not in synths:
                synths[font] = Synth(font, _RENDER_RATE)
            sound, labels, played = _make(item, variant, rng, synths.get(font), config)
            if len(sound) < 10 * config.hop_length:
                continue
            meta: dict[str, Any] = {
                "dataset": item.dataset,
                "name": item.name,
                "group": item.group,
                "variant": variant,
                "quadrant": item.quadrant,
                "tags": item.tags,
                "moods": item.moods,
                "valence": item.valence,
                "arousal": item.arousal,
                "soundfont": font.name if item.is_midi else None,
            }
            write_clip(target, front_end, sound, meta, labels, played)
            written += 1
    for synth in synths.values():
        synth.close()
    return written


def _make(
    item: Item,
    variant: int,
    rng: np.random.Generator,
    synth: Synth | None,
    config: FrontEndConfig,
) -> tuple[np.ndarray, np.ndarray, tuple[float, float]]:
    """Sound at the tracker's rate, its labels per hop, start [s] and speed of one variant."""
    rate, hop_s = config.sample_rate, config.hop_length / config.sample_rate
    seen = item.split == "train"
    if not item.is_midi:
        sound, own_rate = item.audio()
        length = round(_RECORDING_S * own_rate)
        # A second more is no reason to cut.
        start = int(rng.integers(len(sound) - length)) if len(sound) > length + own_rate else 0
        start_s = start / own_rate
        sound = sound[start : start + length] if start else sound
        # Played a little fast or slow: pitch and tempo move together, as on a turntable.
        speed = float(rng.uniform(0.94, 1.06)) if seen and variant > 0 else 1.0
        if own_rate != rate or speed != 1.0:
            sound = resample(sound, own_rate * speed, rate)
        sound = to_reference(sound)
        labels = _labels(item, len(sound) // config.hop_length, hop_s, start_s, speed, 0)
        return sound, labels, (start_s, speed)
    assert synth is not None
    how = choose_rendering(rng) if seen and (variant or item.dataset == "pop909") else Rendering()
    messages = item.messages()
    start_s, duration_s = 0.0, None
    if item.dataset == "pop909":
        duration_s = _EXCERPT_S
        start_s = float(rng.uniform(0.0, max(0.0, messages[-1].time_s - _EXCERPT_S)))
    sound = synth.render(messages, how, start_s, duration_s)
    sound = to_reference(resample(sound, synth.sample_rate, rate))
    hops = len(sound) // config.hop_length
    labels = _labels(item, hops, hop_s, start_s, how.speed, how.transpose)
    return sound, labels, (start_s, how.speed)
