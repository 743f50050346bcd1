"""Amazon ratings without the text of reviews: csv files of 2014, 2018 and 2023."""

import re
from collections.abc import Mapping
from pathlib import Path

from awrsr.data.readers.amazon_items import items_beside
from awrsr.data.readers.base import Raw, Reader, read_rows, with_rating
from awrsr.data.readers.columns import Columns
from awrsr.data.readers.looking import Look, look_at
from awrsr.errors import DataError

USER, ITEM, RATING, TIME = r"A[A-Z0-9]{8,20}", r"[A-Z0-9]{10}", r"\d(\.\d+)?", r"\d{9,10}"
LAYOUTS = {
    f"{USER},{ITEM},{RATING},{TIME}": ("user_id", "item_id", "rating", "timestamp"),
    f"{ITEM},{USER},{RATING},{TIME}": ("item_id", "user_id", "rating", "timestamp"),
}
"""Lines of 2014, and of 2018 with the item first; the columns of each."""
HEADER = "user_id,parent_asin,rating,timestamp"
"""The start of the first line of 2023."""


def _header(look: Look) -> tuple[str, ...] | None:
    """The columns of a file without a header, recognised by its lines."""
    fitting = [
        columns
        for line, columns in LAYOUTS.items()
        if look.lines and all(re.fullmatch(line, text.strip()) for text in look.lines)
    ]
    return fitting[0] if fitting else None


class AmazonRatings(Reader):
    """Amazon ratings, with titles from the metadata file in the same directory, if it exists."""

    name = "amazon_ratings"
    source = (
        "a csv file of Amazon ratings: ratings_NAME.csv without a header (2014: user, item, "
        "rating, time) or NAME.csv.gz with one (2023); titles from meta_NAME beside it"
    )

    @classmethod
    def recognises(cls, look: Look, given: Mapping[str, str]) -> bool:
        """By the form of the ids, or by the header of 2023."""
        return look.first.startswith(HEADER) or _header(look) is not None

    @staticmethod
    def read(source: Path, *, rating_column: str | None = None, encoding: str | None = None) -> Raw:
        """The interactions and the items; an item of 2023 is a parent_asin.

        Raises:
            DataError: the first lines are neither the header of 2023 nor ratings with ids of users
                and items that reveal the order of the columns.
        """
        look = look_at(source)
        names = with_rating({n: n for n in ("user_id", "item_id", "timestamp")}, rating_column)
        if look.first.startswith(HEADER):
            columns = Columns(names | {"item_id": "parent_asin"})
        elif header := _header(look):
            columns = Columns(names, header=header)
        else:
            raise DataError(
                f"{source}: expected the header {HEADER}, or lines such as "
                f"'A39HTATAQ9V7YF,0205616461,5.0,1369699200'; {look.words}"
            )
        rows = read_rows(source, columns, encoding=encoding)
        return Raw(rows, items_beside(rows))
