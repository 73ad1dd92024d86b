"""What is no music: how surely the tracker says so, and how often it says so wrongly."""

from pathlib import Path

import numpy as np

from engine.emotion.tracker import Tracker
from engine.errors import InputError
from engine.events import EmotionState
from export_onnx.tracker.prepare import resample, to_reference
from export_onnx.tracker.speech import HELD_OUT_VOICES, read_texts, room, say
from export_onnx.training.metrics import Score, bootstrap
from export_onnx.training.progress import Progress

__all__ = ["doubted", "speech_rows"]

# Every held-out voice reads this often, half of the time in a room.
_READINGS = 3
_RECORDINGS = (".wav", ".flac", ".ogg", ".mp3")
# A shorter recording is repeated: the first seconds are settling, whatever sounds [s].
_SHORTEST_S = 12.0
_SILENT_KINDS = ("silence", "settling")

Measured = tuple[str, str, Score]


def _mean(values: np.ndarray) -> float:
    return float(np.mean(values))


def doubted(states: list[EmotionState]) -> float:
    """Share of the settled, sounding time that is called uncertain; 0 where there is none."""
    judged = [state.state == "uncertain" for state in states if state.state not in _SILENT_KINDS]
    return float(np.mean(judged)) if judged else 0.0


def _recordings(folder: Path, rate: int) -> list[np.ndarray]:
    import soundfile

    found = []
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in _RECORDINGS:
            sound, own_rate = soundfile.read(path, dtype="float32", always_2d=True)
            sound = resample(sound.mean(1, dtype=np.float32), own_rate, rate)
            found.append(np.tile(sound, -(-round(_SHORTEST_S * rate) // max(1, len(sound)))))
    if not found:
        raise InputError(f"{folder}: no recording ({', '.join(_RECORDINGS)})")
    return found


def _readings(rate: int) -> list[tuple[str, np.ndarray]]:
    """Held-out voices of the installed synthesisers, by voice."""
    import shutil

    texts, found = read_texts(), []
    voices = [voice for voice in HELD_OUT_VOICES if shutil.which(voice.program)]
    for number, voice in enumerate(voices):
        for turn in range(_READINGS):
            rng = np.random.default_rng([77, number, turn])
            sound, own_rate = say(voice, texts[int(rng.integers(len(texts)))], rng)
            sound = resample(sound, own_rate, rate)
            if turn % 2:
                sound = room(sound, rate, rng.uniform(0.3, 1.2), 0.4, turn)
            found.append((voice.name, sound))
    return found


def speech_rows(tracker: Tracker, folder: Path | None) -> list[Measured]:
    """Measure detection of speech: held-out voices of free synthesisers, and recordings if given.

    Found is a clip of which more than half of the settled time is called uncertain; the gain is
    drawn between -30 and 0 dB as for music.
    """
    parts = [("held-out synthetic voices", _readings(tracker.sample_rate))]
    if folder is not None:
        sounds = _recordings(folder, tracker.sample_rate)
        parts.append(("recordings", [(f"recording {i}", s) for i, s in enumerate(sounds)]))
    rows: list[Measured] = []
    for name, clips in parts:
        if not clips:
            continue
        shares, groups = [], []
        rng = np.random.default_rng(5)
        with Progress(f"speech, {name}", len(clips)) as progress:
            for group, sound in clips:
                gain = np.float32(10.0 ** (rng.uniform(-30.0, 0.0) / 20.0))
                tracker.reset()
                shares.append(doubted(tracker.push(to_reference(sound) * gain)))
                groups.append(group)
                progress.advance()
        values = np.asarray(shares)
        for what, column in (("clips found", values > 0.5), ("time called uncertain", values)):
            score = bootstrap(_mean, (column.astype(float),), groups)
            rows.append((f"{name}: {what}, share", "tracker", score))
    return rows
