"""Files of LC-Rec and LETTER: sequences and items in JSON, numbered from 0."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from awrsr.data.readers.base import Raw, Reader, Rows, as_ids, items_of
from awrsr.data.readers.json_text import cell_text, read_json_object
from awrsr.data.readers.looking import Look
from awrsr.data.readers.text import open_text
from awrsr.errors import DataError, first_of, shown
from awrsr.io.files import reading

INTERACTIONS = ".inter.json"
LEFT_OUT = ("description",)
"""Fields of items that do not become columns of a catalogue: paragraphs of text."""


class LCRec(Reader):
    """Sequences NAME.inter.json and items NAME.item.json; no times."""

    name = "lcrec"
    source = (
        "LC-Rec and LETTER: NAME.inter.json, or a directory with one; titles from NAME.item.json, "
        "ids from NAME.item2id and NAME.user2id"
    )

    @classmethod
    def recognises(cls, look: Look, given: Mapping[str, str]) -> bool:
        """By the name of a .inter.json file."""
        return any(name.endswith(INTERACTIONS) for name in look.names)

    @staticmethod
    def read(source: Path, *, encoding: str | None = None) -> Raw:
        """The interactions and the items.

        Raises:
            DataError: a directory has no or several .inter.json files, or a value is not of the
                expected kind.
        """
        path = _interactions(source)
        start = path.name.removesuffix(INTERACTIONS)
        users = _ids(path.with_name(f"{start}.user2id"), encoding)
        ids = _ids(path.with_name(f"{start}.item2id"), encoding)
        found: dict[str, list[str]] = {"user_id": [], "item_id": []}
        places = []
        for number, (user, items) in enumerate(read_json_object(path, encoding).items(), start=1):
            if not isinstance(items, list) or not all(_is_id(item) for item in items):
                raise DataError(
                    f"{path}, user {shown(user)}: expected a list of numbers of items, oldest "
                    f"first; received {shown(items)}"
                )
            found["user_id"] += [_named(user, users, path)] * len(items)
            found["item_id"] += [_named(str(item), ids, path) for item in items]
            places += [number] * len(items)
        frame = pd.DataFrame(found, index=places, dtype="str").apply(as_ids)
        described = path.with_name(f"{start}.item.json")
        rows = Rows(frame, path, "user")
        with reading(described, DataError):
            if not described.is_file():
                return Raw(rows)
        return Raw(rows, _items(described, ids, encoding))


def _interactions(source: Path) -> Path:
    with reading(source, DataError):
        if not source.is_dir():
            return source
        found = sorted(file.name for file in source.glob(f"*{INTERACTIONS}"))
    if len(found) != 1:
        several = f"has {first_of(found)}" if found else "has none"
        raise DataError(f"{source} must hold one file NAME{INTERACTIONS} and {several}")
    return source / found[0]


def _is_id(item: object) -> bool:
    return isinstance(item, int | str) and not isinstance(item, bool)


def _ids(path: Path, encoding: str | None) -> dict[str, str]:
    """The source's ids by number, from lines 'id number' with a tab; empty without such a file."""
    with reading(path, DataError):
        if not path.is_file():
            return {}
    found: dict[str, str] = {}
    with open_text(path, encoding) as file:
        for number, line in enumerate(file, start=1):
            id_, tab, place = line.strip().rpartition("\t")
            if not tab or place in found:
                problem = "its number is taken" if tab else "expected an id, a tab and a number"
                raise DataError(f"{path}, line {number}: {problem}; received {shown(line.strip())}")
            found[place] = id_
    if not found:
        raise DataError(f"{path} is empty; expected lines of an id, a tab and a number")
    return found


def _named(number: str, ids: Mapping[str, str], path: Path) -> str:
    if ids and number not in ids:
        raise DataError(f"{path}: {shown(number)} has no id in the file of ids beside it")
    return ids[number] if ids else number


def _items(path: Path, ids: Mapping[str, str], encoding: str | None) -> Rows:
    rows = []
    for number, fields in read_json_object(path, encoding).items():
        if not isinstance(fields, dict):
            raise DataError(
                f"{path}, item {shown(number)}: expected an object with a title; received "
                f"{shown(fields)}"
            )
        rows.append(_facts(fields) | {"item_id": _named(number, ids, path)})
    if not any("title" in row for row in rows):
        raise DataError(f"{path}: no item has a title")
    return items_of(rows, path)


def _facts(fields: Mapping[str, Any]) -> dict[str, str | None]:
    """The fields of an item that become columns, as text."""
    return {
        name: value if isinstance(value, str) else cell_text(value)
        for name, value in fields.items()
        if name not in (*LEFT_OUT, "item", "item_id")
    }
