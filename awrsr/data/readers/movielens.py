"""A MovieLens folder: ratings.csv and movies.csv, as in ml-latest, ml-20m and later releases."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from awrsr.data.readers.base import Raw, Reader, read_rows
from awrsr.data.readers.columns import Columns
from awrsr.data.readers.looking import Look
from awrsr.errors import DataError
from awrsr.io.files import reading


class MovieLens(Reader):
    """A MovieLens folder, as in ml-latest, ml-20m and later releases."""

    name = "movielens"
    source = "MovieLens 20M and later, or latest: a directory with ratings.csv and movies.csv"

    @classmethod
    def recognises(cls, look: Look, given: Mapping[str, str]) -> bool:
        """By the names of its two files."""
        return look.names >= {"ratings.csv", "movies.csv"}

    @staticmethod
    def read(
        source: Path,
        *,
        rating_column: str | None = None,
        separator: str | None = None,
        encoding: str | None = None,
    ) -> Raw:
        """The interactions and the items of a MovieLens folder; genres as "Comedy|Drama"."""
        with reading(source, DataError):
            if not source.is_dir():
                raise DataError(
                    f"{source} is not a directory; movielens needs one with ratings.csv, movies.csv"
                )
        names = {"user_id": "userId", "item_id": "movieId", "timestamp": "timestamp"}
        if rating_column:
            names["rating"] = rating_column
        ratings = Columns(names, options={"rating": "rating_column"})
        movies = Columns({"item_id": "movieId", "title": "title", "genres": "genres"})
        items = read_rows(source / "movies.csv", movies, separator=separator, encoding=encoding)
        genres = items.frame["genres"].replace("(no genres listed)", "").fillna("")
        return Raw(
            read_rows(source / "ratings.csv", ratings, separator=separator, encoding=encoding),
            replace(items, frame=items.frame.assign(genres=genres)),
        )
