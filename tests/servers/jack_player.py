"""A JACK client that plays one sine per output until its standard input closes.

``python -P jack_player.py NAME AMPLITUDE HZ...``
"""

import sys

import jack
import numpy as np

client = jack.Client(sys.argv[1])
amplitude = float(sys.argv[2])
tones = [(client.outports.register(f"out_{i}"), float(hz)) for i, hz in enumerate(sys.argv[3:])]
played = 0


@client.set_process_callback
def process(frames: int) -> None:
    """Continue every sine where the last period ended."""
    global played
    time_s = np.arange(played, played + frames) / client.samplerate
    for port, hz in tones:
        port.get_array()[:] = amplitude * np.sin(2 * np.pi * hz * time_s)
    played += frames


with client:
    print("playing", flush=True)
    sys.stdin.read()
