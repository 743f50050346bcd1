"""Sequences to batches: leave-one-out, training windows, batches cut to their longest sequence;
and negatives, items that a user was not trained on."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Int
from torch import Tensor

from awrsr.config import HELD_OUT, PADDING, Split
from awrsr.data.dataset import Dataset, Items


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


class Window(NamedTuple):
    """A piece of a user's training items, one longer than its inputs."""

    user: int
    items: Items


def training_items(dataset: Dataset, user: int) -> Items:
    """The user's items that are trained on, oldest first: all but the two held out."""
    return dataset.sequence(user)[: -HELD_OUT["validation"]]


def training_popularity(dataset: Dataset) -> npt.NDArray[np.int64]:
    """How often every item occurs in the training parts; item i at index i - 1."""
    parts = [training_items(dataset, user) for user in range(dataset.n_users)]
    counts: npt.NDArray[np.int64] = np.bincount(
        np.concatenate(parts), minlength=dataset.n_items + 1
    )
    return counts[1:]


def training_windows(
    dataset: Dataset, max_length: int, generator: np.random.Generator
) -> list[Window]:
    """The training parts of all sequences, in windows of at most max_length inputs and their
    targets.

    A window holds one item more than its inputs: input t predicts item t + 1. Every item but a
    user's first is a target exactly once. A sequence that fits is one window; a longer one is cut
    at a random place first and every max_length items from there, so that over the epochs each
    item is predicted from contexts of all lengths.
    """
    windows: list[Window] = []
    for user in range(dataset.n_users):
        sequence = training_items(dataset, user)
        last = len(sequence) - 1
        if last < 1:
            continue
        cuts = [0, last]
        if last > max_length:
            cuts = [0, *range(int(generator.integers(1, max_length + 1)), last, max_length), last]
        windows += [
            Window(user, sequence[a : b + 1]) for a, b in zip(cuts[:-1], cuts[1:], strict=True)
        ]
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


class Unseen:
    """Draws items that are not among a user's training items, each of them as likely as another.

    The k-th such item of a user is k plus the training items below it. Of every training item, in
    rising order, it is known how many of the others lie below it; so one binary search for each
    draw finds it, without trying again.
    """

    def __init__(self, dataset: Dataset, device: torch.device) -> None:
        self.stride = dataset.n_items + 1
        sequences = [training_items(dataset, user) for user in range(dataset.n_users)]
        of_users = np.repeat(np.arange(dataset.n_users), [len(items) for items in sequences])
        pairs = np.unique(of_users * self.stride + np.concatenate(sequences))
        user, item = np.divmod(pairs, self.stride)
        seen = np.bincount(user, minlength=dataset.n_users)
        start = np.cumsum(seen) - seen
        below = item - 1 - (np.arange(len(pairs)) - start[user])
        self.keys, self.start, self.free = (
            torch.from_numpy(values).to(device)
            for values in (user * self.stride + below, start, dataset.n_items - seen)
        )

    def draw(self, users: Int[Tensor, " batch"], slots: int) -> Int[Tensor, "batch slot"]:
        """One item for every slot of every user; any item where the user has had them all."""
        free = self.free[users][:, None]
        some = free > 0
        random = torch.randint(2**62, (len(users), slots), device=users.device)
        place = random % torch.where(some, free, self.stride - 1)
        found = torch.searchsorted(self.keys, users[:, None] * self.stride + place, right=True)
        return 1 + place + some * (found - self.start[users][:, None])
