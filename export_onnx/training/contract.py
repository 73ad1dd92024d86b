"""The contract of every exported graph, checked in one place.

A graph is driven through `Streaming`: sequences in, sequences out, the state given and returned.
Whatever it is, the same must come out step by step, in any chunking, after a reset, in a batch,
and from PyTorch.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np

__all__ = ["TOLERANCE", "Sequences", "Streaming", "verify_contract"]

TOLERANCE = 1e-4
"""Largest difference between two ways to compute the same."""

Sequences = dict[str, np.ndarray]
"""Arrays by name, shape (batch, time, ...)."""


class Streaming(Protocol):
    """A graph as `verify_contract` drives it."""

    @property
    def longest(self) -> int | None:
        """Most time steps that one call may take; None: any number."""
        ...

    @property
    def batches(self) -> bool:
        """Whether one call may take several sequences."""
        ...

    def start(self, batch: int) -> Any:
        """Return the state before the first step."""
        ...

    def run(self, inputs: Sequences, state: Any) -> tuple[Sequences, Any]:
        """Return the outputs of some steps, shape (batch, time, ...), and the state after them."""
        ...


def verify_contract(
    graph: Streaming,
    inputs: Sequences,
    reference: Callable[[Sequences], Mapping[str, np.ndarray]] | None = None,
    seed: int = 5,
) -> dict[str, float]:
    """Return the largest difference found by each check; all should be below `TOLERANCE`.

    Parameters
    ----------
    graph : Streaming
        What is checked.
    inputs : dict of arrays, shape (batch, time, ...)
        Sequences to run it on; two or more where ``graph.batches``.
    reference : callable or None
        Computes the outputs by other means, such as PyTorch over whole sequences.
    """
    batch, time = next(iter(inputs.values())).shape[:2]
    whole = _run(graph, inputs, [graph.longest or time])
    report = {"again after a reset": _gap(whole, _run(graph, inputs, [graph.longest or time]))}
    if graph.longest != 1:
        rng = np.random.default_rng(seed)
        sizes = [int(rng.integers(1, 10)) for _ in range(time)]
        report["step by step"] = _gap(whole, _run(graph, inputs, [1]))
        report["in chunks of 1..9"] = _gap(whole, _run(graph, inputs, sizes))
    if graph.batches:
        alone = [
            _run(graph, {name: value[i : i + 1] for name, value in inputs.items()}, [time])
            for i in range(batch)
        ]
        joined = {name: np.concatenate([one[name] for one in alone]) for name in whole}
        report["batch against one by one"] = _gap(whole, joined)
    if reference is not None:
        report["ONNX against PyTorch"] = _gap(whole, reference(inputs))
    return report


def _run(graph: Streaming, inputs: Sequences, sizes: list[int]) -> Sequences:
    """Run in pieces of the given sizes; the last size repeats."""
    batch, time = next(iter(inputs.values())).shape[:2]
    state, place, parts = graph.start(batch), 0, []
    for index in range(time):
        if place >= time:
            break
        stop = min(time, place + sizes[min(index, len(sizes) - 1)])
        piece = {name: value[:, place:stop] for name, value in inputs.items()}
        outputs, state = graph.run(piece, state)
        parts.append(outputs)
        place = stop
    return {name: np.concatenate([part[name] for part in parts], 1) for name in parts[0]}


def _gap(one: Mapping[str, np.ndarray], other: Mapping[str, np.ndarray]) -> float:
    if set(one) != set(other):
        raise ValueError(f"outputs differ: {sorted(one)} against {sorted(other)}")
    return max(float(np.abs(one[name] - other[name]).max()) for name in one)
