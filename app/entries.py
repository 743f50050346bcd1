"""What a person pastes or uploads to the items it names; no Streamlit."""

import csv
import io
from collections.abc import Sequence

from app import state
from awrsr.dataset import Dataset
from awrsr.errors import AwrsrError, DataError

MAX_UPLOAD = 1_000_000
"""Bytes of an uploaded file."""
COLUMNS = ("item_id", "title", "item")
"""Columns of a csv that name items, with titles or ids; in each row the first that is filled."""
NAMED_PROBLEMS = 5


def entries_of_lines(text: str) -> list[str]:
    """The lines that hold something."""
    return [line.strip() for line in text.splitlines() if line.strip()]


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
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline="")) if "".join(row).strip()]
    except csv.Error as error:
        raise DataError(f"{name} is not readable as csv: {error}") from None
    header = [cell.strip().lower() for cell in rows[0]]
    places = [header.index(column) for column in COLUMNS if column in header]
    if places:
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
    unnamed = 0
    first = max(0, len(entries) - state.MAX_HISTORY) + 1
    for number, entry in enumerate(entries[-state.MAX_HISTORY :], start=first):
        if not entry:
            refused.append(f"Row {number} below the heading has neither an id nor a title.")
            continue
        if len(refused) >= NAMED_PROBLEMS and entry.casefold() not in known:
            unnamed += 1  # to look for the nearest of thousands of titles takes milliseconds each
            continue
        try:
            found.append(dataset.lookup(entry))
        except AwrsrError as error:
            refused.append(state.clipped(str(error), 300))
    unnamed += len(refused[NAMED_PROBLEMS:])
    problems += refused[:NAMED_PROBLEMS]
    if unnamed:
        problems.append(f"And {unnamed} more line{'s' * (unnamed > 1)} like these.")
    if refused:
        kept = (
            f"The other {len(found)} are the history now" if found else "The history is as it was"
        )
        problems.append(f"{kept}.")
    return found, problems
