"""Plays a sound into JACK as another program would: ``python -m engine.bench.player NAME FILE``.

The first channel of the file, which must have the server's rate, goes to NAME:out in a loop until
standard input ends. Lines there change what is played for a while: ``nan``, ``inf``, ``loud`` (a
full-scale square) or ``silence``, each followed by seconds.

If FILE.json is there, it holds marks: frame and MIDI message. The sound then begins at the first
line and is played once, and each message goes to NAME:marks at its very frame.
"""

import json
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen
from typing import Any

from engine.bench.our_program import jack_program
from engine.bench.soak.jack_rig import JackServer

__all__ = ["play", "player", "write_demo", "write_marks"]

Mark = tuple[int, bytes]
"""Frame and message."""


def write_demo(path: Path, rate: int) -> None:
    """Write the demo piece at the rate of a server, unless it is there."""
    import soundfile
    import soxr

    import presets

    if not path.exists():
        samples, given = soundfile.read(presets.DEMO_AUDIO, dtype="float32", always_2d=True)
        soundfile.write(path, soxr.resample(samples[:, 0], given, rate), rate)


def _marks_of(path: Path) -> Path:
    return path.with_suffix(".json")


def write_marks(path: Path, marks: Sequence[Mark]) -> None:
    """Write the marks of a sound beside it, in order."""
    lines = [[frame, *data] for frame, data in marks]
    _marks_of(path).write_text(json.dumps(lines), encoding="utf-8")


@contextmanager
def player(server: JackServer, name: str, path: Path) -> Iterator["Popen[bytes]"]:
    """Have a sound played until the block ends, or with marks until it is over."""
    port = f"{name}:{'marks' if _marks_of(path).exists() else 'out'}"
    with jack_program(server, port, "engine.bench.player", name, str(path)) as process:
        yield process


def play(name: str, path: Path) -> None:
    """Play as the module says."""
    import numpy as np
    import soundfile

    from engine.midi.ports.jack_server import open_client

    _, client = open_client(name)
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    if rate != client.samplerate:
        needed = f"the file must have the server's rate, {client.samplerate} Hz"
        raise ValueError(f"{needed}; got {rate}")
    track = samples[:, 0]
    once = _marks_of(path).exists()
    marks = json.loads(_marks_of(path).read_text(encoding="utf-8")) if once else []
    out = client.outports.register("out")
    marked = client.midi_outports.register("marks") if once else None
    position = 0
    trouble: tuple[str, int] = ("", 0)  # kind, until position
    begun, over = threading.Event(), threading.Event()

    def process(frames: int) -> None:
        nonlocal position
        block: Any = np.zeros(frames, np.float32)
        if marked is not None:
            marked.clear_buffer()
        if begun.is_set() or not once:
            places = np.arange(position, position + frames)
            block = track[places % track.size]
            if once:
                block[places >= track.size] = 0.0
            while marks and marks[0][0] < position + frames:
                frame, *data = marks.pop(0)
                assert marked is not None
                marked.write_midi_event(max(0, frame - position), bytes(data))
            kind, until = trouble
            if position < until:
                value = {"nan": np.nan, "inf": np.inf, "silence": 0.0, "loud": 1.0}.get(kind, 0.0)
                block = np.full(frames, value, np.float32)
                if kind == "loud":
                    block[::2] = -1.0
            position += frames
            if once and position > track.size:
                over.set()
        out.get_array()[:] = block

    def obey() -> None:
        nonlocal trouble
        for line in sys.stdin:
            begun.set()
            kind, _, seconds = line.partition(" ")
            if kind.strip():
                trouble = (kind.strip(), position + int(float(seconds or 1.0) * rate))
        over.set()

    client.set_process_callback(process)
    with client:
        print("playing", flush=True)
        threading.Thread(target=obey, daemon=True).start()
        over.wait()


if __name__ == "__main__":
    play(sys.argv[1], Path(sys.argv[2]))
    sys.stdout.flush()
    os._exit(0)  # threads of the C library need not be waited for
