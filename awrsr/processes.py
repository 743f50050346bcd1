"""The processes that torchrun started: their number, and sums over all of them."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from jaxtyping import Shaped
from torch import Tensor, distributed


@contextmanager
def joined_processes() -> Iterator[None]:
    """Join the processes that torchrun started: gloo on the CPU, NCCL on GPUs.

    Does nothing if this process was not started by torchrun, or if they are joined already.
    """
    joined = distributed.is_available() and distributed.is_torchelastic_launched()
    joined = joined and not distributed.is_initialized()
    if joined:
        distributed.init_process_group(
            "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
        )
    try:
        yield
    finally:
        if joined:
            distributed.destroy_process_group()


def this_process() -> tuple[int, int]:
    """The number of this process, from 0, and the number of all; 0 and 1 if it is alone."""
    if not (distributed.is_available() and distributed.is_initialized()):
        return 0, 1
    return distributed.get_rank(), distributed.get_world_size()


def wait_for_all() -> None:
    """Wait until all processes are here."""
    if this_process()[1] > 1:
        distributed.barrier()


def summed(values: Shaped[Tensor, "*axes"]) -> Shaped[Tensor, "*axes"]:
    """The sum of these values over all processes, in every process."""
    if this_process()[1] > 1:
        values = values.clone()
        distributed.all_reduce(values)
    return values
