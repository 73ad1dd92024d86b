"""FluidSynth playing over JACK, and a JACK client that records what it plays."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import jack
import numpy as np

from servers.jack import JackServer, until
from servers.needs import need_program, need_soundfont

__all__ = ["Capture", "capture", "fluidsynth", "tone_hz"]


@contextmanager
def fluidsynth(server: JackServer, name: str) -> Iterator[tuple[str, str]]:
    """Run FluidSynth; yield its MIDI input and its left audio output."""
    options = {
        "audio.jack.id": name,
        "midi.jack.id": name,
        "audio.jack.autoconnect": 0,
        "synth.sample-rate": server.rate,
        "synth.reverb.active": 0,
        "synth.chorus.active": 0,
    }
    command = [need_program("fluidsynth"), "-q", "-a", "jack", "-m", "jack", "-g", "1"]
    for key, value in options.items():
        command += ["-o", f"{key}={value}"]
    process = subprocess.Popen(
        [*command, str(need_soundfont())],
        env=server.environment(),
        stdin=subprocess.PIPE,  # its shell ends with its input
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    audio = f"{name}:left"

    def midi() -> str:
        return next((port for port in server.ports() if port.startswith(f"{name}:midi")), "")

    try:
        until(lambda: midi() and audio in server.ports(), "FluidSynth's ports", 30)
        yield midi(), audio
    finally:
        process.communicate(b"quit\n")


class Capture:
    """What a JACK client hears on its one audio input."""

    def __init__(self, port: str) -> None:
        self.port = port
        self.blocks: list[np.ndarray] = []

    def samples(self) -> np.ndarray:
        """Return everything heard so far: float32, shape (n_samples,)."""
        return np.concatenate([np.zeros(0, np.float32), *self.blocks])


@contextmanager
def capture(server: JackServer, name: str, source: str) -> Iterator[Capture]:
    """Record an audio port for the length of a ``with`` block."""
    client = jack.Client(name, no_start_server=True, servername=server.name)
    port = client.inports.register("in")
    taken = Capture(port.name)

    @client.set_process_callback
    def process(frames: int) -> None:
        taken.blocks.append(port.get_array().copy())

    client.activate()
    try:
        server.connect(source, taken.port)
        yield taken
    finally:
        client.deactivate()
        client.close()


def tone_hz(samples: np.ndarray, rate: int) -> float:
    """Return the strongest frequency [Hz] of a note, from a tenth to half a second in it."""
    start = int((np.abs(samples) > 0.01).argmax())
    loud = samples[start + rate // 10 : start + rate // 2]
    spectrum = np.abs(np.fft.rfft(loud * np.hanning(len(loud))))
    return float(np.argmax(spectrum) * rate / len(loud))
