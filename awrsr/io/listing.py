"""The directories in a folder: which are shown, which are not, and why."""

import os
from contextlib import suppress
from itertools import islice
from pathlib import Path

from awrsr.errors import counted, first_of

MAX_ENTRIES = 1_000
"""Largest number of entries of a folder that are read."""


def visible_directories(folder: Path, holding: str = "") -> list[Path]:
    """The directories in a folder, sorted by name.

    Names that start with a dot are left out (such a directory is being written, or a killed process
    left it), and so is everything that `passed_over` reports.

    Args:
        folder: the folder; it need not exist.
        holding: only directories that contain a file of this name.
    """
    return [
        path
        for path in sorted(_entries(folder)[:MAX_ENTRIES])
        if path.name[0] != "." and is_text(str(path)) and os.path.isdir(path)
        if os.path.exists(path / holding)
    ]


def passed_over(folder: Path) -> str:
    """Which directories `visible_directories` leaves out and why; an empty text if none."""
    entries = _entries(folder)
    names = [path.name for path in entries[:MAX_ENTRIES] if os.path.isdir(path)]
    hidden = sorted(repr(name) for name in names if not is_text(name))
    reasons = []
    if hidden:
        verb = "is" if len(hidden) == 1 else "are"
        reasons.append(
            f"{counted(len(hidden), 'folder')} in {folder} {verb} not shown: a name must be UTF-8 "
            f"({first_of(hidden)})"
        )
    if len(entries) > MAX_ENTRIES:
        reasons.append(
            f"{folder} has more than {MAX_ENTRIES:,} entries; only the first {MAX_ENTRIES:,} that "
            "the system lists are read"
        )
    return "; ".join(reasons)


def is_text(name: str) -> bool:
    """Whether a file name is valid Unicode: other names cannot be shown or sent."""
    return name == name.encode(errors="replace").decode()


def _entries(folder: Path) -> list[Path]:
    """The entries of a folder in the system's order, at most MAX_ENTRIES + 1 of them."""
    with suppress(OSError, ValueError), os.scandir(folder) as entries:
        return [Path(entry.path) for entry in islice(entries, MAX_ENTRIES + 1)]
    return []
