"""A third party that plays an audio file into JACK, as a mixer or another program would.

Run as ``python -P concert.py FILE CLIENT_NAME``; plays in a loop until standard input ends.
"""

import sys

import jack
import numpy as np
import soundfile

__all__ = ["play"]


def play(path: str, name: str) -> None:
    """Loop the file's first channel on the port NAME:out."""
    client = jack.Client(name, no_start_server=True)
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    assert rate == client.samplerate, "the file must have the server's rate"
    track = samples[:, 0]
    port = client.outports.register("out")
    position = 0

    def process(frames: int) -> None:
        nonlocal position
        port.get_array()[:] = track[np.arange(position, position + frames) % track.size]
        position += frames

    client.set_process_callback(process)
    with client:
        print("playing", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    play(sys.argv[1], sys.argv[2])
