"""Keys of cached values: a replaced file or dataset is read again."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.folders import Stamp, stamp_of
from awrsr.data.dataset import Dataset
from awrsr.data.dataset_files import FILES
from awrsr.data.planted import CAUSES_FILE

HashFunctions = dict[str | type[Any], Callable[[Any], Any]]


def stamped(*names: str) -> HashFunctions:
    """Hash functions for Streamlit: a directory by its path and the times and sizes of these files,
    a dataset likewise by its files."""

    def directory_key(directory: Path) -> tuple[str, Stamp]:
        return str(directory), stamp_of(directory, names)

    def dataset_key(dataset: Dataset) -> tuple[str, Stamp]:
        assert dataset.directory is not None
        return dataset.fingerprint, stamp_of(dataset.directory, (*FILES, CAUSES_FILE))

    return {type(Path()): directory_key, Dataset: dataset_key}
