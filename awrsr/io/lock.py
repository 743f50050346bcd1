"""One process at a time works in a directory."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from awrsr.errors import AwrsrError

try:
    import fcntl
except ImportError:  # Windows has no such locks
    fcntl = None  # type: ignore[assignment]


@contextmanager
def only_process(directory: Path, work: str) -> Iterator[None]:
    """Within the block, no other process can enter such a block for the same directory.

    The lock is on the directory itself: it needs no file, and the system releases it when the
    process ends for any reason. On Windows nothing is locked.

    Args:
        directory: the directory; must exist.
        work: the work in words that follow "another process is".

    Raises:
        AwrsrError: another process holds the lock.
    """
    if fcntl is None:
        yield
        return
    handle = os.open(directory, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AwrsrError(
                f"another process is {work} {directory}; wait for its end or stop it"
            ) from None
        except OSError:
            pass  # a file system without locks
        yield
    finally:
        os.close(handle)
