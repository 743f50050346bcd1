"""Training windows, batches, and held-out items."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch
from helpers import make_dataset

from awrsr.config import PADDING
from awrsr.data.batching import (
    Unseen,
    batches,
    bucketed,
    history_and_target,
    left_pad,
    training_items,
    training_windows,
)
from awrsr.data.dataset import Dataset

pytestmark = pytest.mark.shapes


def unrepeated(*lengths: int) -> Dataset:
    """Users of these lengths; all items are distinct, so an item identifies its place."""
    total = sum(lengths)
    names = [str(item) for item in range(1, total + 1)]
    return Dataset(
        name="unrepeated",
        about={},
        items=pd.DataFrame({"item": range(1, total + 1), "item_id": names, "title": names}),
        user_ids=[str(user) for user in range(len(lengths))],
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        flat_items=np.arange(1, total + 1, dtype=np.int32),
        flat_timestamps=None,
    )


DATASET = unrepeated(3, 4, 5, 9, 10, 11, 12, 30, 31, 100)


@pytest.mark.parametrize("split", ["validation", "test"])
@pytest.mark.parametrize("batch_size", [None, 1, 5])
def test_batches_hold_every_user_once_short_histories_first(split, batch_size):
    dataset, users = make_dataset(), [11, 3, 0, 7, 5, 4]
    found = list(batches(dataset, users, 8, split=split, batch_size=batch_size))
    order = [int(user) for batch in found for user in batch.users]
    assert sorted(order) == sorted(users)
    assert max(len(batch.users) for batch in found) <= (batch_size or len(users))
    lengths = []
    for batch in found:
        sequences = batch.sequences(8)
        seen = (sequences != PADDING).sum(-1).tolist()
        lengths += seen
        assert sequences.shape == (len(batch.users), max(seen))
        for user, history, target, row in zip(
            batch.users, batch.histories, batch.targets, sequences.tolist(), strict=True
        ):
            before, held_out = history_and_target(dataset, int(user), split)
            assert (history.tolist(), target) == (before.tolist(), held_out)
            assert [item for item in row if item != PADDING] == before[-8:].tolist()
    assert lengths == sorted(lengths)


def test_each_split_hides_later_items(tiny_dataset: Dataset):
    for user in range(tiny_dataset.n_users):
        sequence = tiny_dataset.sequence(user).tolist()
        for split, after in (("test", 0), ("validation", 1)):
            history, target = history_and_target(tiny_dataset, user, split)
            hidden = sequence[len(sequence) - after :]
            assert [*history.tolist(), target, *hidden] == sequence


def test_padding_is_on_the_left():
    batch = left_pad([[1, 2, 3], np.array([4], np.int32), []])
    assert batch.dtype == torch.long
    assert batch.tolist() == [[1, 2, 3], [PADDING, PADDING, 4], [PADDING] * 3]


@pytest.mark.parametrize("max_length", [1, 2, 7, 8, 9, 50, 200])
def test_windows_target_every_training_item_but_the_first_once(max_length: int):
    windows = training_windows(DATASET, max_length, np.random.default_rng(max_length))
    expected = [
        item for user in range(DATASET.n_users) for item in DATASET.sequence(user)[1:-2].tolist()
    ]
    assert sorted(item for window in windows for item in window.items[1:].tolist()) == expected
    assert {len(window.items) - 1 for window in windows} <= set(range(1, max_length + 1))
    held_out = {
        item for user in range(DATASET.n_users) for item in DATASET.sequence(user)[-2:].tolist()
    }
    assert not held_out & {item for window in windows for item in window.items.tolist()}


@pytest.mark.parametrize("max_length", [1, 7, 50])
def test_windows_are_contiguous_parts_of_one_sequence(max_length: int):
    pieces = {
        (user, *DATASET.sequence(user)[a : a + n].tolist())
        for user in range(DATASET.n_users)
        for a in range(len(DATASET.sequence(user)))
        for n in range(1, max_length + 2)
    }
    windows = training_windows(DATASET, max_length, np.random.default_rng(0))
    assert {(window.user, *window.items.tolist()) for window in windows} <= pieces


def test_a_sequence_that_fits_is_one_window():
    dataset = unrepeated(12)
    (window,) = training_windows(dataset, 9, np.random.default_rng(0))
    assert window.items.tolist() == list(range(1, 11))


def test_over_the_epochs_an_item_is_predicted_from_contexts_of_all_lengths():
    dataset, item, max_length = unrepeated(40), 20, 6
    generator = np.random.default_rng(0)
    contexts = {
        window.items.tolist().index(item)
        for _ in range(200)
        for window in training_windows(dataset, max_length, generator)
        if item in window.items[1:]
    }
    assert contexts == set(range(1, max_length + 1))


def test_windows_depend_only_on_the_generator():
    first, same, other = (
        [w.items.tolist() for w in training_windows(DATASET, 7, np.random.default_rng(seed))]
        for seed in (0, 0, 1)
    )
    assert first == same != other


@pytest.mark.parametrize("batch_size", [1, 3, 32, 1000])
def test_buckets_hold_everything_once_and_pad_little(batch_size: int):
    generator = np.random.default_rng(0)
    lengths = generator.integers(1, 51, 300)
    batches = list(bucketed(lengths, batch_size, generator))
    assert sorted(np.concatenate(batches).tolist()) == list(range(300))
    assert sorted(map(len, batches))[1:] == [min(batch_size, 300)] * (len(batches) - 1)
    padding = sum(int((lengths[batch].max() - lengths[batch]).sum()) for batch in batches)
    # Batches of sorted lengths do not overlap, so their ranges sum to at most that of all lengths.
    assert padding <= batch_size * (lengths.max() - lengths.min())


def test_buckets_come_in_random_order_with_random_neighbours():
    lengths = np.repeat([5, 10, 20], 20)
    orders = [
        [lengths[batch[0]] for batch in bucketed(lengths, 4, np.random.default_rng(seed))]
        for seed in range(3)
    ]
    assert sorted(orders[0]) != orders[0]
    assert orders[0] != orders[1] != orders[2]
    companies = {
        frozenset(batch.tolist())
        for seed in range(3)
        for batch in bucketed(lengths, 4, np.random.default_rng(seed))
    }
    assert len(companies) > len(lengths) // 4


def test_held_out_items_change_no_window(tiny_dataset: Dataset):
    items = tiny_dataset.flat_items.copy()
    for end in tiny_dataset.offsets[1:]:
        items[end - 2 : end] = 1
    changed = dataclasses.replace(tiny_dataset, flat_items=items)
    assert changed.fingerprint != tiny_dataset.fingerprint
    for windows in zip(
        *(training_windows(d, 5, np.random.default_rng(0)) for d in (tiny_dataset, changed)),
        strict=True,
    ):
        assert windows[0].items.tolist() == windows[1].items.tolist()


def of_users(*sequences: list[int]) -> Dataset:
    """Users with these items, the last two held out, in a catalogue of 12."""
    return dataclasses.replace(
        unrepeated(12),
        user_ids=[str(user) for user in range(len(sequences))],
        offsets=np.cumsum([0, *map(len, sequences)]),
        flat_items=np.concatenate(sequences).astype(np.int32),
    )


FEW = [3, 1, 3, 1, 12, 5, 7]  # 3 and 1 are repeated; 5 and 7 are held out
MANY = [*range(2, 13), 1, 1]  # leaves 1, which is held out
ALL = [*range(12, 0, -1), 4, 6]


@pytest.mark.parametrize("user", range(4))
def test_a_negative_is_any_item_that_the_user_was_not_trained_on(user: int):
    """Held-out items are possible negatives; excluding them would leak information."""
    dataset = of_users(FEW, MANY, [6, 6, 6, 5], FEW[::-1])
    torch.manual_seed(0)
    drawn = Unseen(dataset, torch.device("cpu")).draw(torch.tensor([1, user]), 20_000)
    assert drawn.shape == (2, 20_000) and drawn.dtype == torch.long
    free = {*range(1, 13)} - {*training_items(dataset, user).tolist()}
    counts = np.bincount(drawn[1], minlength=13)
    assert set(np.flatnonzero(counts)) == free
    expected = 20_000 / len(free)
    assert (abs(counts[counts > 0] - expected) < 5 * expected**0.5).all()


def test_a_user_trained_on_the_whole_catalogue_gets_any_item():
    drawn = Unseen(of_users(FEW, ALL, FEW), torch.device("cpu")).draw(torch.tensor([1]), 2_000)
    assert set(drawn[0].tolist()) == {*range(1, 13)}


def test_no_negative_is_a_training_item_of_the_windows_user():
    """Not only of the window: windows are shorter than the training sequences."""
    dataset = make_dataset(n_items=40)
    windows = training_windows(dataset, 5, np.random.default_rng(0))
    users = torch.tensor([window.user for window in windows])
    drawn = Unseen(dataset, torch.device("cpu")).draw(users, 50)
    for window, negatives in zip(windows, drawn.tolist(), strict=True):
        trained = set(training_items(dataset, window.user).tolist())
        assert not trained & set(negatives)
    assert any(len(training_items(dataset, window.user)) > 6 for window in windows)
