"""Both errors of the music detector: speech and noise taken for music, music taken for noise."""

from pathlib import Path

import numpy as np

from engine.emotion.tracker import Tracker
from engine.errors import InputError
from engine.events import EmotionState
from export_onnx.datasets.render import Synth
from export_onnx.tracker.listen import Heard
from export_onnx.tracker.noises import HELD_OUT_KINDS, KINDS, crowd, make_noise_sound
from export_onnx.tracker.prepare import resample, to_reference
from export_onnx.tracker.solos import solo
from export_onnx.tracker.speech import HELD_OUT_VOICES, read_texts, room, say
from export_onnx.training.metrics import Score, bootstrap
from export_onnx.training.progress import Progress

__all__ = [
    "doubted",
    "noise_rows",
    "noisy_music_rows",
    "solo_rows",
    "speech_rows",
    "taken_for_no_music",
]

# Every held-out voice reads this often, half of the time in a room.
_READINGS = 3
_RECORDINGS = (".wav", ".flac", ".ogg", ".mp3")
# A shorter recording is repeated: the first seconds are settling, whatever sounds [s].
_SHORTEST_S = 12.0
_SILENT_KINDS = ("silence", "settling")
# Clips of each kind of noise, and their length [s].
_NOISE_CLIPS, _NOISE_S = 12, 20.0
_CROWD = "crowd"
_BELOW_DB = (20.0, 10.0, 5.0, 0.0)
_QUIETEST_DB = 30.0
_SOLOS = 60

Measured = tuple[str, str, Score]


def _mean(values: np.ndarray) -> float:
    return float(np.mean(values))


def doubted(states: list[EmotionState]) -> float:
    """Share of the settled, sounding time that is called uncertain; 0 where there is none."""
    judged = [state.state == "uncertain" for state in states if state.state not in _SILENT_KINDS]
    return float(np.mean(judged)) if judged else 0.0


def taken_for_no_music(states: list[EmotionState]) -> float:
    """Share of the settled, sounding time that is taken for speech or noise, as in `doubted`.

    The rest of what is called uncertain is music whose emotion is not clear.
    """
    judged = [
        state.state == "uncertain" and state.valence_std >= 1.0
        for state in states
        if state.state not in _SILENT_KINDS
    ]
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


def _gain(rng: np.random.Generator) -> np.float32:
    return np.float32(10.0 ** (rng.uniform(-_QUIETEST_DB, 0.0) / 20.0))


def noise_rows(tracker: Tracker) -> list[Measured]:
    """Measure how much of the time each kind of noise is called uncertain, crowds included.

    Seeds, and the kinds in `HELD_OUT_KINDS`, were never trained on; voices in crowds neither. The
    gain is drawn between -30 and 0 dB.
    """
    rate = tracker.sample_rate
    length = round(_NOISE_S * rate)
    voices = [sound for _, sound in _readings(rate)]
    kinds = [*KINDS, *HELD_OUT_KINDS, *([_CROWD] if voices else [])]
    rows: list[Measured] = []
    with Progress("noises", len(kinds) * _NOISE_CLIPS) as progress:
        for number, kind in enumerate(kinds):
            shares = []
            for turn in range(_NOISE_CLIPS):
                rng = np.random.default_rng([4711, number, turn])
                if kind == _CROWD:
                    sound = crowd(voices, rng, length, rate)
                else:
                    sound = make_noise_sound(kind, rng, length, rate)
                tracker.reset()
                shares.append(doubted(tracker.push(sound * _gain(rng))))
                progress.advance()
            groups = [f"{kind} {turn}" for turn in range(_NOISE_CLIPS)]
            score = bootstrap(_mean, (np.asarray(shares),), groups)
            unseen = ", kind never trained on" if kind in HELD_OUT_KINDS else ""
            rows.append((f"{kind}{unseen}: time called uncertain, share", "tracker", score))
    return rows


def solo_rows(tracker: Tracker, soundfont: Path) -> list[Measured]:
    """Measure how much of the time single instruments, low and slow ones too, are no music."""
    shares = []
    with Synth(soundfont) as synth, Progress("solos", _SOLOS) as progress:
        for turn in range(_SOLOS):
            rng = np.random.default_rng([1812, turn])
            sound, rate = solo(rng, synth)
            tracker.reset()
            states = tracker.push(to_reference(resample(sound, rate, tracker.sample_rate)))
            shares.append(taken_for_no_music(states))
            progress.advance()
    groups = [f"solo {turn}" for turn in range(_SOLOS)]
    score = bootstrap(_mean, (np.asarray(shares),), groups)
    return [("solo instruments: time taken for no music, share", "tracker", score)]


def noisy_music_rows(tracker: Tracker, heard: list[Heard]) -> list[Measured]:
    """Measure how much of the time music is called uncertain, and taken for no music.

    As it is, and with noise so far below it [dB].
    """
    kinds = [*KINDS, *HELD_OUT_KINDS]
    rows: list[Measured] = []
    for below_db in (None, *_BELOW_DB):
        shares = []
        for number, one in enumerate(heard):
            rng = np.random.default_rng([815, number])
            kind = kinds[number % len(kinds)]
            mixed = one.sound
            if below_db is not None:
                noise = make_noise_sound(kind, rng, len(one.sound), tracker.sample_rate)
                mixed = mixed + noise * np.float32(10.0 ** (-below_db / 20.0))
            tracker.reset()
            states = tracker.push(to_reference(mixed) * _gain(rng))
            shares.append((doubted(states), taken_for_no_music(states)))
        name = "as it is" if below_db is None else f"with noise {below_db:g} dB below"
        groups = [one.item.group for one in heard]
        measures = ("time called uncertain, share", "time taken for no music, share")
        for measure, column in zip(measures, np.asarray(shares).T, strict=True):
            rows.append((f"{name}: {measure}", "tracker", bootstrap(_mean, (column,), groups)))
    return rows
