"""Training windows and their batches."""

import dataclasses

import numpy as np
import pytest
import torch
from helpers import make_dataset, unrepeated

from awrsr.data.batching import left_pad, training_items
from awrsr.data.dataset import Dataset
from awrsr.data.windows import bucketed, training_batches, training_windows

pytestmark = pytest.mark.shapes
DATASET = unrepeated(3, 4, 5, 9, 10, 11, 12, 30, 31, 100)


def windows_of(dataset: Dataset, max_length: int, seed: int = 0) -> list[tuple[int, list[int]]]:
    """The user and the items of each window."""
    windows = training_windows(dataset, max_length, np.random.default_rng(seed))
    return [
        (int(user), dataset.flat_items[start : start + length].tolist())
        for user, start, length in zip(windows.users, windows.starts, windows.lengths, strict=True)
    ]


def one_by_one(dataset: Dataset, max_length: int, seed: int) -> list[tuple[int, list[int]]]:
    """The windows by a loop over users, with the same random cuts."""
    generator, windows = np.random.default_rng(seed), []
    for user in range(dataset.n_users):
        items = training_items(dataset, user).tolist()
        last = len(items) - 1
        cuts = [0, last]
        if last > max_length:
            cuts = [0, *range(int(generator.integers(1, max_length + 1)), last, max_length), last]
        if last >= 1:
            windows += [(user, items[a : b + 1]) for a, b in zip(cuts[:-1], cuts[1:], strict=True)]
    return windows


@pytest.mark.parametrize("max_length", [1, 2, 7, 50])
def test_windows_equal_those_of_a_loop(max_length: int):
    for dataset in (DATASET, make_dataset(n_items=40)):
        assert windows_of(dataset, max_length, 3) == one_by_one(dataset, max_length, 3)


@pytest.mark.parametrize("batch_size", [1, 3, 50])
def test_batches_hold_the_windows_padded_on_the_left(batch_size: int):
    dataset = make_dataset(n_items=40)
    windows = training_windows(dataset, 5, np.random.default_rng(0))
    expected = windows_of(dataset, 5)
    batches = list(bucketed(windows.lengths, batch_size, np.random.default_rng(1)))
    found = training_batches(torch.from_numpy(dataset.flat_items), windows, batches)
    for batch, chosen in zip(found, batches, strict=True):
        users, items = zip(*(expected[i] for i in chosen), strict=True)
        assert torch.equal(batch.items, left_pad(items))
        assert batch.users.tolist() == list(users)
        assert batch.n_targets == sum(len(each) - 1 for each in items)


@pytest.mark.parametrize("max_length", [1, 2, 7, 8, 9, 50, 200])
def test_windows_target_every_training_item_but_the_first_once(max_length: int):
    windows = windows_of(DATASET, max_length, max_length)
    expected = [
        item for user in range(DATASET.n_users) for item in DATASET.sequence(user)[1:-2].tolist()
    ]
    assert sorted(item for _, items in windows for item in items[1:]) == expected
    assert {len(items) - 1 for _, items in windows} <= set(range(1, max_length + 1))
    held_out = {
        item for user in range(DATASET.n_users) for item in DATASET.sequence(user)[-2:].tolist()
    }
    assert not held_out & {item for _, items in windows for item in items}


@pytest.mark.parametrize("max_length", [1, 7, 50])
def test_windows_are_contiguous_parts_of_one_sequence(max_length: int):
    pieces = {
        (user, *DATASET.sequence(user)[a : a + n].tolist())
        for user in range(DATASET.n_users)
        for a in range(len(DATASET.sequence(user)))
        for n in range(1, max_length + 2)
    }
    windows = windows_of(DATASET, max_length)
    assert {(user, *items) for user, items in windows} <= pieces


def test_a_sequence_that_fits_is_one_window():
    assert windows_of(unrepeated(12), 9) == [(0, list(range(1, 11)))]


def test_over_the_epochs_an_item_is_predicted_from_contexts_of_all_lengths():
    dataset, item, max_length = unrepeated(40), 20, 6
    contexts = {
        items.index(item)
        for seed in range(200)
        for _, items in windows_of(dataset, max_length, seed)
        if item in items[1:]
    }
    assert contexts == set(range(1, max_length + 1))


def test_windows_depend_only_on_the_generator():
    first, same, other = (windows_of(DATASET, 7, seed) for seed in (0, 0, 1))
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
    assert windows_of(changed, 5) == windows_of(tiny_dataset, 5)
