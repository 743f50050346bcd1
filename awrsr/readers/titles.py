"""A csv or parquet file that describes items."""

from pathlib import Path

from awrsr.readers.base import Rows, read_rows
from awrsr.readers.columns import Columns


def read_titles(
    source: Path,
    *,
    item_column: str = "item",
    separator: str | None = None,
    encoding: str | None = None,
) -> Rows:
    """The items of a file: item_id, title and all further columns.

    Raises:
        ConfigError: see `read_rows`.
        DataError: see `read_rows`.
    """
    columns = Columns(
        {"item_id": item_column, "title": "title"},
        further=True,
        options={"item_id": "item_column"},
    )
    return read_rows(source, columns, separator=separator, encoding=encoding)
