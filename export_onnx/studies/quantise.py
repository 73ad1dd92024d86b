"""Write the tracker with eight-bit matrix products, and compare it with the original.

Only products with learned matrices are touched: the Fourier products of the front end span 120 dB,
which eight bits do not, running means are no products of weights, and the runtime has no quantised
GRU. ``dynamic`` scales every input as it comes, ``static`` by what a calibration sound showed.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.emotion.model import TrackerModel
from engine.errors import InputError

__all__ = ["KINDS", "Comparison", "compare", "quantise"]

KINDS = ("dynamic", "static")
_FEWEST_WEIGHTS = 2048


@dataclass(frozen=True)
class Comparison:
    """The quantised file against the original.

    Attributes
    ----------
    size_mb, hop_p50_ms, hop_p99_ms : tuple of float
        Original and quantised; times are taken by turns in one run.
    differences : dict of str to float
        Largest difference of each output over the sound.
    """

    size_mb: tuple[float, float]
    hop_p50_ms: tuple[float, float]
    hop_p99_ms: tuple[float, float]
    differences: dict[str, float]


def _learned_products(model: Any) -> list[str]:
    """Names of the products with a large stored matrix that is not part of the front end."""
    stored = {entry.name: int(np.prod(entry.dims)) for entry in model.graph.initializer}
    return [
        node.name
        for node in model.graph.node
        if node.op_type in ("MatMul", "Gemm")
        and "front_end" not in node.name
        and max((stored.get(name, 0) for name in node.input), default=0) >= _FEWEST_WEIGHTS
    ]


def _feeds(model: TrackerModel, sound: np.ndarray) -> Iterator[dict[str, np.ndarray]]:
    """Yield inputs hop by hop, states included."""
    states = model.start()
    for hop in sound[: len(sound) // model.hop_length * model.hop_length].reshape(
        -1, model.hop_length
    ):
        yield {"pcm": hop[None, :], **states}
        _, states = model.step(hop, states)


def quantise(source: Path, out: Path, kind: str, sound: np.ndarray) -> int:
    """Write `source` with eight-bit products; returns how many were replaced.

    Parameters
    ----------
    kind : str
        One of KINDS.
    sound : float32 array, shape (n,)
        Calibrates ``static``, mono at the model's rate.

    Raises
    ------
    InputError
        An unknown kind, or no product to quantise.
    """
    import onnx
    from onnxruntime.quantization import (
        CalibrationDataReader,
        QuantType,
        quantize_dynamic,
        quantize_static,
    )

    if kind not in KINDS:
        raise InputError(f"kind {kind!r}: must be one of {', '.join(KINDS)}")
    original = onnx.load(str(source))
    nodes = _learned_products(original)
    if not nodes:
        raise InputError(f"{source}: no learned product to quantise")
    if kind == "dynamic":
        quantize_dynamic(source, out, nodes_to_quantize=nodes, weight_type=QuantType.QInt8)
    else:

        class Reader(CalibrationDataReader):  # type: ignore[misc]
            """Hands the hops over one by one."""

            def __init__(self) -> None:
                self._feeds = _feeds(TrackerModel(source), sound)

            def get_next(self) -> dict[str, np.ndarray] | None:
                return next(self._feeds, None)

        quantize_static(source, out, Reader(), nodes_to_quantize=nodes, per_channel=True)
    changed = onnx.load(str(out))
    del changed.metadata_props[:]
    onnx.helper.set_model_props(
        changed,
        {entry.key: entry.value for entry in original.metadata_props} | {"quantised": kind},
    )
    onnx.save(changed, str(out))
    return len(nodes)


def compare(source: Path, quantised: Path, sound: np.ndarray) -> Comparison:
    """Play a sound to both, hop by hop."""
    models = [TrackerModel(path) for path in (source, quantised)]
    states = [model.start() for model in models]
    times: list[list[float]] = [[], []]
    differences: dict[str, float] = {}
    hop = models[0].hop_length
    for start in range(0, len(sound) - hop + 1, hop):
        said = []
        for index, model in enumerate(models):
            began = time.perf_counter()
            outputs, states[index] = model.step(sound[start : start + hop], states[index])
            times[index].append(1000.0 * (time.perf_counter() - began))
            said.append(outputs)
        for name, value in said[0].items():
            gap = float(np.abs(value - said[1][name]).max())
            differences[name] = max(differences.get(name, 0.0), gap)
    first, second = (np.asarray(spent[len(spent) // 10 :]) for spent in times)
    return Comparison(
        size_mb=(source.stat().st_size / 1e6, quantised.stat().st_size / 1e6),
        hop_p50_ms=(float(np.median(first)), float(np.median(second))),
        hop_p99_ms=(float(np.quantile(first, 0.99)), float(np.quantile(second, 0.99))),
        differences=differences,
    )
