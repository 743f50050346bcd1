"""A tiny catalogue and tiny models, for every test that does not need real ones."""

import gc
import itertools
from collections.abc import Callable, Generator
from pathlib import Path

import jaxtyping
import pytest
import torch
from helpers import make_dataset

from awrsr.config import Catalogue, ModelConfig
from awrsr.data.dataset import Dataset
from awrsr.data.dataset_files import save_dataset
from awrsr.models import SequentialModel, build_model

pytest_plugins = ["browser_fixtures", "workers", "command_lines"]
torch.set_num_threads(1)  # tensors are too tiny for threads to be faster


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Disable garbage collection during test collection: there is no garbage, and the search takes
    a quarter of the time. Objects that exist then are frozen, so later collections skip them."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of a test marked `few(n)`, the quick run has n cases, spread evenly; the others are slow."""
    marked = [item for item in items if item.get_closest_marker("few")]
    for _, group in itertools.groupby(marked, lambda item: item.nodeid.partition("[")[0]):
        cases = list(group)
        n = cases[0].get_closest_marker("few").args[0]
        quick = {place * len(cases) // n for place in range(n)}
        for place, case in enumerate(cases):
            if place not in quick:
                case.add_marker(pytest.mark.slow)


@pytest.fixture(scope="module", autouse=True)
def shapes_are_checked(request: pytest.FixtureRequest) -> bool:
    """Whether annotated shapes are checked: in marked files, and in all files if no test is
    deselected. Checking doubles the time."""
    marked = request.node.get_closest_marker("shapes") is not None
    checked = marked or not request.config.option.markexpr
    jaxtyping.config.update("jaxtyping_disable", not checked)
    return checked


@pytest.fixture(scope="session")
def tiny_dataset() -> Dataset:
    return make_dataset()


@pytest.fixture
def tiny_directory(tmp_path: Path, tiny_dataset: Dataset) -> Path:
    """The tiny dataset as a directory."""
    save_dataset(tiny_dataset, tmp_path / "tiny")
    return tmp_path / "tiny"


@pytest.fixture
def make_model(tiny_dataset: Dataset) -> Callable[..., SequentialModel]:
    """A tiny model in eval mode and float64, with weights spread to make attention uneven."""

    def make(backbone: str = "sasrec", refinement: str = "none", **settings) -> SequentialModel:
        values = {
            "max_length": 8,
            "hidden_size": 8,
            "n_layers": 2,
            "n_heads": 2,
            "inner_size": 16,
            **settings,
        }
        torch.manual_seed(0)
        config = ModelConfig(backbone=backbone, refinement=refinement, **values)
        catalogue = Catalogue(
            name=tiny_dataset.name,
            fingerprint=tiny_dataset.fingerprint,
            n_items=tiny_dataset.n_items,
        )
        model = build_model(config, catalogue).double()
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(torch.randn_like(parameter) * 0.3)
        return model.eval().requires_grad_(False)

    return make
