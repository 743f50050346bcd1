"""Raw files to interactions and items: one reader per format, in the order of display.

A new reader is a file and a line here.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from awrsr.data.readers.amazon_ratings import AmazonRatings
from awrsr.data.readers.amazon_reviews import AmazonReviews
from awrsr.data.readers.base import Raw, Reader, Rows, keyword_only, read_rows
from awrsr.data.readers.columns import Columns
from awrsr.data.readers.lcrec import LCRec
from awrsr.data.readers.looking import Look, look_at
from awrsr.data.readers.movielens import MovieLens
from awrsr.data.readers.movielens_100k import MovieLens100K
from awrsr.data.readers.movielens_dat import MovieLensDat
from awrsr.data.readers.p5 import P5
from awrsr.data.readers.recbole import RecBole
from awrsr.data.readers.s3rec import S3Rec
from awrsr.data.readers.table import Table
from awrsr.data.readers.titles import read_titles
from awrsr.errors import ConfigError, DataError
from awrsr.family import Family

__all__ = ["READERS", "Columns", "Look", "Raw", "Reader", "Rows", "read", "read_rows", "recognise"]

READERS: Family[Reader] = Family(
    "format",
    Reader,
    group="awrsr.readers",
    members=(
        MovieLens,
        MovieLens100K,
        MovieLensDat,
        AmazonReviews,
        AmazonRatings,
        RecBole,
        S3Rec,
        P5,
        LCRec,
        Table,
    ),
    facts=("source",),
)


def recognise(source: Path, **options: str | None) -> str:
    """The name of the format of a source.

    Args:
        source: a file or a directory.
        options: options of the reader; formats that do not accept all given options are excluded.

    Raises:
        DataError: the source cannot be read, or fits no format or several.
    """
    given = _given(options)
    look = look_at(source, given.get("encoding"))
    possible = {
        name: reader
        for name, reader in READERS.items()
        if given.keys() <= {*reader.options(), *keyword_only(read_titles)}
    }
    found = [name for name, reader in possible.items() if reader.recognises(look, given)]
    if len(found) == 1:
        return found[0]
    asked = f" with {', '.join(given)}" if given else ""
    if found:
        raise DataError(
            f"{source}{asked} could be in the formats {' and '.join(found)}; --format chooses one"
        )
    raise DataError(
        f"{source} is in no format that is recognised{asked}: {look.words}. Accepted: "
        f"{', '.join(possible) or 'no format with all of these options'}; prepare --help describes "
        "them, --format insists on one. Of a table, --user_column, --item_column and --time_column "
        "name the columns"
    )


def read(source: Path, *, format: str, titles: Path | None = None, **options: str | None) -> Raw:
    """The contents of a source, with the titles of its items.

    Args:
        source: a file or a directory in this format.
        format: the name of a reader.
        titles: a file that describes the items, for formats without titles.
        options: options of the reader and of `read_titles`; None means not given.

    Raises:
        ConfigError: no such format, or an option that does not apply to it.
        DataError: a file is malformed, or titles are given for a format that has its own.
    """
    reader = READERS.named(format)
    given = _given(options)
    accepted = reader.options()
    for_titles = keyword_only(read_titles) if titles else []
    for name in given:
        if name not in (*accepted, *for_titles):
            cause = " and thus no min_rating" if name == "rating_column" else ""
            raise ConfigError(
                f"format {format!r} takes no {name}{cause}; it takes {', '.join(accepted)}"
            )
    raw = reader.read(source, **{name: given[name] for name in given if name in accepted})
    if titles is None:
        return raw
    if raw.items is not None:
        raise DataError(f"format {format!r} has its own titles; leave titles out")
    items = read_titles(titles, **{name: given[name] for name in given if name in for_titles})
    return replace(raw, items=items)


def _given(options: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in options.items() if value is not None}
