"""The tiny grid, run once, and copies of it."""

import shutil
from pathlib import Path

import pytest
from grids import TINY

from awrsr.cli.main import main
from awrsr.data.dataset_files import save_dataset


@pytest.fixture(scope="session")
def finished(tmp_path_factory, tiny_dataset) -> Path:
    """A folder with the completed tiny grid."""
    place = tmp_path_factory.mktemp("grid")
    save_dataset(tiny_dataset, place / "tiny")
    (place / "small.toml").write_text(TINY)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        assert main(["experiment", "small.toml", "--device", "cpu"]) == 0
    return place


@pytest.fixture
def place(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that folder as the working directory."""
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path
