"""First stage: the codes of single beats."""

import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from export_onnx.muser.codes import BeatCodes, code_losses
from export_onnx.muser.config import CodesConfig
from export_onnx.muser.pool import Pool
from export_onnx.training.stage import load_checkpoint, save_checkpoint

__all__ = ["load_codes", "train_codes"]

_SHARE = {"emopia": 0.55, "vgmidi": 0.15, "pop909": 0.3}
_KEEP_EVERY = 500


def load_codes(path: Path) -> BeatCodes:
    """Build the autoencoder of a checkpoint, for use."""
    stored = load_checkpoint(path)
    codes = BeatCodes(CodesConfig(**stored["config"]))
    codes.load_state_dict(stored["model"])
    return codes.eval()


def train_codes(pool: Pool, path: Path, config: CodesConfig) -> BeatCodes:
    """Train, going on from `path` if it is there; every 500 steps are kept there.

    Adam with a learning rate that falls to zero along a cosine; beats drawn from the sets by fixed
    shares.
    """
    torch.manual_seed(config.seed)
    model = BeatCodes(config)
    features = torch.from_numpy(pool.features.astype(np.float32))
    numbers = torch.from_numpy(pool.statistics)
    centre = numbers.nanmean(0)
    spread = ((numbers - centre) ** 2).nanmean(0).sqrt().clamp(min=1e-3)
    numbers = (numbers - centre) / spread
    places = {name: pool.beats_of(name) for name in _SHARE}
    everything = np.concatenate(list(places.values()))
    model.set_scale(features[everything])
    optimiser = torch.optim.Adam(model.parameters(), config.learning_rate, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, config.steps)
    step = 0
    if path.is_file():
        stored = load_checkpoint(path)
        model.load_state_dict(stored["model"])
        optimiser.load_state_dict(stored["optimiser"])
        schedule.load_state_dict(stored["schedule"])
        step = int(stored["step"])
    started = time.monotonic()
    while step < config.steps:
        rng = np.random.default_rng([config.seed, step])
        drawn = np.concatenate(
            [
                rng.choice(places[name], round(share * config.batch))
                for name, share in _SHARE.items()
            ]
        )
        chosen = torch.from_numpy(rng.permutation(drawn))
        if step == 0:
            with torch.no_grad():
                for name, z in model.latents(features[chosen]).items():
                    book = model.book(name)
                    book.vectors.copy_(z[: len(book.vectors)])
                    book.sums.copy_(book.vectors)
        losses = code_losses(model, features[chosen], numbers[chosen])
        optimiser.zero_grad()
        losses["total"].backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
        step += 1
        if step % 100 == 0:
            shown = " ".join(f"{name} {float(value):.3f}" for name, value in losses.items())
            print(f"codes {step}: {shown} ({time.monotonic() - started:.0f} s)", flush=True)
        if step % _KEEP_EVERY == 0 or step == config.steps:
            save_checkpoint(
                path,
                {
                    "config": asdict(config),
                    "model": model.state_dict(),
                    "optimiser": optimiser.state_dict(),
                    "schedule": schedule.state_dict(),
                    "step": step,
                },
            )
    return model.eval()
