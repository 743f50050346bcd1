"""What a person pastes or uploads to the items it names; no Streamlit."""

import csv
import io
import re
from collections.abc import Sequence
from contextlib import suppress

from app import state
from awrsr.dataset import Dataset
from awrsr.errors import AwrsrError, DataError, counted

MAX_UPLOAD = 1_000_000
"""Bytes of an uploaded file."""
USER_COLUMNS = ("user", "user_id", "userid")
COLUMNS = ("item_id", "title", "item")
"""Columns of a csv that name items, with titles or ids; in each row the first that is filled."""
NAMED_PROBLEMS, ALSO_NAMED = 5, 40
"""Unknown entries that are named with suggestions, and those that are named after them."""


IDS = re.compile(r"\d+(?:[\s,;]+\d+)+[\s,;]*")
"""A line of several ids."""


def entries_of_lines(text: str) -> list[str]:
    """The lines that hold something; of a line of several ids each."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return [
        entry
        for line in lines
        for entry in (re.findall(r"\d+", line) if IDS.fullmatch(line) else [line])
    ]


def read_entries(name: str, content: bytes) -> list[str]:
    """The titles or ids of an uploaded file, in order; empty for a csv's row that names nothing.

    Where a row lacks what the first column of `COLUMNS` holds, its next one counts.

    Raises:
        DataError: too large, not UTF-8, empty, or a csv without a column that names items.
    """
    name = state.clipped(name, 80)
    if len(content) > MAX_UPLOAD:
        raise DataError(
            f"{name} has {len(content):,} bytes; accepted: at most {MAX_UPLOAD:,}, which is "
            f"far more than {state.MAX_HISTORY} items"
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{name} is not UTF-8 text (byte {error.start + 1} is {content[error.start]:#04x}); "
            "save it as UTF-8"
        ) from None
    if not text.strip():
        raise DataError(f"{name} is empty; accepted: one title or id a line, oldest first")
    if not name.lower().endswith(".csv"):
        return entries_of_lines(text)
    heading = text.lstrip().splitlines()[0]
    mark = next((mark for mark in ",;\t" if mark in heading), ",")
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark)
        rows = [row for row in reader if "".join(row).strip()]
    except csv.Error as error:
        raise DataError(f"{name} is not readable as csv: {error}") from None
    header = [cell.strip().lower() for cell in rows[0]]
    places = [header.index(column) for column in COLUMNS if column in header]
    if places:
        rows = [rows[0], *one_history(name, header, rows[1:])]
        named = [[row[place].strip() for place in places if place < len(row)] for row in rows[1:]]
        return [next(filter(None, cells), "") for cells in named]
    if max(map(len, rows)) > 1:
        columns = ", ".join(state.clipped(cell.strip(), 30) for cell in rows[0][:6])
        more = ", \u2026" if len(rows[0]) > 6 else ""
        raise DataError(
            f"{name} has the columns {columns}{more}; accepted: a column {', '.join(COLUMNS[:-1])} "
            f"or {COLUMNS[-1]}, or one title or id a line, with quotation marks around a title "
            "that holds a comma"
        )
    return [row[0].strip() for row in rows if row[0].strip()]


def one_history(name: str, header: list[str], rows: list[list[str]]) -> list[list[str]]:
    """The rows of a csv, older first where it has timestamps.

    Raises:
        DataError: a column of users names more than one.
    """
    for column in USER_COLUMNS:
        users = dict.fromkeys(cell_of(row, header, column) for row in rows)
        if column in header and len(users) > 1:
            named = ", ".join(state.clipped(user, 20) for user in list(users)[:3])
            raise DataError(
                f"{name} holds {len(users):,} users ({named}{', ...' * (len(users) > 3)}); "
                "accepted: the history of one"
            )
    if "timestamp" not in header:
        return rows
    times = [cell_of(row, header, "timestamp") for row in rows]
    with suppress(ValueError):
        numbers = [float(time) for time in times]
        return [rows[place] for place in sorted(range(len(rows)), key=numbers.__getitem__)]
    return [rows[place] for place in sorted(range(len(rows)), key=times.__getitem__)]  # ISO dates


def cell_of(row: list[str], header: list[str], column: str) -> str:
    """A cell, or nothing where the row or the file lacks it."""
    place = header.index(column) if column in header else len(row)
    return row[place].strip() if place < len(row) else ""


def plainer(entry: str) -> str:
    """A title or id without quotation marks around it and with single spaces."""
    entry = " ".join(entry.split())
    return entry[1:-1].strip() if len(entry) > 1 and entry[0] == entry[-1] in "\"'" else entry


def find_items(dataset: Dataset, entries: Sequence[str]) -> tuple[list[int], list[str]]:
    """The items of titles or ids, and a sentence for every entry that is none, up to a few."""
    problems: list[str] = []
    if len(entries) > state.MAX_HISTORY:
        problems.append(
            f"Only the last {state.MAX_HISTORY} of {len(entries):,} lines were read, "
            "the newest items."
        )
    titles = dataset.titles(range(1, dataset.n_items + 1))
    known = {name.strip().casefold() for name in [*titles, *dataset.item_ids]}
    found: list[int] = []
    refused: list[str] = []
    unnamed: list[str] = []
    first = max(0, len(entries) - state.MAX_HISTORY) + 1
    for number, entry in enumerate(entries[-state.MAX_HISTORY :], start=first):
        if not entry:
            refused.append(f"Row {number} below the heading has neither an id nor a title.")
            continue
        if entry.strip().casefold() not in known:
            entry = plainer(entry)
        if len(refused) >= NAMED_PROBLEMS and entry.casefold() not in known:
            unnamed.append(entry)  # the nearest of thousands of titles takes milliseconds each
            continue
        try:
            found.append(dataset.lookup(entry))
        except AwrsrError as error:
            refused.append(state.clipped(str(error), 300))
    problems += refused[:NAMED_PROBLEMS]
    if rest := [*refused[NAMED_PROBLEMS:], *unnamed]:
        named = "; ".join(state.clipped(entry, 60) for entry in rest[:ALSO_NAMED])
        more = "; ..." * (len(rest) > ALSO_NAMED)
        problems.append(f"Likewise {counted(len(rest), 'more line')}: {named}{more}")
    if refused:
        kept = (
            f"The other {len(found)} {'is' if len(found) == 1 else 'are'} the history now"
            if found
            else "The history is as it was"
        )
        problems.append(f"{kept}.")
    return found, problems
