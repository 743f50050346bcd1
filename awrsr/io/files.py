"""Reading and writing files; no reader ever sees a half-written file."""

import errno
import glob
import json
import os
import platform
import secrets
import shutil
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from awrsr.errors import AwrsrError, DataError

STAGED = ".staged"
"""The folder that holds complete files while they are moved to their final directory."""
STALE = 3600
"""Seconds after which a temporary file or directory is considered abandoned."""
HOST = f"{zlib.crc32(platform.node().encode()):08x}"
"""Distinguishes this machine from others that write to the same file system."""
MAX_JSON = 4_000_000
"""Largest JSON file that is read, in bytes; the files written here have a few thousand."""


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary file beside `path`, then put it in place of `path` in one step.

    Args:
        path: the file that will exist afterwards.
        write: called with the path of the temporary file.

    Raises:
        AwrsrError: the file could not be written (disk full, no permission); `path` is unchanged.
    """
    temporary = None
    try:
        _remove_leftovers(path)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=_prefix(path))
        os.close(handle)
        temporary = Path(name)
        write(temporary)
        _sync(temporary)
        temporary.chmod(0o644)  # mkstemp gives 0600, and datasets are shared
        temporary.replace(path)
    except OSError as error:
        raise AwrsrError(
            f"could not write {path}: {error.strerror or error}; nothing was changed"
        ) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def check_writable(path: Path) -> None:
    """Check, before any work, that a file can be written at this path.

    Raises:
        AwrsrError: its directory does not exist or is not writable, or the path is a directory.
    """
    number = 0
    if not path.parent.is_dir():
        number = errno.ENOTDIR if path.parent.exists() else errno.ENOENT
    elif path.is_dir():
        number = errno.EISDIR
    elif not os.access(path.parent, os.W_OK):
        number = errno.EACCES
    if number:
        raise AwrsrError(f"could not write {path}: {os.strerror(number)}; nothing was changed")


def remove_directory(path: Path) -> None:
    """Remove a directory, if it exists, in one step: no reader ever sees half of it."""
    _remove_leftovers(path)
    doomed = path.with_name(f"{_prefix(path)}{secrets.token_hex(4)}")
    with suppress(OSError):
        path.replace(doomed)
        shutil.rmtree(doomed)


def _prefix(path: Path) -> str:
    """The start of a temporary name: the final name, this machine and this process."""
    return f".{path.name}.{HOST}-{os.getpid()}."


def _remove_leftovers(path: Path) -> None:
    """Remove the temporary files that killed processes left for this file or directory."""
    for leftover in path.parent.glob(f".{glob.escape(path.name)}.{8 * '[0-9a-f]'}-*.????????"):
        if _writer_is_gone(leftover):
            with suppress(OSError):
                shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()


def _writer_is_gone(temporary: Path) -> bool:
    host, _, process = temporary.name.split(".")[-2].partition("-")
    try:
        # On Windows this call would end the process.
        if host == HOST and os.name == "posix" and process.isdecimal():
            os.kill(int(process), 0)
        return temporary.stat().st_mtime < time.time() - STALE
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):  # another user's process, or the file has disappeared
        return False


def _sync(path: Path) -> None:
    """Wait until a file is on the disk."""
    with path.open("r+b") as file:  # Windows cannot sync a file opened for reading only
        os.fsync(file.fileno())


@contextmanager
def reading(path: Path, refusal: type[AwrsrError]) -> Iterator[None]:
    """Convert errors of the operating system (no permission, a name too long).

    Raises:
        AwrsrError: an instance of the class `refusal`; the message names the file.
    """
    try:
        yield
    except OSError as error:
        raise refusal(
            f"could not read {error.filename or path}: {error.strerror or error}"
        ) from error


def write_text(path: Path, text: str) -> None:
    """Write text atomically, see `write_atomically`."""
    write_atomically(path, lambda file: file.write_text(text, encoding="utf-8"))


def write_json(path: Path, value: Any) -> None:
    """Write indented JSON atomically; NaN and infinity are errors, since JSON has neither."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        DataError: the file is missing or too large, is not JSON, or does not hold an object.
    """
    try:
        if (size := path.stat().st_size) > MAX_JSON:
            raise DataError(f"{path} has {size:,} bytes; accepted: at most {MAX_JSON:,}")
        value = json.loads(path.read_text(encoding="utf-8"))
    except DataError:
        raise
    except FileNotFoundError:
        raise DataError(f"{path} does not exist") from None
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path} is not readable JSON: {error}") from error
    if not isinstance(value, dict):
        raise DataError(f"{path} holds a JSON {type(value).__name__}, expected an object")
    return value


def make_directory(path: Path) -> None:
    """Create a directory and its parents if they do not exist.

    Raises:
        AwrsrError: it could not be created (a file has its name, no permission).
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise AwrsrError(f"could not create {path}: {error.strerror or error}") from error


@contextmanager
def new_directory(path: Path) -> Iterator[Path]:
    """A directory that gets its final name only when the block has ended without an error.

    Raises:
        DataError: `path` exists already and is not an empty directory.
        AwrsrError: it could not be written (disk full, no permission).
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise DataError(
            f"{path} already exists and is not empty; choose another directory or remove it"
        )
    make_directory(path.parent)
    _remove_leftovers(path)
    try:
        temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=_prefix(path)))
    except OSError as error:
        raise AwrsrError(f"could not create {path}: {error.strerror or error}") from error
    try:
        yield temporary
        for file in temporary.rglob("*"):
            if file.is_file():
                _sync(file)
        temporary.chmod(0o755)
        temporary.replace(path)
    except OSError as error:
        raise AwrsrError(f"could not write {path}: {error.strerror or error}") from error
    except AwrsrError as error:  # a user does not know the name of the temporary directory
        raise type(error)(str(error).replace(str(temporary), str(path))) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def replacing_files(directory: Path) -> Iterator[Path]:
    """A directory whose files move to `directory` together, or not at all.

    The files are valid from the moment when all of them are complete and their directory is
    renamed. If the process is killed after that, while they are moved, nothing is lost: the next
    reader or writer calls `finish_replacing`.

    Args:
        directory: the directory for the files; must exist. Its other files stay.

    Raises:
        AwrsrError: they could not be written (disk full, no permission); nothing was changed.
    """
    finish_replacing(directory)
    with new_directory(directory / STAGED) as temporary:
        yield temporary
    finish_replacing(directory)


def finish_replacing(directory: Path) -> None:
    """Move files that another process completed but could not move before it was killed.

    Raises:
        AwrsrError: they could not be moved (no permission).
    """
    staged = directory / STAGED
    if not staged.is_dir():
        return
    try:
        for file in sorted(staged.glob("*")):
            with suppress(FileNotFoundError):  # another process has moved it
                file.replace(directory / file.name)
        with suppress(FileNotFoundError):
            staged.rmdir()
    except OSError as error:
        raise AwrsrError(f"could not write {directory}: {error.strerror or error}") from error
