"""The follower of a MIDI clock over real JACK: a strange sequencer, our program, a receiver."""

import bisect
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from engine.bench.midi_out.figures import Lateness
from engine.bench.midi_out.load import concert
from engine.bench.midi_out.receiver import FrameReceiver
from engine.bench.midi_out.run import private_server
from engine.bench.our_program import PORT, live_program
from engine.bench.sequencer import beat_of, sequencer
from engine.bench.soak.jack_rig import JackServer, until
from engine.session.events_file import read_session

__all__ = ["follower", "measure_over_jack"]

_PERIOD = 256
_TEMPO_BPM = 120.0
_READY_S = 60.0
_CLOCKS_FIRST_S = 3.0  # the sender ticks so long before it starts
_FIRST_BEATS = 1


@contextmanager
def follower(
    server: JackServer, heard: str, clock: str, *options: str
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run `stimmung live` on a sound and a clock until the block ends."""
    with live_program(server, heard, "--sync", "midi", "--midi-in", clock, *options) as process:
        until(lambda: len(server.connections(clock)) > 0, "our clock input", _READY_S)
        yield process


def measure_over_jack(
    seconds: float = 60.0, jitter_s: float = 1e-3, starts: int = 5, seed: int = 1
) -> dict[str, Any]:
    """Follow a clock with white jitter at 120 BPM, and start several times.

    Returns
    -------
    dict
        ``phase``: distance of the notes heard from the true beats, as `Lateness` of its amount;
        ``first_beat``: how late the notes of the beat of Start are; ``after_stop``: notes that
        still began when a beat later than Stop was due.

    Raises
    ------
    DeviceError
        jackd is not installed or does not start.
    """
    with private_server(_PERIOD) as server, tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        session = folder / "session"
        with (
            sequencer(server, "bench-sequencer", _TEMPO_BPM, jitter_s, seed) as other,
            concert(server, folder) as heard,
            follower(server, heard, other.clock, "--record", str(session)),
            FrameReceiver(server, "bench-receiver", ("marks", "ours")) as receiver,
        ):
            server.connect(other.marks, receiver.port("marks"))
            server.connect(PORT, receiver.port("ours"))
            time.sleep(_CLOCKS_FIRST_S)
            for _ in range(starts):
                other.say("start")
                time.sleep(seconds / starts)
                other.say("stop")
                time.sleep(1.0)
            arrivals = receiver.finish()
        planned: dict[tuple[int, int], list[float]] = defaultdict(list)
        for played in read_session(session).notes:
            planned[played.note.channel, played.note.pitch].append(played.note.onset)
    return _judge(arrivals.messages("marks"), arrivals.messages("ours"), planned)


def _judge(
    marks: Sequence[tuple[float, bytes]],
    heard: Sequence[tuple[float, bytes]],
    planned: dict[tuple[int, int], list[float]],
) -> dict[str, Any]:
    """Compare every note heard with the marks around it."""
    times_s = [at_s for at_s, _ in marks]
    beats = [beat_of(data) for _, data in marks]
    phase: list[float] = []
    first: list[float] = []
    after_stop = 0
    for at_s, data in heard:
        meant = planned.get((data[0] & 15, data[1])) if data[0] & 0xF0 == 0x90 else None
        if not meant or at_s < times_s[0] - 0.1:
            continue
        after = min(bisect.bisect_right(times_s, at_s), len(marks) - 1)
        if beats[after] != beats[after - 1] + 1:
            after -= 1  # behind the last mark of a stretch: go on from the two before it
        if after < 1 or beats[after] != beats[after - 1] + 1:
            continue
        step_s = times_s[after] - times_s[after - 1]
        beat = beats[after - 1] + (at_s - times_s[after - 1]) / step_s
        if beat >= beats[after] + 1:
            after_stop += 1  # Stop was on its way
            continue
        off_s = min((beat - there for there in meant), key=abs) * step_s
        (first if beat < _FIRST_BEATS / 2 else phase).append(off_s)
    return {
        "notes": len(phase),
        "phase": _amounts(phase),
        "first_beat": _amounts(first),
        "after_stop": after_stop,
    }


def _amounts(seconds: list[float]) -> dict[str, Any]:
    return asdict(Lateness.of(map(abs, seconds)))
