"""What is played to the engine: clicks in silence, then a piece that turns from calm to tense."""

from pathlib import Path
from typing import Any, NamedTuple

from engine.bench.player import write_marks

__all__ = ["CLICK", "STEP", "Scene", "make_scene"]

CLICK, STEP = 1, 2
"""Pitches of the marks."""

_CALM_S = (14.5, 27.5)  # of the demo piece: slow, soft, low
_TENSE_S = (34.0, 46.0)  # fast, loud
_PAUSE_S = 2.0
_PAUSES_S = 0.07  # longer each time: no click falls on the same place between two hops
_CLICK_S = 0.2
_SETTLE_S = 4.0


class Scene(NamedTuple):
    """How much of it there is: clicks, and turns from calm to tense."""

    clicks: int
    turns: int


def make_scene(path: Path, rate: int, scene: Scene) -> float:
    """Write sound and marks of a scene beside each other; return its length [s]."""
    import numpy as np
    import soundfile
    import soxr

    import presets

    piece, piece_rate = soundfile.read(presets.DEMO_AUDIO, dtype="float32", always_2d=True)
    track = soxr.resample(piece[:, 0], piece_rate, rate)
    rng = np.random.default_rng(1)
    calm, tense = (track[int(a * rate) : int(b * rate)] for a, b in (_CALM_S, _TENSE_S))
    parts: list[Any] = [np.zeros(int(_SETTLE_S * rate), np.float32)]
    marks: list[tuple[int, int]] = []

    def add(sound: Any, mark: int = 0) -> None:
        if mark:
            marks.append((sum(len(part) for part in parts), mark))
        parts.append(np.asarray(sound, np.float32))

    for number in range(scene.clicks):
        add(0.3 * rng.standard_normal(int(_CLICK_S * rate)), CLICK)
        add(np.zeros(int((_PAUSE_S + _PAUSES_S * number) * rate)))
    for _ in range(scene.turns):
        add(calm)
        add(tense, STEP)
    sound = np.concatenate(parts)
    soundfile.write(path, sound, rate)
    write_marks(path, [(frame, bytes((0x90, mark, 1))) for frame, mark in marks])
    return len(sound) / rate
