"""Sounds that are not music, alone and mixed with music: synthetic noise and synthetic speech.

Wind, rumble, ventilation, hum, rain, machines, applause and crowds become features as `prepare`
writes them, under the set name ``noise``. Beside them ``tones``: plain synthetic music at any
tuning (held chords, pads, broken chords), so that steady sounds are not taken for a hum. The kinds
in `HELD_OUT_KINDS` and the held-out voices are for validation only.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from export_onnx.tracker.config import FrontEndConfig
from export_onnx.tracker.prepare import choose_soundfonts, resample, to_reference
from export_onnx.tracker.solos import prepare_solos
from export_onnx.tracker.speech import find_voices, prepare_speech, read_texts, room, say
from export_onnx.tracker.store import plain_meta, write_clip
from export_onnx.training.options import option
from export_onnx.training.progress import Progress

__all__ = [
    "HELD_OUT_KINDS",
    "KINDS",
    "SoundOptions",
    "crowd",
    "make_noise_sound",
    "prepare_noises",
    "prepare_sounds",
    "tones",
]

_CLIP_S: Final = 14.0
_VOICES: Final = 24
"""Readings that crowds are mixed from."""
_TRIADS: Final = ((0, 4, 7), (0, 3, 7), (0, 4, 7, 11), (0, 3, 7, 10), (0, 5, 7))


def _shaped(
    rng: np.random.Generator, n: int, rate: int, gain: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """White noise with a gain per frequency [Hz], float64, shape (n,), RMS 1."""
    spectrum = np.fft.rfft(rng.standard_normal(n))
    hz = np.fft.rfftfreq(n, 1.0 / rate)
    hz[0] = hz[1]
    sound = np.fft.irfft(spectrum * gain(hz), n)
    return np.asarray(sound / (np.sqrt(np.mean(sound**2)) + 1e-12))


def _low_passed(
    rng: np.random.Generator, n: int, rate: int, corner_hz: float, slope: float
) -> np.ndarray:
    """Return noise that falls off above a corner, as `_shaped`."""
    return _shaped(rng, n, rate, lambda hz: 1.0 / (1.0 + (hz / corner_hz) ** slope))


def _slow(rng: np.random.Generator, n: int, rate: int, pace_s: float) -> np.ndarray:
    """Return a smooth random curve of variance 1 that turns about every `pace_s`."""
    knots = rng.standard_normal(max(4, int(n / rate / pace_s) + 3))
    return np.interp(np.linspace(0, len(knots) - 1, n), np.arange(len(knots)), knots)


def _coloured(rng: np.random.Generator, n: int, rate: int) -> np.ndarray:
    """Noise of any colour from white to brown, whole or in a band."""
    slope = rng.uniform(0.0, 2.4)
    low = 10.0 ** rng.uniform(1.2, 2.6)
    high = min(0.5 * rate, low * 10.0 ** rng.uniform(0.6, 3.0))
    return _shaped(rng, n, rate, lambda hz: hz ** (-slope / 2.0) * ((hz > low) & (hz < high)))


def _wind(rng: np.random.Generator, n: int, rate: int) -> np.ndarray:
    """Gusts: low noise that swells, with a resonance that moves with it."""
    slope, corner = rng.uniform(1.0, 3.0), rng.uniform(40.0, 400.0)
    body = _low_passed(rng, n, rate, corner, slope)
    centre = rng.uniform(200.0, 1200.0)
    whistle = _shaped(rng, n, rate, lambda hz: np.exp(-((np.log2(hz / centre) / 0.35) ** 2)))
    gust = np.exp(rng.uniform(0.2, 1.0) * _slow(rng, n, rate, rng.uniform(0.4, 3.0)))
    return np.asarray(body * gust + rng.uniform(0.0, 0.4) * whistle * gust**2)


def _ventilation(rng: np.random.Generator, n: int, rate: int) -> np.ndarray:
    """Air through ducts, with the tones of a motor and its blades."""
    low, high = rng.uniform(20.0, 80.0), rng.uniform(300.0, 3000.0)
    slope = rng.uniform(0.5, 2.0)
    air = _shaped(rng, n, rate, lambda hz: hz ** (-slope / 2.0) * ((hz > low) & (hz < high)))
    tonal = _lines(rng, n, rate, rng.uniform(20.0, 120.0))
    return np.asarray(air + rng.uniform(0.0, 0.5) * tonal)


def _lines(
    rng: np.random.Generator,
    n: int,
    rate: int,
    hz: float | np.ndarray,
    numbers: tuple[int, int] = (1, 1),
) -> np.ndarray:
    """Harmonics of a frequency, or of its course (n,), RMS 1; `numbers`: the first and the step."""
    turns = np.cumsum(np.broadcast_to(hz, n)) / rate
    sound = np.zeros(n)
    for harmonic in range(numbers[0], 13 * numbers[1], numbers[1]):
        if harmonic * np.max(hz) < 0.45 * rate:
            strength = rng.uniform(0.1, 1.0) / harmonic ** rng.uniform(0.3, 1.3)
            sound += strength * np.sin(2 * np.pi * (harmonic * turns + rng.random()))
    return np.asarray(sound / np.sqrt(np.mean(sound**2)))


def _hum(rng: np.random.Generator, n: int, rate: int) -> np.ndarray:
    """Hum of 50 or 60 Hz, or of a generator between 47 and 63 Hz, that may drift.

    All harmonics, the odd ones of a transformer or the even ones of a rectifier, clean or with
    hiss. The tracker may have retuned it: by up to half a semitone.
    """
    mains = (50.0 if rng.random() < 0.6 else 60.0) * rng.uniform(0.998, 1.002)
    drift = np.zeros(n)
    if rng.random() < 0.6:
        mains = rng.uniform(47.0, 63.0)
        drift = rng.uniform(0.0, 0.004) * _slow(rng, n, rate, rng.uniform(2.0, 8.0))
    mains *= 2.0 ** (rng.choice([0.0, 1.0]) * rng.uniform(-0.5, 0.5) / 12.0)
    hiss = _coloured(rng, n, rate)
    tones = _lines(rng, n, rate, mains * (1.0 + drift), ((1, 1), (1, 2), (2, 2))[rng.integers(3)])
    return np.asarray(tones + 10.0 ** rng.uniform(-2.5, -0.2) * hiss)


def _rain(rng: np.random.Generator, n: int, rate: int) -> np.ndarray:
    """Mix many short clicks, the drops, with hiss."""
    clicks = np.zeros(n)
    count = int(n / rate * 10.0 ** rng.uniform(1.0, 3.0))
    clicks[rng.integers(0, n, count)] = rng.standard_normal(count) * rng.random(count) ** 2
    tail = np.exp(-np.arange(int(0.02 * rate)) / (rng.uniform(0.001, 0.006) * rate))
    drops = np.convolve(clicks, tail * rng.standard_normal(len(tail)), "same")
    drops /= np.sqrt(np.mean(drops**2)) + 1e-9
    return drops + rng.uniform(0.0, 1.0) * _coloured(rng, n, rate)


def _applause(rng: np.random.Generator, n: int, rate: int) -> np.ndarray:
    """Hands of a few or of many, each at a pace of its own."""
    sound = np.zeros(n)
    for _ in range(int(rng.integers(4, 60))):
        gaps = rng.uniform(0.16, 0.4) * rng.uniform(0.85, 1.15, int(n / rate / 0.13) + 8)
        onsets = (np.cumsum(gaps) * rate).astype(int)
        onsets = onsets[onsets < n - rate // 20]
        length = int(0.03 * rate)
        hz = rng.uniform(600.0, 2500.0)
        shape = np.exp(-np.arange(length) / (0.005 * rate)) * rng.standard_normal(length)
        clap = shape * np.cos(2 * np.pi * hz * np.arange(length) / rate)
        for onset in onsets:
            sound[onset : onset + length] += clap * rng.uniform(0.3, 1.0)
    return sound


def _machine(rng: np.random.Generator, n: int, rate: int) -> np.ndarray:
    """Modulate noise at the drifting speed of a motor, and add low harmonics."""
    speed = rng.uniform(8.0, 60.0) * np.exp(0.03 * _slow(rng, n, rate, 3.0))
    turn = 2 * np.pi * np.cumsum(speed) / rate
    beaten = _coloured(rng, n, rate) * (1.0 + 0.9 * np.sin(turn))
    harmonics = sum(np.sin(k * turn + k) / k for k in range(1, 9))
    return np.asarray(beaten + rng.uniform(0.0, 1.0) * harmonics)


def _engine(rng: np.random.Generator, n: int, rate: int) -> np.ndarray:
    """Combustion engine that idles or revs: harmonics of a speed that glides, and exhaust noise."""
    speed = rng.uniform(12.0, 90.0) * np.exp(rng.uniform(0.0, 0.4) * _slow(rng, n, rate, 2.5))
    firing = _lines(rng, n, rate, speed)
    noise = _coloured(rng, n, rate) * (1.0 + rng.uniform(0.0, 0.9) * np.tanh(firing))
    return np.asarray(firing + rng.uniform(0.05, 1.0) * noise)


def _clicks(rng: np.random.Generator, n: int, rate: int) -> np.ndarray:
    """Near silence with clicks: crackle of a worn record, steps, a relay that ticks."""
    sound = np.zeros(n)
    length = int(rng.uniform(0.002, 0.08) * rate)
    shape = np.exp(-np.arange(length) / (rng.uniform(0.1, 0.4) * length))
    if rng.random() < 0.4:  # at a steady pace
        places = np.arange(rng.uniform(0.0, 0.5), n / rate, rng.uniform(0.2, 2.0)) * rate
    else:
        places = rng.uniform(0.0, n, max(3, int(n / rate * 10.0 ** rng.uniform(-0.3, 1.5))))
    for place in places.astype(int):
        end = min(n, place + length)
        click = _coloured(rng, length, rate) if length > 64 else rng.standard_normal(length)
        sound[place:end] += rng.uniform(0.2, 1.0) * (click * shape)[: end - place]
    return np.asarray(sound + 10.0 ** rng.uniform(-3.0, -1.5) * _coloured(rng, n, rate))


def _waves(rng: np.random.Generator, n: int, rate: int) -> np.ndarray:
    """Surf: wide noise that comes and goes in some seconds."""
    swell = np.clip(np.sin(2 * np.pi * np.arange(n) / rate / rng.uniform(4.0, 9.0)), -0.6, 1.0)
    return _shaped(rng, n, rate, lambda hz: hz**-0.4) * np.exp(2.0 * swell)


def _road(rng: np.random.Generator, n: int, rate: int) -> np.ndarray:
    """Cars that pass: rumble and tyre noise whose band moves up and away."""
    sound = 0.2 * _low_passed(rng, n, rate, 90.0, 2.0)
    for _ in range(int(rng.integers(2, 6))):
        centre = rng.uniform(0, n)
        near = np.exp(-(((np.arange(n) - centre) / rate / rng.uniform(0.8, 2.5)) ** 2))
        top = rng.uniform(600.0, 2000.0)
        sound += near * _low_passed(rng, n, rate, top, 3.0)
    return np.asarray(sound)


KINDS: Final = {
    "coloured": _coloured,
    "wind": _wind,
    "ventilation": _ventilation,
    "hum": _hum,
    "rain": _rain,
    "applause": _applause,
    "machine": _machine,
    "engine": _engine,
    "clicks": _clicks,
}
"""Kinds of noise used in training, besides crowds."""

HELD_OUT_KINDS: Final = {"waves": _waves, "road": _road}
"""Never heard in training."""


def make_noise_sound(kind: str, rng: np.random.Generator, n: int, rate: int) -> np.ndarray:
    """Return one sound of a kind in `KINDS` or `HELD_OUT_KINDS`: float32, shape (n,), -20 dBFS."""
    make = {**KINDS, **HELD_OUT_KINDS}[kind]
    return to_reference(np.asarray(make(rng, n, rate), np.float32))


def crowd(voices: list[np.ndarray], rng: np.random.Generator, n: int, rate: int) -> np.ndarray:
    """Mix readings into a crowd in a room: float32, shape (n,), -20 dBFS."""
    mixed = np.zeros(n, np.float32)
    for _ in range(int(rng.integers(6, 40))):
        voice = voices[int(rng.integers(len(voices)))]
        speed = rng.uniform(0.85, 1.2)
        voice = np.interp(np.arange(0, len(voice) - 1, speed), np.arange(len(voice)), voice)
        mixed += np.resize(np.roll(voice, int(rng.integers(len(voice)))), n) * rng.uniform(0.2, 1)
    wet = room(mixed, rate, rng.uniform(0.4, 2.0), rng.uniform(0.3, 0.8), int(rng.integers(2**31)))
    return to_reference(wet)


def tones(rng: np.random.Generator, n: int, rate: int) -> np.ndarray:
    """Synthetic music at a tuning within ±50 cents: float32, shape (n,), -20 dBFS."""
    sound = np.zeros(n)
    tuning = rng.uniform(-0.5, 0.5)
    held, broken = rng.uniform(0.8, 7.0), rng.random() < 0.4
    partials, slope = int(rng.integers(1, 12)), rng.uniform(0.6, 2.0)
    decay = 0.0 if rng.random() < 0.5 else rng.uniform(0.5, 4.0)
    tonic, place = int(rng.integers(48, 66)), 0
    bass = rng.random() < 0.2  # single low notes, where a hum lies
    while place < n:
        length = min(n - place, int(held * rate))
        chord = np.array(_TRIADS[int(rng.integers(len(_TRIADS)))]) + int(rng.choice([0, 5, 7, 9]))
        notes = (*chord, *(chord[: int(rng.integers(3))] + 12))
        if bass:
            length = min(length, int(rng.uniform(0.2, 3.0) * rate))
            notes = (chord[int(rng.integers(3))] - 24,)
        for number, step in enumerate(notes):
            late = int(0.15 * number * rate) if broken else 0
            if late >= length:
                continue
            age = np.arange(length - late) / rate
            rise = np.minimum(1.0, age / 0.01) * np.minimum(1.0, (age[-1] - age) / 0.02 + 1e-3)
            hz = 440.0 * 2.0 ** ((tonic + step + tuning - 69.0) / 12.0)
            for partial in range(1, partials + 1):
                if partial * hz < 0.45 * rate:
                    wave = np.sin(2 * np.pi * (partial * hz * age + rng.random()))
                    sound[place + late : place + length] += (
                        rise * np.exp(-decay * age) * wave / partial**slope
                    )
        place += length
    return to_reference(np.asarray(sound, np.float32))


def prepare_noises(out: Path, count: int, held_out_count: int, seed: int = 20251121) -> int:
    """Write `count` clips each of noise and tones for training, and others for validation.

    Returns the number of files written; existing ones are kept.
    """
    import torch

    from export_onnx.tracker.frontend import FrontEnd

    torch.set_num_threads(1)
    config = FrontEndConfig()
    rate, total = config.sample_rate, round(_CLIP_S * config.sample_rate)
    front_end = FrontEnd(config).eval()
    written = 0
    for split, number in (("train", count), ("val", held_out_count)):
        held_out = split == "val"
        rng = np.random.default_rng([seed, held_out])
        voices = _readings(held_out, rng, rate) if number else []
        # Two kinds of hum more: nothing else is as easily taken for music.
        kinds = [*(HELD_OUT_KINDS if held_out else ("hum", "hum")), *KINDS, "crowd"]
        with Progress(f"noise {split}", 2 * number) as progress:
            for index in range(2 * number):
                progress.advance()
                name = "noise" if index < number else "tones"
                target = out / split / name / f"{name}{index % number:04d}.0.npz"
                if target.exists():
                    continue
                rng = np.random.default_rng([seed, held_out, index])
                kind = kinds[index % len(kinds)]
                if name == "tones":
                    sound = tones(rng, total, rate)
                elif kind == "crowd":
                    sound = crowd(voices, rng, total, rate)
                else:
                    sound = make_noise_sound(kind, rng, total, rate)
                write_clip(target, front_end, sound, plain_meta(name, target.name.split(".")[0]))
                written += 1
    return written


def _readings(held_out: bool, rng: np.random.Generator, rate: int) -> list[np.ndarray]:
    voices, texts, found = find_voices(held_out), read_texts(), []
    for _ in range(_VOICES):
        sound, own_rate = say(
            voices[int(rng.integers(len(voices)))], texts[int(rng.integers(len(texts)))], rng
        )
        found.append(to_reference(resample(sound, own_rate, rate)))
    return found


@dataclass(frozen=True)
class SoundOptions:
    """How much to prepare."""

    out: Path = option(Path("runs/tracker/features"), "folder of features")
    clips: int = option(320, "for training")
    held_out_clips: int = option(48, "clips of held-out voices")
    soundfonts: tuple[Path, ...] = option((), "one more for training", flag="--soundfont")
    seed: int = option(20251121)


def prepare_sounds(options: SoundOptions) -> int:
    """Prepare speech, noises, tones and solos; returns the number of files written."""
    counts = (options.clips, options.held_out_clips)
    fonts, _ = choose_soundfonts(options.soundfonts)
    written = prepare_speech(options.out, *counts, options.seed)
    written += prepare_noises(options.out, *counts, options.seed)
    return written + prepare_solos(options.out, options.clips, fonts, options.seed)
