"""Speech for the music detector: free synthesisers read aloud, alone, in rooms and as babble.

Voices of eSpeak NG (formant synthesis, many languages and timbres) and Flite (recorded units) are
used as installed; some voices are kept for validation and never trained on. What is read are the
help texts that come with Python. The clips become features as `prepare` writes them, under the set
name ``speech``.
"""

import re
import shutil
import subprocess
import tempfile
import textwrap
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.errors import InputError
from export_onnx.tracker.config import FrontEndConfig
from export_onnx.tracker.prepare import resample, to_reference
from export_onnx.tracker.store import plain_meta, write_clip
from export_onnx.training.progress import Progress

__all__ = ["HELD_OUT_VOICES", "Voice", "find_voices", "prepare_speech", "read_texts", "room", "say"]

_LANGUAGES = ("en-us", "en-gb", "de", "fr", "es", "it", "pt", "nl", "sv", "fi", "ru", "el", "hi")
_TIMBRES = ("m1", "m2", "m3", "m4", "m5", "m6", "f1", "f2", "f3", "klatt", "klatt2", "croak")
_HELD_LANGUAGES, _HELD_TIMBRES = ("pl", "tr", "cs"), ("m7", "m8", "f4", "f5", "klatt4")
_FLITE, _HELD_FLITE = ("kal", "kal16", "rms"), ("awb", "slt")
_CLIP_S = 14.0
_TIMEOUT_S = 60.0


@dataclass(frozen=True)
class Voice:
    """A voice of an installed synthesiser.

    Attributes
    ----------
    program : str
        ``espeak-ng`` or ``flite``.
    name : str
        As that program knows it.
    held_out : bool
        True if it is not used in training.
    """

    program: str
    name: str
    held_out: bool


HELD_OUT_VOICES = (
    *(Voice("espeak-ng", f"{a}+{b}", True) for a in _HELD_LANGUAGES for b in _HELD_TIMBRES),
    *(Voice("flite", name, True) for name in _HELD_FLITE),
)
_TRAINING_VOICES = (
    *(Voice("espeak-ng", f"{a}+{b}", False) for a in _LANGUAGES for b in _TIMBRES),
    *(Voice("flite", name, False) for name in _FLITE),
)


def find_voices(held_out: bool) -> list[Voice]:
    """Return the voices of one side whose program is installed.

    Raises
    ------
    InputError
        Neither program is installed.
    """
    everything = HELD_OUT_VOICES if held_out else _TRAINING_VOICES
    found = [voice for voice in everything if shutil.which(voice.program)]
    if not found:
        raise InputError(
            "neither espeak-ng nor flite is installed (Debian: apt install espeak-ng flite)"
        )
    return found


def say(voice: Voice, text: str, rng: np.random.Generator) -> tuple[np.ndarray, int]:
    """Read a text aloud at a pitch and pace drawn at random: mono float32 and its rate [Hz].

    Raises
    ------
    InputError
        The synthesiser failed.
    """
    import soundfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "said.wav"
        if voice.program == "espeak-ng":
            pitch, pace = int(rng.integers(0, 100)), int(rng.integers(80, 280))
            options = ["-v", voice.name, "-p", str(pitch), "-s", str(pace), "-w", str(path), text]
        else:
            stretch = f"duration_stretch={rng.uniform(0.8, 1.3):.2f}"
            options = ["-voice", voice.name, "--setf", stretch, "-t", text, "-o", str(path)]
        done = subprocess.run(
            [voice.program, *options], capture_output=True, timeout=_TIMEOUT_S, check=False
        )
        if done.returncode or not path.is_file():
            reason = done.stderr.decode(errors="replace").strip().splitlines() or ["no reason"]
            raise InputError(f"{voice.program} -v {voice.name}: {reason[0]}")
        sound, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return sound.mean(1, dtype=np.float32), int(rate)


def room(sound: np.ndarray, rate: int, decay_s: float, share: float, seed: int) -> np.ndarray:
    """Add a room: noise that decays by 60 dB in `decay_s`, mixed in by `share` (0..1)."""
    rng = np.random.default_rng(seed)
    length = max(1, round(decay_s * rate))
    answer = rng.standard_normal(length) * 10.0 ** (-3.0 * np.arange(length) / length)
    answer /= np.sqrt(np.square(answer).sum())
    size = 1 << (len(sound) + length).bit_length()
    wet = np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(answer, size), size)[: len(sound)]
    return np.asarray((1.0 - share) * sound + share * wet, np.float32)


def read_texts() -> list[str]:
    """Passages of plain English of about 230 letters."""
    from pydoc_data.topics import topics

    plain = " ".join(re.sub(r"[^A-Za-z,.? ]", " ", text) for text in topics.values())
    return textwrap.wrap(" ".join(plain.split()), 230)


def _clip(voices: list[Voice], texts: list[str], rate: int, rng: np.random.Generator) -> np.ndarray:
    """One speaker, or several at once."""
    total = round(_CLIP_S * rate)
    crowd = int(rng.integers(3, 9)) if rng.random() < 0.2 else 1
    mixed = np.zeros(total, np.float32)
    for _ in range(crowd):
        voice = voices[int(rng.integers(len(voices)))]
        sound, own_rate = say(voice, texts[int(rng.integers(len(texts)))], rng)
        # Played faster or slower, a voice is that of a smaller or larger speaker.
        size = rng.uniform(0.85, 1.3)
        sound = to_reference(resample(sound, own_rate * size, rate))[:total]
        mixed[: len(sound)] += sound * np.float32(10.0 ** (rng.uniform(-8.0, 0.0) / 20.0))
    if crowd == 1:
        mixed = mixed[: max(len(sound), round(2.0 * rate))]
    if rng.random() < 0.6:
        seed = int(rng.integers(2**31))
        mixed = room(mixed, rate, rng.uniform(0.2, 1.5), rng.uniform(0.1, 0.6), seed)
    return to_reference(mixed)


def prepare_speech(out: Path, count: int, held_out_count: int, seed: int = 20251121) -> int:
    """Write `count` training clips and `held_out_count` of voices never trained on.

    Returns the number of files written; existing ones are kept.
    """
    import torch

    from export_onnx.tracker.frontend import FrontEnd

    torch.set_num_threads(1)
    config = FrontEndConfig()
    front_end = FrontEnd(config).eval()
    texts = read_texts()
    written = 0
    for split, number in (("train", count), ("val", held_out_count)):
        voices = find_voices(split == "val")
        folder = out / split / "speech"
        folder.mkdir(parents=True, exist_ok=True)
        with Progress(f"speech {split}", number) as progress:
            for index in range(number):
                progress.advance()
                target = folder / f"speech{index:04d}.0.npz"
                if target.exists():
                    continue
                rng = np.random.default_rng([seed, split == "val", index])
                sound = _clip(voices, texts, config.sample_rate, rng)
                write_clip(target, front_end, sound, plain_meta("speech", f"speech{index:04d}"))
                written += 1
    return written
