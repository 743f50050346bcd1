"""Sequences to batches: histories and held-out items, batches of similar length, training items,
and negatives (items outside a user's training items)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Int
from torch import Tensor

from awrsr.config import PADDING, Split
from awrsr.data.dataset import Dataset, Items
from awrsr.data.splits import NONE
from awrsr.errors import ConfigError, DataError

BLOCK_SCORES = 4_000_000
"""Item scores in memory at once: 16 MB in float32."""
BLOCK_PAIRS = 160_000
"""Query-key pairs of one head in memory at once, over all histories of a batch: 64 of 50 items."""
BLOCK_USERS = 1_024


def history_and_target(dataset: Dataset, user: int, split: Split) -> tuple[Items, int]:
    """A user's items before the held-out item of the split, oldest first, and that item.

    Raises:
        DataError: the user has none, see `awrsr.data.splits`.
    """
    sequence, cut = dataset.sequence(user), int(dataset.parts.targets[split][user])
    if cut == NONE:
        raise DataError(f"user {dataset.user_ids[user]!r} of {dataset.name} has no {split} item")
    return sequence[:cut], int(sequence[cut])


def known_history(dataset: Dataset, user: int) -> tuple[Items, int | None]:
    """A user's items before the test item, and that item; without one, all items and None."""
    if not dataset.has_target("test")[user]:
        return dataset.sequence(user), None
    return history_and_target(dataset, user, "test")


def users_with_target(dataset: Dataset, users: npt.ArrayLike | None) -> npt.NDArray[np.int64]:
    """Indices of users with a test item: the given ones, or all.

    Raises:
        ConfigError: a given user has none.
    """
    has = dataset.has_target("test")
    if users is None:
        return np.flatnonzero(has)
    chosen = np.asarray(users, dtype=np.int64)
    for user in chosen[~has[chosen]][:1]:
        raise ConfigError(f"user {dataset.user_ids[user]!r} of {dataset.name} has no test item")
    return chosen


def left_pad(sequences: Sequence[npt.ArrayLike]) -> Int[Tensor, "batch slot"]:
    """Sequences as one batch, as wide as the longest; the newest items are in the last column."""
    arrays = [np.asarray(sequence) for sequence in sequences]
    length = max(len(array) for array in arrays)
    batch = np.full((len(arrays), length), PADDING, dtype=np.int64)
    for row, array in enumerate(arrays):
        batch[row, length - len(array) :] = array
    return torch.from_numpy(batch)


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Users with histories of similar length, and their held-out items.

    Args:
        users: their indices in the dataset.
        histories: all items before the held-out item, oldest first.
        targets: the held-out items.
    """

    users: npt.NDArray[np.int64]
    histories: list[Items]
    targets: npt.NDArray[np.int64]

    def sequences(self, max_length: int) -> Int[Tensor, "batch slot"]:
        """The newest max_length items of every history, left-padded; at least one slot."""
        cut = left_pad([history[-max_length:] for history in self.histories])
        return cut if cut.shape[1] else torch.full((len(self.users), 1), PADDING)


def batches(
    dataset: Dataset,
    users: npt.ArrayLike,
    max_length: int,
    *,
    split: Split = "test",
    n_items: int | None = None,
    batch_size: int | None = None,
) -> Iterator[Batch]:
    """Users' histories before the held-out item in batches of similar length, short ones first.

    Args:
        dataset: the users' dataset.
        users: indices of users with a held-out item.
        max_length: the number of items that models see; it limits how many users fit in a batch.
        split: the split whose held-out items are the targets.
        n_items: size of the catalogue, if item scores are computed too.
        batch_size: users per batch; by default as many as the memory bounds above allow.
    """
    users = np.asarray(users, dtype=np.int64)
    seen = np.minimum(dataset.parts.targets[split][users], max_length)
    order = np.argsort(seen, kind="stable")
    limit = min(BLOCK_USERS, max(1, BLOCK_SCORES // n_items) if n_items else BLOCK_USERS)
    start = 0
    while start < len(order):
        size = batch_size or limit
        if batch_size is None:  # a batch is as wide as its longest history
            lengths = seen[order[start : start + limit]]
            fits = lengths**2 * np.arange(1, len(lengths) + 1) <= BLOCK_PAIRS
            size = max(1, int(fits.sum()))
        chosen = users[order[start : start + size]]
        pairs = [history_and_target(dataset, int(user), split) for user in chosen]
        yield Batch(
            users=chosen,
            histories=[history for history, _ in pairs],
            targets=np.array([target for _, target in pairs], dtype=np.int64),
        )
        start += size


def training_items(dataset: Dataset, user: int) -> Items:
    """The user's training items, oldest first, see `awrsr.data.splits`."""
    return dataset.sequence(user)[: dataset.parts.training[user]]


def training_popularity(dataset: Dataset) -> npt.NDArray[np.int64]:
    """Number of occurrences of every item in the training parts; item i at index i - 1."""
    parts = [training_items(dataset, user) for user in range(dataset.n_users)]
    counts: npt.NDArray[np.int64] = np.bincount(
        np.concatenate(parts), minlength=dataset.n_items + 1
    )
    return counts[1:]


class Unseen:
    """Uniform draws of items that are not among a user's training items.

    The k-th such item of a user is k plus the number of training items below it. For every training
    item, in ascending order, we store how many unseen items are below it. One binary search per
    draw therefore finds the item, without rejection sampling.
    """

    def __init__(self, dataset: Dataset, device: torch.device) -> None:
        self.stride = dataset.n_items + 1
        sequences = [training_items(dataset, user) for user in range(dataset.n_users)]
        owners = np.repeat(np.arange(dataset.n_users), [len(items) for items in sequences])
        pairs = np.unique(owners * self.stride + np.concatenate(sequences))
        user, item = np.divmod(pairs, self.stride)
        seen = np.bincount(user, minlength=dataset.n_users)
        start = np.cumsum(seen) - seen
        below = item - 1 - (np.arange(len(pairs)) - start[user])
        self.keys, self.start, self.free = (
            torch.from_numpy(values).to(device)
            for values in (user * self.stride + below, start, dataset.n_items - seen)
        )

    def draw(self, users: Int[Tensor, " batch"], slots: int) -> Int[Tensor, "batch slot"]:
        """One item for every slot of every user; any item if the user has seen all items."""
        free = self.free[users][:, None]
        has_free = free > 0
        random = torch.randint(2**62, (len(users), slots), device=users.device)
        place = random % torch.where(has_free, free, self.stride - 1)
        found = torch.searchsorted(self.keys, users[:, None] * self.stride + place, right=True)
        return 1 + place + has_free * (found - self.start[users][:, None])
