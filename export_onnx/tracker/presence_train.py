"""Train the detector of music, speech and noise: a separate stage, ``presence.pt``."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from engine.emotion.model import PRESENCE
from export_onnx.tracker.augment import Augmenter
from export_onnx.tracker.batches import make_noise
from export_onnx.tracker.config import FrontEndConfig, NetworkConfig
from export_onnx.tracker.network import Tracker, zeros
from export_onnx.tracker.presence import Presence
from export_onnx.tracker.store import Clip, load_clips
from export_onnx.tracker.weights import load_presence, replace_presence
from export_onnx.training.options import option
from export_onnx.training.stage import Stage, TrainConfig

__all__ = ["PresenceOptions", "PresenceSampler", "train_presence"]

# Chances of each set, within music, speech and noise. Recordings hold singing: they weigh most.
_MUSIC = {
    "emotify": 0.22,
    "q4audio": 0.22,
    "emopia": 0.1,
    "vgmidi": 0.08,
    "pop909": 0.04,
    "tones": 0.12,
    "solos": 0.22,
}
_CLASSES = (0.5, 0.25, 0.25)
# Noise of these sets beside random spectra, which are drawn so often.
_NOISE, _RANDOM_SPECTRA = "noise", 0.25
# Chance that noise sounds beneath music or speech, and how far below it is at least [dB].
_NOISY = {"music": (0.65, -3.0), "speech": (0.3, 5.0)}
_QUIETEST_NOISE_DB = 22.0
_NEPER_PER_DB = math.log(10.0) / 10.0  # of power
_CROP_S = 10.0
# Labels count in full this long after a change, and not at all before a part of it [s]. A hum is
# told from a held low note only after a while.
_SETTLE_S = {"music": 1.0, "speech": 1.0, "noise": 4.0}
_STEPS = 60  # per epoch


@dataclass(frozen=True)
class PresenceOptions:
    """Where to read and write, the budget, and a stage file to begin with."""

    features: Path = option(Path("runs/tracker/features"), "prepared features")
    out: Path = option(Path("runs/tracker/train"), "folder of checkpoints")
    epochs: int = option(8)
    batch_size: int = 24
    threads: int = option(1)
    seed: int = option(20251121)
    start: Path | None = option(None, "stage file to begin with")
    into: Path | None = option(None, "exported model that gets the new weights")


class PresenceSampler:
    """Draws sequences of one to three parts, each music, speech or noise."""

    def __init__(self, clips: list[Clip], front: FrontEndConfig, seed: int) -> None:
        self.front = front
        self.rng = np.random.default_rng(seed)
        self.sets: dict[str, list[Clip]] = {}
        for clip in clips:
            self.sets.setdefault(clip.dataset, []).append(clip)
        self.music = [name for name in _MUSIC if name in self.sets]
        share = np.array([_MUSIC[name] for name in self.music])
        self.share = share / share.sum()
        self.n_hops = round(_CROP_S * front.hops_per_second)

    def _part(self, kind: int, length: int) -> tuple[np.ndarray, np.ndarray]:
        if PRESENCE[kind] == "noise":
            if _NOISE not in self.sets or self.rng.random() < _RANDOM_SPECTRA:
                return make_noise(self.front, self.rng, length)
            return self._cut(_NOISE, length)
        name = "speech"
        if PRESENCE[kind] == "music":
            name = self.music[int(self.rng.choice(len(self.music), p=self.share))]
        mel, pitch = self._cut(name, length)
        chance, loudest_db = _NOISY[PRESENCE[kind]]
        if _NOISE in self.sets and self.rng.random() < chance:
            below_db = self.rng.uniform(loudest_db, _QUIETEST_NOISE_DB)
            shift = np.float32(below_db * _NEPER_PER_DB)
            noise_mel, noise_pitch = self._cut(_NOISE, length)
            mel = np.logaddexp(mel, noise_mel - shift)
            pitch = np.logaddexp(pitch, noise_pitch - shift)
        return mel, pitch

    def _cut(self, name: str, length: int) -> tuple[np.ndarray, np.ndarray]:
        """Return so many hops of a set, of one clip or several."""
        clips = self.sets[name]
        mels, pitches, filled = [], [], 0
        while filled < length:
            clip = clips[int(self.rng.integers(len(clips)))]
            took = min(length - filled, clip.n_hops)
            start = int(self.rng.integers(0, clip.n_hops - took + 1))
            level = np.float32(self.rng.normal(0.0, 0.7))
            mels.append(clip.mel[start : start + took].astype(np.float32) + level)
            pitches.append(clip.pitch[start : start + took].astype(np.float32) + level)
            filled += took
        return np.concatenate(mels), np.concatenate(pitches)

    def draw(self, batch_size: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return mel, pitch, class and weight, each with axes (B, n, ...)."""
        rows = []
        for _ in range(batch_size):
            parts = int(self.rng.choice([1, 2, 3], p=[0.5, 0.35, 0.15]))
            edges = np.linspace(0, self.n_hops, parts + 1).astype(int)
            mels, pitches, kinds, weights = [], [], [], []
            for start, stop in zip(edges, edges[1:], strict=False):
                length = int(stop - start)
                kind = int(self.rng.choice(len(PRESENCE), p=_CLASSES))
                mel, pitch = self._part(kind, length)
                mels.append(mel)
                pitches.append(pitch)
                kinds.append(np.full(length, kind))
                age_s = np.arange(length) / self.front.hops_per_second
                settle_s = _SETTLE_S[PRESENCE[kind]]
                weights.append(np.clip((age_s - 0.3) / settle_s, 0.0, 1.0))
            rows.append([np.concatenate(part) for part in (mels, pitches, kinds, weights)])
        stacked = [torch.from_numpy(np.stack([row[i] for row in rows])) for i in range(4)]
        return stacked[0].float(), stacked[1].float(), stacked[2].long(), stacked[3].float()


def train_presence(options: PresenceOptions) -> Path:
    """Train, or go on, and write ``OUT/presence.pt``, and put it into a model; returns its path.

    Raises
    ------
    InputError
        Speech or music was not prepared.
    """
    torch.set_num_threads(options.threads)
    options.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(options.seed)
    front = FrontEndConfig()
    tracker = Tracker(front, NetworkConfig())
    clips = load_clips(options.features, "train", ("speech",))
    if (options.features / "train" / _NOISE).is_dir():
        clips += load_clips(options.features, "train", (_NOISE,))
    for name in _MUSIC:
        folder = options.features / "train" / name
        if folder.is_dir():
            # Recordings in all speeds; of renderings one each, not the first, which is all piano.
            coloured = next(folder.glob("*.1.npz"), None) is not None and name != "pop909"
            variant = None if name in ("emotify", "q4audio") else int(coloured)
            clips += load_clips(options.features, "train", (name,), variant)
    config = replace(TrainConfig(), seed=options.seed, average_decay=0.99)
    if options.start is not None:
        tracker.presence = load_presence(options.start)
    presence = tracker.presence
    stage = Stage("presence", presence, options.out, config, _STEPS * options.epochs)

    def losses(seed: int) -> Iterator[tuple[Tensor, dict[str, float]]]:
        sampler = PresenceSampler(clips, front, seed)
        augment = Augmenter(front, config.gain_range_db, seed)
        while True:
            loss, right = _step(tracker, presence, augment, sampler.draw(options.batch_size))
            yield loss, {"loss": float(loss.detach()), "right": right}

    stage.train("presence", options.epochs, _STEPS, losses, options.seed)
    if options.into is not None:
        replace_presence(options.into, load_presence(stage.path), options.into)
    return stage.path


def _step(
    tracker: Tracker,
    presence: Presence,
    augment: Augmenter,
    batch: tuple[Tensor, Tensor, Tensor, Tensor],
) -> tuple[Tensor, float]:
    """Loss of one batch and the share of hops put right."""
    mel, pitch, kind, weight = batch
    states = zeros(tracker.state_shapes(), mel.shape[0])
    with torch.no_grad():
        mel, pitch = augment(mel, pitch)
        analysis, _ = tracker.level(mel, pitch, states["state_level"])
    logits, *_ = presence(
        analysis.mel,
        analysis.pitch,
        analysis.activity,
        states["state_presence_flux"],
        states["state_presence_pool"],
        states["state_presence_gru"],
    )
    each = functional.cross_entropy(logits.transpose(1, 2), kind, reduction="none")
    total = weight.sum().clamp(min=1e-6)
    right = ((logits.argmax(2) == kind).float() * weight).sum() / total
    return (each * weight).sum() / total, float(right)
