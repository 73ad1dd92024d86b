"""A third party that plays an audio file into JACK, as a mixer or another program would.

``python -P -m engine.bench.soak.concert FILE CLIENT_NAME`` plays in a loop until standard input
ends. Lines there change what is played for a while: ``nan``, ``inf``, ``loud`` (a full-scale
square) or ``silence``, each followed by seconds.
"""

import sys
from typing import Any

__all__ = ["play"]


def play(path: str, name: str) -> None:
    """Loop the file's first channel on the port NAME:out."""
    import jack
    import numpy as np
    import soundfile

    client = jack.Client(name, no_start_server=True)
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    if rate != client.samplerate:
        raise ValueError(
            f"the file must have the server's rate, {client.samplerate} Hz; got {rate}"
        )
    track = samples[:, 0]
    port = client.outports.register("out")
    position = 0
    trouble: tuple[str, int] = ("", 0)  # kind, until position

    def process(frames: int) -> None:
        nonlocal position
        block: Any = track[np.arange(position, position + frames) % track.size]
        kind, until = trouble
        if position < until:
            value = {"nan": np.nan, "inf": np.inf, "silence": 0.0, "loud": 1.0}.get(kind, 0.0)
            block = np.full(frames, value, np.float32)
            if kind == "loud":
                block[::2] = -1.0
        port.get_array()[:] = block
        position += frames

    client.set_process_callback(process)
    with client:
        print("playing", flush=True)
        for line in sys.stdin:
            kind, _, seconds = line.partition(" ")
            trouble = (kind.strip(), position + int(float(seconds or 1.0) * rate))


if __name__ == "__main__":
    play(sys.argv[1], sys.argv[2])
