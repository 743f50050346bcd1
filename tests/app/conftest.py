"""A dataset and small models on offer."""

from pathlib import Path

import pytest
from driving import add_dataset

from app.folders import ASSETS_VARIABLE
from awrsr.data.dataset import Dataset


@pytest.fixture
def directory(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tiny_dataset: Dataset,
) -> Path:
    """The tiny dataset with the models that the file calls OFFERED, on offer before the embedded
    datasets. The models see 8 items."""
    monkeypatch.setenv(ASSETS_VARIABLE, str(tmp_path))
    return add_dataset(tmp_path, tiny_dataset, *request.module.OFFERED)
