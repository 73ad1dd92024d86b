"""A drummer to follow: made sound with known beats, or a recording, with its beats as marks."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.bench.player import write_marks

__all__ = ["make_drummer", "write_drummer"]

FloatArray = NDArray[np.float64]

_JITTER_S = 0.006
_BREATH_S = 4.0  # before the first beat: whoever listens has to be there
_BEATS_PER_VELOCITY = 128


def make_drummer(
    seconds: float, rate: int, seed: int = 1, tempo_bpm: float = 104.0
) -> tuple[NDArray[np.float32], FloatArray]:
    """Return a rock beat with human timing: strokes 6 ms off, drifting tempo, some empty bars.

    Returns
    -------
    pcm : float32 array, shape (n,)
    beats : array, shape (m, 2)
        Time [s] and number, 1..4.
    """
    rng = np.random.default_rng(seed)
    count = int(seconds * tempo_bpm / 60.0)
    drift = np.exp(np.cumsum(rng.normal(0.0, 0.002, count)))
    times = np.concatenate(([0.5], 0.5 + np.cumsum(60.0 / tempo_bpm * drift)))
    times = times[times < seconds - 0.5]
    pcm = np.zeros(round(seconds * rate))
    sounds = _sounds(rate, rng)
    steps = np.diff(times, append=2 * times[-1] - times[-2])
    for beat, (at_s, step_s) in enumerate(zip(times, steps, strict=True)):
        if beat // 4 % 8 == 7:
            continue
        strokes = [("kick" if beat % 2 == 0 else "snare", 0.0, 0.9), ("hat", 0.0, 0.5)]
        strokes.append(("hat", 0.5, 0.35))
        if rng.random() < 0.3:
            strokes.append(("kick", 0.5, 0.6))
        for name, place, level in strokes:
            _strike(
                pcm,
                round((at_s + place * step_s + rng.normal(0.0, _JITTER_S)) * rate),
                level * rng.uniform(0.7, 1.0) * sounds[name],
            )
    beats = np.stack((times, 1 + np.arange(len(times)) % 4), axis=1)
    return (0.5 * pcm / np.abs(pcm).max()).astype(np.float32), beats


def _sounds(rate: int, rng: np.random.Generator) -> dict[str, FloatArray]:
    t = np.arange(round(0.25 * rate)) / rate
    noise = rng.normal(0.0, 1.0, len(t))
    bright = np.diff(noise, prepend=0.0)
    return {
        "kick": np.sin(2 * np.pi * (50 * t - 2.0 * np.exp(-t * 40))) * np.exp(-t * 18),
        "snare": 0.5 * (noise * np.exp(-t * 22) + np.sin(2 * np.pi * 190 * t) * np.exp(-t * 30)),
        "hat": 0.4 * bright * np.exp(-t * 60),
    }


def _strike(pcm: FloatArray, start: int, sound: FloatArray) -> None:
    if 0 <= start < len(pcm):
        end = min(len(pcm), start + len(sound))
        pcm[start:end] += sound[: end - start]


def write_drummer(path: Path, sound: Path, beats: Path, rate: int) -> None:
    """Write a sound after some seconds of silence, its beats as marks.

    They are numbered as `engine.bench.sequencer.beat_of` reads them.
    """
    import soundfile
    import soxr

    samples, given = soundfile.read(sound, dtype="float32", always_2d=True)
    lead = round(_BREATH_S * rate)
    pcm = np.pad(soxr.resample(samples.mean(1), given, rate), (lead, 0))
    soundfile.write(path, pcm, rate)
    times = np.loadtxt(beats, ndmin=2)[:, 0]
    marks = [
        (lead + round(at * rate), bytes((0x9F, i % 128, 1 + i // _BEATS_PER_VELOCITY)))
        for i, at in enumerate(times)
    ]
    write_marks(path, marks)
