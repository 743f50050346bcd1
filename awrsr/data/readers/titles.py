"""A file that describes items: csv, JSON lines, parquet, or metadata of Amazon."""

from pathlib import Path

from awrsr.data.readers.amazon_items import is_metadata, read_metadata
from awrsr.data.readers.base import Rows, read_rows
from awrsr.data.readers.columns import Columns
from awrsr.data.readers.looking import look_at
from awrsr.data.readers.text import SEPARATORS
from awrsr.errors import DataError


def read_titles(
    source: Path,
    *,
    item_column: str = "item",
    separator: str | None = None,
    encoding: str | None = None,
) -> Rows:
    """The items of a file: item_id, title and all further columns.

    `item_column` and `separator` are those of the interactions. Titles often come from another
    source: if the header does not match, the column `item` and other separators are tried. For
    Amazon metadata see `read_metadata`.

    Raises:
        ConfigError: see `read_rows`.
        DataError: see `read_rows`.
    """
    if is_metadata(look_at(source)):
        return read_metadata(source, encoding)
    preferred = "comma" if separator is None else separator
    refusal = None
    for name in dict.fromkeys((item_column, "item")):
        for sign in dict.fromkeys((preferred, *SEPARATORS)):
            columns = Columns(
                {"item_id": name, "title": "title"},
                further=True,
                options={"item_id": "item_column"},
            )
            try:
                return read_rows(source, columns, separator=sign, encoding=encoding)
            except DataError as error:
                refusal = refusal or error
    assert refusal is not None
    raise refusal
