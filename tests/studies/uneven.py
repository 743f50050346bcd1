"""Users with histories of very different lengths, for batched computations."""

import dataclasses

import numpy as np
from helpers import make_dataset

from awrsr.data.dataset import Dataset

KINDS = ("first_order", "second_order", "refined")
BINS = {
    "lag_1": range(1, 2),
    "lag_2_3": range(2, 4),
    "lag_4_7": range(4, 8),
    "lag_8_15": range(8, 16),
    "lag_16": range(16, 10_000),
}


def uneven_dataset() -> Dataset:
    """Histories of 1 to 40 items with repeats, not sorted by length."""
    generator = np.random.default_rng(1)
    lengths = [2, 41, 3, 9, 4, 21, 2, 12, 30, 9]
    sequences = [generator.integers(1, 12, length) for length in lengths]
    return dataclasses.replace(
        make_dataset(),
        user_ids=[str(1000 + user) for user in range(len(lengths))],
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        flat_items=np.concatenate(sequences).astype(np.int32),
        flat_timestamps=None,
    )


UNEVEN = uneven_dataset()
