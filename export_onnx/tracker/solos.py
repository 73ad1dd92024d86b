"""Single instruments, alone: lines and slow chords of every program, low registers first.

A held low note must not be taken for a hum, a fan or a motor. The clips become features as
`prepare` writes them, under the set name ``solos``; they carry no label.
"""

from pathlib import Path
from typing import Final

import mido
import numpy as np

from export_onnx.datasets.render import Rendering, Synth, TimedMessage
from export_onnx.tracker.config import FrontEndConfig
from export_onnx.tracker.prepare import resample, to_reference
from export_onnx.tracker.store import plain_meta, write_clip
from export_onnx.training.progress import Progress

__all__ = ["prepare_solos", "solo"]

_CLIP_S: Final = 14.0
_RENDER_RATE: Final = 44100
_PROGRAMS: Final = 96
"""General MIDI's instruments; effects and percussion come after them."""
_BASSES: Final = (32, 33, 34, 35, 36, 37, 38, 39, 42, 43, 57, 58, 67, 70)
_STEPS: Final = (-12, -7, -5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 7, 12)
_CHORDS: Final = ((0,), (0, 7), (0, 4, 7), (0, 3, 7), (0, 7, 16), (-12, 0, 4, 7))


def solo(rng: np.random.Generator, synth: Synth) -> tuple[np.ndarray, int]:
    """Render a random line or row of chords: mono float32 and its rate [Hz]."""
    bass = rng.random() < 0.5
    program = int(rng.choice(_BASSES) if bass else rng.integers(_PROGRAMS))
    low, high = (26, 50) if bass else (40, 76)
    chord = _CHORDS[0] if bass or rng.random() < 0.4 else _CHORDS[int(rng.integers(len(_CHORDS)))]
    pace_s, even = 10.0 ** rng.uniform(-0.6, 0.85), rng.random() < 0.5
    pitch, time_s = int(rng.integers(low, high)), 0.0
    messages: list[TimedMessage] = []
    while time_s < _CLIP_S:
        length_s = pace_s if even else pace_s * rng.uniform(0.4, 1.6)
        sounding_s = length_s * rng.uniform(0.6, 1.0)
        for step in chord:
            note = {"note": pitch + step}
            velocity = int(rng.integers(45, 115))
            on = mido.Message("note_on", velocity=velocity, **note)
            messages.append(TimedMessage(time_s, 0, on))
            messages.append(TimedMessage(time_s + sounding_s, 0, mido.Message("note_off", **note)))
        time_s += length_s
        pitch += int(rng.choice(_STEPS))
        pitch += 12 * ((pitch < low) - (pitch > high))
    messages.sort(key=lambda one: one.time_s)
    how = Rendering(programs=(program,), reverb=float(rng.choice([0.0, 0.2, 0.5, 0.9])))
    return synth.render(messages, how, 0.0, _CLIP_S), synth.sample_rate


def prepare_solos(out: Path, count: int, soundfonts: list[Path], seed: int = 20251121) -> int:
    """Write `count` clips for training, at tunings within ±50 cents.

    Returns the number of files written; existing ones are kept.
    """
    import torch

    from export_onnx.tracker.frontend import FrontEnd

    torch.set_num_threads(1)
    config = FrontEndConfig()
    front_end = FrontEnd(config).eval()
    written = 0
    with Progress("solos", count) as progress:
        for number, font in enumerate(soundfonts):
            with Synth(font, _RENDER_RATE) as synth:
                for index in range(number, count, len(soundfonts)):
                    progress.advance()
                    target = out / "train" / "solos" / f"solo{index:04d}.0.npz"
                    if target.exists():
                        continue
                    rng = np.random.default_rng([seed, index])
                    sound, rate = solo(rng, synth)
                    tuned = rate * 2.0 ** (rng.uniform(-0.5, 0.5) / 12.0)
                    sound = to_reference(resample(sound, tuned, config.sample_rate))
                    meta = plain_meta("solos", f"solo{index:04d}")
                    write_clip(target, front_end, sound, meta)
                    written += 1
    return written
