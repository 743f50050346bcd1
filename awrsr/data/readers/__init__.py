"""Raw files to interactions and items, one reader a format.

A reader is a function of the source and of the options that go with its format, keyword-only. It
gives a `Raw`. A new one is a file in this folder, a line in READERS and its name in Format.
"""

import inspect
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Literal

from awrsr.data.readers.base import Raw, Rows
from awrsr.data.readers.movielens import read_movielens
from awrsr.data.readers.s3rec import read_s3rec
from awrsr.data.readers.table import read_table
from awrsr.data.readers.titles import read_titles
from awrsr.errors import ConfigError, DataError, check_choice

__all__ = ["READERS", "Format", "Raw", "Rows", "read"]

Format = Literal["movielens", "s3rec", "table"]

READERS: dict[Format, Callable[..., Raw]] = {
    "movielens": read_movielens,
    "s3rec": read_s3rec,
    "table": read_table,
}


def read(source: Path, *, format: Format, titles: Path | None = None, **options: str | None) -> Raw:
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
    check_choice("format", format, READERS)
    reader = READERS[format]
    given = {name: value for name, value in options.items() if value is not None}
    takes = _options(reader)
    of_titles = _options(read_titles) if titles else []
    for name in given:
        if name not in (*takes, *of_titles):
            so = ", so no min_rating" if name == "rating_column" else ""
            raise ConfigError(f"format {format!r} takes no {name}{so}; it takes {', '.join(takes)}")
    raw = reader(source, **{name: given[name] for name in given if name in takes})
    if titles is None:
        return raw
    if raw.items is not None:
        raise DataError(f"format {format!r} brings its own titles; leave titles out")
    items = read_titles(titles, **{name: given[name] for name in given if name in of_titles})
    return replace(raw, items=items)


def _options(reader: Callable[..., object]) -> list[str]:
    parameters = inspect.signature(reader).parameters.values()
    return [each.name for each in parameters if each.kind is each.KEYWORD_ONLY]
