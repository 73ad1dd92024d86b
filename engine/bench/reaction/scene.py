"""What is played to the engine: clicks in silence, then a piece that turns from calm to tense.

``python -m engine.bench.reaction.scene FILE CLIENT`` plays the sound of a file once, on the port
CLIENT:out, and sends a note on CLIENT:marks at the very frame of each mark. It prints ``done``
at the end and leaves when standard input ends.
"""

import json
import sys
import threading
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["CLICK", "STEP", "Scene", "make_scene", "play"]

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
    path.with_suffix(".json").write_text(json.dumps(marks), encoding="utf-8")
    return len(sound) / rate


def play(path: Path, name: str) -> None:
    """Play the scene once."""
    import numpy as np
    import soundfile

    from engine.midi.ports.jack_server import open_client

    _, client = open_client(name)
    samples, _ = soundfile.read(path, dtype="float32")
    marks = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    out = client.outports.register("out")
    marked = client.midi_outports.register("marks")
    position = 0
    begun, over = threading.Event(), threading.Event()

    def process(frames: int) -> None:
        nonlocal position
        marked.clear_buffer()
        block = np.zeros(frames, np.float32)
        if begun.is_set():
            now = samples[position : position + frames]
            block[: len(now)] = now
            while marks and marks[0][0] < position + frames:
                at, mark = marks.pop(0)
                marked.write_midi_event(max(0, at - position), (0x90, mark, 1))
            position += frames
            if position > len(samples):
                over.set()
        out.get_array()[:] = block

    client.set_process_callback(process)
    with client:
        print("ready", flush=True)
        sys.stdin.readline()
        begun.set()
        over.wait()
        print("done", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    play(Path(sys.argv[1]), sys.argv[2])
