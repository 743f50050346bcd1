"""MovieLens 1M and 10M: ratings.dat and movies.dat, whose values are separated by '::'."""

from collections.abc import Mapping
from pathlib import Path

from awrsr.data.readers.base import (
    Raw,
    Reader,
    Rows,
    items_of,
    read_rows,
    with_rating,
    within,
)
from awrsr.data.readers.columns import Columns
from awrsr.data.readers.looking import Look
from awrsr.data.readers.text import latin_or_utf8, open_text
from awrsr.errors import DataError, shown

INTERACTIONS = "ratings.dat"
BETWEEN = ("between_1", "between_2", "between_3")
HEADER = ("user_id", BETWEEN[0], "item_id", BETWEEN[1], "rating", BETWEEN[2], "timestamp")
"""The columns of ratings.dat with ':' as the separator, which gives an empty column between two
columns. A separator of two characters would take ten times as long."""


class MovieLensDat(Reader):
    """MovieLens 1M and 10M: files without a header, values separated by '::'."""

    name = "movielens_dat"
    source = "MovieLens 1M or 10M: a directory with ratings.dat and movies.dat, or its ratings.dat"

    @classmethod
    def recognises(cls, look: Look, given: Mapping[str, str]) -> bool:
        """By the name ratings.dat."""
        return INTERACTIONS in look.names

    @staticmethod
    def read(source: Path, *, rating_column: str | None = None, encoding: str | None = None) -> Raw:
        """The interactions and the items; genres as "Comedy|Drama".

        The encoding of movies.dat is recognised: UTF-8 or latin-1.
        """
        names = with_rating({n: n for n in ("user_id", "item_id", "timestamp")}, rating_column)
        columns = Columns(names | {n: n for n in BETWEEN}, header=HEADER)
        path = within(source, INTERACTIONS)
        frame = read_rows(path, columns, separator=":", encoding=encoding).frame
        wrong = frame.index[frame[[*BETWEEN]].notna().any(axis=1) | frame["timestamp"].isna()]
        if len(wrong):
            raise DataError(f"{path}, line {wrong[0]}: expected 'user::item::rating::time'")
        return Raw(Rows(frame[[*names]], path, "line"), _items(source, encoding))


def _items(source: Path, encoding: str | None) -> Rows:
    path = within(source, INTERACTIONS).with_name("movies.dat")
    found = []
    with open_text(path, encoding or latin_or_utf8(path)) as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            id_, first, rest = line.rstrip("\r\n").partition("::")
            title, second, genres = rest.rpartition("::")
            if not (first and second):
                raise DataError(
                    f"{path}, line {number}: expected 'id::title::genres', received {shown(line)}"
                )
            genres = genres.replace("(no genres listed)", "")
            found.append(
                {
                    "item_id": id_,
                    "title": title,
                    "genres": genres,
                }
            )
    return items_of(found, path)
