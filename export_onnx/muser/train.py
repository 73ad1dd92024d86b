"""Train MusER in three stages: codes of beats, the decoder of events, the emotion prior.

The codes are learned first and then fixed; decoder and prior use them and are independent.
Adam, a learning rate that warms up and falls along a cosine, an exponential average of the weights
(that is the result). Every so many steps the state is stored; a stopped run goes on where it was.
No checkpoint is chosen by a score.
"""

import copy
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.errors import InputError
from engine.generators.muser.vocabulary import ELEMENTS, END_TICK, FIELDS
from export_onnx.muser.config import CodesConfig, DecoderConfig, PriorConfig
from export_onnx.muser.decoder import Decoder, Given
from export_onnx.muser.pool import Pool, load_pool
from export_onnx.muser.prior import Prior
from export_onnx.muser.sequences import BeatSampler, EventSampler, encode_pool, tempo_codes
from export_onnx.muser.train_codes import load_codes, train_codes
from export_onnx.training.options import nested, option
from export_onnx.training.stage import load_checkpoint, save_checkpoint

__all__ = [
    "STAGES",
    "Course",
    "TrainOptions",
    "decoder_losses",
    "load_network",
    "prior_losses",
    "train",
]

Stage = Literal["codes", "decoder", "prior"]
STAGES: tuple[Stage, ...] = ("codes", "decoder", "prior")

_EVENT_SHARE = {"emopia": 0.6, "vgmidi": 0.12, "pop909": 0.28}
_BEAT_SHARE = {"emopia": 0.7, "vgmidi": 0.1, "pop909": 0.2}
_WARM_UP = 100
_AVERAGE = 0.998
_KEEP_EVERY = 50
_CLIP = 1.0


@dataclass(frozen=True)
class Course:
    """How long decoder and prior are trained: steps, and where the learning rate ends."""

    decoder_steps: int = 1800
    prior_steps: int = 700
    final_rate: float = 0.02


@dataclass(frozen=True)
class TrainOptions:
    """Prepared beats in, checkpoints out; codes must be there before the other stages."""

    beats: Path = option(Path("runs/muser/beats"), "prepared beats")
    out: Path = option(Path("runs/muser/train"), "folder of checkpoints")
    stages: tuple[Stage, ...] = option(STAGES, "stages to train", flag="--stage", choices=STAGES)
    threads: int = option(1)
    stop_after: int = option(
        0, "steps of decoder and prior in this call; 0 trains to the end of the course"
    )
    codes: CodesConfig = CodesConfig()
    decoder: DecoderConfig = DecoderConfig()
    prior: PriorConfig = PriorConfig()
    course: Course = nested(Course, decoder_steps="", prior_steps="")


def decoder_losses(decoder: Decoder, batch: tuple[Given, Tensor]) -> dict[str, Tensor]:
    """Return the mean negative log-likelihood of each field [nats].

    Onset counts at every event, the other fields only where a note follows.
    """
    given, following = batch
    logits = decoder(given, following)
    note = following[..., 0] != END_TICK
    losses = {}
    for number, field in enumerate(FIELDS):
        where = torch.ones_like(note) if number == 0 else note
        losses[field.name] = functional.cross_entropy(
            logits[number][where], following[..., number][where]
        )
    return losses


def prior_losses(prior: Prior, batch: tuple[Tensor, ...]) -> dict[str, Tensor]:
    """Return the mean negative log-likelihood of each element's code [nats]."""
    past, phase, condition, codes = batch
    logits = prior(past, phase, condition, codes)
    return {
        name: functional.cross_entropy(logits[number].flatten(0, 1), codes[..., number].flatten())
        for number, name in enumerate(ELEMENTS)
    }


def load_network(path: Path, stage: str) -> nn.Module:
    """Build the averaged decoder or prior of a checkpoint, for use."""
    stored = load_checkpoint(path)
    network: nn.Module
    if stage == "decoder":
        network = Decoder(DecoderConfig(**stored["config"]))
    else:
        network = Prior(PriorConfig(**stored["config"]))
    network.load_state_dict(stored["average"])
    return network.eval()


class _Run:
    """One network on its course: steps, average, checkpoints."""

    def __init__(
        self, title: str, network: nn.Module, path: Path, config: Any, steps: int, final: float
    ) -> None:
        self.title, self.network, self.path = title, network, path
        self.config, self.steps, self.final = config, steps, final
        self.average = copy.deepcopy(network).eval()
        self.optimiser = torch.optim.AdamW(
            network.parameters(), config.learning_rate, betas=(0.9, 0.98), weight_decay=0.01
        )
        self.step = 0
        if path.is_file():
            stored = load_checkpoint(path)
            if stored["config"] != asdict(config):
                raise InputError(f"{path}: was trained with other sizes; give another --out")
            network.load_state_dict(stored["model"])
            self.average.load_state_dict(stored["average"])
            self.optimiser.load_state_dict(stored["optimiser"])
            self.step = int(stored["step"])

    def _rate(self) -> float:
        warm = min(1.0, (self.step + 1) / _WARM_UP)
        turn = 0.5 + 0.5 * np.cos(np.pi * min(self.step / self.steps, 1.0))
        return float(self.config.learning_rate * warm * (self.final + (1 - self.final) * turn))

    def save(self) -> None:
        save_checkpoint(
            self.path,
            {
                "config": asdict(self.config),
                "model": self.network.state_dict(),
                "average": self.average.state_dict(),
                "optimiser": self.optimiser.state_dict(),
                "step": self.step,
            },
        )

    def go(
        self, losses_of: Callable[[np.random.Generator], dict[str, Tensor]], stop_after: int
    ) -> None:
        """Train to the end of the course, or for `stop_after` steps."""
        last = min(self.steps, self.step + stop_after) if stop_after else self.steps
        self.network.train()
        started = time.monotonic()
        sums: dict[str, float] = {}
        while self.step < last:
            torch.manual_seed(self.config.seed + self.step)
            # Matrix products in bfloat16: a third less time on processors that have it.
            with torch.autocast("cpu", dtype=torch.bfloat16):
                losses = losses_of(np.random.default_rng([self.config.seed, self.step]))
            for group in self.optimiser.param_groups:
                group["lr"] = self._rate()
            self.optimiser.zero_grad()
            torch.stack(list(losses.values())).sum().backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(self.network.parameters(), _CLIP)
            self.optimiser.step()
            self.step += 1
            decay = min(_AVERAGE, self.step / (self.step + 10))
            with torch.no_grad():
                for kept, new in zip(
                    self.average.parameters(), self.network.parameters(), strict=True
                ):
                    kept.lerp_(new, 1.0 - decay)
            for name, value in losses.items():
                sums[name] = sums.get(name, 0.0) + float(value.detach())
            if self.step % _KEEP_EVERY == 0:
                means = {name: value / _KEEP_EVERY for name, value in sums.items()}
                shown = " ".join(f"{name} {value:.3f}" for name, value in means.items())
                spent = time.monotonic() - started
                print(f"{self.title} {self.step}/{self.steps}: {shown} ({spent:.0f} s)", flush=True)
                sums = {}
            if self.step % _KEEP_EVERY == 0 or self.step == last:
                self.save()


def _train_decoder(pool: Pool, codes: np.ndarray, options: TrainOptions) -> None:
    config = options.decoder
    torch.manual_seed(config.seed)
    decoder = Decoder(config)
    sampler = EventSampler(pool, codes, _EVENT_SHARE)
    course = options.course
    run = _Run(
        "decoder",
        decoder,
        options.out / "decoder.pt",
        config,
        course.decoder_steps,
        course.final_rate,
    )

    def losses_of(rng: np.random.Generator) -> dict[str, Tensor]:
        given, following = sampler.draw(rng, config.batch, config.length)
        given.condition[rng.random(config.batch) < config.drop_condition] = 0.0
        given.form[rng.random(config.batch) < config.drop_condition] = 0
        return decoder_losses(decoder, (given, following))

    run.go(losses_of, options.stop_after)


def _train_prior(
    pool: Pool, codes: np.ndarray, tempo_code: np.ndarray, options: TrainOptions
) -> None:
    config = options.prior
    torch.manual_seed(config.seed)
    prior = Prior(config)
    sampler = BeatSampler(pool, codes, tempo_code, _BEAT_SHARE)
    course = options.course
    run = _Run(
        "prior", prior, options.out / "prior.pt", config, course.prior_steps, course.final_rate
    )

    def losses_of(rng: np.random.Generator) -> dict[str, Tensor]:
        past, phase, condition, wanted = sampler.draw(rng, config.batch, config.length)
        condition[rng.random(config.batch) < config.drop_condition] = 0.0
        return prior_losses(prior, (past, phase, condition, wanted))

    run.go(losses_of, options.stop_after)


def train(options: TrainOptions) -> Path:
    """Train the chosen stages; returns the folder of ``codes.pt``, ``decoder.pt``, ``prior.pt``."""
    torch.set_num_threads(options.threads)
    options.out.mkdir(parents=True, exist_ok=True)
    torch.set_flush_denormal(True)
    try:
        _train_stages(options)
    finally:
        torch.set_flush_denormal(False)  # it holds for the thread, not for this training alone
    return options.out


def _train_stages(options: TrainOptions) -> None:
    pool = load_pool(options.beats, "train")
    path = options.out / "codes.pt"
    if "codes" in options.stages:
        train_codes(pool, path, options.codes)
    network = load_codes(path)
    codes = encode_pool(network, pool)
    if "decoder" in options.stages:
        _train_decoder(pool, codes, options)
    if "prior" in options.stages:
        _train_prior(pool, codes, tempo_codes(network), options)
