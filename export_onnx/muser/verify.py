"""Checks the contract of MusER's graphs: steps equal one pass, ONNX equals PyTorch."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from engine.generators.muser.features import FEATURE_TOTAL
from engine.generators.muser.memory import DecoderState
from engine.generators.muser.model import (
    FORMS,
    LOOKBACK_BARS,
    NO_CODES,
    NO_EVENT,
    MuserModel,
    Told,
)
from engine.generators.muser.vocabulary import CODEBOOKS, ELEMENTS, FIELDS
from export_onnx.muser.config import LATENT_ELEMENTS
from export_onnx.muser.decoder import Given
from export_onnx.muser.export import CHECKPOINTS, Networks, load_networks
from export_onnx.training.contract import Sequences, verify_contract
from export_onnx.training.options import option

__all__ = ["VerifyOptions", "verify"]

_BEATS = 48
_EVENTS = 200


def _random_codes(rng: np.random.Generator, count: int) -> np.ndarray:
    return np.stack([rng.integers(0, CODEBOOKS[name], count) for name in ELEMENTS], 1)


def _random_phases(rng: np.random.Generator, count: int) -> np.ndarray:
    length = rng.integers(1, 8, count)
    return np.stack([rng.integers(0, length + 1), length], 1)


class _Prior:
    """Prior and elements beat by beat, as `verify_contract` drives them."""

    longest = 1
    batches = False

    def __init__(self, model: MuserModel) -> None:
        self._model = model

    def start(self, batch: int) -> np.ndarray:
        return self._model.prior_start()

    def run(self, inputs: Sequences, state: np.ndarray) -> tuple[Sequences, np.ndarray]:
        given = inputs["condition"][0]
        context, state = self._model.prior_step(inputs["past"][0], inputs["phase"][0], given, state)
        logits = {}
        for index, name in enumerate(ELEMENTS):
            known = inputs["codes"][0].copy()
            known[:, index:] = 0  # later elements are not looked at
            logits[name] = self._model.code_logits(context, given, known, index)[None, None]
        return logits, state


class _Decoder:
    """Decoder and fields event by event, as `verify_contract` drives them."""

    longest = 1
    batches = False

    def __init__(self, model: MuserModel) -> None:
        self._model = model

    def start(self, batch: int) -> DecoderState:
        return self._model.decoder_start()

    def run(self, inputs: Sequences, state: DecoderState) -> tuple[Sequences, DecoderState]:
        parts = ("codes", "phase", "condition", "form", "beat")
        told = Told(*(inputs[part][0] for part in parts))
        context, state = self._model.decoder_step(inputs["event"][0], told, state)
        logits = {}
        for index, field in enumerate(FIELDS):
            known = inputs["following"][0].copy()
            known[:, index:] = 0
            logits[field.name] = self._model.field_logits(context, told.codes, known, index)[
                None, None
            ]
        return logits, state


def verify_prior(model: MuserModel, networks: Networks, seed: int = 3) -> dict[str, float]:
    """Check the prior on random beats."""
    rng = np.random.default_rng(seed)
    past = np.stack([_random_codes(rng, _BEATS) for _ in range(1 + len(LOOKBACK_BARS))], 1)
    past[0] = NO_CODES
    inputs = {
        "past": past[None],
        "phase": _random_phases(rng, _BEATS)[None],
        "condition": rng.uniform(-1, 1, (1, _BEATS, 3)).astype(np.float32),
        "codes": _random_codes(rng, _BEATS)[None],
    }

    @torch.no_grad()
    def reference(given: Sequences) -> Sequences:
        whole = networks.prior(*map(torch.from_numpy, given.values()))
        return {name: logits.numpy() for name, logits in zip(ELEMENTS, whole, strict=True)}

    return verify_contract(_Prior(model), inputs, reference)


def verify_decoder(model: MuserModel, networks: Networks, seed: int = 5) -> dict[str, float]:
    """Check the decoder on random events."""
    rng = np.random.default_rng(seed)
    event = np.stack([rng.integers(0, field.size, _EVENTS) for field in FIELDS], 1)
    event[::7] = NO_EVENT
    beat = np.arange(_EVENTS) // 7
    inputs = {
        "event": event[None],
        "codes": _random_codes(rng, _EVENTS)[None],
        "phase": _random_phases(rng, _EVENTS)[None],
        "condition": rng.uniform(-1, 1, (1, _EVENTS, 3)).astype(np.float32),
        "form": np.stack([rng.integers(0, len(FORMS), _EVENTS), 4 * beat], 1)[None],
        "beat": beat[None],
        "following": np.stack([rng.integers(0, f.size, _EVENTS) for f in FIELDS], 1)[None],
    }

    @torch.no_grad()
    def reference(given: Sequences) -> Sequences:
        *told, following = map(torch.from_numpy, given.values())
        whole = networks.decoder(Given(*told), following)
        return {field.name: logits.numpy() for field, logits in zip(FIELDS, whole, strict=True)}

    return verify_contract(_Decoder(model), inputs, reference)


def compare_encoder(model: MuserModel, networks: Networks, seed: int = 7) -> float:
    """Largest difference of a latent between ONNX and PyTorch, or of the distance to its code."""
    rng = np.random.default_rng(seed)
    features = rng.normal(0, 1, (64, FEATURE_TOTAL)).astype(np.float32)
    codes, latents = model.encode_features(features)
    with torch.no_grad():
        wanted, slices = networks.codes(torch.from_numpy(features))
    worst = float(np.abs(latents - slices.numpy()).max())
    # Two codes may be equally near; then either is right.
    for index, name in enumerate(LATENT_ELEMENTS):
        vectors = networks.codes.book(name).vectors
        far, near = (
            (slices[:, index] - vectors[chosen[:, index + 1]]).norm(dim=1)
            for chosen in (torch.from_numpy(codes), wanted)
        )
        worst = max(worst, float((far - near).abs().max()))
    return worst if np.array_equal(codes[:, 0], wanted[:, 0].numpy()) else float("inf")


@dataclass(frozen=True)
class VerifyOptions:
    """A folder of ONNX files, and the checkpoints they were made from."""

    model: Path | None = option(None, "folder; default: the shipped one")
    checkpoints: Path = option(CHECKPOINTS, "folder of checkpoints")


def verify(options: VerifyOptions) -> dict[str, float]:
    """Compare ONNX with PyTorch, and steps with wholes; returns the largest differences."""
    model, networks = MuserModel(options.model), load_networks(options.checkpoints)
    report = {"encoder: ONNX against PyTorch": compare_encoder(model, networks)}
    for name, found in (
        ("prior", verify_prior(model, networks)),
        ("decoder", verify_decoder(model, networks)),
    ):
        report |= {f"{name}: {check}": gap for check, gap in found.items()}
    return report
