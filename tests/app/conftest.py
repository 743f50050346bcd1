"""Small datasets, models on offer, a recorded experiment, workers for jobs."""

import dataclasses
import functools
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from driving import add_dataset
from helpers import make_dataset
from recorded import EXPERIMENTS, GRID
from streamlit.components.v2 import manifest_scanner

from app.folders import ASSETS_VARIABLE
from app.jobs import JobPool
from app.views.results.page import EXPERIMENTS_VARIABLE
from awrsr.data.dataset import Dataset


@pytest.fixture(scope="session", autouse=True)
def components_are_found_once() -> Iterator[None]:
    """Streamlit's search for installed components, which AppTest repeats in every run: without
    this, it takes a third of the time."""
    with pytest.MonkeyPatch.context() as patch:
        found = functools.cache(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", found)
        yield


@pytest.fixture
def all_tabs(monkeypatch: pytest.MonkeyPatch) -> None:
    """All tabs of Inspect are open at once, which takes twice the time of a page with one."""
    monkeypatch.setattr("app.views.inspect.page.is_open", lambda said: True)


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


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of one recorded experiment, which the page Results reads."""
    place = tmp_path / "experiments"
    place.mkdir()
    shutil.copy(EXPERIMENTS / f"{GRID}.toml", place)
    shutil.copytree(EXPERIMENTS / GRID, place / GRID)
    monkeypatch.setenv(EXPERIMENTS_VARIABLE, str(place))
    return place


@pytest.fixture
def pool() -> Iterator[JobPool]:
    """Two workers."""
    pool = JobPool(2)
    yield pool
    pool.close()
