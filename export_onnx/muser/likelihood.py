"""Likelihood of held-out music, per field and per element.

Whole pieces in their own order and tempo, from an empty state, with their codes and labels;
negative log-likelihood in nats per decision. The prior runs twice, with the emotion and without:
the difference is the information in the emotion. Intervals are over songs.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from engine.generators.muser.vocabulary import ELEMENTS, END_TICK, FIELDS
from export_onnx.muser.decoder import Decoder
from export_onnx.muser.export import CHECKPOINTS, Networks, load_networks
from export_onnx.muser.pool import Pool, load_pool
from export_onnx.muser.prepare import DATASETS
from export_onnx.muser.prior import Prior
from export_onnx.muser.sequences import BeatSampler, EventSampler, encode_pool, tempo_codes
from export_onnx.training.metrics import Score, bootstrap
from export_onnx.training.options import option

__all__ = ["LikelihoodOptions", "decoder_likelihood", "likelihood", "prior_likelihood"]

_LONGEST = 4096


def _sums(logits: list[Tensor], wanted: Tensor, names: list[str], where: Tensor) -> list[float]:
    """Sum of the losses of each name, and the number of decisions."""
    row = []
    for number in range(len(names)):
        chosen = where if number else torch.ones_like(where)
        loss = functional.cross_entropy(
            logits[number][0][chosen], wanted[0, :, number][chosen], reduction="sum"
        )
        row += [float(loss), float(chosen.sum())]
    return row


def _scores(rows: list[list[float]], groups: list[str], names: list[str]) -> dict[str, Score]:
    table = np.array(rows)
    return {
        name: bootstrap(
            lambda loss, count: float(loss.sum() / max(count.sum(), 1.0)),
            [table[:, 2 * number], table[:, 2 * number + 1]],
            groups,
        )
        for number, name in enumerate(names)
    }


def _pieces(pool: Pool, dataset: str) -> list[int]:
    return np.flatnonzero(pool.dataset == DATASETS.index(dataset)).tolist()


def decoder_likelihood(networks: Networks, pool: Pool, dataset: str) -> dict[str, Score]:
    """Return the loss of each field of an event."""
    decoder: Decoder = networks.decoder
    sampler = EventSampler(pool, encode_pool(networks.codes, pool), {dataset: 1.0})
    names = [field.name for field in FIELDS]
    rows, groups = [], []
    for piece in _pieces(pool, dataset):
        first = sampler.events.first[pool.first_beat[piece]]
        last = sampler.events.first[pool.first_beat[piece + 1]]
        places = np.arange(first, min(int(last), int(first) + _LONGEST))
        given, following = sampler.take(places[None])
        with torch.no_grad():
            logits = decoder(given, following)
        note = following[0, :, 0] != END_TICK
        rows.append(_sums(logits, following, names, note))
        groups.append(str(pool.groups[piece]))
    return _scores(rows, groups, names)


def prior_likelihood(
    networks: Networks, pool: Pool, dataset: str, *, known: bool
) -> dict[str, Score]:
    """Return the loss of each element's code, with the emotion or without."""
    prior: Prior = networks.prior
    codes = encode_pool(networks.codes, pool)
    sampler = BeatSampler(pool, codes, tempo_codes(networks.codes), {dataset: 1.0})
    rows, groups = [], []
    for piece in _pieces(pool, dataset):
        beats = np.arange(pool.first_beat[piece], pool.first_beat[piece + 1])[:_LONGEST]
        labels = pool.labeller.rank(dataset, pool.raw[beats])
        arrays = sampler.tensors(beats, pool.headers[beats, 0], labels)
        past, phase, condition, wanted = (torch.from_numpy(array)[None] for array in arrays)
        with torch.no_grad():
            logits = prior(past, phase, condition * float(known), wanted)
        everywhere = torch.ones(len(beats), dtype=torch.bool)
        rows.append(_sums(logits, wanted, list(ELEMENTS), everywhere))
        groups.append(str(pool.groups[piece]))
    return _scores(rows, groups, list(ELEMENTS))


@dataclass(frozen=True)
class LikelihoodOptions:
    """Which networks on which music."""

    checkpoints: Path = option(CHECKPOINTS, "folder of checkpoints")
    beats: Path = option(Path("runs/muser/beats"), "prepared beats")
    split: str = option("val")
    dataset: str = option("emopia", flag="--set", choices=DATASETS)


def likelihood(options: LikelihoodOptions) -> list[str]:
    """Score held-out music; returns the lines of the tables of a model card."""
    split, dataset = options.split, options.dataset
    networks, pool = load_networks(options.checkpoints), load_pool(options.beats, split)
    lines = [f"| {dataset} {split}: field | nats | 95 % |", "|---|---|---|"]
    for name, score in decoder_likelihood(networks, pool, dataset).items():
        lines.append(f"| {name} | {score.value:.3f} | {score.low:.3f}–{score.high:.3f} |")
    without = prior_likelihood(networks, pool, dataset, known=False)
    lines += [
        "",
        f"| {dataset} {split}: element | nats | 95 % | without emotion |",
        "|---|---|---|---|",
    ]
    for name, score in prior_likelihood(networks, pool, dataset, known=True).items():
        interval = f"{score.low:.3f}–{score.high:.3f}"
        lines.append(f"| {name} | {score.value:.3f} | {interval} | {without[name].value:.3f} |")
    return lines
