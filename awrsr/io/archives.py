"""Untrusted zip archives: everything that they declare is checked before anything is written."""

import stat
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from awrsr.errors import DataError, shown
from awrsr.io.files import reading

MAX_ENTRIES = 10_000
"""Largest number of entries. A model directory has fewer than ten; a PyTorch file has one for each
tensor."""
MAX_DIRECTORY = 2_000_000
"""Largest size of the list of entries at the end of an archive, which is read at once, in bytes."""
MAX_EXTRA = 66_000
"""Number of bytes at the end of an archive that contain its last record."""
CHUNK = 2**20
ENCRYPTED = 0x1
END, END_64 = b"PK\x05\x06", b"PK\x06\x06"
"""The first bytes of the last record, and of the last record of large archives."""


def check_archive(path: Path) -> None:
    """Refuse an archive whose list of entries is too long to be read.

    Raises:
        DataError: it is not a zip archive, or its list of entries is longer than MAX_DIRECTORY.
    """
    with reading(path, DataError), path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - MAX_EXTRA))
        tail = file.read()
    if END not in tail:
        raise DataError(f"{path} is not a complete zip archive: its end is missing")
    # A comment may contain such records too: the largest of them counts.
    sizes = [_number(tail, place + 12, "<L") for place in _places(tail, END)]
    sizes = [0 if size == 0xFFFFFFFF else size for size in sizes]  # it is in the larger record
    sizes += [_number(tail, place + 40, "<Q") for place in _places(tail, END_64)]
    if max(sizes) > MAX_DIRECTORY:
        raise DataError(
            f"{path} lists its entries in {max(sizes):,} bytes; accepted: at most {MAX_DIRECTORY:,}"
        )


def _places(text: bytes, mark: bytes) -> list[int]:
    found, at = [], text.find(mark)
    while at >= 0:
        found.append(at)
        at = text.find(mark, at + 1)
    return found


def _number(text: bytes, at: int, form: str) -> int:
    end = at + struct.calcsize(form)
    return int(struct.unpack(form, text[at:end])[0]) if end <= len(text) else 0


def entry_names(path: Path) -> list[str]:
    """The names in an archive, in its order.

    Raises:
        DataError: see `check_archive`; or there are more than MAX_ENTRIES.
    """
    check_archive(path)
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise DataError(f"{path} is not a complete zip archive: {error}") from error
    if len(names) > MAX_ENTRIES:
        raise DataError(f"{path} has {len(names):,} entries; accepted: at most {MAX_ENTRIES:,}")
    return names


def unpack(
    path: Path, directory: Path, limit: int, wanted: Callable[[PurePosixPath], Path | None]
) -> int:
    """Write files of an archive into a directory.

    All entries, including those left out, are checked before the first is written.

    Args:
        path: the archive.
        directory: the directory for the files; must exist.
        limit: largest total size of all entries when unpacked, declared and real, in bytes.
        wanted: the path of an entry, relative to the directory; None if it is left out.

    Returns:
        The number of bytes written.

    Raises:
        DataError: the archive is damaged or encrypted, or an entry is a link, is outside the
            archive's own folder, occurs twice, or is larger than declared; or all entries together
            have more bytes than the limit.
    """
    entry_names(path)
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            _check(path, entries, limit)
            written = 0
            for entry in entries:
                place = None if entry.is_dir() else wanted(PurePosixPath(entry.filename))
                if place is not None:
                    target = directory / place
                    target.parent.mkdir(parents=True, exist_ok=True)
                    written += _write(archive, entry, target)
            return written
    except DataError:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError) as error:
        raise DataError(f"{path} is damaged or not a plain zip archive: {error}") from error
    except OSError as error:
        raise DataError(f"could not unpack {path}: {error.strerror or error}") from error


def _check(path: Path, entries: list[zipfile.ZipInfo], limit: int) -> None:
    seen: set[str] = set()
    for entry in entries:
        parts = PurePosixPath(entry.filename).parts
        problem = ""
        if entry.filename.startswith("/") or "\\" in entry.filename or ":" in entry.filename:
            problem = "its name is not relative"
        elif ".." in parts or not parts:
            problem = "its name leads out of the archive"
        elif stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
            problem = "it is a link or a special file"
        elif entry.flag_bits & ENCRYPTED:
            problem = "it is encrypted"
        elif "/".join(parts).casefold() in seen:
            problem = "it occurs twice"
        if problem:
            raise DataError(
                f"{path} is refused for its entry {shown(entry.filename)}: {problem}; accepted: "
                "plain files and folders with relative names, each once"
            )
        seen.add("/".join(parts).casefold())
    if (total := sum(entry.file_size for entry in entries)) > limit:
        raise DataError(f"{path} has {total:,} bytes when unpacked; accepted: at most {limit:,}")


def _write(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path) -> int:
    """Write one entry; bytes beyond its declared size are never kept in memory or on the disk."""
    written = 0
    with archive.open(entry) as source, target.open("xb") as file:
        while chunk := source.read(CHUNK):
            written += len(chunk)
            if written > entry.file_size:
                raise DataError(
                    f"{shown(entry.filename)} has more bytes than the {entry.file_size:,} that the "
                    "archive declares"
                )
            file.write(chunk)
    if written != entry.file_size:
        raise DataError(
            f"{shown(entry.filename)} has {written:,} bytes; the archive declares "
            f"{entry.file_size:,}"
        )
    return written
