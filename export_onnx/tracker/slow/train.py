"""Train the head on extracted features: minutes on one core."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from export_onnx.datasets.labels import common_scale
from export_onnx.tracker.slow.corpus import Corpus
from export_onnx.tracker.slow.features import SETS, Clip
from export_onnx.tracker.slow.head import Head, HeadConfig

__all__ = ["Bank", "SlowTraining", "make_bank", "said_of", "train_head"]

_SHARES = {"q4audio": 0.35, "emotify": 0.15, "vgmidi": 0.2, "emopia": 0.3}
_FOUR = ("q4audio", "emopia")  # sets that know the quadrant only
_PIANO = "emopia"  # one instrument: what is loud and dense there is no measure for recordings
_ENOUGH = 500  # recordings that half of the members can learn from without it
RECORDED = ("q4audio", "emotify")
_ABOVE, _STEEP = 0.15, 4.0  # from which difference on two labels have an order; how strict it is
_SETTLED = 4  # steps after a cut from which the new clip's label counts


@dataclass(frozen=True)
class SlowTraining:
    """One training run of the head.

    Attributes
    ----------
    moments : int
        Moments of each clip in the bank of features.
    spliced : float
        Share of the moments that come after a cut from another clip.
    steps, batch : int
        Updates, and moments in each.
    side : float
        Weight of the side of each axis (probit) beside the distance to the label.
    rank : float
        Weight of the order of two moments of one set (logistic).
    jitter : float
        Noise on the standardised features.
    false_alarms : float
        How often per minute of going music the change detector's threshold is passed.
    """

    seed: int = 20261201
    moments: int = 10
    spliced: float = 0.15
    steps: int = 600
    batch: int = 256
    learning_rate: float = 0.002
    weight_decay: float = 0.3
    side: float = 0.5
    rank: float = 3.0
    jitter: float = 0.1
    false_alarms: float = 6.0

    def to_json(self) -> dict[str, Any]:
        """Return the values as plain JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Bank:
    """Features of chosen moments of all clips, made once for every run.

    Attributes
    ----------
    features : Tensor, shape (moments, size)
    labels : Tensor, shape (moments, 2)
        Valence and arousal.
    clip, before : int arrays, shape (moments,)
        Index of the clip, and of the clip before the cut (the clip itself where there is none).
    """

    clips: tuple[Clip, ...]
    features: Tensor
    labels: Tensor
    clip: np.ndarray
    before: np.ndarray


def make_bank(clips: list[Clip], config: HeadConfig, training: SlowTraining) -> Bank:
    """Draw moments of every clip, some of them after a cut; labels are on the common scale."""
    rng = np.random.default_rng(training.seed)
    head = Head(config)
    corpus = Corpus.of(clips, head)
    chosen = np.repeat(np.arange(len(clips)), training.moments)
    spliced = rng.random(len(chosen)) < training.spliced
    low = np.where(spliced, _SETTLED, 1)
    ages = low + (rng.random(len(chosen)) * (corpus.count[chosen] - low)).astype(int)
    steps = corpus.first[chosen] + ages
    past = np.where(spliced, rng.integers(len(corpus.clip), size=len(chosen)), -1)
    parts = []
    with torch.no_grad():
        for start in range(0, len(chosen), 512):
            part = slice(start, start + 512)
            parts.append(corpus.features(head, steps[part], past[part]))
    before = np.where(spliced, corpus.clip[past], chosen)
    labels = corpus.labels[steps].clone()
    for name in corpus.sets:
        own = np.isin(chosen, corpus.of_set(name))
        labels[own] = torch.from_numpy(common_scale(name, labels[own].numpy())).float()
    return Bank(tuple(clips), torch.cat(parts), labels, chosen, before)


def _loss(
    head: Head, features: Tensor, labels: Tensor, source: Tensor, draws: Tensor, how: SlowTraining
) -> Tensor:
    """Distance to the labels, their order, and sides where only the quadrant is known.

    `source` is the set of each moment as an index into SETS; `draws` weights it for each member.
    """
    means, logs = head.judge(features)
    deviation = logs.exp()
    each = 0.5 * ((labels - means) / deviation).square() + logs
    four = torch.tensor([name in _FOUR for name in SETS])[source][:, None]
    sides: Tensor = -torch.special.log_ndtr(torch.sign(labels) * means / deviation) * four
    loss: Tensor = ((each + how.side * sides).sum(2) * draws).sum() / draws.sum()
    above = (labels[:, None] - labels[None] > _ABOVE) & (source[:, None] == source)[..., None]
    order = functional.softplus(-_STEEP * (means[:, :, None] - means[:, None]))
    weight = above * (draws[:, :, None] * draws[:, None])[..., None]
    return loss + 2.0 * how.rank * (order * weight).sum() / weight.sum().clamp(min=1.0)


def train_head(
    bank: Bank, config: HeadConfig, training: SlowTraining, use: np.ndarray | None = None
) -> Head:
    """Train on the clips of a bank, or on those that are True in `use`.

    Each member of the head sees songs of its own draw, so that where they differ the music is not
    like what was trained on. The half for recordings sees no piano if there are enough recordings.
    """
    torch.manual_seed(training.seed)
    rng = np.random.default_rng(training.seed)
    head = Head(config)
    used = np.ones(len(bank.clips), bool) if use is None else use
    rows = np.flatnonzero(used[bank.clip] & used[bank.before])
    names = np.array([clip.dataset for clip in bank.clips])[bank.clip[rows]]
    there = sorted(set(names.tolist()))
    weight = np.zeros(len(rows))
    for name in there:
        weight[names == name] = _SHARES[name] / (names == name).sum()
    weight /= weight.sum()
    with torch.no_grad():
        drawn = bank.features[rng.choice(rows, 6000, p=weight)]
        head.centre.copy_(drawn.mean(0))
        head.scale.copy_(drawn.std(0).clamp(min=1e-3))
    groups = {key: i for i, key in enumerate(sorted({(c.dataset, c.group) for c in bank.clips}))}
    group_of = np.array([groups[clip.dataset, clip.group] for clip in bank.clips])
    draws = torch.from_numpy(rng.poisson(1.0, (config.members, len(groups)))).float()
    piano = torch.tensor([name == _PIANO for name, _ in groups])
    if sum(used[i] and clip.dataset in RECORDED for i, clip in enumerate(bank.clips)) >= _ENOUGH:
        draws[: config.members // 2] *= 1.0 - piano.float()
    source = torch.tensor([SETS.index(clip.dataset) for clip in bank.clips])
    real = torch.tensor([float(clip.dataset in RECORDED) for clip in bank.clips])
    decayed, free = [head.enter, head.leave, head.direct], [head.enter_bias, head.leave_bias]
    optimiser = torch.optim.AdamW(
        [
            {"params": decayed, "weight_decay": training.weight_decay},
            {"params": free, "weight_decay": 0.0},
            {"params": head.real.parameters(), "weight_decay": 3.0},
        ],
        lr=training.learning_rate,
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, training.learning_rate, total_steps=training.steps, pct_start=0.1
    )
    head.train()
    for _ in range(training.steps):
        chosen = rng.choice(rows, training.batch, p=weight)
        clip = bank.clip[chosen]
        features = bank.features[chosen]
        features = features + training.jitter * head.scale * torch.randn_like(features)
        own = draws[:, group_of[clip]]
        loss = _loss(head, features, bank.labels[chosen], source[clip], own, training)
        loss = loss + functional.binary_cross_entropy_with_logits(
            head.recorded(features)[:, 0], real[clip]
        )
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
    return head.eval()


def said_of(head: Head, clips: list[Clip]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Mean and deviation (n, 2) of valence and arousal at every step of each clip."""
    corpus = Corpus.of(clips, head)
    means, deviations = [], []
    with torch.no_grad():
        for start in range(0, len(corpus.clip), 2048):
            steps = np.arange(start, min(start + 2048, len(corpus.clip)))
            mean, deviation = head.conclude(corpus.features(head, steps))
            means.append(mean.numpy())
            deviations.append(deviation.numpy())
    cuts = corpus.first[1:]
    parts = (np.split(np.concatenate(all_), cuts) for all_ in (means, deviations))
    return list(zip(*parts, strict=True))
