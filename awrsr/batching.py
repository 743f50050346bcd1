"""Sequences to batches: leave-one-out, training windows, batches cut to their longest sequence."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Int
from torch import Tensor

from awrsr.config import PADDING, Split
from awrsr.dataset import Dataset, Items

HELD_OUT: dict[Split, int] = {"test": 1, "validation": 2}
"""How far from a sequence's end the target stands."""


def history_and_target(dataset: Dataset, user: int, split: Split) -> tuple[Items, int]:
    """What the user had seen before the held-out item of the split, oldest first, and that item."""
    sequence = dataset.sequence(user)
    cut = len(sequence) - HELD_OUT[split]
    return sequence[:cut], int(sequence[cut])


def left_pad(sequences: Sequence[npt.ArrayLike]) -> Int[Tensor, "batch slot"]:
    """Sequences as one batch, cut to the longest, newest items in the last column."""
    arrays = [np.asarray(sequence) for sequence in sequences]
    length = max(len(array) for array in arrays)
    batch = np.full((len(arrays), length), PADDING, dtype=np.int64)
    for row, array in enumerate(arrays):
        batch[row, length - len(array) :] = array
    return torch.from_numpy(batch)


def training_windows(
    dataset: Dataset, max_length: int, generator: np.random.Generator
) -> list[Items]:
    """The training parts of all sequences, in windows of at most max_length inputs and their
    targets.

    A window holds one item more than its inputs: input t predicts item t + 1. Every item but a
    user's first is a target exactly once. A sequence that fits is one window; a longer one is cut
    at a random place first and every max_length items from there, so that over the epochs each
    item is predicted from contexts of all lengths.
    """
    windows: list[Items] = []
    for user in range(dataset.n_users):
        sequence = dataset.sequence(user)[: -HELD_OUT["validation"]]
        last = len(sequence) - 1
        if last < 1:
            continue
        cuts = [0, last]
        if last > max_length:
            cuts = [0, *range(int(generator.integers(1, max_length + 1)), last, max_length), last]
        windows += [sequence[a : b + 1] for a, b in zip(cuts[:-1], cuts[1:], strict=True)]
    return windows


def bucketed(
    lengths: npt.ArrayLike, batch_size: int, generator: np.random.Generator
) -> Iterator[npt.NDArray[np.int64]]:
    """Indices of sequences in batches of similar length, in random order.

    Sequences of equal length meet different neighbours each time; what a batch pads is at most the
    difference between its longest and its shortest.
    """
    lengths = np.asarray(lengths)
    shuffled = generator.permutation(len(lengths))
    ordered = shuffled[np.argsort(lengths[shuffled], kind="stable")]
    batches = [ordered[i : i + batch_size] for i in range(0, len(ordered), batch_size)]
    for index in generator.permutation(len(batches)):
        yield batches[index]
