"""Small datasets and models that the app offers."""

import dataclasses
from pathlib import Path

import pytest
from driving import add_dataset
from helpers import make_dataset

from app.folders import ASSETS_VARIABLE
from awrsr.data.dataset import Dataset


@pytest.fixture
def directory(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tiny_dataset: Dataset,
) -> Path:
    """The tiny dataset with the models in the file's OFFERED, offered before the embedded datasets.
    The models see 8 items."""
    monkeypatch.setenv(ASSETS_VARIABLE, str(tmp_path))
    return add_dataset(tmp_path, tiny_dataset, *request.module.OFFERED)


@pytest.fixture(scope="session")
def numbered() -> Dataset:
    """A dataset with user ids 1 to 12 and item ids 1 to 11: a number may be either."""
    tiny = make_dataset()
    return dataclasses.replace(
        tiny,
        items=tiny.items.assign(item_id=[str(item) for item in tiny.items["item"]]),
        user_ids=[str(1 + user) for user in range(tiny.n_users)],
    )
