"""The contract check sees what it is there for: planted faults, one for each check."""

import numpy as np
import pytest

from export_onnx.training.contract import TOLERANCE, verify_contract

INPUTS = {"x": np.random.default_rng(2).normal(size=(2, 30, 3)).astype(np.float32)}


class Mean:
    """A running sum; faults are planted by name."""

    longest = None
    batches = True

    def __init__(self, fault=""):
        self.fault = fault
        self.started = 0

    def start(self, batch):
        self.started += 1
        return np.full((batch, 3), self.started * (self.fault == "reset"), np.float32)

    def run(self, inputs, state):
        given = inputs["x"]
        y = state[:, None] + np.cumsum(given, 1)
        if self.fault == "chunks":
            y = y + 0.01 * given.shape[1]
        if self.fault == "batch":
            y = y + 0.01 * len(given)
        return {"y": y}, y[:, -1]


def right(inputs):
    return {"y": np.cumsum(inputs["x"], 1)}


def test_a_graph_that_keeps_it_passes_every_check():
    report = verify_contract(Mean(), INPUTS, right)
    assert len(report) == 5 and max(report.values()) < TOLERANCE


@pytest.mark.parametrize(
    ("fault", "check"),
    [
        ("reset", "again after a reset"),
        ("chunks", "step by step"),
        ("chunks", "in chunks of 1..9"),
        ("batch", "batch against one by one"),
    ],
)
def test_a_fault_is_found_by_its_check(fault, check):
    assert verify_contract(Mean(fault), INPUTS, right)[check] > TOLERANCE


def test_other_values_than_pytorch_are_found():
    report = verify_contract(Mean(), INPUTS, lambda inputs: {"y": inputs["x"]})
    assert report["ONNX against PyTorch"] > TOLERANCE
    with pytest.raises(ValueError, match="outputs differ"):
        verify_contract(Mean(), INPUTS, lambda inputs: {"z": inputs["x"]})
