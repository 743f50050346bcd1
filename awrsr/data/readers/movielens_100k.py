"""MovieLens 100K: u.data and u.item."""

import re
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

INTERACTIONS = "u.data"
GENRES = (
    *("unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime"),
    *("Documentary", "Drama", "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery"),
    *("Romance", "Sci-Fi", "Thriller", "War", "Western"),
)
"""The meaning of the flags at the end of a line of u.item."""
FACTS = 5
"""Values before the flags: id, title, release date, date of the video, address."""


class MovieLens100K(Reader):
    """MovieLens 100K: u.data has tabs and no header, u.item has bars and one flag per genre."""

    name = "movielens_100k"
    source = "MovieLens 100K: a directory with u.data and u.item, or its u.data"

    @classmethod
    def recognises(cls, look: Look, given: Mapping[str, str]) -> bool:
        """By the name u.data."""
        return INTERACTIONS in look.names

    @staticmethod
    def read(source: Path, *, rating_column: str | None = None, encoding: str | None = None) -> Raw:
        """The interactions and the items; genres as "Comedy|Drama" and the year of release.

        The encoding of u.item is recognised: UTF-8 or latin-1.
        """
        names = {name: name for name in ("user_id", "item_id", "timestamp")}
        header = ("user_id", "item_id", "rating", "timestamp")
        ratings = read_rows(
            within(source, INTERACTIONS),
            Columns(with_rating(names, rating_column), header=header),
            separator="tab",
            encoding=encoding,
        )
        return Raw(Rows(ratings.frame, ratings.path, "line"), _items(source, encoding))


def _items(source: Path, encoding: str | None) -> Rows:
    path = within(source, INTERACTIONS).with_name("u.item")
    found = []
    with open_text(path, encoding or latin_or_utf8(path)) as file:
        for number, line in enumerate(file, start=1):
            values = line.rstrip("\r\n").split("|")
            if values == [""]:
                continue
            flags = values[FACTS:]
            if len(values) != FACTS + len(GENRES) or not {*flags} <= {"0", "1"}:
                raise DataError(
                    f"{path}, line {number}: expected an id, a title, two dates, an address and "
                    f"{len(GENRES)} flags of 0 or 1, with bars between them; received {shown(line)}"
                )
            genres = [genre for genre, flag in zip(GENRES, flags, strict=True) if flag == "1"]
            year = re.search(r"\d{4}$", values[2])
            found.append(
                {
                    "item_id": values[0],
                    "title": values[1],
                    "genres": "|".join(genres).replace("unknown", ""),
                    "year": year[0] if year else "",
                }
            )
    return items_of(found, path)
