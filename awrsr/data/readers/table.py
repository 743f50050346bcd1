"""A csv, JSON lines or parquet file of interactions, one per row."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from awrsr.data.readers.base import Raw, Reader, read_rows
from awrsr.data.readers.columns import Columns
from awrsr.data.readers.looking import Look
from awrsr.errors import ConfigError

OPTIONS = {
    "user_id": "user_column",
    "item_id": "item_column",
    "timestamp": "time_column",
    "rating": "rating_column",
}
COLUMNS = {"user_column": "user", "item_column": "item", "time_column": "timestamp"}
"""The options for columns and their defaults."""


class Table(Reader):
    """A file of interactions, one per row."""

    name = "table"
    source = "a csv, tsv, JSON lines or parquet file with columns user, item, timestamp"

    @classmethod
    def recognises(cls, look: Look, given: Mapping[str, str]) -> bool:
        """By the names of its columns."""
        names = {given.get(option, usual) for option, usual in COLUMNS.items()}
        sign = given.get("separator", "")
        cells = [{cell.strip('"') for cell in look.first.split(sign)}] if len(sign) == 1 else []
        return any(header >= names for header in [*look.headers(), *cells])

    @staticmethod
    def read(
        source: Path,
        *,
        user_column: str = COLUMNS["user_column"],
        item_column: str = COLUMNS["item_column"],
        time_column: str = COLUMNS["time_column"],
        rating_column: str | None = None,
        separator: str | None = None,
        encoding: str | None = None,
    ) -> Raw:
        """The interactions of a file with these columns.

        Raises:
            ConfigError: two options name the same column; or see `read_rows`.
            DataError: see `read_rows`.
        """
        names = {"user_id": user_column, "item_id": item_column, "timestamp": time_column}
        if rating_column:
            names["rating"] = rating_column
        for name, times in Counter(names.values()).items():
            if times > 1:
                roles = " and ".join(OPTIONS[role] for role in names if names[role] == name)
                raise ConfigError(f"{roles} both name column {name!r}; each needs its own column")
        columns = Columns(names, options=OPTIONS)
        return Raw(read_rows(source, columns, separator=separator, encoding=encoding))
