"""Recurrent regressor of note density and loudness: trained, measured and exported.

As published (two layers of 64 units, input dropout, one linear layer), with defects fixed: targets
are z-scored, padding does not count, the trained network is the one that is loaded, and the density
output is used as density. Whole pieces use both directions, live music only the forward one.

References
----------
Kang, Poria, Herremans: Video2Music. arXiv 2311.00968.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from engine.errors import InputError
from engine.generators.amt.conditioning import GROUPS, MASKS, SLICES, WIDTH
from engine.generators.amt.dynamics import MODEL_VERSION, Dynamics
from export_onnx.amt.batches import Sampler
from export_onnx.amt.config import TrainConfig
from export_onnx.amt.songs import Song, condition, load_songs
from export_onnx.training.graph import write_graph
from export_onnx.training.metrics import Score, bootstrap, pearson, rmse
from export_onnx.training.stage import load_checkpoint, save_checkpoint

__all__ = [
    "Regressor",
    "RegressorOptions",
    "export_regressor",
    "measure_regressor",
    "train_regressor",
]

_TARGETS = ("density", "loudness")
_WITHHELD = (*_TARGETS, "energy")
_LICENCE = "CC BY-NC-SA 4.0"


@dataclass(frozen=True)
class RegressorOptions:
    """Where the songs are, where ``OUT/dynamics_<kind>.pt`` goes, how it is trained."""

    prepared: Path
    out: Path
    both_ways: bool
    epochs: int = 20
    learning_rate: float = 2e-3
    weight_decay: float = 1e-5
    threads: int = 1
    train: TrainConfig = TrainConfig(transpose=0.0)


class Regressor(nn.Module):
    """Conditioning (batch, slots, WIDTH) to density and loudness, z-scored inside."""

    def __init__(self, both_ways: bool, hidden: int = 64, dropout: float = 0.1) -> None:
        super().__init__()
        self.both_ways = both_ways
        self.drop = nn.Dropout(dropout)
        self.layers = nn.GRU(WIDTH, hidden, 2, batch_first=True, bidirectional=both_ways)
        self.out = nn.Linear(2 * hidden if both_ways else hidden, len(_TARGETS))
        kept = torch.ones(WIDTH)
        for name in _TARGETS:
            kept[SLICES[name]] = 0.0
            kept[MASKS[name]] = 0.0
        self.register_buffer("kept", kept)
        self.register_buffer("mean", torch.zeros(len(_TARGETS)))
        self.register_buffer("spread", torch.ones(len(_TARGETS)))

    def scores(
        self, told: torch.Tensor, state: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """z-scores, and the state after."""
        heard, after = self.layers(self.drop(told * self.get_buffer("kept")), state)
        return self.out(heard), after

    def levels(self, scores: torch.Tensor) -> torch.Tensor:
        """Turn z-scores into onsets per beat and loudness."""
        levels = self.get_buffer("mean") + scores * self.get_buffer("spread")
        return torch.cat([levels[..., :1].clamp(min=0.0), levels[..., 1:].clamp(0.0, 1.0)], -1)


class _Whole(nn.Module):
    def __init__(self, regressor: Regressor) -> None:
        super().__init__()
        self.regressor = regressor

    def forward(self, conditioning: torch.Tensor) -> torch.Tensor:
        scores, _ = self.regressor.scores(conditioning[None])
        return self.regressor.levels(scores)[0]


class _Live(nn.Module):
    def __init__(self, regressor: Regressor) -> None:
        super().__init__()
        self.regressor = regressor

    def forward(
        self, conditioning: torch.Tensor, state: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        scores, after = self.regressor.scores(conditioning[None, None], state)
        return self.regressor.levels(scores)[0, 0], after


def _file_name(both_ways: bool) -> str:
    return f"dynamics_{'whole' if both_ways else 'live'}.pt"


def train_regressor(options: RegressorOptions) -> Path:
    """Train on the prepared training songs; returns the checkpoint's path."""
    torch.set_num_threads(options.threads)
    songs = load_songs(options.prepared / "train.npz")
    torch.manual_seed(options.train.seed)
    model = Regressor(options.both_ways)
    targets = np.stack(
        [np.concatenate([song.column(name) for song in songs]) for name in _TARGETS], 1
    )
    model.get_buffer("mean").copy_(torch.from_numpy(targets.mean(0)))
    model.get_buffer("spread").copy_(torch.from_numpy(targets.std(0)))
    optimiser = torch.optim.Adam(
        model.parameters(), options.learning_rate, weight_decay=options.weight_decay
    )
    model.train()
    for epoch in range(options.epochs):
        total, count = 0.0, 0
        for group in optimiser.param_groups:
            group["lr"] = options.learning_rate * (1.0 - epoch / options.epochs)
        for batch in Sampler(songs, options.train, options.train.seed + epoch):
            scores, _ = model.scores(batch.told)
            known = ~batch.dynamics.isnan()
            wanted = (batch.dynamics - model.get_buffer("mean")) / model.get_buffer("spread")
            loss = (scores - wanted)[known].square().mean()
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            total, count = total + float(loss.detach()), count + 1
        print(f"dynamics, epoch {epoch + 1}/{options.epochs}: {total / count:.3f}", flush=True)
    path = options.out / _file_name(options.both_ways)
    path.parent.mkdir(parents=True, exist_ok=True)
    save_checkpoint(
        path,
        {
            "model": model.state_dict(),
            "both_ways": options.both_ways,
            "train": {k: v for k, v in asdict(options.train).items() if k != "shares"},
        },
    )
    return path


def load_regressor(path: Path) -> Regressor:
    """Build the network of a checkpoint.

    Raises
    ------
    InputError
        The file is missing or of something else.
    """
    stored = load_checkpoint(path)
    try:
        model = Regressor(bool(stored["both_ways"]))
        model.load_state_dict(stored["model"])
    except (KeyError, TypeError, RuntimeError) as error:
        raise InputError(f"{path}: not a checkpoint of the regressor ({error})") from error
    return model.eval()


def export_regressor(checkpoint: Path, out: Path) -> None:
    """Write a checkpoint as ONNX with its metadata."""
    model = load_regressor(checkpoint)
    metadata = {
        "stimmung_model": f"amt_dynamics_{'whole' if model.both_ways else 'live'}",
        "version": str(MODEL_VERSION),
        "groups": json.dumps(GROUPS),
        "mean": json.dumps(model.get_buffer("mean").tolist()),
        "licence": _LICENCE,
        "training_data": "POP909, EMOPIA 1.0, VGMIDI (train parts)",
    }
    if model.both_ways:
        told = {"conditioning": torch.zeros(5, WIDTH)}
        lengths = {"conditioning": {0: "slots"}, "level": {0: "slots"}}
        write_graph(_Whole(model), told, ["level"], out, metadata, lengths=lengths)
    else:
        state = torch.zeros(model.layers.num_layers, 1, model.layers.hidden_size)
        told = {"conditioning": torch.zeros(WIDTH), "state": state}
        write_graph(_Live(model), told, ["level", "next_state"], out, metadata)


def _guesses(model: Dynamics, song: Song) -> np.ndarray:
    told = condition(song)
    for name in _WITHHELD:  # the section's energy is computed from density and loudness
        told[:, SLICES[name]] = 0.0
        told[:, MASKS[name]] = 0.0
    if model.kind == "whole":
        return model.whole(told)
    state, rows = model.initial_state(), []
    for vector in told:
        density, loudness, state = model.step(vector, state)
        rows.append((density, loudness))
    return np.array(rows, np.float32)


def measure_regressor(model: Dynamics, songs: Sequence[Song]) -> dict[tuple[str, str], Score]:
    """RMSE and correlation over slots by (measure, system), beside the training mean."""
    guesses = np.concatenate([_guesses(model, song) for song in songs])
    groups = [song.group for song in songs for _ in range(len(song))]
    mean = json.loads(model.metadata["mean"])
    found = {}
    for column, name in enumerate(_TARGETS):
        heard = np.concatenate([song.column(name) for song in songs])
        guess, flat = guesses[:, column], np.full(len(heard), mean[column])
        system = f"regressor, {model.kind}"
        found[(f"{name} RMSE", system)] = bootstrap(rmse, [guess, heard], groups)
        found[(f"{name} r", system)] = bootstrap(pearson, [guess, heard], groups)
        found[(f"{name} RMSE", "mean")] = bootstrap(rmse, [flat, heard], groups)
    return found
