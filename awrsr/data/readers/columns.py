"""Named columns of a csv, JSON lines or parquet file."""

import re
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from awrsr.data.readers.json_text import cell_text, read_json_lines
from awrsr.data.readers.text import (
    SEPARATORS,
    check_separator,
    first_bytes,
    first_line,
    open_text,
    refuse_foreign,
)
from awrsr.errors import DataError, did_you_mean, shown
from awrsr.io.parquet import read_table, to_frame

NUMBERS = ("timestamp", "rating")
"""Our columns that are read as numbers if possible; all others are read as text."""
RESERVED = ("item", "item_id", "title")
"""The names of a catalogue's own columns."""
NAMES_SHOWN = 20


@dataclass(frozen=True)
class Columns:
    """The columns to read from a file.

    Args:
        names: our name -> the name in the file.
        further: whether to read all other columns too, under their own names.
        options: our name -> the option with which a user chooses another column.
        header: the names of all columns, for a csv file whose first line does not name them.
    """

    names: Mapping[str, str]
    further: bool = False
    options: Mapping[str, str] = field(default_factory=dict)
    header: Sequence[str] | None = None

    def check(self, path: Path, found: Sequence[str], hint: str = "") -> None:
        """Refuse a file with the columns `found` if one of ours is missing or occurs twice."""
        for name, name_in_file in self.names.items():
            if name_in_file not in found:
                listed = ", ".join(map(shown, found[:NAMES_SHOWN]))
                hidden = len(found) - NAMES_SHOWN
                listed += f" and {hidden:,} more" if hidden > 0 else ""
                option = f" --{self.options[name]} names another." if name in self.options else ""
                raise DataError(
                    f"{path}: missing column {name_in_file!r}; it has {listed}."
                    f"{hint or did_you_mean(name_in_file, found) + option}"
                )
        for name, count in Counter(found).items():
            if count > 1 and (name in self.names.values() or self.further and name):
                raise DataError(f"{path}: column {shown(name)} occurs {count} times")
        for name in RESERVED:
            if self.further and name in found and name not in self.names.values():
                raise DataError(f"{path}: a further column cannot be called {name!r}; rename it")


def read_columns(
    path: Path, columns: Columns, *, separator: str | None = None, encoding: str | None = None
) -> pd.DataFrame:
    """Columns of a file under our names; the index counts the rows from 1.

    Args:
        path: a csv, JSON lines or parquet file, recognised by its suffix or its beginning.
        columns: the columns to read; lists and structs in further columns become text.
        separator: the separator of a csv file, see `check_separator`; default: tab if the name
            says tsv, otherwise comma.
        encoding: the encoding of text, see `open_text`.

    Raises:
        ConfigError: no such separator or encoding.
        DataError: the file cannot be read, lacks a column, has one twice, or has a row with more
            values than columns.
    """
    usual = "tab" if ".tsv" in path.suffixes else "comma"
    sign = check_separator(usual if separator is None else separator)
    if is_parquet(path):
        frame = _read_parquet(path, columns)
    elif columns.header is None and first_line(path, encoding).lstrip().startswith("{"):
        wanted = None if columns.further else columns.names.values()
        frame = read_json_lines(path, wanted, encoding, plain=[*columns.names.values()])
        columns.check(path, [*frame.attrs["fields"]])
    else:
        frame = _read_csv(path, columns, sign, encoding)
    kept = {name: frame[name_in_file] for name, name_in_file in columns.names.items()}
    if columns.further:
        kept |= {str(n): frame[n] for n in frame.columns if n not in columns.names.values()}
    return pd.DataFrame(kept).set_axis(pd.RangeIndex(1, len(frame) + 1))


def is_parquet(path: Path) -> bool:
    """Whether a file is parquet by its first bytes or its suffix."""
    with suppress(OSError):
        if first_bytes(path) == b"PAR1":
            return True
    return path.suffix.lower() in (".parquet", ".pq")


def _read_parquet(path: Path, columns: Columns) -> pd.DataFrame:
    table = read_table(path, None if columns.further else [*columns.names.values()])
    columns.check(path, pq.read_schema(path).names)
    table = table.replace_schema_metadata(None)  # treat the index of pandas as a column
    for name in table.column_names:
        place = table.column_names.index(name)
        if re.fullmatch(r"__index_level_\d+__", name):
            table = table.remove_column(place)
        elif name not in columns.names.values() and pa.types.is_nested(table[name].type):
            text = [cell_text(cell) for cell in table[name].to_pylist()]
            table = table.set_column(place, name, pa.array(text, pa.string()))
    return to_frame(table, path)


def _read_csv(path: Path, columns: Columns, sign: str, encoding: str | None) -> pd.DataFrame:
    text = {in_file: str for name, in_file in columns.names.items() if name not in NUMBERS}
    form: dict[str, Any] = {"sep": sign, "index_col": False, "keep_default_na": False}
    form["low_memory"] = False  # one type per column, not per block of rows
    with open_text(path, encoding) as file, warnings.catch_warnings():
        # By default, one value too many in every row would silently shift the columns by one.
        warnings.simplefilter("error", pd.errors.ParserWarning)
        try:
            if columns.header is not None:
                form |= {"header": None, "names": [*columns.header]}
            else:
                header = pd.read_csv(file, header=None, nrows=1, dtype=str, **form).iloc[0].tolist()
                if not set(header).issuperset(columns.names.values()):
                    refuse_foreign(path, sign.join(header))
                columns.check(path, header, _hint(header))
                file.seek(0)
            frame: pd.DataFrame = pd.read_csv(file, dtype=text, **form)
            return frame
        except pd.errors.EmptyDataError:
            raise DataError(
                f"{path} is empty; expected columns {', '.join(columns.names.values())}"
            ) from None
        except pd.errors.ParserWarning:
            raise DataError(
                f"{path}, data row 1: more values than columns; {_quotes(sign)}"
            ) from None
        except pd.errors.ParserError as error:
            raise DataError(_malformed(path, str(error), sign)) from error


def _quotes(sign: str) -> str:
    name = next((name for name, known in SEPARATORS.items() if known == sign), repr(sign))
    return f"a value with a {name} needs quotes"


def _malformed(path: Path, message: str, sign: str) -> str:
    """The error in a csv file, derived from the message of pandas."""
    if found := re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", message):
        expected, line, seen = found.groups()
        return f"{path}, line {line}: {seen} values in {expected} columns; {_quotes(sign)}"
    if found := re.search(r"EOF inside string starting at row (\d+)", message):
        return f"{path}, data row {found[1]}: a quote is opened and never closed"
    return f"{path} is not readable csv: {' '.join(message.split())}"


def _hint(header: list[str]) -> str:
    """The likely error in a first line that lacks a column."""
    hint = ""
    present = [name for name, known in SEPARATORS.items() if known in header[0]]
    if len(header) == 1 and present:
        hint = f" Its values seem to be separated by {present[0]}: --separator {present[0]}."
        header = header[0].split(SEPARATORS[present[0]])
    if any(re.fullmatch(r"-?\d+(\.\d+)?", cell) for cell in header):
        hint += " Its first line must name the columns."
    return hint
