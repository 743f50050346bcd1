"""How the tests are divided among the workers of pytest-xdist."""

from collections.abc import Generator

import pytest
from xdist.scheduler import LoadFileScheduling


class Scheduling(LoadFileScheduling):
    """A file to one worker. The browser's files are as one: they share its server and window."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return "browser" if "/test_browser" in file else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Scheduling:
    return Scheduling(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_xdist_auto_num_workers() -> Generator[None, int, int]:
    """One more than there are cores: the worker with the browser waits most of its time."""
    return (yield) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The browser's first, which take longest and leave a core to the others."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is None)
