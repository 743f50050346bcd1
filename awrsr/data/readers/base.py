"""What a reader is, what every reader gives, and how columns become it."""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd

from awrsr.data.readers.columns import NUMBERS, Columns, read_columns
from awrsr.errors import DataError
from awrsr.family import Member

MISSING = ("nan", "none", "null", "<na>")
"""What programs write, in any case, where there is no id."""


@dataclass(frozen=True)
class Rows:
    """Rows of a file.

    Args:
        frame: a row each; the index is its number in the file, from 1.
        path: the file.
        kind: what the numbers count.
    """

    frame: pd.DataFrame
    path: Path
    kind: str = "data row"

    @property
    def place(self) -> str:
        """What a refusal of one row begins with; its number follows."""
        return f"{self.path}, {self.kind}"


@dataclass(frozen=True)
class Raw:
    """Interactions in file order, and what the source says of items.

    Args:
        interactions: user_id and item_id, as text or missing; timestamp, where there are times, and
            rating, where asked for, as the file has them.
        items: item_id and title, as text or missing, and further columns; or None.
    """

    interactions: Rows
    items: Rows | None = None


class Reader(Member, ABC):
    """How one format is read: facts about it, and `read`.

    The keyword-only parameters of `read` are the options that go with the format; what they are
    called and do stands in `awrsr.prepare`.
    """

    source: ClassVar[str]
    """What it reads, in words."""

    @staticmethod
    @abstractmethod
    def read(source: Path) -> Raw:
        """What a source holds.

        Raises:
            ConfigError: an option is not acceptable.
            DataError: the source is not as it should be.
        """

    @classmethod
    def options(cls) -> list[str]:
        """The options that go with the format."""
        return keyword_only(cls.read)


def keyword_only(function: Callable[..., object]) -> list[str]:
    """The names of a function's keyword-only parameters."""
    parameters = inspect.signature(function).parameters.values()
    return [each.name for each in parameters if each.kind is each.KEYWORD_ONLY]


def read_rows(
    path: Path, columns: Columns, *, separator: str | None = None, encoding: str | None = None
) -> Rows:
    """The rows of a csv or parquet file: the columns asked for as text or missing, NUMBERS as read.

    Args:
        path: see `read_columns`, as the others are.

    Raises:
        ConfigError: see `read_columns`.
        DataError: see `read_columns`; a cell that should be text holds something else.
    """
    frame = read_columns(path, columns, separator=separator, encoding=encoding)
    for ours, theirs in columns.names.items():
        if ours not in NUMBERS:
            frame[ours] = _text(frame[ours], theirs, path)
        if ours.endswith("_id"):
            frame[ours] = as_ids(frame[ours])
    return Rows(frame, path)


def as_ids(text: "pd.Series[str]") -> "pd.Series[str]":
    """Ids without spaces around them, missing where the text is one of MISSING."""
    ids = text.str.strip()
    return ids.mask(ids.str.casefold().isin(MISSING))


def _text(values: "pd.Series[Any]", name: str, path: Path) -> "pd.Series[str]":
    """A column as text, whole numbers without a fraction; missing where a cell is null or blank."""
    present = values.dropna()
    kinds = {type(value) for value in present} if present.dtype == object else set()
    if not kinds <= {str, Decimal}:
        names = sorted(kind.__name__ for kind in kinds)
        raise DataError(f"{path}: column {name!r} holds {', '.join(names)}; expected text")
    if present.dtype.kind == "f":
        exact = present.astype("float64")
        if (exact % 1 == 0).all() and (exact.abs() < 2**53).all():
            present = exact.astype("int64")
    text = present.astype(str)
    return text[text.str.strip() != ""].reindex(values.index)
