"""Averaging the weights of emotion networks into one."""

import pytest
import torch

from engine.errors import InputError
from export_onnx.tracker.blend import blend
from export_onnx.tracker.config import FrontEndConfig, NetworkConfig
from export_onnx.tracker.export import load_tracker
from export_onnx.tracker.network import Tracker
from export_onnx.tracker.weights import save_tracker
from export_onnx.training.stage import TrainConfig, save_checkpoint

SIZES = NetworkConfig(mood_size=16, gru_size=12, head_hidden=16, timbre_channels=(4, 6, 8))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("blend")
    torch.manual_seed(2)
    tracker = Tracker(FrontEndConfig(), SIZES, 2)
    save_tracker(folder / "tracker.pt", tracker, SIZES, TrainConfig(), 0.0)
    for number, emotion in enumerate(tracker.emotions):
        save_checkpoint(folder / f"emotion{number}.pt", {"average": emotion.state_dict()})
    return folder


def test_blend_is_the_weighted_mean_and_keeps_the_rest(folder):
    parts = [(folder / "emotion0.pt", 3.0), (folder / "emotion1.pt", 1.0)]
    blend(folder / "tracker.pt", parts, folder / "out.pt")
    before, _ = load_tracker(folder / "tracker.pt")
    after, _ = load_tracker(folder / "out.pt")
    assert (len(before.emotions), len(after.emotions)) == (2, 1)
    first, second = (emotion.mix.weight for emotion in before.emotions)
    assert torch.allclose(after.emotions[0].mix.weight, 0.75 * first + 0.25 * second, atol=1e-6)
    assert torch.equal(after.harmony.chord_out.weight, before.harmony.chord_out.weight)


@pytest.mark.parametrize("shares", [[], [0.5, 0.0]])
def test_shares_must_be_positive(folder, shares):
    parts = [(folder / f"emotion{number}.pt", share) for number, share in enumerate(shares)]
    with pytest.raises(InputError, match="above 0"):
        blend(folder / "tracker.pt", parts, folder / "none.pt")


def test_a_file_of_something_else_is_named(folder):
    with pytest.raises(InputError, match=r"tracker\.pt: not a stage"):
        blend(folder / "tracker.pt", [(folder / "tracker.pt", 1.0)], folder / "none.pt")
    with pytest.raises(InputError, match=r"emotion0\.pt: not a tracker"):
        blend(folder / "emotion0.pt", [(folder / "emotion0.pt", 1.0)], folder / "none.pt")
