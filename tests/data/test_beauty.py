"""The benchmark file Beauty, if it is available."""

import hashlib

import numpy as np
import pytest
from helpers import SHARED_DATA

from awrsr.data.dataset_files import load_dataset, save_dataset
from awrsr.data.prepare import prepare

SOURCE = SHARED_DATA / "s3rec" / "Beauty.txt"
pytestmark = pytest.mark.skipif(
    not SOURCE.is_file(), reason=f"needs {SOURCE}, which may not be redistributed"
)


def test_beauty_has_its_published_counts(tmp_path):
    assert hashlib.sha256(SOURCE.read_bytes()).hexdigest().startswith("226cce9c")
    beauty = prepare(SOURCE, format="s3rec", name="Beauty")
    assert (beauty.n_users, beauty.n_items, beauty.n_interactions) == (22_363, 12_101, 198_502)
    assert beauty.lengths().min() == 5
    assert np.bincount(beauty.flat_items)[1:].min() == 5

    lines = (line.split() for line in SOURCE.read_text().splitlines())
    for user, *items in list(lines)[::1000]:
        sequence = beauty.sequence(beauty.user_index(user))
        assert [beauty.item_ids[item - 1] for item in sequence] == items

    save_dataset(beauty, tmp_path / "beauty")
    assert load_dataset(tmp_path / "beauty").fingerprint == beauty.fingerprint
