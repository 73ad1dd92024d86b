"""Training on several processes or machines, as `torchrun` starts them.

Every process draws sequences of its own and holds the same weights: gradients are averaged before
each step, the first process writes the checkpoints. Without `torchrun` all of this does nothing.
Processes on several machines need a shared folder of checkpoints.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import distributed, nn
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from engine.errors import InputError

__all__ = [
    "average_gradients",
    "rank",
    "same_everywhere",
    "share_weights",
    "together",
    "world_size",
]


def _active() -> bool:
    return distributed.is_available() and distributed.is_initialized()


def rank() -> int:
    """Return the number of this process, 0 for the first or only one."""
    return distributed.get_rank() if _active() else 0


def world_size() -> int:
    """Return the number of processes."""
    return distributed.get_world_size() if _active() else 1


@contextmanager
def together() -> Iterator[None]:
    """Join the other processes of `torchrun`, and leave them at the end.

    Raises
    ------
    InputError
        Started by `torchrun`, but this PyTorch has no distributed package.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) < 2 or _active():
        yield
        return
    if not distributed.is_available():
        raise InputError("WORLD_SIZE above 1: this build of PyTorch has no torch.distributed")
    distributed.init_process_group("gloo")
    try:
        yield
    finally:
        distributed.destroy_process_group()


def average_gradients(module: nn.Module) -> None:
    """Replace every gradient by its mean over the processes; a missing one counts as zero."""
    if world_size() == 1:
        return
    parameters = [p for p in module.parameters() if p.requires_grad]
    gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
    flat = parameters_to_vector(gradients)
    distributed.all_reduce(flat)
    vector_to_parameters(flat / world_size(), gradients)
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient


def share_weights(module: nn.Module) -> None:
    """Give every process the first one's weights and buffers."""
    if world_size() == 1:
        return
    for tensor in module.state_dict().values():
        distributed.broadcast(tensor, 0)


def same_everywhere(value: int) -> bool:
    """Wait for all processes; True if all came with the same value."""
    if world_size() == 1:
        return True
    extremes = torch.tensor([value, -value])
    distributed.all_reduce(extremes, distributed.ReduceOp.MAX)
    return int(extremes[0]) == -int(extremes[1])
