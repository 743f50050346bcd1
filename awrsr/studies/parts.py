"""Work over all users in parts. Each part is written when it is done, so that a killed run can
resume, and several processes can share the parts.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd

from awrsr.io.files import make_directory, new_directory
from awrsr.io.listing import visible_directories
from awrsr.io.parquet import read_parquet
from awrsr.processes import this_process, wait_for_all

Tables = Mapping[str, pd.DataFrame]
"""Tables by file name."""


def write_parts(
    directory: Path,
    number: int,
    compute: Callable[[int], Tables],
    done: Callable[[int, bool], object] = lambda part, computed: None,
) -> bool:
    """Compute the missing parts and write each of them, a folder of tables.

    A part appears under its name when it is complete. Several processes may run this together (see
    `awrsr.processes`): they share the parts on a common file system and wait for each other.

    Args:
        directory: the directory of the parts; created if it does not exist.
        number: number of parts.
        compute: part, 0 to `number` - 1 -> its tables.
        done: called for every finished part of this process, with True if it was computed now.

    Returns:
        Whether this process must combine the parts.
    """
    process, processes = this_process()
    make_directory(directory)
    for part in range(process, number, processes):
        path = _path(directory, part)
        missing = not path.is_dir()
        if missing:
            tables = compute(part)
            with new_directory(path) as temporary:
                for file, table in tables.items():
                    table.to_parquet(
                        temporary / file, index=False, compression="zstd", compression_level=19
                    )
        done(part, missing)
    wait_for_all()
    return process == 0


def read_parts(directory: Path, number: int, file: str) -> pd.DataFrame:
    """One table of all parts, in their order.

    Raises:
        DataError: a part is missing or damaged.
    """
    tables = [read_parquet(_path(directory, part) / file) for part in range(number)]
    return pd.concat(tables, ignore_index=True)


def parts_done(directory: Path) -> int:
    """The number of finished parts."""
    return len(visible_directories(directory))


def _path(directory: Path, part: int) -> Path:
    return directory / f"{part:06d}"
