"""Compare the ONNX step graphs with PyTorch, and steps with the full pass over a sequence."""

from pathlib import Path

import numpy as np
import torch

from engine.generators.muser.features import FEATURE_TOTAL
from engine.generators.muser.model import LOOKBACK_BARS, NO_CODES, NO_EVENT, MuserModel
from engine.generators.muser.vocabulary import CODEBOOKS, ELEMENTS, FIELDS
from export_onnx.muser.config import LATENT_ELEMENTS
from export_onnx.muser.export import Networks

__all__ = ["TOLERANCE", "compare_decoder", "compare_encoder", "compare_prior", "verify"]

TOLERANCE = 1e-4
_BEATS = 48
_EVENTS = 200


def _random_codes(rng: np.random.Generator, count: int) -> np.ndarray:
    return np.stack([rng.integers(0, CODEBOOKS[name], count) for name in ELEMENTS], 1)


def _random_phases(rng: np.random.Generator, count: int) -> np.ndarray:
    length = rng.integers(1, 8, count)
    return np.stack([rng.integers(0, length + 1), length], 1)


def compare_prior(model: MuserModel, networks: Networks, seed: int = 3) -> float:
    """Largest difference of a logit between steps through ONNX and one pass through PyTorch."""
    rng = np.random.default_rng(seed)
    past = np.stack([_random_codes(rng, _BEATS) for _ in range(1 + len(LOOKBACK_BARS))], 1)
    past[0] = NO_CODES
    phase, codes = _random_phases(rng, _BEATS), _random_codes(rng, _BEATS)
    condition = rng.uniform(-1, 1, (_BEATS, 3)).astype(np.float32)
    with torch.no_grad():
        whole = networks.prior(
            *(torch.from_numpy(x[None]) for x in (past, phase, condition, codes))
        )
    state = model.prior_start()
    worst = 0.0
    for beat in range(_BEATS):
        given = condition[beat : beat + 1]
        context, state = model.prior_step(
            past[beat : beat + 1], phase[beat : beat + 1], given, state
        )
        known = np.zeros((1, len(ELEMENTS)), np.int64)
        for element in range(len(ELEMENTS)):
            logits = model.code_logits(context, given, known, element)
            worst = max(worst, float(np.abs(logits - whole[element][0, beat].numpy()).max()))
            known[0, element] = codes[beat, element]
    return worst


def compare_decoder(model: MuserModel, networks: Networks, seed: int = 5) -> float:
    """Largest difference of a logit between steps through ONNX and one pass through PyTorch."""
    rng = np.random.default_rng(seed)
    event = np.stack([rng.integers(0, field.size, _EVENTS) for field in FIELDS], 1)
    event[::7] = NO_EVENT
    following = np.stack([rng.integers(0, field.size, _EVENTS) for field in FIELDS], 1)
    codes, phase = _random_codes(rng, _EVENTS), _random_phases(rng, _EVENTS)
    with torch.no_grad():
        whole = networks.decoder(
            *(torch.from_numpy(x[None]) for x in (event, codes, phase, following))
        )
    state = model.decoder_start()
    worst = 0.0
    for place in range(_EVENTS):
        here = slice(place, place + 1)
        context, state = model.decoder_step(event[here], codes[here], phase[here], state)
        known = np.zeros((1, len(FIELDS)), np.int64)
        for field in range(len(FIELDS)):
            logits = model.field_logits(context, codes[here], known, field)
            worst = max(worst, float(np.abs(logits - whole[field][0, place].numpy()).max()))
            known[0, field] = following[place, field]
    return worst


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


def verify(folder: Path | None, networks: Networks) -> dict[str, float]:
    """Return the largest difference of each comparison."""
    model = MuserModel(folder)
    return {
        "prior: ONNX steps against PyTorch in one pass": compare_prior(model, networks),
        "decoder: ONNX steps against PyTorch in one pass": compare_decoder(model, networks),
        "encoder: ONNX against PyTorch": compare_encoder(model, networks),
    }
