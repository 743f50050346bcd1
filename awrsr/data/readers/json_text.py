"""JSON in text files, compressed or not: one object per line, or one in the file."""

import json
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import pandas as pd

from awrsr.data.readers.text import MAX_LINE, open_text
from awrsr.errors import DataError, shown
from awrsr.io.files import reading
from awrsr.io.parquet import MAX_BYTES

PARSER_ERRORS = (ValueError, SyntaxError, RecursionError, MemoryError)
"""The errors of parsers for text that is not in their language, or is too deeply nested."""

MAX_INT = 2**63
NESTED = (list, dict, tuple, set)


def read_json_lines(
    path: Path,
    wanted: Collection[str] | None = None,
    encoding: str | None = None,
    *,
    plain: Collection[str] = (),
    parse: Callable[[str], object] = json.loads,
    concerns: Callable[[str], bool] = bool,
) -> pd.DataFrame:
    """The objects of a file: one row per object, one column per field.

    Args:
        path: a text file with one object in every line that is not blank.
        wanted: the fields to read; by default all.
        encoding: see `open_text`.
        plain: fields that hold texts or numbers.
        parse: the value of a line.
        concerns: whether a line is parsed; by default all lines are.

    Returns:
        Cells as in the file, missing if an object lacks the field; nested ones as text, see
        `cell_text`. `attrs["fields"]` holds the names of all fields in the file.

    Raises:
        ConfigError: see `open_text`.
        DataError: see `open_text`; a line is not an object, or a plain field holds another type.
    """
    fields: dict[str, None] = {}
    rows: list[dict[str, object]] = []
    with open_text(path, encoding) as file:
        for number, line in enumerate(file, start=1):
            if not line.strip() or not concerns(line):
                continue
            value = _object(parse, line, f"{path}, line {number}")
            for name in plain:
                if isinstance(value.get(name), NESTED):
                    raise DataError(
                        f"{path}, line {number}: {name!r} holds {shown(value[name])}; expected a "
                        "text or a number"
                    )
            fields.update(dict.fromkeys(value))
            kept = value if wanted is None else value.keys() & wanted
            rows.append({name: _flat(value[name]) for name in kept})
    names = [name for name in fields if wanted is None or name in wanted]
    frame = pd.DataFrame({name: _column([row.get(name) for row in rows]) for name in names})
    frame.attrs["fields"] = list(fields)
    return frame


def read_json_object(path: Path, encoding: str | None = None) -> dict[str, Any]:
    """The object in a file.

    Raises:
        ConfigError: see `open_text`.
        DataError: see `open_text`; the file is too large or holds something else.
    """
    with reading(path, DataError):
        size = path.stat().st_size
    if size > MAX_BYTES:
        raise DataError(f"{path} has {size:,} bytes; accepted: at most {MAX_BYTES:,}")
    with open_text(path, encoding) as file:
        text = "".join(iter(lambda: file.read(MAX_LINE), ""))
    return _object(json.loads, text, str(path))


def cell_text(cell: object) -> str | None:
    """A list of texts like MovieLens genres, "Comedy|Drama"; other nested data as JSON."""
    if cell is None:
        return None
    if isinstance(cell, list) and all(isinstance(part, str) for part in cell):
        return "|".join(cell)
    return json.dumps(cell, ensure_ascii=False, default=str)


def _object(parse: Callable[[str], object], text: str, place: str) -> dict[str, Any]:
    try:
        value = parse(text)
        if "\\ud" in text.lower():  # half of a pair of surrogates is text that no file can hold
            json.dumps(value, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:
        raise DataError(f"{place} holds characters that are not Unicode") from None
    except PARSER_ERRORS as error:
        received = shown(" ".join(text[:100].split()))
        raise DataError(f"{place} is not readable JSON; received {received}") from error
    if not isinstance(value, dict) or not all(isinstance(name, str) for name in value):
        raise DataError(f"{place}: expected a JSON object, received {shown(text.strip()[:100])}")
    return value


def _flat(cell: object) -> object:
    return cell_text(cell) if isinstance(cell, NESTED) else cell


def _column(cells: list[object]) -> "pd.Series[Any]":
    """Cells of one type; as text if they have several, or are whole numbers that a numeric column
    cannot hold exactly: large ones, or those in a column with missing cells."""
    kinds = {type(cell) for cell in cells}
    large = any(isinstance(cell, int) and abs(cell) >= MAX_INT for cell in cells)
    whole = kinds in ({int}, {int, float}) and not large
    if not whole and not any(kinds <= {kind, type(None)} for kind in (str, float, bool)):
        cells = [None if cell is None else str(cell) for cell in cells]
    return pd.Series(cells)
