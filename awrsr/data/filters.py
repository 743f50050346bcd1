"""Filters: which rows of a source become interactions, and counts of the others."""

from pathlib import Path
from typing import Any, Literal, Self

import pandas as pd
from pydantic import model_validator

from awrsr.config import Count, Seed
from awrsr.data.readers import Rows
from awrsr.data.times import as_numbers, as_times
from awrsr.errors import ConfigError, DataError, counted, shown
from awrsr.schema import Schema

Repeats = Literal["drop", "keep"]
Missing = Literal["refuse", "drop"]
Ties = Literal["shuffle", "file"]

ROWS_NAMED = 5
SHORTEST = 3
"""The shortest sequence that leave one out can divide."""

SHUFFLED = "shuffled"

NOTES = {
    "missing_dropped": ("missing dropped", "{missing_dropped:,} (no user or no item)"),
    "min_rating_left": ("rated", "{min_rating_left:,} with {min_rating:g} or more"),
    "repeats_dropped": ("repeats dropped", "{repeats_dropped:,} (same user, item and time)"),
    "repeats_kept": ("repeats kept", "{repeats_kept:,} (same user, item and time)"),
    "repeats_in_a_row": (
        "repeats in a row",
        "{repeats_in_a_row:,} (same user and item as the row before; without times, copies and "
        "repeats cannot be distinguished)",
    ),
    "time_unit": ("time unit", "{time_unit}, stored as whole seconds"),
    "ties": ("ties in time", "{ties:,} (same user and time as the row before); order: {order}"),
    "titles_dropped": ("titles dropped", "{titles_dropped:,} (no item)"),
    "untitled": ("without a title", "{untitled:,} (named by id)"),
}
"""Results that about["filters"] records in addition to the options, with their names and texts."""


class Filters(Schema):
    """The filters for interactions; the fields are options of `awrsr.prepare`.

    Raises:
        ConfigError: a value is not acceptable.
    """

    k_core: Count
    min_user: Count | None
    min_item: Count | None
    min_rating: float | None
    repeats: Repeats
    missing: Missing
    ties: Ties
    seed: Seed

    @model_validator(mode="after")
    def _seed_is_used(self) -> Self:
        if self.ties == "file" and self.seed != 0:
            raise ConfigError(
                f"seed is for shuffling rows with the same time, and ties 'file' shuffles nothing; "
                f"leave it out; received {self.seed}"
            )
        return self

    def asked(self) -> dict[str, Any]:
        """The numeric options that are set."""
        names = {"k_core", "min_user", "min_item", "min_rating"}
        return self.model_dump(include=names, exclude_none=True)

    def order(self, timed: bool) -> str:
        """What determines the order of a sequence, in words."""
        if not timed:
            return "file order"
        return "time, ties " + (
            "by file order" if self.ties == "file" else f"{SHUFFLED}, seed {self.seed}"
        )


def ties_are_shuffled(filters: dict[str, Any]) -> bool:
    """Whether rows of one user with equal times were shuffled, by about["filters"]."""
    return bool(filters.get("ties")) and SHUFFLED in str(filters.get("order", ""))


def notes(filters: dict[str, Any]) -> dict[str, str]:
    """The results in about["filters"] in words, by name, see NOTES."""
    return {
        name: words.format(**filters) for entry, (name, words) in NOTES.items() if entry in filters
    }


def filter_rows(
    rows: Rows, filters: Filters, found: dict[str, int | str], shortest: int = SHORTEST
) -> pd.DataFrame:
    """The interactions that pass the filters; counts of the others are added to `found`.

    Args:
        shortest: the shortest sequence that the split allows.

    Returns:
        user_id, item_id and, if the source has times, `moment` (with the precision of the source)
        and `timestamp` (whole seconds).

    Raises:
        DataError: a row lacks an id, time or rating that it needs, or too few rows are left.
    """
    kept = with_ids(rows, ["user_id", "item_id"], filters.missing)
    if kept.empty:
        qualifier = "" if rows.frame.empty else " that have a user and an item"
        raise DataError(f"{rows.path} holds no interactions{qualifier}")
    found["missing_dropped"] = len(rows.frame) - len(kept)
    if filters.min_rating is not None:
        kept = _rated(kept, filters.min_rating, rows)
        found["min_rating_left"] = len(kept)
    if "timestamp" in kept:
        times = as_times(kept["timestamp"], rows.place)
        kept = kept.assign(moment=times.moments, timestamp=times.seconds)
        found["time_unit"] = "" if times.unit == "seconds" else times.unit
    copies = _copies(kept)
    found["repeats_kept" if filters.repeats == "keep" else "repeats_dropped"] = int(copies.sum())
    if filters.repeats == "drop":
        kept = kept[~copies]
    min_user, min_item = filters.min_user or filters.k_core, filters.min_item or filters.k_core
    kept = filter_k_core(kept, min_user, min_item)
    if kept.empty:
        core = f"{min_user}-core"
        if min_user != min_item:
            core = f"filters min_user {min_user} and min_item {min_item}"
        raise DataError(
            f"no interaction of {rows.path} is left after the {core}; read: "
            f"{counted(len(rows.frame), 'interaction')} of "
            f"{counted(rows.frame['user_id'].nunique(), 'user')} with "
            f"{counted(rows.frame['item_id'].nunique(), 'item')}"
        )
    _check_enough(kept, rows.path, shortest)
    return kept


def with_ids(rows: Rows, ids: list[str], missing: Missing) -> pd.DataFrame:
    """The rows that have these ids.

    Raises:
        DataError: rows lack an id and `missing` is "refuse"; the message names the first few.
    """
    lacking = rows.frame[ids].isna().any(axis=1)
    if lacking.any() and missing == "refuse":
        numbers = rows.frame.index[lacking]
        named = ", ".join(map(str, numbers[:ROWS_NAMED]))
        more = ", ..." if len(numbers) > ROWS_NAMED else ""
        raise DataError(
            f"{rows.place} {named}{more}: an id is missing in {counted(len(numbers), 'row')} "
            "(blank, nan, None and NULL are not ids); --missing drop leaves such rows out"
        )
    return rows.frame[~lacking]


def _rated(kept: pd.DataFrame, min_rating: float, rows: Rows) -> pd.DataFrame:
    """The rows with at least this rating."""
    ratings = as_numbers(kept["rating"])
    unreadable = kept["rating"][ratings.isna()]
    if len(unreadable):
        row, rating = unreadable.index[0], shown(unreadable.iloc[0])
        raise DataError(f"{rows.place} {row}: rating {rating} is not a number")
    if not (ratings >= min_rating).any():
        raise DataError(
            f"{rows.path} has no rating of {min_rating:g} or more; its ratings are "
            f"{ratings.min():g} to {ratings.max():g}"
        )
    return kept[ratings >= min_rating]


def _copies(interactions: pd.DataFrame) -> "pd.Series[bool]":
    """Which rows repeat the user, the item and the exact time of an earlier row.

    Times are compared with the precision of the source: in a log in milliseconds, two events within
    one second are different. Without times, copies and repeats cannot be distinguished, and no row
    is marked.
    """
    if "moment" not in interactions:
        return pd.Series(False, index=interactions.index)
    return interactions.duplicated(["user_id", "item_id", "moment"])


def filter_k_core(interactions: pd.DataFrame, min_user: int, min_item: int) -> pd.DataFrame:
    """The largest subset in which every user has at least `min_user` interactions and every item at
    least `min_item`; copies of a row count once."""
    distinct = ~_copies(interactions)
    while True:
        size = len(interactions)
        for column, minimum in (("user_id", min_user), ("item_id", min_item)):
            enough = distinct.groupby(interactions[column].array).transform("sum") >= minimum
            interactions, distinct = interactions[enough], distinct[enough]
        if len(interactions) == size:
            return interactions


def _check_enough(rows: pd.DataFrame, source: Path, needed: int) -> None:
    users = rows["user_id"].nunique()
    if users < 2:
        raise DataError(
            f"{source} has {counted(users, 'user')} left after filtering; 2 or more are needed"
        )
    shortest = int(rows.groupby("user_id").size().min())
    if shortest < needed:
        raise DataError(
            f"{source}: a user has {counted(shortest, 'interaction')}; leave-one-out needs "
            "3 or more (one each to train, to validate, to test): raise min_user"
        )
