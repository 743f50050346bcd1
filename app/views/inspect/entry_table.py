"""From a table of titles or ids to its entries, in order; no Streamlit."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from math import isfinite

from app.escape import clipped
from awrsr.errors import DataError

COLUMNS = ("item_id", "movieId", "title", "item")
"""Columns that name items by title or id; in each row the first non-empty one is used."""
USER_COLUMNS = ("user_id", "user")
TABLES = (".csv", ".tsv", ".inter")
"""File name extensions of tables."""
NO_MARK = "\x1f"
"""A separator that nobody types: the unit separator of ASCII."""

CELLS = re.compile(r"::|[,;\t ]")
"""Separators of cells."""
HEADING = re.compile(r'[^\W\d][\w":]*(?:[,;\t ][^\W\d][\w":]*)*')
NUMBER = re.compile(r"-?\d+(\.\d+)?")


def is_table(text: str) -> bool:
    """Whether the first line has tabs or `::`, or is a header: it names a known column, or has one
    name for each number in every other line."""
    first, *others = [line.strip() for line in text.splitlines() if line.strip()] or [""]
    if not others:  # a single line cannot be a header
        return False
    if "\t" in first or "::" in first:
        return True
    if not HEADING.fullmatch(first):
        return False
    cells, rows = CELLS.split(first), list(map(CELLS.split, others))
    if " " not in first and {*names_of(cells)} & {*names_of(COLUMNS)}:
        return True
    # Titles have spaces too: a title of two words above one line of two ids is not a header.
    return (
        len(cells) > 1
        and len(rows) > (" " in first)
        and all(len(row) == len(cells) and all(map(NUMBER.fullmatch, row)) for row in rows)
    )


def first_line(text: str) -> str:
    """The first line that is not empty, or an empty text."""
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def names_of(columns: Sequence[str]) -> list[str]:
    """Column names in the form in which header cells are compared."""
    return [column_name(column) for column in columns]


def column_name(cell: str) -> str:
    """A header cell without case and punctuation: `Item_ID`, `itemid`, `item_id:token`."""
    return re.sub(r"[\W_]", "", cell.partition(":")[0]).casefold()


def entries_of_table(text: str, name: str) -> list[str]:
    """The titles or ids in a table's rows, oldest first; empty for a row that names no item.

    Without a known header, each row is one title or id.

    Raises:
        DataError: not readable, no column that names items, several users, or invalid timestamps.
    """
    first = first_line(text)
    mark = next((mark for mark in ("::", "\t", ",", ";") if mark in first), NO_MARK)
    if mark == NO_MARK and " " in first and is_table(text):
        mark = " "
    if mark == "::":  # csv accepts only one character
        text, mark = text.replace("::", NO_MARK), NO_MARK
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark)
        rows = [[cell.strip() for cell in row] for row in reader if "".join(row).strip()]
    except csv.Error as error:
        raise DataError(f"{name} is not readable as csv: {error}") from None
    header = names_of(rows[0]) if rows else []
    columns = [column for column in names_of(COLUMNS) if column in header]
    if columns:
        cells = [dict(zip(header, row, strict=False)) for row in rows[1:]]
        history = in_order(one_user(cells, name), name)
        return [next(filter(None, map(row.get, columns)), "") for row in history]
    if max(map(len, rows), default=1) > 1:
        shown = ", ".join(clipped(cell, 30) for cell in rows[0][:6])
        more = ", \u2026" if len(rows[0]) > 6 else ""
        raise DataError(
            f"{name} has the columns {shown}{more}; accepted: a column {', '.join(COLUMNS[:-1])} "
            f"or {COLUMNS[-1]}, or one title or id per line, with quotation marks around a title "
            "that contains a comma"
        )
    return [row[0] for row in rows]


def one_user(rows: list[dict[str, str]], name: str) -> list[dict[str, str]]:
    """The same rows, if they belong to one user.

    Raises:
        DataError: a column of users names more than one.
    """
    for column in names_of(USER_COLUMNS):
        check_one_user((row.get(column, "") for row in rows), name)
    return rows


def check_one_user(column: Iterable[str], name: str) -> None:
    """Refuse the histories of several users."""
    users = list(dict.fromkeys(column))
    if len(users) > 1:
        named = ", ".join(clipped(user, 20) for user in users[:3])
        raise DataError(
            f"{name} holds {len(users):,} users ({named}{', ...' * (len(users) > 3)}); "
            "accepted: the history of one user"
        )


def in_order(rows: list[dict[str, str]], name: str) -> list[dict[str, str]]:
    """The rows, oldest first if they have timestamps, else in their order.

    Raises:
        DataError: a timestamp is neither a number nor a date.
    """
    times = [row.get("timestamp", "") for row in rows]
    if not any(times):
        return rows
    seconds = []
    for time in times:
        try:
            seconds.append(seconds_of(time))
        except ValueError:
            raise DataError(
                f"{name} has the timestamp {clipped(time, 30)!r}; accepted: in every row a "
                "number or a date such as 2024-01-31"
            ) from None
    return [rows[place] for place in sorted(range(len(rows)), key=seconds.__getitem__)]


def seconds_of(time: str) -> float:
    """A number unchanged, or a date as seconds since 1970.

    Raises:
        ValueError: it is neither.
    """
    try:
        number = float(time)
    except ValueError:
        moment = datetime.fromisoformat(time)
        return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
    if not isfinite(number):
        raise ValueError
    return number
