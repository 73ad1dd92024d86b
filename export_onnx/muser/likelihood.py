"""Likelihood of held-out music, per field and per element, and the use of the codes.

Whole pieces in their own order and tempo, from an empty state, with their codes and labels;
negative log-likelihood in nats per decision. The prior runs twice, with the emotion and without:
the difference is the information in the emotion. For comparison, the frequencies in
the same set's train part are measured as well. Intervals are over songs.
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from engine.generators.muser.vocabulary import CODEBOOKS, ELEMENTS, END_TICK, FIELDS
from export_onnx.muser.decoder import Decoder
from export_onnx.muser.export import Networks
from export_onnx.muser.pool import Pool, load_pool
from export_onnx.muser.prepare import DATASETS
from export_onnx.muser.prior import Prior
from export_onnx.muser.sequences import BeatSampler, EventSampler, encode_pool, tempo_codes
from export_onnx.training.metrics import Score, bootstrap

__all__ = ["code_usage", "decoder_likelihood", "prior_likelihood", "report"]

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
        event, codes, phase, following = sampler.take(places[None])
        with torch.no_grad():
            logits = decoder(event, codes, phase, following)
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


def code_usage(networks: Networks, pool: Pool, dataset: str) -> dict[str, tuple[int, float, float]]:
    """Return for each element: codes used, perplexity, and R² of its number given its code."""
    codes = encode_pool(networks.codes, pool)
    beats = pool.beats_of(dataset)
    usage = {}
    for index, name in enumerate(ELEMENTS):
        mine = codes[beats, index]
        counts = np.bincount(mine, minlength=CODEBOOKS[name])
        share = counts[counts > 0] / counts.sum()
        number = pool.statistics[beats, index]
        known = ~np.isnan(number)
        held = np.bincount(mine[known], minlength=CODEBOOKS[name])
        mean = np.bincount(mine[known], number[known], CODEBOOKS[name]) / np.maximum(held, 1)
        rest = float(((number[known] - mean[mine[known]]) ** 2).mean())
        usage[name] = (
            int((counts > 0).sum()),
            float(np.exp(-(share * np.log(share)).sum())),
            1.0 - rest / max(float(number[known].var()), 1e-12),
        )
    return usage


def _frequency_loss(train: np.ndarray, held: np.ndarray, size: int) -> float:
    """Mean loss of values under the (add-one) frequencies of other values."""
    counts = np.bincount(train, minlength=size) + 1.0
    loss: np.ndarray = np.log(counts.sum()) - np.log(counts[held])
    return float(loss.mean())


def _field_values(pool: Pool, dataset: str, number: int) -> np.ndarray:
    """Return one field of all decisions about it; onsets include the ends of beats."""
    beats = pool.beats_of(dataset)
    notes = pool.notes[pool.first_note[beats[0]] : pool.first_note[beats[-1] + 1]]
    values: np.ndarray = notes[:, number]
    if number == 0:
        values = np.concatenate([values, np.full(len(beats), END_TICK)])
    return values


def report(networks: Networks, beats: Path, split: str, dataset: str) -> list[str]:
    """Return the lines of the tables of a model card."""
    pool, train = load_pool(beats, split), load_pool(beats, "train")
    lines = [f"| {dataset} {split}: field | nats | 95 % | frequencies only |", "|---|---|---|---|"]
    for number, (name, score) in enumerate(decoder_likelihood(networks, pool, dataset).items()):
        plain = _frequency_loss(
            _field_values(train, dataset, number),
            _field_values(pool, dataset, number),
            FIELDS[number].size,
        )
        lines.append(
            f"| {name} | {score.value:.3f} | {score.low:.3f}–{score.high:.3f} | {plain:.3f} |"
        )
    with_emotion = prior_likelihood(networks, pool, dataset, known=True)
    without = prior_likelihood(networks, pool, dataset, known=False)
    codes, train_codes = (encode_pool(networks.codes, side) for side in (pool, train))
    codes, train_codes = codes[pool.beats_of(dataset)], train_codes[train.beats_of(dataset)]
    lines += [
        "",
        f"| {dataset} {split}: element | nats | 95 % | without emotion | frequencies only "
        "| codes used | perplexity | R² of its number |",
        "|---|---|---|---|---|---|---|---|",
    ]
    usage = code_usage(networks, pool, dataset)
    for index, (name, (used, perplexity, r2)) in enumerate(usage.items()):
        score = with_emotion[name]
        plain = _frequency_loss(train_codes[:, index], codes[:, index], CODEBOOKS[name])
        lines.append(
            f"| {name} | {score.value:.3f} | {score.low:.3f}–{score.high:.3f} "
            f"| {without[name].value:.3f} | {plain:.3f} | {used} of {CODEBOOKS[name]} "
            f"| {perplexity:.1f} | {r2:.2f} |"
        )
    return lines
