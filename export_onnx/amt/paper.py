"""Train and measure the published set-up on MuVi-Sync, with its defects fixed.

Loss: 0.4 cross-entropy of the chord and 0.6 binary cross-entropy of the same logits against every
chord whose quality suits the likeliest emotion of that second. Seconds beyond a song's end count in
neither, END is learned, and seconds whose emotion asks for nothing have no affect target.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from engine.errors import InputError
from engine.generators.amt.vocabulary import (
    AMT_QUALITIES,
    END,
    N_CHORDS,
    PAD,
    QUALITY_OF,
    SIZE,
    chord_id,
)
from export_onnx.amt.correspondence import ALLOWED, EMOTIONS
from export_onnx.amt.emotion_fit import argmax_correspondence
from export_onnx.amt.paper_network import VIDEO_WIDTH, PaperAmt, PaperConfig
from export_onnx.datasets import read_items
from export_onnx.datasets.muvisync import MuviSong, load_muvisync
from export_onnx.training.progress import Progress
from export_onnx.training.stage import load_checkpoint, save_checkpoint

__all__ = [
    "PaperBatch",
    "PaperOptions",
    "batch_songs",
    "paper_loss",
    "read_paper_songs",
    "score_paper",
    "train_paper",
    "video_rows",
]

_CHORD_SHARE = 0.4
_RANKS = (1, 3, 5)


@dataclass(frozen=True)
class PaperOptions:
    """Where MuVi-Sync is (``DATA/muvisync``), where ``OUT/paper.pt`` goes, how it is trained.

    Attributes
    ----------
    warm_up : int
        Steps over which the learning rate rises before it falls with their root.
    """

    data: Path
    out: Path
    epochs: int = 60
    batch: int = 4
    warm_up: int = 4000
    clip: float = 1.0
    seed: int = 20251121
    threads: int = 1
    network: PaperConfig = PaperConfig()


@dataclass(frozen=True)
class PaperBatch:
    """Songs side by side.

    Attributes
    ----------
    before, target : int64 tensors, shape (batch, n)
        PAD beyond the end, END after the last chord of a song that is not cut off.
    minor : float tensor, shape (batch,)
    video : float tensor, shape (batch, n, VIDEO_WIDTH)
    emotion : float tensor, shape (batch, n, 6)
        0 where unknown.
    """

    before: torch.Tensor
    target: torch.Tensor
    minor: torch.Tensor
    video: torch.Tensor
    emotion: torch.Tensor

    @property
    def padding(self) -> torch.Tensor:
        """True beyond the end of a song, (batch, n)."""
        return self.target == PAD


def video_rows(song: MuviSong) -> np.ndarray:
    """Rows of features, (n, VIDEO_WIDTH); what has no file is 0."""
    n = len(song.chord)
    rows = np.zeros((n, VIDEO_WIDTH), np.float32)
    if song.semantic is not None:
        rows[:, :-8] = song.semantic
    if song.scene is not None:
        rows[:, -8] = song.scene + 1.0
    if song.motion is not None:
        rows[:, -7] = song.motion
    if song.emotion is not None:
        rows[:, -6:] = song.emotion
    return rows


def batch_songs(songs: Sequence[MuviSong], longest: int) -> PaperBatch:
    """Lay songs side by side; the first chord is given (C, or A minor), not learned."""
    n = min(longest, max(len(song.chord) for song in songs) + 1)
    before = torch.full((len(songs), n), PAD)
    target = torch.full((len(songs), n), PAD)
    video = torch.zeros(len(songs), n, VIDEO_WIDTH)
    emotion = torch.zeros(len(songs), n, len(EMOTIONS))
    for row, song in enumerate(songs):
        chords = np.append(song.chord, END)[:n]
        first = chord_id(9, "min") if song.minor else chord_id(0, "maj")
        target[row, : len(chords)] = torch.from_numpy(chords)
        before[row, : len(chords)] = torch.from_numpy(np.append(first, chords[:-1]))
        seen = min(len(song.chord), n)
        video[row, :seen] = torch.from_numpy(video_rows(song)[:seen])
        if song.emotion is not None:
            emotion[row, :seen] = torch.from_numpy(song.emotion[:seen])
    minor = torch.tensor([float(song.minor) for song in songs])
    return PaperBatch(before, target, minor, video, emotion)


def _allowed_qualities() -> torch.Tensor:
    """Chords each emotion allows on every root, float, shape (6, SIZE)."""
    table = torch.zeros(len(EMOTIONS), SIZE)
    for row, name in enumerate(EMOTIONS):
        for identity in range(1, N_CHORDS):
            table[row, identity] = float(AMT_QUALITIES[QUALITY_OF[identity] - 1] in ALLOWED[name])
    return table


def paper_loss(logits: torch.Tensor, batch: PaperBatch) -> tuple[torch.Tensor, dict[str, float]]:
    """Loss of a batch and its two parts."""
    flat = batch.target.flatten()
    chord = functional.cross_entropy(logits.flatten(0, 1), flat, ignore_index=PAD)
    wanted = _allowed_qualities()[batch.emotion.argmax(-1)]
    counted = (wanted.sum(-1) > 0) & (batch.emotion.sum(-1) > 0) & (batch.target < END)
    if counted.any():
        affect = functional.binary_cross_entropy_with_logits(logits[counted], wanted[counted])
    else:
        affect = logits.sum() * 0.0
    loss = _CHORD_SHARE * chord + (1.0 - _CHORD_SHARE) * affect
    return loss, {"chord": float(chord.detach()), "affect": float(affect.detach())}


def score_paper(model: PaperAmt, songs: Sequence[MuviSong]) -> dict[str, float]:
    """Hits@1/3/5 of the chords (per song, then their mean), and emotion correspondence.

    Teacher-forced, as published; the first second is given and END is not counted.
    """
    model.eval()
    hits, suits = [], []
    for song in songs:
        batch = batch_songs([song], model.config.longest)
        with torch.no_grad():
            logits = model(batch.before, batch.minor, batch.video, batch.padding)[0]
        n = min(len(song.chord), model.config.longest)
        table, target = logits[1:n, :N_CHORDS], batch.target[0, 1:n]
        if n < 2:
            continue
        above = (table > table.gather(1, target[:, None])).sum(1)
        hits.append([float((above < rank).float().mean()) for rank in _RANKS])
        if song.emotion is not None:
            suits.append(argmax_correspondence(table.argmax(1).numpy(), song.emotion[1:n]))
    named = {f"hits@{r}": float(np.mean(c)) for r, c in zip(_RANKS, np.array(hits).T, strict=True)}
    known = [share for share in suits if not np.isnan(share)]
    if known:
        named["correspondence"] = float(np.mean(known))
    return named


def read_paper_songs(data: Path, split: str) -> list[MuviSong]:
    """Read a split of ``DATA/muvisync``."""
    return [load_muvisync(item) for item in read_items(data, (split,), ("muvisync",))]


def train_paper(options: PaperOptions) -> Path:
    """Train to the end, or go on; keeps the epoch with the best validation loss.

    Raises
    ------
    InputError
        MuVi-Sync is missing, or the checkpoint is of another network.
    """
    torch.set_num_threads(options.threads)
    options.out.mkdir(parents=True, exist_ok=True)
    path, best_path = options.out / "paper.stage.pt", options.out / "paper.pt"
    train, val = read_paper_songs(options.data, "train"), read_paper_songs(options.data, "val")
    torch.manual_seed(options.seed)
    model = PaperAmt(options.network)
    optimiser = torch.optim.Adam(model.parameters(), lr=1.0, betas=(0.9, 0.98), eps=1e-9)
    width, warm_up = options.network.width, options.warm_up
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda s: width**-0.5 * min((s + 1) ** -0.5, (s + 1) * warm_up**-1.5)
    )
    begun, best = 0, float("inf")
    if path.exists():
        stored = load_checkpoint(path)
        if stored["network"] != asdict(options.network):
            raise InputError(f"{path}: of a network with other sizes; give another folder")
        model.load_state_dict(stored["model"])
        optimiser.load_state_dict(stored["optimiser"])
        schedule.load_state_dict(stored["schedule"])
        begun, best = int(stored["epoch"]), float(stored["best"])
    for epoch in range(begun, options.epochs):
        torch.manual_seed(options.seed + epoch)
        order = torch.randperm(len(train)).tolist()
        model.train()
        rows = [order[i : i + options.batch] for i in range(0, len(order), options.batch)]
        with Progress(f"paper, epoch {epoch + 1}/{options.epochs}", len(rows), 60.0) as progress:
            for row in rows:
                batch = batch_songs([train[i] for i in row], options.network.longest)
                logits = model(batch.before, batch.minor, batch.video, batch.padding)
                loss, parts = paper_loss(logits, batch)
                optimiser.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                nn.utils.clip_grad_norm_(model.parameters(), options.clip)
                optimiser.step()
                schedule.step()
                progress.advance(f"{parts['chord']:.3f}")
        score = _mean_loss(model, val)
        shown = ", ".join(f"{name} {value:.3f}" for name, value in score_paper(model, val).items())
        print(f"paper, epoch {epoch + 1}: validation loss {score:.3f}, {shown}", flush=True)
        common = {"network": asdict(options.network), "epoch": epoch + 1}
        if score < best:
            best = score
            save_checkpoint(best_path, {"model": model.state_dict(), **common})
        save_checkpoint(
            path,
            {
                "model": model.state_dict(),
                "optimiser": optimiser.state_dict(),
                "schedule": schedule.state_dict(),
                "best": best,
                **common,
            },
        )
    return best_path


def _mean_loss(model: PaperAmt, songs: Sequence[MuviSong]) -> float:
    model.eval()
    losses = []
    for song in songs:
        batch = batch_songs([song], model.config.longest)
        with torch.no_grad():
            logits = model(batch.before, batch.minor, batch.video, batch.padding)
            losses.append(float(paper_loss(logits, batch)[0]))
    return float(np.mean(losses))
