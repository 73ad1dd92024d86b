"""How many songs a second training takes in, alone or shared among the processes of `torchrun`.

``torchrun --nproc-per-node N -m export_onnx.costs.throughput STEPS``, or the processes that
``stimmung bench training`` starts in the same way; that itself never imports PyTorch. The chord
model is trained by its own code, its gradients averaged over the processes, on songs of random
chords: their content does not change the cost. The first process prints one JSON object.
"""

import json
import os
import sys
import tempfile
import time
from dataclasses import replace
from itertools import chain, repeat
from pathlib import Path

import numpy as np
import torch

from engine.generators.amt.vocabulary import N_CHORDS
from export_onnx.amt.batches import Sampler
from export_onnx.amt.config import NetworkConfig, TrainConfig
from export_onnx.amt.network import Amt
from export_onnx.amt.songs import RAW_GROUPS, Song, no_pictures
from export_onnx.amt.train import loss_of
from export_onnx.training import parallel
from export_onnx.training.stage import Stage
from export_onnx.training.stage import TrainConfig as StageConfig

__all__ = ["main", "measure", "random_songs"]

_STEPS = 10
_WARM_UP = 3
_SONGS = 64


def random_songs(count: int, slots: int, seed: int) -> list[Song]:
    """Return songs of random chords and conditioning, each so many slots long."""
    random = np.random.default_rng(seed)
    return [
        Song(
            dataset="pop909",
            name=str(number),
            group=str(number),
            chord=random.integers(1, N_CHORDS, slots).astype(np.int16),
            shift=np.zeros(slots, np.int8),
            raw=random.uniform(0.0, 1.0, (slots, len(RAW_GROUPS))).astype(np.float32),
            trust=np.ones(2, np.float32),
            texture=np.zeros((slots, 3), np.float32),
            semantic=no_pictures(slots),
            complete=False,
        )
        for number in range(count)
    ]


def measure(steps: int) -> dict[str, float]:
    """Return ``processes``, ``songs_per_s`` of all together and ``step_ms``.

    A step is the longest crop of as many songs as training takes, per process.
    """
    config = TrainConfig()
    with parallel.together(), tempfile.TemporaryDirectory() as folder:
        torch.set_num_threads(1)
        torch.manual_seed(config.seed)
        sampler = Sampler(random_songs(_SONGS, config.crop, parallel.rank()), config, config.seed)
        recipe = replace(StageConfig(), learning_rate=config.learning_rate)
        model = Amt(NetworkConfig())
        stage = Stage("throughput", model, Path(folder), recipe, _WARM_UP + steps)
        model.train()
        batches = chain.from_iterable(repeat(sampler))
        for step, batch in zip(range(_WARM_UP + steps), batches, strict=False):
            if step == _WARM_UP:
                parallel.same_everywhere(step)
                began = time.perf_counter()
            loss, _ = loss_of(model, batch, config.affect)
            stage.step(loss)
        seconds = time.perf_counter() - began
        processes = parallel.world_size()
        return {
            "processes": processes,
            "songs_per_s": round(processes * steps * config.batch / seconds, 2),
            "step_ms": round(1000.0 * seconds / steps, 1),
        }


def main(arguments: list[str]) -> int:
    """Measure, and print in the first process; the one argument is how many steps are timed."""
    found = measure(int(arguments[0]) if arguments else _STEPS)
    if os.environ.get("RANK", "0") == "0":
        print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
