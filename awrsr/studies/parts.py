"""Work over all users in parts: each is written when it is done, so that a run that was killed goes
on where it was, and several processes share them.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import torch.distributed

from awrsr.io.files import make_directory, new_directory, visible_directories
from awrsr.io.parquet import read_parquet

Tables = Mapping[str, pd.DataFrame]
"""By the name of their file."""


def write_parts(
    directory: Path,
    number: int,
    compute: Callable[[int], Tables],
    done: Callable[[int, bool], object] = lambda part, computed: None,
) -> bool:
    """Compute the parts that are not there yet and write each of them, a folder of tables.

    A part appears under its name when it is whole. Where several processes run this together (see
    `joined_processes`) they share the parts, on a file system that all of them see, and wait for
    each other.

    Args:
        directory: of the parts; made where it does not exist.
        number: of parts.
        compute: the tables of a part, 0 to `number` minus 1.
        done: told of every part of this process that is there, and whether it was computed now.

    Returns:
        Whether this process is the one to put the parts together.
    """
    process, processes = _process()
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
    if processes > 1:
        torch.distributed.barrier()
    return process == 0


def read_parts(directory: Path, number: int, file: str) -> pd.DataFrame:
    """One table of all parts, in their order.

    Raises:
        DataError: a part is missing or damaged.
    """
    tables = [read_parquet(_path(directory, part) / file) for part in range(number)]
    return pd.concat(tables, ignore_index=True)


def parts_done(directory: Path) -> int:
    """How many parts are there."""
    return len(visible_directories(directory))


def _path(directory: Path, part: int) -> Path:
    return directory / f"{part:06d}"


# --- several processes ----------------------------------------------------------------------------


@contextmanager
def joined_processes() -> Iterator[int]:
    """Join the processes that torchrun started, over gloo; nothing where there is only one.

    Gives:
        This process' number, 0 for the first.
    """
    joined = torch.distributed.is_available() and torch.distributed.is_torchelastic_launched()
    if joined:
        torch.distributed.init_process_group("gloo")
    try:
        yield _process()[0]
    finally:
        if joined:
            torch.distributed.destroy_process_group()


def _process() -> tuple[int, int]:
    if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return 0, 1
    return torch.distributed.get_rank(), torch.distributed.get_world_size()
