"""From a pasted text or uploaded file to the items it names; no Streamlit."""

import json
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from app.escape import clipped
from app.forms import MAX_HISTORY
from app.reading import Reading, Unknown
from app.views.inspect.entry_table import (
    COLUMNS,
    TABLES,
    check_one_user,
    entries_of_table,
    is_table,
)
from awrsr.data.dataset import Dataset
from awrsr.data.titles import MAX_SOUGHT
from awrsr.errors import AwrsrError, DataError

MAX_PASTED = 100_000
"""Characters of a pasted text: `MAX_HISTORY` titles of 200 characters."""
MAX_UPLOAD = 1_000_000
"""Bytes of an uploaded file."""
SUGGESTED, NEAR, SAME, NAMED = 5, 3, 12, 40
"""Unknown entries with suggestions; items suggested for each, and items with exactly its title;
further unknown entries that are named."""

Entries = Sequence[str | int]
"""Titles or ids, oldest first; an integer is an id, an empty text names no item."""


# --- a text or a file -----------------------------------------------------------------------------


def read_pasted(dataset: Dataset, text: str) -> Reading:
    """The items of a pasted text, see `read_text`.

    Raises:
        DataError: too long, or refused by `read_text`.
    """
    if len(text) > MAX_PASTED:
        raise DataError(
            f"The text has {len(text):,} characters; accepted: at most {MAX_PASTED:,}, which is "
            f"far more than {MAX_HISTORY} items"
        )
    return read_text(dataset, text, "The text")


def read_file(dataset: Dataset, name: str, content: bytes) -> Reading:
    """The items of an uploaded file, see `read_text`.

    Raises:
        DataError: too large, not UTF-8, or refused by `read_text`.
    """
    name = clipped(name, 80)
    if len(content) > MAX_UPLOAD:
        raise DataError(
            f"{name} has {len(content):,} bytes; accepted: at most {MAX_UPLOAD:,}, which is "
            f"far more than {MAX_HISTORY} items"
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{name} is not UTF-8 text (byte {error.start + 1} is {content[error.start]:#04x}); "
            "save it as UTF-8"
        ) from None
    return read_text(dataset, text, name)


def read_text(dataset: Dataset, text: str, name: str) -> Reading:
    """The items that a text names, read as the first of these forms that fits.

    - a JSON list of titles and ids, as on the command line;
    - a table, recognised by a header, tabs, or the file name;
    - lines with one title or one id, or with several ids.

    Raises:
        DataError: it names no item, holds other values, or the histories of several users.
    """
    text = text.removeprefix("\ufeff")  # the byte order mark of some programs
    listed = json_list(text, name)
    if listed is not None:
        return read_entries(dataset, listed, name)
    if name.lower().endswith(TABLES) or is_table(text):
        return read_entries(dataset, entries_of_table(text, name), name)
    return read_lines(dataset, text, name)


def json_list(text: str, name: str) -> list[str | int] | None:
    """The entries of a JSON list, with or without shell quotes; None if it is not one."""
    listed = None
    with suppress(ValueError, RecursionError):
        listed = json.loads(text.strip().strip("'"))
    if not isinstance(listed, list):
        if name.lower().endswith(".json"):
            raise DataError(f'{name} is not a JSON list; accepted: such as ["Heat (1995)", 6]')
        return None
    for place, entry in enumerate(listed, start=1):
        if type(entry) not in (str, int):
            raise DataError(
                f"{name} is a JSON list whose entry {place} is neither a string nor an integer; "
                "accepted: titles and ids"
            )
    return listed


# --- lines ----------------------------------------------------------------------------------------

IDS = re.compile(r"\d+(?:[\s,;]+\d+)+[\s,;]*")
"""A line of several ids."""


def read_lines(dataset: Dataset, text: str, name: str) -> Reading:
    """The items of lines with one title or one id each, or with several ids.

    A single line of ids may begin with the user's id, as in the files of S3-Rec. It is read this
    way if no item has that id, or if the other ids are the start of the user's sequence.

    Raises:
        DataError: all lines are empty, or the lines belong to several users.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    rows = [re.findall(r"\d+", line) if IDS.fullmatch(line) else [line] for line in lines]
    if all(begins_with_user(dataset, row) for row in rows):
        check_one_user((row[0] for row in rows), name)
    entries = [entry for row in rows for entry in row]
    reading = read_entries(dataset, entries, name)
    user, *items = entries
    if len(rows) > 1 or not items or reading.skipped or user not in dataset.user_ids:
        return reading
    (first, *_) = reading.slots
    reading = replace(reading, user=user, user_item=first if isinstance(first, int) else None)
    if reading.user_item is None or begins_with_user(dataset, entries):
        return read_otherwise(dataset, reading)
    return reading


def begins_with_user(dataset: Dataset, ids: Sequence[str]) -> bool:
    """Whether ids are `user item item ...` with the first items of the user's sequence."""
    user, *items = ids
    with suppress(DataError):
        known = dataset.sequence(dataset.user_index(user))[: len(items)]
        return bool(items) and [dataset.item_ids[item - 1] for item in known] == items
    return False


def read_otherwise(dataset: Dataset, reading: Reading) -> Reading:
    """The same line of ids with the first number read the other way: user or item."""
    if reading.of_user:
        first = () if reading.user_item is None else (reading.user_item,)
        slots = (*first, *reading.slots)
    else:
        slots = reading.slots[1:]
    return searched(dataset, replace(reading, slots=slots, of_user=not reading.of_user))


# --- titles and ids -------------------------------------------------------------------------------


def read_entries(dataset: Dataset, entries: Entries, name: str) -> Reading:
    """The items of the newest titles or ids, and the entries that name no item.

    Raises:
        DataError: all are empty.
    """
    if not any(str(entry).strip() for entry in entries):
        raise DataError(
            f"{name} names no item; accepted: one title or id per line, oldest first, a JSON list "
            f"of them, or a table with a column {', '.join(COLUMNS[:-1])} or {COLUMNS[-1]}"
        )
    skipped = max(0, len(entries) - MAX_HISTORY)
    newest = entries[skipped:]
    plainest = [entry if isinstance(entry, int) else plainer(entry) for entry in newest]
    as_they_are, otherwise = dataset.named(newest), dataset.named(plainest)

    def slot(place: int) -> int | Unknown:
        entry, found = newest[place], as_they_are[place] or otherwise[place]
        text = str(entry if as_they_are[place] else plainest[place]).strip()
        if not text:
            return Unknown("", f"Entry {1 + skipped + place} is empty.", near=())
        if len(found) == 1:
            return found[0]
        if not found:  # `lookup` would search for near titles, once per entry
            why = f"{clipped(text, 60)!r} names no item."
            return Unknown(clipped(text, MAX_SOUGHT), why)
        try:
            return dataset.lookup(entry if isinstance(entry, int) else text)
        except AwrsrError as error:
            why = clipped(str(error), 300).rstrip(".")
            return Unknown(text, f"{why}.", near=tuple(found[:SAME]))

    slots = tuple(map(slot, range(len(newest))))
    return searched(dataset, Reading(slots, skipped))


def plainer(entry: str) -> str:
    """A title or id without surrounding quotation marks and with single spaces."""
    entry = " ".join(entry.split())
    return entry[1:-1].strip() if len(entry) > 1 and entry[0] == entry[-1] in "\"'" else entry


def searched(dataset: Dataset, reading: Reading) -> Reading:
    """The reading with suggestions for its first unknown entries; a search takes milliseconds."""
    slots = list(reading.slots)
    for place, unknown in reading.unknown[:SUGGESTED]:
        if unknown.near is None:
            slots[place] = replace(unknown, near=tuple(dataset.nearest_items(unknown.text, NEAR)))
    return replace(reading, slots=tuple(slots))


def decided(dataset: Dataset, reading: Reading, place: int, item: int) -> Reading:
    """The reading with this item for the unknown entry at a place."""
    slots = (*reading.slots[:place], item, *reading.slots[place + 1 :])
    return searched(dataset, replace(reading, slots=slots))
