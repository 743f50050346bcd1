"""Raw files to interactions and items, one reader a format.

In the order in which they are shown. A new one is a file and a line here.
"""

from dataclasses import replace
from pathlib import Path

from awrsr.data.readers.base import Raw, Reader, Rows, keyword_only, read_rows
from awrsr.data.readers.columns import Columns
from awrsr.data.readers.movielens import MovieLens
from awrsr.data.readers.s3rec import S3Rec
from awrsr.data.readers.table import Table
from awrsr.data.readers.titles import read_titles
from awrsr.errors import ConfigError, DataError
from awrsr.family import Family

__all__ = ["READERS", "Columns", "Raw", "Reader", "Rows", "read", "read_rows"]

READERS: Family[Reader] = Family(
    "format",
    Reader,
    group="awrsr.readers",
    members=(MovieLens, S3Rec, Table),
    facts=("source",),
)


def read(source: Path, *, format: str, titles: Path | None = None, **options: str | None) -> Raw:
    """What a source holds, and what the file of titles says of its items.

    Args:
        source: what the reader of the format reads.
        format: how to read it.
        titles: a file that describes the items, for formats that do not.
        options: of the reader and of `read_titles`; None is an option that was not given.

    Raises:
        ConfigError: no such format, or an option that does not go with it.
        DataError: a file is not as it should be, or titles where the format brings its own.
    """
    reader = READERS.named(format)
    given = {name: value for name, value in options.items() if value is not None}
    takes = reader.options()
    of_titles = keyword_only(read_titles) if titles else []
    for name in given:
        if name not in (*takes, *of_titles):
            so = ", so no min_rating" if name == "rating_column" else ""
            raise ConfigError(f"format {format!r} takes no {name}{so}; it takes {', '.join(takes)}")
    raw = reader.read(source, **{name: given[name] for name in given if name in takes})
    if titles is None:
        return raw
    if raw.items is not None:
        raise DataError(f"format {format!r} brings its own titles; leave titles out")
    items = read_titles(titles, **{name: given[name] for name in given if name in of_titles})
    return replace(raw, items=items)
