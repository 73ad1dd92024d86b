"""Sound for the evaluation, and the states that the shipped tracker gives for it."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.emotion.tracker import Tracker
from engine.events import EmotionState
from export_onnx.datasets import Item
from export_onnx.datasets.render import Rendering, Synth
from export_onnx.tracker.prepare import resample, to_reference
from export_onnx.training.progress import Progress

__all__ = ["Heard", "affect", "hear", "sounds"]

_RENDER_RATE = 44100
GAIN_RANGE_DB = 30.0


@dataclass(frozen=True)
class Heard:
    """One item with the tracker's states, one per hop, and the gain of the playback [dB]."""

    item: Item
    sound: np.ndarray
    states: list[EmotionState]
    gain_db: float


def affect(states: list[EmotionState]) -> np.ndarray:
    """Valence and arousal over time, float64, shape (n_hops, 2)."""
    return np.array([[state.valence, state.arousal] for state in states])


def sounds(
    items: list[Item], soundfont: Path, rate: int, excerpt_s: tuple[float, float] | None = None
) -> Iterator[tuple[Item, np.ndarray]]:
    """Yield each item with its sound at the reference level, mono float32 at `rate` [Hz].

    `excerpt_s` is start and length [s] of the part to render of MIDI pieces.
    """
    start_s, length_s = excerpt_s if excerpt_s is not None else (0.0, None)
    with Synth(soundfont, _RENDER_RATE) as synth:
        for item in items:
            if item.is_midi:
                sound = synth.render(item.messages(), Rendering(), start_s, length_s)
                sound = resample(sound, _RENDER_RATE, rate)
            else:
                recorded, own_rate = item.audio()
                sound = recorded if own_rate == rate else resample(recorded, own_rate, rate)
            yield item, to_reference(sound)


def hear(
    tracker: Tracker,
    items: list[Item],
    soundfont: Path,
    title: str,
    excerpt_s: tuple[float, float] | None = None,
) -> list[Heard]:
    """Play every item to a fresh tracker, at a gain drawn for it between -30 and 0 dB."""
    heard = []
    with Progress(title, len(items)) as progress:
        for item, sound in sounds(items, soundfont, tracker.sample_rate, excerpt_s):
            rng = np.random.default_rng(zlib.crc32(f"gain {item.dataset}/{item.name}".encode()))
            gain_db = float(rng.uniform(-GAIN_RANGE_DB, 0.0))
            tracker.reset()
            states = tracker.push(sound * np.float32(10.0 ** (gain_db / 20.0)))
            heard.append(Heard(item, sound, states, gain_db))
            progress.advance()
    return heard
