"""The base class of readers, the result of reading, and the conversion of columns to it."""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd

from awrsr.data.readers.columns import NUMBERS, Columns, read_columns
from awrsr.data.readers.looking import Look
from awrsr.errors import ConfigError, DataError
from awrsr.family import Member
from awrsr.io.files import reading

MISSING = ("nan", "none", "null", "<na>")
"""Texts that programs write for a missing id, in upper or lower case."""


@dataclass(frozen=True)
class Rows:
    """Rows of a file.

    Args:
        frame: the rows; the index holds their numbers in the file, from 1.
        path: the file.
        kind: the unit that these numbers count, for messages.
    """

    frame: pd.DataFrame
    path: Path
    kind: str = "data row"

    @property
    def place(self) -> str:
        """The start of a message about one row; the row number follows."""
        return f"{self.path}, {self.kind}"


@dataclass(frozen=True)
class Raw:
    """Interactions in file order, and the source's description of items.

    Args:
        interactions: user_id and item_id, as text or missing; timestamp, if the source has times,
            and rating, if requested, both as in the file.
        items: item_id and title, as text or missing, and further columns; or None.
    """

    interactions: Rows
    items: Rows | None = None


class Reader(Member, ABC):
    """The reader of one format: facts about it, and `read`.

    The keyword-only parameters of `read` are the options of the format; `awrsr.prepare` describes
    them.
    """

    source: ClassVar[str]
    """A description of the sources that it reads."""

    @classmethod
    def recognises(cls, look: Look, given: Mapping[str, str]) -> bool:
        """Whether a source is in this format.

        Args:
            look: a first look at the source.
            given: the options that a user gave; the format accepts all of them.
        """
        return False

    @staticmethod
    @abstractmethod
    def read(source: Path) -> Raw:
        """The contents of a source.

        Raises:
            ConfigError: an option is not acceptable.
            DataError: the source is malformed.
        """

    @classmethod
    def options(cls) -> list[str]:
        """The options of the format."""
        return keyword_only(cls.read)


def keyword_only(function: Callable[..., object]) -> list[str]:
    """The names of a function's keyword-only parameters."""
    parameters = inspect.signature(function).parameters.values()
    return [item.name for item in parameters if item.kind is item.KEYWORD_ONLY]


def read_rows(
    path: Path, columns: Columns, *, separator: str | None = None, encoding: str | None = None
) -> Rows:
    """The rows of a csv, JSON lines or parquet file: named columns as text or missing, NUMBERS as
    read.

    For the arguments see `read_columns`.

    Raises:
        ConfigError: see `read_columns`.
        DataError: see `read_columns`; a cell that should be text holds something else.
    """
    frame = read_columns(path, columns, separator=separator, encoding=encoding)
    for name, name_in_file in columns.names.items():
        if name not in NUMBERS:
            frame[name] = _text(frame[name], name_in_file, path)
        if name.endswith("_id"):
            frame[name] = as_ids(frame[name])
    return Rows(frame, path)


def within(source: Path, name: str) -> Path:
    """The file of this name in a directory; the source itself if it is a file."""
    with reading(source, DataError):
        return source / name if source.is_dir() else source


def with_rating(names: dict[str, str], rating_column: str | None) -> dict[str, str]:
    """Names of columns, with that of ratings if they are requested.

    For a format whose columns have fixed names.

    Raises:
        ConfigError: the ratings are requested by another name.
    """
    if rating_column not in (None, "rating"):
        raise ConfigError(
            f"this format has one column of ratings; leave rating_column out; received "
            f"{rating_column!r}"
        )
    return names | ({"rating": "rating"} if rating_column else {})


def items_of(records: Sequence[Mapping[str, str | None]], path: Path) -> Rows:
    """Rows of items from their facts.

    Args:
        records: item_id, title and further facts of every item, as text; facts may be missing.
        path: the file.

    Returns:
        Blank titles are missing values; missing facts are empty cells in further columns.

    Raises:
        DataError: there is no item.
    """
    if not records:
        raise DataError(f"{path} describes no items")
    index = pd.RangeIndex(1, len(records) + 1)
    frame = pd.DataFrame.from_records(records, index=index).astype("str")
    further = frame.columns.drop(["item_id", "title"])
    titles = frame["title"].mask(frame["title"].str.strip() == "")
    filled = {name: frame[name].fillna("") for name in further}
    return Rows(
        frame.assign(item_id=as_ids(frame["item_id"]), title=titles, **filled), path, "item"
    )


def as_ids(text: "pd.Series[str]") -> "pd.Series[str]":
    """Ids without surrounding spaces; missing if the text is one of MISSING. If all are written
    like 3.0, as pandas writes whole numbers of a column with missing values, they are whole
    numbers."""
    ids = text.str.strip()
    ids = ids.mask(ids.str.casefold().isin(MISSING))
    present, as_float = ids.dropna(), r"-?\d+\.0"
    few = present[:9]  # most files are told by their first rows
    if few.str.fullmatch(as_float).all() and present.str.fullmatch(as_float).all():
        return ids.str.removesuffix(".0")
    return ids


def _text(values: "pd.Series[Any]", name: str, path: Path) -> "pd.Series[str]":
    """A column as text, whole numbers without ".0"; missing if a cell is null or blank."""
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
