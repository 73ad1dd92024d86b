"""A drummer to follow: made sound with known beats, or a recording, played into JACK.

``python -m engine.bench.drummer CLIENT SOUND BEATS`` plays a sound once on CLIENT:out and sends a
note on CLIENT:marks at the frame of each beat, numbered as in
`engine.bench.sequencer`.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.bench.soak.jack_rig import JackServer, until
from engine.process.child import child_command, child_environment

__all__ = ["drummer", "make_drummer", "run"]

FloatArray = NDArray[np.float64]

_JITTER_S = 0.006
_BREATH_S = 4.0  # before the first beat: whoever listens has to be there
_BEATS_PER_VELOCITY = 128


def make_drummer(
    seconds: float, rate: int, seed: int = 1, tempo_bpm: float = 104.0
) -> tuple[NDArray[np.float32], FloatArray]:
    """Return a rock beat as by a human: strokes stray by 6 ms, the tempo drifts, some bars rest.

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


@contextmanager
def drummer(
    server: JackServer, name: str, sound: Path, beats: Path
) -> Iterator["subprocess.Popen[bytes]"]:
    """Have a sound played with its beats marked, until the block ends or it is over."""
    with subprocess.Popen(
        child_command("engine.bench.drummer", name, str(sound), str(beats)),
        env=child_environment(JACK_DEFAULT_SERVER=server.name, JACK_NO_START_SERVER="1"),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            until(lambda: f"{name}:marks" in server.ports(), f"{name}:marks")
            yield process
        finally:
            process.kill()


def run(name: str, sound: Path, beats: Path) -> None:
    """Play once, when a line comes in; then end."""
    import soundfile
    import soxr

    from engine.midi.ports.jack_server import open_client

    _, client = open_client(name)
    rate = int(client.samplerate)
    samples, given = soundfile.read(sound, dtype="float32", always_2d=True)
    pcm = np.asarray(soxr.resample(samples.mean(1), given, rate), np.float32)
    times = np.loadtxt(beats, ndmin=2)[:, 0]
    lead = round(_BREATH_S * rate)
    pcm = np.concatenate((np.zeros(lead, np.float32), pcm))
    marks = [
        (lead + round(at * rate), bytes((0x9F, i % 128, 1 + i // _BEATS_PER_VELOCITY)))
        for i, at in enumerate(times)
    ]
    out = client.outports.register("out")
    port = client.midi_outports.register("marks")
    over, begun = threading.Event(), threading.Event()
    begin = -1
    coming = 0

    def process(frames: int) -> None:
        nonlocal begin, coming
        port.clear_buffer()
        block = out.get_array()
        block[:] = 0.0
        if not begun.is_set():
            return
        now = client.last_frame_time
        begin = now if begin < 0 else begin
        at = now - begin
        part = pcm[at : at + frames]
        block[: len(part)] = part
        while coming < len(marks) and marks[coming][0] < at + frames:
            port.write_midi_event(max(0, marks[coming][0] - at), marks[coming][1])
            coming += 1
        if at > len(pcm):
            over.set()

    client.set_process_callback(process)
    with client:
        sys.stdin.readline()
        begun.set()
        over.wait()


if __name__ == "__main__":
    run(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
    sys.stdout.flush()
    os._exit(0)  # threads of the C library need not be waited for
