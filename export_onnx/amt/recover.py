"""Recovers the weights of the chord model from its ONNX file, to continue training.

The exporter keeps the names of most weights; matrices of linear layers come back transposed and
in the order of the graph, and the tables of the copy heads summed into one, which is taken apart
by least squares (exact but for constants that cancel).
"""

from pathlib import Path

import numpy as np
import torch

from engine.errors import InputError
from export_onnx.amt.config import NetworkConfig
from export_onnx.amt.memory import RUN_BOUNDS, SLOT_BOUNDS
from export_onnx.amt.network import Amt

__all__ = ["recover_weights"]

_LAYER = ("film", "project", "merge", "feed.0", "feed.2")
_HEADS = ("query", "key", "to_chord", "to_root", "to_quality", "to_stay", "own", "mix")


def _parts(sizes: tuple[int, ...]) -> np.ndarray:
    """One-hot columns of the factors of a joint table, shape (product, sum)."""
    places = np.stack(np.meshgrid(*(np.arange(n) for n in sizes), indexing="ij"), -1)
    rows = places.reshape(-1, len(sizes))
    return np.hstack([rows[:, i : i + 1] == np.arange(n) for i, n in enumerate(sizes)]).astype(
        float
    )


def _solve(design: np.ndarray, table: np.ndarray) -> np.ndarray:
    found, *_ = np.linalg.lstsq(design, table.astype(np.float64), rcond=None)
    return np.asarray(found, np.float32)


def recover_weights(path: Path) -> dict[str, torch.Tensor]:
    """Return the state dictionary of the network with default sizes in an exported file.

    Raises
    ------
    InputError
        The file holds another graph.
    """
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(str(path)).graph
    arrays = {
        i.name.removeprefix("networks.0."): numpy_helper.to_array(i) for i in graph.initializer
    }
    network = Amt(NetworkConfig())
    state = network.state_dict()
    found = {name: arrays[name] for name in state if name in arrays}
    linear = [array for name, array in arrays.items() if name.startswith("onnx::MatMul")]
    layers = [f"blocks.{i}.{part}" for i in range(network.config.layers) for part in _LAYER]
    names = ["told", "understand.1", *layers, *_HEADS]
    tables = [a for n, a in arrays.items() if n.startswith(("onnx::Gather", "onnx::Add"))]
    if len(linear) != len(names) or len(tables) != 2:
        raise InputError(f"{path}: not the graph of one chord model of the default sizes")
    found |= {f"{name}.weight": a.T for name, a in zip(names, linear, strict=True)}
    sizes = (len(SLOT_BOUNDS), len(RUN_BOUNDS), 3, 3)
    factors = np.split(_solve(_parts(sizes), tables[0]), np.cumsum(sizes)[:-1])
    for name, rows in zip(("match_slots", "match_runs", "ages", "phases"), factors, strict=True):
        found[f"{name}.weight"] = rows
    near, period = (network.get_buffer(f"gap_{kind}").numpy() for kind in ("distance", "period"))
    widths = (state["distance.weight"].shape[0], state["period.weight"].shape[0])
    design = np.hstack(
        [x[:, None] == np.arange(n) for x, n in zip((near, period), widths, strict=True)]
    )
    both = _solve(design.astype(float), tables[1])
    found["distance.weight"], found["period.weight"] = both[: widths[0]], both[widths[0] :]
    found["loose.bias"] = np.zeros_like(both[0])
    weights = {name: torch.from_numpy(np.array(array)) for name, array in found.items()}
    wrong = [n for n, value in state.items() if n not in weights or weights[n].shape != value.shape]
    if wrong:
        raise InputError(f"{path}: no weights for {', '.join(wrong)}")
    return weights
