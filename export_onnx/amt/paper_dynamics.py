"""The published regressor on MuVi-Sync: sounding notes and loudness of each second from the video.

Two layers of 64 recurrent units both ways, dropout, one linear layer, as published; targets are
z-scored and padding does not count. RMSE of all seconds of a split, beside the training mean.

References
----------
Kang, Poria, Herremans: Video2Music. arXiv 2311.00968.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from export_onnx.amt.paper import read_paper_songs, video_rows
from export_onnx.amt.paper_network import VIDEO_WIDTH
from export_onnx.datasets.muvisync import MuviSong
from export_onnx.training.metrics import Score, bootstrap, rmse
from export_onnx.training.stage import load_checkpoint, save_checkpoint

__all__ = [
    "PaperDynamics",
    "PaperDynamicsOptions",
    "measure_paper_dynamics",
    "train_paper_dynamics",
]

_TARGETS = ("density", "loudness")
_LONGEST_S = 300


@dataclass(frozen=True)
class PaperDynamicsOptions:
    """Where MuVi-Sync is, where ``OUT/paper_dynamics.pt`` goes, how it is trained."""

    data: Path
    out: Path
    epochs: int = 20
    batch: int = 16
    learning_rate: float = 2e-3
    weight_decay: float = 1e-4
    seed: int = 20251121
    threads: int = 1


class PaperDynamics(nn.Module):
    """Video seconds (batch, n, VIDEO_WIDTH) to z-scored targets (batch, n, 2)."""

    def __init__(self, hidden: int = 64, dropout: float = 0.2) -> None:
        super().__init__()
        self.register_buffer("centre", torch.zeros(2, VIDEO_WIDTH))
        self.register_buffer("levels", torch.zeros(2, len(_TARGETS)))
        self.drop = nn.Dropout(dropout)
        self.layers = nn.GRU(VIDEO_WIDTH, hidden, 2, batch_first=True, bidirectional=True)
        self.out = nn.Linear(2 * hidden, len(_TARGETS))

    def forward(self, video: torch.Tensor) -> torch.Tensor:
        """Return z-scores."""
        mean, spread = self.get_buffer("centre")
        states, _ = self.layers(self.drop((video - mean) / spread))
        return torch.as_tensor(self.out(self.drop(states)))


def _rows(song: MuviSong) -> tuple[np.ndarray, np.ndarray]:
    """Video and targets of the first seconds of a song; NaN where a target has no file."""
    unknown = np.full(len(song.chord), np.nan, np.float32)
    given = [unknown if (v := getattr(song, name)) is None else v for name in _TARGETS]
    return video_rows(song)[:_LONGEST_S], np.stack(given, 1)[:_LONGEST_S]


def train_paper_dynamics(options: PaperDynamicsOptions) -> Path:
    """Train on the training part; returns the checkpoint's path.

    Raises
    ------
    InputError
        MuVi-Sync is missing.
    """
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    rows = [_rows(song) for song in read_paper_songs(options.data, "train")]
    model = PaperDynamics()
    for name, column in (("centre", 0), ("levels", 1)):
        every = np.concatenate([pair[column] for pair in rows])
        level = np.stack([np.nanmean(every, 0), np.maximum(np.nanstd(every, 0), 1e-3)])
        model.get_buffer(name).copy_(torch.from_numpy(level))
    optimiser = torch.optim.AdamW(
        model.parameters(), options.learning_rate, weight_decay=options.weight_decay
    )
    mean, spread = model.get_buffer("levels")
    rng = np.random.default_rng(options.seed)
    for epoch in range(options.epochs):
        model.train()
        order, losses = rng.permutation(len(rows)), []
        for group in optimiser.param_groups:
            group["lr"] = options.learning_rate * (1.0 - epoch / options.epochs)
        for start in range(0, len(order), options.batch):
            chosen = [rows[i] for i in order[start : start + options.batch]]
            n = max(len(video) for video, _ in chosen)
            video = torch.zeros(len(chosen), n, VIDEO_WIDTH)
            target = torch.full((len(chosen), n, len(_TARGETS)), float("nan"))
            for row, (seen, heard) in enumerate(chosen):
                video[row, : len(seen)] = torch.from_numpy(seen)
                target[row, : len(heard)] = torch.from_numpy(heard)
            wanted = (target - mean) / spread
            loss = (model(video) - wanted)[~wanted.isnan()].square().mean()
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            losses.append(float(loss.detach()))
        print(f"paper dynamics, epoch {epoch + 1}: {np.mean(losses):.3f}", flush=True)
    path = options.out / "paper_dynamics.pt"
    path.parent.mkdir(parents=True, exist_ok=True)
    save_checkpoint(path, {"model": model.state_dict()})
    for measure, score in measure_paper_dynamics(
        path, read_paper_songs(options.data, "val")
    ).items():
        print(f"{measure}: {score.value:.4f} [{score.low:.4f}, {score.high:.4f}]", flush=True)
    return path


def measure_paper_dynamics(path: Path, songs: Sequence[MuviSong]) -> dict[str, Score]:
    """Return the RMSE of each target, and that of the training mean, with intervals over songs.

    ``padding counted`` is the published measure: songs are filled up to 300 s with zeros, which
    count as foreseen.
    """
    model = PaperDynamics()
    model.load_state_dict(load_checkpoint(path)["model"])
    model.eval()
    mean, spread = model.get_buffer("levels")
    guesses, heard, groups = [], [], list[str]()
    for song in songs:
        video, target = _rows(song)
        with torch.no_grad():
            guess = model(torch.from_numpy(video)[None])[0] * spread + mean
        guesses.append(guess.numpy())
        heard.append(target)
        groups += [song.number] * len(target)
    found = {}
    for column, name in enumerate(_TARGETS):
        guess, true = (np.concatenate(rows)[:, column] for rows in (guesses, heard))
        flat = np.full(len(true), float(mean[column]))
        found[f"{name} RMSE"] = bootstrap(rmse, [guess, true], groups)
        found[f"{name} RMSE of the mean"] = bootstrap(rmse, [flat, true], groups)
        ends = [_LONGEST_S - len(target) for target in heard]
        rest, songs_of = (
            np.zeros(sum(ends)),
            [*groups, *np.repeat(list(dict.fromkeys(groups)), ends)],
        )
        padded = [np.concatenate([one, rest]) for one in (guess, true)]
        found[f"{name} RMSE, padding counted"] = bootstrap(rmse, padded, songs_of)
    return found
