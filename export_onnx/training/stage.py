"""A stage of training: module, optimiser, running average, and a file to continue from."""

import copy
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import nn

from engine.errors import InputError
from export_onnx.training import parallel
from export_onnx.training.progress import Progress

__all__ = ["Stage", "TrainConfig", "load_checkpoint", "save_checkpoint"]


@dataclass(frozen=True)
class TrainConfig:
    """One training run."""

    seed: int = 20251121
    harmony_epochs: int = 10
    mood_epochs: int = 16
    batch_size: int = 24
    crop_s: float = 26.0
    learning_rate: float = 2e-3
    weight_decay: float = 2e-2
    average_decay: float = 0.998
    gain_range_db: float = 38.0
    reaction_s: float = 3.0
    chord_delay_s: float = 0.28
    splice_probability: float = 0.65


_RANK_SEED = 100_003


class _Average:
    """Exponential average of a module's weights."""

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.decay = decay
        self.module = copy.deepcopy(module).eval()
        self.steps = 0

    def update(self, module: nn.Module) -> None:
        self.steps += 1
        decay = min(self.decay, self.steps / (self.steps + 10))
        with torch.no_grad():
            for kept, new in zip(self.module.parameters(), module.parameters(), strict=True):
                kept.lerp_(new, 1.0 - decay)


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint written by `train` (weights only: nothing in it is executed).

    Raises
    ------
    InputError
        Missing or not a checkpoint.
    """
    try:
        stored: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, EOFError, RuntimeError, ValueError, UnpicklingError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(f"{path}: not a readable checkpoint ({reason})") from error
    return stored


def save_checkpoint(path: Path, content: dict[str, Any]) -> None:
    """Write a checkpoint whole or not at all, in the first process only."""
    if parallel.rank() != 0:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part")
    torch.save(content, partial)
    partial.replace(path)


class Stage:
    """One stage: a trainable module, its optimiser, its average, and its checkpoint file.

    Raises
    ------
    InputError
        The file is of a run with another number of steps or processes.
    """

    def __init__(
        self, name: str, module: nn.Module, folder: Path, config: TrainConfig, steps: int
    ) -> None:
        self.module = module
        self.path = folder / f"{name}.pt"
        self.average = _Average(module, config.average_decay)
        decayed = [p for p in module.parameters() if p.ndim > 1]
        plain = [p for p in module.parameters() if p.ndim <= 1]
        self.optimiser = torch.optim.AdamW(
            [
                {"params": decayed, "weight_decay": config.weight_decay},
                {"params": plain, "weight_decay": 0.0},
            ],
            lr=config.learning_rate,
        )
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimiser, config.learning_rate, total_steps=steps + 1, pct_start=0.15
        )
        self.epoch = 0
        if self.path.exists():
            stored = load_checkpoint(self.path)
            begun = int(stored["schedule"]["total_steps"]) - 1
            if begun != steps:
                raise InputError(
                    f"{self.path}: begun with {begun} steps, this run has {steps}; give another "
                    "folder, or the epochs and processes it was begun with"
                )
            module.load_state_dict(stored["module"])
            self.average.module.load_state_dict(stored["average"])
            self.average.steps = int(stored["steps"])
            self.optimiser.load_state_dict(stored["optimiser"])
            self.schedule.load_state_dict(stored["schedule"])
            self.epoch = int(stored["epoch"])
        if not parallel.same_everywhere(self.epoch):
            raise InputError(f"{self.path}: not the same in all processes; share one folder")
        parallel.share_weights(module)
        parallel.share_weights(self.average.module)

    def step(self, loss: torch.Tensor) -> None:
        """Learn from one batch."""
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        parallel.average_gradients(self.module)
        nn.utils.clip_grad_norm_(self.module.parameters(), 1.0)
        self.optimiser.step()
        self.schedule.step()
        self.average.update(self.module)

    def train(
        self,
        title: str,
        epochs: int,
        steps: int,
        losses: Callable[[int], Iterable[tuple[torch.Tensor, dict[str, float]]]],
        seed: int,
        stop_after: int = 0,
        done: Callable[[], None] = lambda: None,
    ) -> bool:
        """Train from where the run stopped; returns False if it was stopped before its end.

        Parameters
        ----------
        epochs, steps : int
            Of the whole run, and in each epoch.
        losses : callable
            Given the seed of an epoch, yields the loss of a batch and its parts for the log; each
            is learned from before the next is asked for.
        stop_after : int
            Epoch to stop after; 0 trains to the end.
        done : callable
            Called in the first process after each epoch.
        """
        for epoch in range(self.epoch, min(epochs, stop_after or epochs)):
            own_seed = seed + epoch + _RANK_SEED * parallel.rank()
            torch.manual_seed(own_seed)
            self.module.train()
            sums: dict[str, float] = {}
            name, shown = f"{title}, epoch {epoch + 1}/{epochs}", ""
            with Progress(name, steps, 60.0, silent=parallel.rank() > 0) as progress:
                batches = zip(range(1, steps + 1), losses(own_seed), strict=False)
                for step, (loss, parts) in batches:
                    self.step(loss)
                    for key, value in parts.items():
                        sums[key] = sums.get(key, 0.0) + value
                    shown = " ".join(f"{key} {value / step:.3f}" for key, value in sums.items())
                    progress.advance(shown)
            self.epoch = epoch + 1
            self.save()
            if parallel.rank() == 0:
                print(f"{name}: {shown}", flush=True)
                done()
        return self.epoch >= epochs

    def save(self) -> None:
        """Store the epoch; the run goes on from here if it is stopped."""
        save_checkpoint(
            self.path,
            {
                "module": self.module.state_dict(),
                "average": self.average.module.state_dict(),
                "steps": self.average.steps,
                "optimiser": self.optimiser.state_dict(),
                "schedule": self.schedule.state_dict(),
                "epoch": self.epoch,
            },
        )
