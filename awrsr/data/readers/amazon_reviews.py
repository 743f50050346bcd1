"""Amazon reviews of 2014, 2018 and 2023: one JSON object a line."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from awrsr.data.readers.amazon_items import items_beside
from awrsr.data.readers.base import Raw, Reader, read_rows
from awrsr.data.readers.columns import Columns
from awrsr.data.readers.looking import Look, look_at
from awrsr.errors import DataError

EDITIONS: tuple[dict[str, str], ...] = (
    {
        "user_id": "user_id",
        "item_id": "parent_asin",
        "timestamp": "timestamp",
        "rating": "rating",
    },
    {
        "user_id": "reviewerID",
        "item_id": "asin",
        "timestamp": "unixReviewTime",
        "rating": "overall",
    },
)
"""Our names and the fields' names, in 2023 and in earlier editions."""


def _edition(look: Look) -> dict[str, str] | None:
    return next((names for names in EDITIONS if look.fields >= {*names.values()}), None)


class AmazonReviews(Reader):
    """Amazon reviews, with titles from the metadata file in the same directory, if it exists."""

    name = "amazon_reviews"
    source = (
        "a file of Amazon reviews, reviews_NAME_5.json.gz (2014) or NAME.jsonl.gz (2023); titles "
        "from meta_NAME beside it"
    )

    @classmethod
    def recognises(cls, look: Look, given: Mapping[str, str]) -> bool:
        """By the fields of the first object."""
        return _edition(look) is not None

    @staticmethod
    def read(source: Path, *, rating_column: str | None = None, encoding: str | None = None) -> Raw:
        """The interactions and the items; an item of 2023 is a parent_asin.

        Raises:
            DataError: the first object is not that of a review.
        """
        look = look_at(source)
        names = _edition(look)
        if names is None:
            forms = " or ".join(", ".join(names.values()) for names in EDITIONS)
            raise DataError(f"{source}: expected JSON objects with {forms}; {look.words}")
        names = {name: names[name] for name in names if name != "rating" or rating_column}
        rows = read_rows(source, Columns(names), encoding=encoding)
        return Raw(replace(rows, kind="review"), items_beside(rows))
