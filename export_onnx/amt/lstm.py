"""An LSTM baseline: one network for half bars, one for changes, without conditioning."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from engine.errors import InputError
from engine.generators.amt.vocabulary import END, PAD, SIZE
from export_onnx.amt.baselines import merged, runs_of
from export_onnx.amt.songs import Song, load_songs
from export_onnx.training.stage import load_checkpoint, save_checkpoint

__all__ = ["Lstm", "LstmOptions", "load_lstm", "lstm_song", "train_lstm"]


@dataclass(frozen=True)
class LstmOptions:
    """Where POP909's prepared songs are, where ``OUT/lstm.pt`` goes, how it is trained."""

    prepared: Path
    out: Path
    epochs: int = 12
    batch: int = 16
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    seed: int = 20251121
    threads: int = 1


class Lstm(nn.Module):
    """Two layers over chord embeddings."""

    def __init__(self, width: int = 192, dropout: float = 0.3) -> None:
        super().__init__()
        self.chord = nn.Embedding(SIZE, width)
        self.drop = nn.Dropout(dropout)
        self.layers = nn.LSTM(width, width, 2, batch_first=True, dropout=dropout)
        self.out = nn.Linear(width, SIZE)

    def forward(self, before: torch.Tensor) -> torch.Tensor:
        """Logits of each chord from those before it: (batch, n) to (batch, n, SIZE)."""
        heard, _ = self.layers(self.drop(self.chord(before)))
        return torch.as_tensor(self.out(self.drop(heard)))


def _train_view(chords: Sequence[np.ndarray], options: LstmOptions, title: str) -> Lstm:
    torch.manual_seed(options.seed)
    model = Lstm()
    optimiser = torch.optim.AdamW(
        model.parameters(), options.learning_rate, weight_decay=options.weight_decay
    )
    steps = -(-len(chords) // options.batch) * options.epochs
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, options.learning_rate, total_steps=steps + 1
    )
    model.train()
    for epoch in range(options.epochs):
        total = 0.0
        order = torch.randperm(len(chords)).tolist()
        order = [
            sorted(order[i : i + 128], key=lambda j: len(chords[j]))
            for i in range(0, len(order), 128)
        ]
        flat = [index for part in order for index in part]
        for start in range(0, len(flat), options.batch):
            rows = [chords[i].astype(np.int64) for i in flat[start : start + options.batch]]
            n = max(len(row) for row in rows)
            target = torch.full((len(rows), n), PAD)
            for index, row in enumerate(rows):
                target[index, : len(row)] = torch.from_numpy(row)
            before = torch.cat([torch.full((len(rows), 1), END), target[:, :-1]], 1)
            logits = model(before)
            loss = functional.cross_entropy(
                logits.flatten(0, 1), target.flatten(), ignore_index=PAD
            )
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            total += float(loss.detach()) * len(rows)
        print(f"LSTM, {title}, epoch {epoch + 1}: {total / len(chords):.3f}", flush=True)
    return model.eval()


def train_lstm(options: LstmOptions) -> Path:
    """Train one network per view on POP909; returns the checkpoint's path.

    Raises
    ------
    InputError
        There are no prepared songs.
    """
    torch.set_num_threads(options.threads)
    songs = [
        song for song in load_songs(options.prepared / "train.npz") if song.dataset == "pop909"
    ]
    half_bars = _train_view([song.chord for song in songs], options, "half bars")
    changes = _train_view([merged(song.chord) for song in songs], options, "changes")
    path = options.out / "lstm.pt"
    options.out.mkdir(parents=True, exist_ok=True)
    save_checkpoint(path, {"half bars": half_bars.state_dict(), "changes": changes.state_dict()})
    return path


def load_lstm(path: Path) -> tuple[Lstm, Lstm]:
    """Read both networks, for half bars and for changes.

    Raises
    ------
    InputError
        The file is missing or of something else.
    """
    stored = load_checkpoint(path)
    models = Lstm().eval(), Lstm().eval()
    try:
        for model, name in zip(models, ("half bars", "changes"), strict=True):
            model.load_state_dict(stored[name])
    except (KeyError, RuntimeError) as error:
        raise InputError(f"{path}: not a checkpoint of the LSTM ({error})") from error
    return models


def lstm_song(models: tuple[Lstm, Lstm], song: Song) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of every slot and of every change, both (n, SIZE)."""
    tables = []
    for model, chords in zip(models, (song.chord, merged(song.chord)), strict=True):
        before = np.concatenate([[END], chords[:-1]]).astype(np.int64)
        with torch.no_grad():
            tables.append(model(torch.from_numpy(before)[None])[0].softmax(-1).numpy())
    return tables[0], tables[1][runs_of(song.chord)]
