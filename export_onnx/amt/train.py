"""Train the chord model; a stopped run continues, and `torchrun` may divide the work."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch

from engine.errors import InputError
from engine.generators.amt.conditioning import MASKS, SLICES
from engine.generators.amt.vocabulary import END, PAD
from export_onnx.amt.batches import Batch, Sampler, hold_out, whole_song
from export_onnx.amt.config import NetworkConfig, TrainConfig
from export_onnx.amt.correspondence import affective_loss
from export_onnx.amt.hits import SongScore, macro, score_song
from export_onnx.amt.network import Amt
from export_onnx.amt.recover import recover_weights
from export_onnx.amt.songs import Song, load_songs
from export_onnx.training import parallel
from export_onnx.training.options import nested, option
from export_onnx.training.stage import Stage, load_checkpoint, save_checkpoint
from export_onnx.training.stage import TrainConfig as StageConfig

__all__ = ["TrainOptions", "loss_of", "predict_song", "score_songs", "train"]

_CHOSEN_BY = ("pop909", "muvisync")


@dataclass(frozen=True)
class TrainOptions:
    """Where to read prepared songs, where to write checkpoints, what to train.

    Attributes
    ----------
    start : Path or None
        Checkpoint whose weights the training begins with: a finished one (``NAME.pt``), that of a
        stopped run (``NAME.stage.pt``), whose average is taken, or an exported ``NAME.onnx``.
    """

    prepared: Path = option(Path("runs/amt/prepared"), "prepared songs")
    out: Path = option(Path("runs/amt/train"), "folder of checkpoints")
    name: str = option("amt", "of the checkpoint")
    choose: float = option(0.0, "share of songs left out and scored, to choose settings by")
    start: Path | None = option(None, "weights to begin with", flag="--weights")
    threads: int = option(1)
    stop_after_epochs: int = option(
        0, "epoch to stop after; 0 trains to the end", flag="--stop-after"
    )
    pictures_only: bool = option(False, "train the weights of CLIP components alone")
    network: NetworkConfig = NetworkConfig()
    train: TrainConfig = nested(
        TrainConfig, batch="songs per step and process", learning_rate="highest"
    )


def loss_of(model: Amt, batch: Batch, affect: float) -> tuple[torch.Tensor, dict[str, float]]:
    """Loss of a batch: surprise per slot plus `affect` times the affective loss; and its parts."""
    prediction = model(batch.before, batch.told)
    counted = (batch.target != PAD).float()
    total = counted.sum()
    changed = (batch.target != batch.before).float() * counted
    stay = prediction.stay
    kept = torch.where(batch.target == batch.before, stay, 1.0 - stay)
    own = prediction.change.gather(-1, batch.target[..., None])[..., 0]
    stay_loss = -(kept.log() * counted).sum() / total
    change_loss = -(own.log() * changed).sum() / total
    loss = stay_loss + change_loss
    parts = {
        "stay": float(stay_loss.detach()),
        "change": float(change_loss.detach() * total / changed.sum()),
    }
    if affect > 0.0:
        chords = prediction.slot(batch.before)
        inside = counted * (batch.target != END).float()
        affective = affective_loss(chords, inside, batch.affect, batch.trust, batch.prior)
        loss = loss + affect * affective
        parts["affect"] = float(affective.detach())
    return loss, parts


def predict_song(
    model: Amt, song: Song, told: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of every slot and of every change, both (n, SIZE); ``told`` replaces its own.

    The model is to be in evaluation mode.
    """
    before, chord, own = whole_song(song)
    told = own if told is None else told
    n = len(song)
    with torch.no_grad():
        heard = torch.from_numpy(before[None, :n])
        prediction = model(heard, torch.from_numpy(np.ascontiguousarray(told[None, :n])))
        slot = prediction.slot(heard)
    return slot[0].numpy(), prediction.change[0].numpy()


def score_songs(model: Amt, songs: Sequence[Song]) -> list[SongScore]:
    """Score every song that changes its chord."""
    model.eval()
    scores = [score_song(song.chord, *predict_song(model, song)) for song in songs]
    return [score for score in scores if score is not None]


def train(options: TrainOptions) -> Path | None:
    """Train and write ``OUT/NAME.pt`` when done; returns its path, None if stopped before.

    Raises
    ------
    InputError
        There are no prepared songs, or the checkpoint is of another run.
    """
    with parallel.together():
        return _train(options)


def _weights(path: Path) -> dict[str, torch.Tensor]:
    if path.suffix == ".onnx":
        return recover_weights(path)
    stored = load_checkpoint(path)
    return dict(stored["average"] if "average" in stored else stored["model"])


def _freeze_all_but_pictures(model: Amt) -> None:
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    kept = torch.zeros_like(model.told.weight)
    kept[:, SLICES["semantic"]] = 1.0
    kept[:, MASKS["semantic"]] = 1.0
    model.told.weight.requires_grad_(True)
    weight: torch.Tensor = model.told.weight
    weight.register_hook(lambda gradient: gradient * kept)  # type: ignore[no-untyped-call]


def _train(options: TrainOptions) -> Path | None:
    torch.set_num_threads(options.threads)
    options.out.mkdir(parents=True, exist_ok=True)
    config = options.train
    started = time.monotonic()
    songs = load_songs(options.prepared / "train.npz")
    videos = options.prepared / "videos.npz"
    songs += load_songs(videos) if videos.is_file() else []
    songs, aside = hold_out(songs, options.choose, config.seed) if options.choose else (songs, [])
    chosen_by = [[song for song in aside if song.dataset == name] for name in _CHOSEN_BY]
    torch.manual_seed(config.seed)
    model = Amt(options.network)
    if options.start is not None:
        try:
            model.load_state_dict(_weights(options.start))
        except (KeyError, RuntimeError) as error:
            raise InputError(f"{options.start}: not weights of this network ({error})") from error
    if options.pictures_only:
        songs = [song for song in songs if not np.isnan(song.semantic).all()]
        config = replace(config, weight_decay=0.0, affect=0.0, drop_all=0.0)
        _freeze_all_but_pictures(model)
    steps = len(Sampler(songs, config, config.seed)) // parallel.world_size()
    if steps == 0:
        raise InputError(f"{options.prepared}: no song of {', '.join(n for n, _ in config.shares)}")
    recipe = replace(
        StageConfig(),
        learning_rate=config.learning_rate,
        weight_decay=config.weight_decay,
        average_decay=config.average_decay,
    )
    stage = Stage(f"{options.name}.stage", model, options.out, recipe, steps * config.epochs)

    def losses(seed: int) -> Iterator[tuple[torch.Tensor, dict[str, float]]]:
        for batch in Sampler(songs, config, seed):
            yield loss_of(model, batch, config.affect)

    def score() -> None:
        kept = stage.average.module
        assert isinstance(kept, Amt)
        for some in filter(None, chosen_by):
            named = macro(score_songs(kept, some))
            print("  " + ", ".join(f"{k} {v:.3f}" for k, v in named.items()), flush=True)

    if not stage.train(
        options.name,
        config.epochs,
        steps,
        losses,
        config.seed,
        options.stop_after_epochs,
        score,
    ):
        return None
    path = options.out / f"{options.name}.pt"
    save_checkpoint(
        path,
        {
            "model": stage.average.module.state_dict(),
            "network": asdict(options.network),
            "train": asdict(config),
            "seconds": time.monotonic() - started,
        },
    )
    return path
