"""Raw files to a Dataset: read, filter, order by time, number the items."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from awrsr.config import LEAVE_ONE_OUT, Split
from awrsr.data.dataset import Dataset
from awrsr.data.filters import SHORTEST, Filters, Missing, Repeats, Ties, filter_rows, with_ids
from awrsr.data.readers import Rows, read, recognise
from awrsr.data.splits import check_rule, time_split
from awrsr.errors import ConfigError, DataError


def prepare(
    source: str | Path,
    *,
    name: str,
    format: str | None = None,
    k_core: int = 5,
    min_user: int | None = None,
    min_item: int | None = None,
    min_rating: float | None = None,
    repeats: Repeats = "drop",
    missing: Missing = "refuse",
    ties: Ties = "shuffle",
    seed: int = 0,
    split: str = LEAVE_ONE_OUT,
    titles: Path | str | None = None,
    user_column: str | None = None,
    item_column: str | None = None,
    time_column: str | None = None,
    rating_column: str | None = None,
    separator: str | None = None,
    encoding: str | None = None,
    about: dict[str, Any] | None = None,
) -> Dataset:
    """A Dataset from raw files.

    Rows are dropped in this order: on request rows without an id and rows with a low rating; copies
    of a row; then users and items with too few interactions, repeatedly, until every user and item
    has enough. Sequences are ordered by time. Rows with the same user and time have no order: they
    are shuffled, because the order of a file may have another cause, such as the item ids, and a
    model could learn it. Without times, the order of the file is used.
    Items are numbered by id: numerically if all ids are whole numbers, otherwise alphabetically.
    `about["filters"]` records the options and how many rows were dropped or found, see NOTES.

    Args:
        source: a file or a directory in one of the formats of `awrsr.data.readers`. Times are
            ISO 8601 dates or numbers: seconds since 1970 or, recognised by their size, milli-,
            micro- or nanoseconds.
        name: the dataset's name.
        format: the format of the source; by default it is recognised.
        k_core: minimal number of interactions per user and per item; 1 keeps all.
        min_user: minimal number of interactions per user, if different from k_core.
        min_item: minimal number of interactions per item, if different from k_core.
        min_rating: keep interactions with at least this rating; by default all.
        repeats: drop or keep rows that repeat the user, item and time of another row; kept ones
            count once for k_core. A source without times keeps all its rows.
        missing: refuse or drop rows whose user or item is blank, nan, None or NULL.
        ties: shuffle the rows of one user that have the same time, or keep the order of the file,
            if that is the order of events. A source without times keeps its order.
        seed: seed of the shuffle; the same seed and file give the same order on every machine.
        split: leave_one_out (the last item of every user is the test item, the last but one the
            validation item), or a split by time for all users: time:0.9 has the first 90% of the
            interactions before the test, time:2015-06-01 those before that day (UTC). See
            `awrsr.data.splits`.
        titles: a csv, JSON lines or parquet file with columns item, title and any others, or a file
            of Amazon metadata (not for formats with their own titles); an item without a title is
            named by its id.
        user_column: the column of users, if columns are named; default: user, in atomic files
            user_id.
        item_column: the column of items, also in the titles; default: item, in atomic files
            item_id.
        time_column: the column of times, if columns are named; default: timestamp.
        rating_column: the column that min_rating is compared with; default: rating.
        separator: the separator in a csv file: comma, tab, semicolon, pipe, space or the character
            itself; default: tab in .tsv and atomic files, otherwise comma.
        encoding: the encoding of text without a byte-order mark, such as latin-1; default: utf-8.
        about: source, licence, citation; stored in dataset.json.

    Raises:
        ConfigError: an option is not acceptable, does not apply to the format (a split by time
            without times), or would have no effect (a seed if nothing is shuffled).
        DataError: a file is missing, empty, not in this format or not readable, lacks a column, has
            rows without an id, or too few rows are left after filtering; or no format is
            recognised, or several.
    """
    filters = Filters(
        k_core=k_core,
        min_user=min_user,
        min_item=min_item,
        min_rating=min_rating,
        repeats=repeats,
        missing=missing,
        ties=ties,
        seed=seed,
    )
    check_rule(split)
    if min_rating is None and rating_column is not None:
        raise ConfigError("rating_column is the column for min_rating; give min_rating too")
    options = {
        "user_column": user_column,
        "item_column": item_column,
        "time_column": time_column,
        "rating_column": None if min_rating is None else rating_column or "rating",
        "separator": separator,
        "encoding": encoding,
    }
    if format is None:
        format = recognise(Path(source), **options)
    raw = read(
        Path(source),
        format=format,
        titles=None if titles is None else Path(titles),
        **options,
    )
    found: dict[str, int | str] = {}
    if split != LEAVE_ONE_OUT and "timestamp" not in raw.interactions.frame:
        raise ConfigError(
            f"{raw.interactions.path} has no timestamps: a split by time is impossible; received "
            f"split {split!r}, accepted: {LEAVE_ONE_OUT}"
        )
    shortest = SHORTEST if split == LEAVE_ONE_OUT else 1
    rows = filter_rows(raw.interactions, filters, found, shortest)
    if "timestamp" not in rows and seed != 0:
        raise ConfigError(
            f"seed is for shuffling rows with the same time, and {raw.interactions.path} has no "
            f"times; leave it out; received {seed}"
        )
    user_ids, item_ids = _in_order(rows["user_id"]), _in_order(rows["item_id"])
    rows = _ordered(rows, user_ids, item_ids, filters, found)
    items = _catalogue(item_ids, raw.items, missing, found)

    record = {**filters.asked(), "format": format, "order": filters.order("timestamp" in rows)}
    record |= {name: value for name, value in found.items() if value}
    lengths = np.bincount(rows["user"], minlength=len(user_ids))
    times = rows["timestamp"].to_numpy(copy=True) if "timestamp" in rows else None
    dataset = Dataset(
        name=name,
        about={**(about or {}), "filters": record},
        items=items,
        user_ids=user_ids,
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        flat_items=rows["item"].to_numpy(np.int32, copy=True),
        flat_timestamps=times,
        time_split=None if split == LEAVE_ONE_OUT or times is None else time_split(split, times),
    )
    _check_targets(dataset)
    return dataset


def _check_targets(dataset: Dataset) -> None:
    """Refuse a split without a target in validation or test."""
    parts: tuple[Split, Split] = ("validation", "test")
    for part in parts:
        if not dataset.has_target(part).any():
            raise ConfigError(
                f"split {dataset.split_rule!r} has no {part} target: no user has an item in this "
                "part and another before it"
            )


def _in_order(ids: "pd.Series[str]") -> list[str]:
    """Distinct ids, in numerical order if all are whole numbers, else in alphabetical order."""
    texts = ids.unique().tolist()
    if all(text.isascii() and text.isdigit() for text in texts):
        return sorted(texts, key=lambda text: (len(text.lstrip("0")), text.lstrip("0"), text))
    return sorted(texts)


def _ordered(
    rows: pd.DataFrame,
    user_ids: list[str],
    item_ids: list[str],
    filters: Filters,
    found: dict[str, int | str],
) -> pd.DataFrame:
    """Columns user (from 0), item (from 1) and timestamp, user by user, oldest first; the number of
    neighbours with equal times is added to `found`."""
    coded = pd.DataFrame(
        {
            "user": pd.Index(user_ids).get_indexer(pd.Index(rows["user_id"])),
            "item": pd.Index(item_ids).get_indexer(pd.Index(rows["item_id"])) + 1,
            **{name: rows[name].array for name in ("moment", "timestamp") if name in rows},
        }
    )
    if "moment" in coded:
        coded = coded.sort_values(["user", "moment"], kind="stable")
        after_equal = coded.duplicated(["user", "moment"]).to_numpy()
        found["ties"] = int(after_equal.sum())
        if filters.ties == "shuffle":
            coded = coded.iloc[_shuffled_ties(after_equal, filters.seed)]
    else:
        coded = coded.sort_values("user", kind="stable")
        pairs = coded[["user", "item"]]
        found["repeats_in_a_row"] = int(pairs.eq(pairs.shift()).all(axis=1).sum())
    return coded


def _shuffled_ties(after_equal: npt.NDArray[np.bool_], seed: int) -> npt.NDArray[np.int64]:
    """The order of rows in which each run of equal rows is shuffled within its own places.

    Args:
        after_equal: whether a row is equal to the row before.
        seed: seed of one draw per row that has an equal; only this draw determines its place.
    """
    tied = np.flatnonzero(after_equal | np.append(after_equal[1:], False))
    run = np.cumsum(~after_equal)[tied]
    order = np.arange(len(after_equal))
    order[tied] = tied[np.lexsort((np.random.default_rng(seed).random(len(tied)), run))]
    return order


def _catalogue(
    item_ids: list[str],
    described: Rows | None,
    missing: Missing,
    found: dict[str, int | str],
) -> pd.DataFrame:
    """Every item with its title and further columns; counts of the others are added to `found`."""
    items = pd.DataFrame({"item": np.arange(1, len(item_ids) + 1), "item_id": item_ids})
    by_id = "Item " + items["item_id"]
    if described is None:
        return items.assign(title=by_id)
    known = with_ids(described, ["item_id"], missing)
    found["titles_dropped"] = len(described.frame) - len(known)
    _check_titles(known, items["item_id"], described.path)
    items = items.merge(known.drop_duplicates("item_id"), on="item_id", how="left")
    found["untitled"] = int(items["title"].isna().sum())
    return items.assign(title=items["title"].fillna(by_id))


def _check_titles(described: pd.DataFrame, asked: "pd.Series[str]", source: Path) -> None:
    """Refuse titles that describe only other items, or one item in several ways."""
    ids = described.drop_duplicates()["item_id"]
    if ids.duplicated().any():
        repeated = ids[ids.duplicated()].iloc[0]
        raise DataError(f"{source}: item {repeated!r} has two different descriptions")
    if described.empty:
        raise DataError(f"{source} describes no items")
    if not asked.isin(described["item_id"]).any():
        raise DataError(
            f"{source}: no title belongs to an item of the interactions; ids in the titles are "
            f"like {described['item_id'].iloc[0]!r}, in the interactions like {asked.iloc[0]!r}"
        )
