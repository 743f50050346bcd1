"""Training windows, batches, and held-out items."""

import dataclasses

import numpy as np
import pytest
import torch
from helpers import make_dataset, unrepeated

from awrsr.config import PADDING
from awrsr.data.batching import (
    Unseen,
    batches,
    history_and_target,
    left_pad,
    training_items,
)
from awrsr.data.dataset import Dataset

pytestmark = pytest.mark.shapes


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


def test_no_negative_is_a_training_item_of_the_user():
    """Not only of a window: windows are shorter than the training sequences."""
    dataset = make_dataset(n_items=40)
    users = torch.arange(dataset.n_users)
    drawn = Unseen(dataset, torch.device("cpu")).draw(users, 50)
    for user, negatives in enumerate(drawn.tolist()):
        assert not set(training_items(dataset, user).tolist()) & set(negatives)
