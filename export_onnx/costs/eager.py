"""Cost of the shipped models in PyTorch and in onnxruntime, step by step on one core.

``python -m export_onnx.costs.eager`` is what ``stimmung bench eager`` starts, which itself never
imports PyTorch. It prints one JSON object: for every graph the median of a step in eager PyTorch
and in onnxruntime, by turns, on the same inputs. Networks are built at the shipped sizes with
random weights: those do not change the cost.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from engine.bench.core import one_core, quantile_ms
from engine.emotion.model import shipped_model_path as tracker_path
from engine.generators.amt.conditioning import WIDTH
from engine.generators.amt.model import shipped_model_path as amt_path
from engine.generators.muser.model import shipped_model_folder
from engine.models.onnx_file import open_session
from export_onnx.amt.config import NetworkConfig as AmtConfig
from export_onnx.amt.export import StepGraph
from export_onnx.amt.network import Amt
from export_onnx.datasets.jamendo import MOODS
from export_onnx.muser.codes import BeatCodes
from export_onnx.muser.config import CodesConfig, DecoderConfig, PriorConfig
from export_onnx.muser.decoder import Decoder
from export_onnx.muser.export import Networks, step_graphs
from export_onnx.muser.prior import Prior
from export_onnx.tracker.config import FrontEndConfig
from export_onnx.tracker.config import NetworkConfig as TrackerConfig
from export_onnx.tracker.network import Tracker, zeros

__all__ = ["compare", "main"]

_STEPS = 200
_WARM_UP = 10
_LEVEL = 0.1

Graph = tuple[str, Path, nn.Module, dict[str, Tensor]]
"""Name, shipped file, network of the same sizes, one step's inputs."""


def main(arguments: list[str]) -> int:
    """Print the figures; the one argument is how many steps are timed."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    print(json.dumps(compare(int(arguments[0]) if arguments else _STEPS)))
    return 0


def compare(steps: int) -> dict[str, Any]:
    """Return milliseconds per step of every graph in both runtimes.

    Each entry has ``eager_ms``, ``onnx_ms`` (medians) and ``times``; ``missing`` says why there
    are none where a network's present sizes are not those of the shipped file.
    """
    figures: dict[str, Any] = {}
    with one_core(), torch.inference_mode():
        for name, path, module, inputs in _graphs():
            figures[name] = _compare(path, module.eval(), inputs, steps)
    return figures


def _graphs() -> Iterator[Graph]:
    yield _tracker()
    decoder, prior = Decoder(DecoderConfig()), Prior(PriorConfig())
    networks = Networks(BeatCodes(CodesConfig()), decoder, prior, "")
    for graph, (module, inputs) in step_graphs(networks).items():
        yield f"muser {graph}", shipped_model_folder() / f"muser_{graph}.onnx", module, inputs
    yield _amt()


def _tracker() -> Graph:
    stated = _metadata(tracker_path())
    labels, states = json.loads(stated["labels"]), json.loads(stated["states"])
    front = FrontEndConfig()
    sizes = TrackerConfig(n_moods=len(MOODS) if "moods" in labels else 0)
    count = sum(name.startswith("state_gru_") for name in states)
    tracker = Tracker(front, sizes, count).eval()
    tracker.set_closed_form()
    inputs = {"pcm": _LEVEL * torch.randn(1, front.hop_length), **zeros(tracker.state_shapes())}
    return "tracker", tracker_path(), tracker, inputs


def _amt() -> Graph:
    states = json.loads(_metadata(amt_path())["states"])
    count = sum(name.startswith("state_keys_") for name in states)
    graph = StepGraph([Amt(AmtConfig()) for _ in range(count)])
    inputs = {
        "chord": torch.zeros(1, dtype=torch.int64),
        "conditioning": torch.zeros(WIDTH),
        "guidance": torch.ones(1),
        **graph.start(),
    }
    return "amt", amt_path(), graph, inputs


def _metadata(path: Path) -> dict[str, str]:
    return dict(open_session(path).get_modelmeta().custom_metadata_map)


def _compare(path: Path, module: nn.Module, inputs: dict[str, Tensor], steps: int) -> Any:
    session = open_session(path)
    shipped = {tensor.name: tensor.shape for tensor in session.get_inputs()}
    given = {name: list(tensor.shape) for name, tensor in inputs.items()}
    if not _alike(shipped, given):
        return {"missing": "the shipped file has other sizes than the network in this tree"}
    arrays = {name: tensor.numpy() for name, tensor in inputs.items()}
    tensors = tuple(inputs.values())
    eager, onnx = [], []
    for step in range(_WARM_UP + steps):
        pair = _timed(lambda: module(*tensors)), _timed(lambda: session.run(None, arrays))
        if step >= _WARM_UP:
            eager.append(pair[0])
            onnx.append(pair[1])
    eager_ms, onnx_ms = quantile_ms(eager, 0.5), quantile_ms(onnx, 0.5)
    return {"eager_ms": eager_ms, "onnx_ms": onnx_ms, "times": round(eager_ms / onnx_ms, 2)}


def _alike(shipped: dict[str, Any], given: dict[str, list[int]]) -> bool:
    """Whether names and shapes are the same, but for axes without a fixed length."""
    return shipped.keys() == given.keys() and all(
        len(shape) == len(given[name])
        and all(a == b for a, b in zip(shape, given[name], strict=True) if isinstance(a, int))
        for name, shape in shipped.items()
    )


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
