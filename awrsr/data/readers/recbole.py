"""Atomic files of RecBole: .inter and .item, tab-separated, with a type for every column."""

import re
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from awrsr.data.readers.base import Raw, Reader, Rows, read_rows
from awrsr.data.readers.columns import Columns
from awrsr.data.readers.looking import Look
from awrsr.data.readers.text import check_separator, first_line
from awrsr.data.times import as_numbers
from awrsr.errors import DataError, did_you_mean, first_of, shown
from awrsr.io.files import reading

TYPES = ("token", "token_seq", "float", "float_seq")
"""The types of columns: a text, texts with spaces between them, a number, numbers."""
ORDER = {"token_seq": 0, "token": 1, "float": 2, "float_seq": 3}
"""The order of further columns: genres and categories first, because the board colours by the first
column that forms groups."""
TITLE = r"title|name|\w+_title|\w+_name"
"""Names of columns that hold titles."""


class RecBole(Reader):
    """The atomic files of RecBole; the titles are those of the .item file, if there is one."""

    name = "recbole"
    source = "an atomic file NAME.inter, or a directory with one; titles from NAME.item"

    @classmethod
    def recognises(cls, look: Look, given: Mapping[str, str]) -> bool:
        """By the name of a .inter file or by the types in a first line."""
        named = any(name.endswith(".inter") for name in look.names)
        return named or _typed(look.first.split("\t")[0]) is not None

    @staticmethod
    def read(
        source: Path,
        *,
        user_column: str = "user_id",
        item_column: str = "item_id",
        time_column: str = "timestamp",
        rating_column: str | None = None,
        separator: str | None = None,
        encoding: str | None = None,
    ) -> Raw:
        """The interactions and the items of atomic files.

        `rating_column` is a column of numbers. In the .item file, texts of a token_seq become
        "Comedy|Drama"; the title is a column called title, name or similar.

        Raises:
            DataError: a directory has no or several .inter files, or a column lacks a type or has
                a type that does not fit its role.
        """
        path = _interactions(source)
        sign = check_separator("tab" if separator is None else separator)
        roles = {
            "user_id": (user_column, "token"),
            "item_id": (item_column, "token"),
            "timestamp": (time_column, "float"),
        }
        if rating_column:
            roles["rating"] = (rating_column, "float")
        types = _types(path, sign, encoding)
        names = {role: _column(path, types, *wanted) for role, wanted in roles.items()}
        described = path.with_suffix(".item")
        return Raw(
            read_rows(path, Columns(names), separator=sign, encoding=encoding),
            _items(described, item_column, sign, encoding) if described.is_file() else None,
        )


def _interactions(source: Path) -> Path:
    """The .inter file of a source."""
    with reading(source, DataError):
        if not source.is_dir():
            return source
        found = sorted(file.name for file in source.glob("*.inter"))
    if len(found) != 1:
        several = f"has {first_of(found)}" if found else "has none"
        raise DataError(
            f"{source} must hold one .inter file and {several}; give the file instead of the "
            "directory"
        )
    return source / found[0]


def _typed(name: str) -> tuple[str, str] | None:
    """The name and the type in "name:type"; None for other texts."""
    found = re.fullmatch(rf"(.+):({'|'.join(TYPES)})", name.strip())
    return (found[1], found[2]) if found else None


def _types(path: Path, sign: str, encoding: str | None) -> dict[str, str]:
    """The types of columns by name, in order."""
    header = first_line(path, encoding).rstrip("\r\n").removeprefix("\ufeff").split(sign)
    found: dict[str, str] = {}
    for cell in header:
        typed = _typed(cell)
        if typed is None:
            raise DataError(
                f"{path}: an atomic file begins with columns as name:type, with type "
                f"{', '.join(TYPES[:-1])} or {TYPES[-1]}; received {shown(cell)}"
            )
        found[typed[0]] = typed[1]
    return found


def _column(path: Path, types: Mapping[str, str], name: str, needed: str) -> str:
    """The column as the file names it, "user_id:token"."""
    if name not in types:
        raise DataError(
            f"{path}: missing column '{name}:{needed}'; it has {first_of(list(types), 20)}."
            f"{did_you_mean(name, types)}"
        )
    if types[name] != needed:
        raise DataError(
            f"{path}: column {name!r} has type {types[name]!r}; {needed!r} is needed here"
        )
    return f"{name}:{needed}"


def _items(path: Path, item_column: str, sign: str, encoding: str | None) -> Rows:
    """The items of a .item file."""
    types = _types(path, sign, encoding)
    in_file = {name: f"{name}:{kind}" for name, kind in types.items()}
    id_ = _column(path, types, item_column, "token")
    title = next((name for name in types if re.fullmatch(TITLE, name)), None)
    further = [name for name in types if name not in (item_column, title)]
    others = {name: in_file[name] for name in sorted(further, key=lambda n: ORDER[types[n]])}
    names = {"item_id": id_} | ({"title": in_file[title]} if title else {})
    clash = {"item", "item_id", "title"} & others.keys()
    if clash:
        raise DataError(f"{path}: a further column cannot be called {min(clash)!r}; rename it")
    rows = read_rows(path, Columns(names | others), separator=sign, encoding=encoding)
    frame = rows.frame.astype({"item_id": object}) if rows.frame.empty else rows.frame
    if title is None:
        frame = frame.assign(title=pd.Series(pd.NA, index=frame.index, dtype="str"))
    for name in others:
        frame[name] = _cells(frame[name], types[name], rows.place, name)
    return Rows(frame[["item_id", "title", *others]], path, rows.kind)


def _cells(values: "pd.Series[str]", kind: str, place: str, name: str) -> "pd.Series[str]":
    if kind == "float":
        numbers = as_numbers(values)
        wrong = values[numbers.isna() & values.notna()]
        if len(wrong):
            raise DataError(
                f"{place} {wrong.index[0]}: {name!r} has type float; received "
                f"{shown(wrong.iloc[0])}"
            )
        return numbers
    if kind.endswith("_seq"):
        return values.str.split().str.join("|").fillna("")
    return values.fillna("")
