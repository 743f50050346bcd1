"""Training windows and their batches, made on the device: a step copies nothing from the host."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Int
from torch import Tensor

from awrsr.config import PADDING
from awrsr.data.dataset import Dataset

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Windows:
    """Consecutive training items of users: the inputs and one more, the last target.

    Args:
        users: the user of each window.
        starts: the place of its first item in `Dataset.flat_items`.
        lengths: its number of items, 2 or more.
    """

    users: Numbers
    starts: Numbers
    lengths: Numbers

    def __len__(self) -> int:
        return len(self.users)


def training_windows(dataset: Dataset, max_length: int, generator: np.random.Generator) -> Windows:
    """The training parts of all sequences, in windows of at most max_length inputs and their
    targets.

    A window holds one item more than its inputs: input t predicts item t + 1. Every item except a
    user's first is a target exactly once. A sequence that fits is one window. A longer one is cut
    at a random place and then after every max_length items, so that over the epochs each item is
    predicted from contexts of all lengths.
    """
    last = dataset.parts.training.astype(np.int64) - 1  # the place of the last target
    users = np.flatnonzero(last >= 1)
    last = last[users]
    long = last > max_length
    first_cut = last.copy()
    first_cut[long] = generator.integers(1, max_length + 1, size=int(long.sum()))
    number = 1 - (first_cut - last) // max_length  # one, and one for each max_length items begun
    owner = np.repeat(np.arange(len(users)), number)
    window = np.arange(len(owner)) - np.repeat(np.cumsum(number) - number, number)
    end = np.minimum(first_cut[owner] + window * max_length, last[owner])
    start = np.maximum(first_cut[owner] + (window - 1) * max_length, 0)
    return Windows(
        users=users[owner],
        starts=dataset.offsets[users][owner] + start,
        lengths=end - start + 1,
    )


def bucketed(
    lengths: npt.ArrayLike, batch_size: int, generator: np.random.Generator
) -> Iterator[Numbers]:
    """Indices of sequences in batches of similar length, in random order.

    Sequences of equal length are grouped differently each time. A batch pads no more than the
    difference between its longest and its shortest sequence.
    """
    lengths = np.asarray(lengths)
    shuffled = generator.permutation(len(lengths))
    ordered = shuffled[np.argsort(lengths[shuffled], kind="stable")]
    batches = [ordered[i : i + batch_size] for i in range(0, len(ordered), batch_size)]
    for index in generator.permutation(len(batches)):
        yield batches[index]


class TrainingBatch(NamedTuple):
    """Windows of similar length.

    Args:
        items: left-padded, as wide as the longest.
        users: the user of each window.
        n_targets: number of items after the first of their window.
    """

    items: Int[Tensor, "batch slot_and_one"]
    users: Int[Tensor, " batch"]
    n_targets: int


def training_batches(
    flat_items: Int[Tensor, " interaction"], windows: Windows, batches: list[Numbers]
) -> Iterator[TrainingBatch]:
    """Batches of windows on the device of the items; nothing waits for that device.

    Args:
        flat_items: `Dataset.flat_items` on the device.
        windows: the windows of an epoch.
        batches: indices of windows, one array a batch, see `bucketed`.
    """
    order = np.concatenate(batches)
    starts, lengths, users = (
        torch.from_numpy(values[order]).to(flat_items.device)
        for values in (windows.starts, windows.lengths, windows.users)
    )
    begin = 0
    for batch in batches:
        place = slice(begin, begin + len(batch))
        begin += len(batch)
        longest, total = int(windows.lengths[batch].max()), int(windows.lengths[batch].sum())
        slot = torch.arange(longest, device=flat_items.device) - (longest - lengths[place, None])
        items = flat_items[(starts[place, None] + slot).clamp(min=0)].long()
        yield TrainingBatch(items.masked_fill(slot < 0, PADDING), users[place], total - len(batch))
