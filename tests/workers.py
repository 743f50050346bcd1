"""Distribution of the tests over the workers of pytest-xdist."""

from collections.abc import Generator

import pytest
from xdist.scheduler import LoadFileScheduling


class Scheduling(LoadFileScheduling):
    """One worker per file. The browser files count as one: they share a server and a window."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return "browser" if "/test_browser" in file else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Scheduling:
    return Scheduling(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_xdist_auto_num_workers() -> Generator[None, int, int]:
    """Number of cores + 1, because the worker with the browser mostly waits."""
    return (yield) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests first: they take longest and use little CPU."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is None)
