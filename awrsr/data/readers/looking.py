"""A first look at a source, without reading all of it, to recognise its format."""

import json
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from awrsr.data.readers.columns import is_parquet
from awrsr.data.readers.text import MAX_LINE, SEPARATORS, open_text
from awrsr.errors import DataError, counted, first_of, shown
from awrsr.io.files import reading

LINES = 50
"""Number of lines that are read."""


@dataclass(frozen=True)
class Look:
    """A source at a first look.

    Args:
        path: the source.
        names: the names of a directory's files; for a file, its own name.
        lines: the first lines of a text file, compressed or not; empty for other sources.
        columns: the columns of a parquet file; empty for other sources.
    """

    path: Path
    names: frozenset[str]
    lines: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()

    @property
    def first(self) -> str:
        """The first line, or an empty text."""
        return self.lines[0] if self.lines else ""

    @cached_property
    def fields(self) -> frozenset[str]:
        """The names in a first line that is a JSON object; empty if it is not one."""
        with suppress(ValueError, RecursionError):
            value = json.loads(self.first)
            if isinstance(value, dict):
                return frozenset(map(str, value))
        return frozenset()

    def headers(self) -> list[set[str]]:
        """The possible names of columns: one set for every separator, or only one."""
        if known := self.columns or self.fields:
            return [set(known)]
        return [
            {cell.strip('"') for cell in self.first.split(sign)} for sign in SEPARATORS.values()
        ]

    @property
    def words(self) -> str:
        """A description of the source."""
        if self.columns:
            return f"it is parquet with {counted(len(self.columns), 'column')}, " + first_of(
                [shown(name) for name in self.columns]
            )
        if self.path.is_dir():
            if not self.names:
                return "it is an empty directory"
            return f"it is a directory with {first_of(sorted(self.names), 6)}"
        return f"its first line is {shown(self.first)}" if self.lines else "it is empty"


def look_at(path: Path, encoding: str | None = None) -> Look:
    """The first look at a source.

    Args:
        path: the source.
        encoding: the encoding of text; by default UTF-8 or latin-1, decided for each line.

    Raises:
        ConfigError: no such encoding.
        DataError: the source does not exist or cannot be read.
    """
    with reading(path, DataError):
        if path.is_dir():
            return Look(path, frozenset(file.name for file in path.iterdir()))
    names = frozenset({path.name})
    if is_parquet(path):
        try:
            return Look(path, names, columns=tuple(pq.read_schema(path).names))
        except (OSError, pa.ArrowException):
            return Look(path, names)
    with open_text(path, encoding or "latin-1") as file:
        lines = [file.readline(MAX_LINE).rstrip("\r\n") for _ in range(LINES)]
    if encoding is None:
        lines = [_decoded(line) for line in lines]
    return Look(path, names, tuple(line for line in lines if line.strip()))


def _decoded(line: str) -> str:
    """A line that was read as latin-1, decoded as UTF-8 if it is valid UTF-8."""
    try:
        return line.encode("latin-1").decode()
    except UnicodeError:
        return line
