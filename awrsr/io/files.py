"""Writing files so that nobody ever sees half of one."""

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
from itertools import islice
from pathlib import Path
from typing import Any

from awrsr.errors import AwrsrError, DataError, counted

STAGED = ".staged"
"""The folder of a directory whose files are complete and are being moved to their places."""
STALE = 3600
"""Seconds after which nobody writes a file or a directory any more."""
HOST = f"{zlib.crc32(platform.node().encode()):08x}"
"""Tells this machine from others that write to the same file system."""
MAX_ENTRIES = 1_000
"""Entries of a folder that are looked at."""
NAMED = 3
"""Names that a message lists; of more it says that there are more."""
MAX_JSON = 4_000_000
"""Bytes of a JSON file that is read; those written here have some thousands."""


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary file beside `path`, then put it in place of `path` in one step.

    Args:
        path: the file that will exist afterwards.
        write: called with the path of the temporary file.

    Raises:
        AwrsrError: the file could not be written (disk full, no permission); `path` is as it was.
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
    """Refuse, before any work, a path where no file can be.

    Raises:
        AwrsrError: its directory does not exist or takes no files, or a directory has its name.
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
    """Remove a directory, if it exists, in one step: nobody ever finds half of it."""
    _remove_leftovers(path)
    doomed = path.with_name(f"{_prefix(path)}{secrets.token_hex(4)}")
    with suppress(OSError):
        path.replace(doomed)
        shutil.rmtree(doomed)


def _prefix(path: Path) -> str:
    """How the name of what is being written begins: whose it will be, and who writes it."""
    return f".{path.name}.{HOST}-{os.getpid()}."


def _remove_leftovers(path: Path) -> None:
    """Remove what killed processes left half-written of this file or directory."""
    for leftover in path.parent.glob(f".{glob.escape(path.name)}.{8 * '[0-9a-f]'}-*.????????"):
        if _writer_is_gone(leftover):
            with suppress(OSError):
                shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()


def _writer_is_gone(temporary: Path) -> bool:
    host, _, process = temporary.name.split(".")[-2].partition("-")
    try:
        # On Windows this call would end the process it asks about.
        if host == HOST and os.name == "posix" and process.isdecimal():
            os.kill(int(process), 0)
        return temporary.stat().st_mtime < time.time() - STALE
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):  # another user's process; a file that is gone already
        return False


def _sync(path: Path) -> None:
    """Wait until a file is on the disk."""
    with path.open("r+b") as file:  # Windows refuses what is open for reading alone
        os.fsync(file.fileno())


def visible_directories(folder: Path, holding: str = "") -> list[Path]:
    """The directories of a folder in the order of their names.

    Left out are those whose name begins with a dot (such a one is being written, or was left by a
    process that was killed) and what `passed_over` names.

    Args:
        folder: where to look; it need not exist.
        holding: only those that hold a file of this name.
    """
    return [
        path
        for path in sorted(_entries(folder)[:MAX_ENTRIES])
        if path.name[0] != "." and is_text(str(path)) and os.path.isdir(path)
        if os.path.exists(path / holding)
    ]


def passed_over(folder: Path) -> str:
    """Which directories of a folder `visible_directories` leaves out and why, or nothing."""
    entries = _entries(folder)
    names = [path.name for path in entries[:MAX_ENTRIES] if os.path.isdir(path)]
    odd = sorted(repr(name) for name in names if not is_text(name))
    said = []
    if odd:
        are = "is" if len(odd) == 1 else "are"
        said.append(
            f"{counted(len(odd), 'folder')} in {folder} {are} not shown: a name must be UTF-8 "
            f"({', '.join(odd[:NAMED])}{' and more' * (len(odd) > NAMED)})"
        )
    if len(entries) > MAX_ENTRIES:
        said.append(
            f"{folder} holds more than {MAX_ENTRIES:,} entries; only the {MAX_ENTRIES:,} that the "
            "system lists first are looked at"
        )
    return "; ".join(said)


def is_text(name: str) -> bool:
    """Whether a name of the file system is Unicode: others cannot be shown or sent."""
    return name == name.encode(errors="replace").decode()


def _entries(folder: Path) -> list[Path]:
    """What a folder holds, as the system lists it; of too many one more than are looked at."""
    with suppress(OSError, ValueError), os.scandir(folder) as entries:
        return [Path(entry.path) for entry in islice(entries, MAX_ENTRIES + 1)]
    return []


@contextmanager
def reading(path: Path, refusal: type[AwrsrError]) -> Iterator[None]:
    """Turns what the operating system refuses (no permission, a name too long) into a refusal.

    Raises:
        AwrsrError: of the class `refusal`, naming the file.
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
    """Write indented JSON atomically; NaN and infinity are refused, since JSON has none."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        DataError: the file is missing or too large, is not JSON, or holds something else than an
            object.
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
    """Make a directory and its parents where they do not exist.

    Raises:
        AwrsrError: it could not be made (something else has its name, no permission).
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise AwrsrError(f"could not create {path}: {error.strerror or error}") from error


@contextmanager
def new_directory(path: Path) -> Iterator[Path]:
    """A directory that appears under its name only when the block has ended without an error.

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
    except AwrsrError as error:  # nobody knows the temporary directory by its name
        raise type(error)(str(error).replace(str(temporary), str(path))) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def replacing_files(directory: Path) -> Iterator[Path]:
    """A directory whose files will take their places in `directory` together, or not at all.

    They count from the moment at which they are all whole, when their directory is renamed. A
    process killed after that, while they move to their places, has written them all the same:
    whoever reads or writes there next calls `finish_replacing`.

    Args:
        directory: where the files will be; must exist. Its other files stay.

    Raises:
        AwrsrError: they could not be written (disk full, no permission); nothing was changed.
    """
    finish_replacing(directory)
    with new_directory(directory / STAGED) as temporary:
        yield temporary
    finish_replacing(directory)


def finish_replacing(directory: Path) -> None:
    """Move to their places the files that a process wrote whole and was killed before it moved.

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
