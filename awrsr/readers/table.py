"""A csv or parquet file of interactions, one a row."""

from pathlib import Path

from awrsr.readers.base import Raw, read_rows
from awrsr.readers.columns import Columns

OPTIONS = {
    "user_id": "user_column",
    "item_id": "item_column",
    "timestamp": "time_column",
    "rating": "rating_column",
}


def read_table(
    source: Path,
    *,
    user_column: str = "user",
    item_column: str = "item",
    time_column: str = "timestamp",
    rating_column: str | None = None,
    separator: str | None = None,
    encoding: str | None = None,
) -> Raw:
    """The interactions of a file with these columns."""
    names = {"user_id": user_column, "item_id": item_column, "timestamp": time_column}
    if rating_column:
        names["rating"] = rating_column
    columns = Columns(names, options=OPTIONS)
    return Raw(read_rows(source, columns, separator=separator, encoding=encoding))
