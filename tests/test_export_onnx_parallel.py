"""Training on several processes, and going on after a kill."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tiny_features import write_features

from engine.errors import InputError
from export_onnx.tracker.export import load_tracker
from export_onnx.tracker.train import TrainOptions, train
from export_onnx.training.stage import TrainConfig, load_checkpoint

BUDGET = replace(TrainConfig(), harmony_epochs=1, mood_epochs=1, crop_s=6.0)


@pytest.fixture(scope="module")
def features(tmp_path_factory):
    return write_features(tmp_path_factory.mktemp("features"))


ROOT = Path(__file__).resolve().parent.parent


def start(arguments, **environment):
    """Start `python -m export_onnx ARGUMENTS` in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "export_onnx", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def wait(process, limit_s=180):
    """Output of a process that ends well."""
    said, _ = process.communicate(timeout=limit_s)
    assert process.returncode == 0, said
    return said


TRAIN = ("train", "tracker", "--harmony-epochs", 1, "--crop-s", 4)


@pytest.mark.proof
def test_two_processes_end_with_equal_weights(features, tmp_path):
    """Both ranks draw their own sequences, and step with the same averaged gradients."""
    script = tmp_path / "two.py"
    script.write_text(
        "import sys\n"
        "from dataclasses import replace\n"
        "from pathlib import Path\n"
        "import torch\n"
        "from export_onnx.tracker import train\n"
        "from export_onnx.training import parallel\n"
        "from export_onnx.training.stage import TrainConfig\n"
        "kept = []\n"
        "drawn = []\n"
        "class Watched(train.Stage):\n"
        "    def __init__(self, *arguments):\n"
        "        super().__init__(*arguments)\n"
        "        kept.append(self)\n"
        "    def step(self, loss):\n"
        "        drawn.append(float(loss.detach()))\n"
        "        super().step(loss)\n"
        "train.Stage = Watched\n"
        "features, out = Path(sys.argv[1]), Path(sys.argv[2])\n"
        "config = replace(TrainConfig(), harmony_epochs=1, mood_epochs=2, crop_s=4.0)\n"
        "with parallel.together():\n"
        "    number = parallel.rank()\n"
        "    assert parallel.world_size() == 2\n"
        "    train.train(train.TrainOptions(features, out, train=config))\n"
        "    weights = {f'{i}.{n}': w for i, stage in enumerate(kept)\n"
        "               for n, w in stage.module.state_dict().items()}\n"
        "    torch.save({'weights': weights, 'losses': drawn}, out / f'rank{number}.pt')\n",
        encoding="utf-8",
    )
    out = tmp_path / "out"
    process = subprocess.Popen(
        [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
        + ["--master-port", "0", "--rdzv-endpoint", "127.0.0.1:0", "--rdzv-backend", "c10d"]
        + [str(script), str(features), str(out)],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    wait(process)
    first, second = (load_checkpoint(out / f"rank{number}.pt") for number in (0, 1))
    assert first["losses"] != second["losses"]
    assert first["weights"].keys() == second["weights"].keys()
    for name, value in first["weights"].items():
        assert torch.equal(value, second["weights"][name]), name
    assert load_tracker(out / "tracker.pt")[1]["seed"] == str(TrainConfig().seed)


@pytest.mark.proof
def test_killed_training_goes_on_from_the_last_epoch(features, tmp_path):
    """SIGKILL once the second epoch is over: started again, it ends as if nothing had happened."""
    arguments = [*TRAIN, "--mood-epochs", 3, "--features", features]
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    undisturbed = start([*arguments, "--out", whole])
    process = start([*arguments, "--out", killed])
    assert process.stdout is not None
    for line in process.stdout:
        if "epoch 2/3: " in line:
            # Said before the epoch is stored, so the kill may fall before or after that.
            process.send_signal(signal.SIGKILL)
            break
    process.stdout.close()
    assert process.wait() == -signal.SIGKILL
    assert not (killed / "tracker.pt").exists()
    assert load_checkpoint(killed / "emotion0.pt")["epoch"] in (1, 2)

    said = wait(start([*arguments, "--out", killed]))
    assert "epoch 1/3:" not in said
    wait(undisturbed)
    resumed, expected = (load_checkpoint(f / "tracker.pt")["tracker"] for f in (killed, whole))
    for name, value in expected.items():
        assert torch.allclose(resumed[name], value, atol=1e-6), name


def test_resuming_with_another_budget_is_refused(features, tmp_path):
    options = TrainOptions(features, tmp_path, stop_after_epochs=1, train=BUDGET)
    config = replace(BUDGET, mood_epochs=2)
    assert train(replace(options, train=config)) is None
    with pytest.raises(InputError, match="begun with 2 steps, this run has 3"):
        train(replace(options, train=replace(BUDGET, mood_epochs=3)))
