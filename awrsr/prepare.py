"""Raw interaction files to a Dataset: read, k-core, order by time, number the items.

One reader per format; each gives a frame of interactions (user_id, item_id, timestamp or none, in
file order) and, where the source has them, a frame of items (item_id, title, further columns).
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa

from awrsr.dataset import Dataset
from awrsr.errors import DataError, check_choice, counted, did_you_mean

Format = Literal["movielens", "s3rec", "table"]

MAX_SECONDS = 2**62
"""What a whole number of 64 bits holds, exactly so as a float."""


@dataclass(frozen=True)
class Raw:
    """What a reader gives: interactions in file order, and items or None."""

    interactions: pd.DataFrame
    items: pd.DataFrame | None = None


def prepare(
    source: str | Path,
    *,
    format: Format,
    name: str,
    k_core: int = 5,
    titles: str | Path | None = None,
    about: dict[str, Any] | None = None,
) -> Dataset:
    """A Dataset from raw files.

    Users and items with fewer than `k_core` interactions are removed again and again until none is
    left. Every interaction counts, whatever its rating. Sequences are ordered by time, ties by file
    order; without timestamps the file order is the order. Items are numbered by id: numerically
    where all ids are whole numbers, else alphabetically.

    Args:
        source: movielens: a directory with ratings.csv and movies.csv; s3rec: a text file of lines
            `user item item ...`; table: a csv or parquet file with columns user, item, timestamp.
        format: how to read it.
        name: the dataset's name.
        k_core: fewest interactions of a user and of an item; 1 keeps all.
        titles: s3rec, table: a csv or parquet file with columns item, title and any further ones.
        about: source, licence, citation: kept in dataset.json.

    Raises:
        DataError: a file is missing, empty, lacks a column, has unreadable timestamps, or too
            little is left after filtering.
    """
    check_choice("format", format, READERS)
    if k_core < 1:
        raise DataError(f"k_core must be 1 or more; received {k_core}")
    source = Path(source)
    raw = READERS[format](source)
    if titles is not None:
        if raw.items is not None:
            raise DataError(f"format {format!r} brings its own titles; leave titles out")
        raw = Raw(raw.interactions, _read_titles(Path(titles)))

    if raw.interactions.empty:
        raise DataError(f"{source} holds no interactions")
    kept = filter_k_core(raw.interactions, k_core)
    if kept.empty:
        raise DataError(
            f"nothing is left of {source} after the {k_core}-core; "
            f"read: {counted(len(raw.interactions), 'interaction')} of "
            f"{counted(raw.interactions['user_id'].nunique(), 'user')} with "
            f"{counted(raw.interactions['item_id'].nunique(), 'item')}"
        )
    _check_enough(kept, source)
    filters = {"k_core": k_core, "format": format, "order": "time, ties by file order"}
    if raw.items is not None:
        _check_titles(raw.items, kept, titles or source)
    return _number(kept, raw.items, name=name, about={**(about or {}), "filters": filters})


def filter_k_core(interactions: pd.DataFrame, k: int) -> pd.DataFrame:
    """The largest part in which every user and every item has k interactions or more."""
    while True:
        before = len(interactions)
        for column in ("user_id", "item_id"):
            counts = interactions.groupby(column)[column].transform("size")
            interactions = interactions[counts >= k]
        if len(interactions) == before:
            return interactions


def _check_enough(interactions: pd.DataFrame, source: Path) -> None:
    users = interactions["user_id"].nunique()
    if users < 2:
        raise DataError(
            f"{source} leaves {counted(users, 'user')} after filtering; 2 or more are needed"
        )
    shortest = int(interactions.groupby("user_id").size().min())
    if shortest < 3:
        raise DataError(
            f"{source}: a user has {counted(shortest, 'interaction')}; leave-one-out needs "
            "3 or more (one each to train, to validate, to test): raise k_core"
        )


def _check_titles(items: pd.DataFrame, interactions: pd.DataFrame, source: str | Path) -> None:
    """Refuse descriptions that are of other items, or several of one item."""
    ids = items.drop_duplicates()["item_id"]
    if ids.duplicated().any():
        twice = ids[ids.duplicated()].iloc[0]
        raise DataError(f"{source}: item {twice!r} is described twice, each time otherwise")
    asked = interactions["item_id"]
    if not asked.isin(items["item_id"]).any():
        raise DataError(
            f"{source}: no title is of an item of the interactions; its ids are like "
            f"{items['item_id'].iloc[0]!r}, theirs like {asked.iloc[0]!r}"
        )


def _number(
    interactions: pd.DataFrame, items: pd.DataFrame | None, *, name: str, about: dict[str, Any]
) -> Dataset:
    """Order, number and pack what is left after filtering."""
    item_ids = _in_order(interactions["item_id"].unique())
    user_ids = _in_order(interactions["user_id"].unique())
    item_of = pd.Series(np.arange(1, len(item_ids) + 1), index=item_ids)
    user_of = pd.Series(np.arange(len(user_ids)), index=user_ids)

    coded = pd.DataFrame(
        {
            "user": user_of.loc[interactions["user_id"]].to_numpy(),
            "item": item_of.loc[interactions["item_id"]].to_numpy(),
        }
    )
    timed = "timestamp" in interactions
    coded["timestamp"] = interactions["timestamp"].to_numpy() if timed else 0
    coded = coded.sort_values(["user", "timestamp"], kind="stable")

    catalogue = pd.DataFrame({"item": np.arange(1, len(item_ids) + 1), "item_id": item_ids})
    if items is None:
        catalogue["title"] = [f"Item {item_id}" for item_id in item_ids]
    else:
        described = items.drop_duplicates("item_id")
        catalogue = catalogue.merge(described, on="item_id", how="left")
        catalogue["title"] = catalogue["title"].fillna("Item " + catalogue["item_id"])
    lengths = np.bincount(coded["user"], minlength=len(user_ids))
    return Dataset(
        name=name,
        about=about,
        items=catalogue,
        user_ids=user_ids,
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        flat_items=coded["item"].to_numpy(np.int32, copy=True),
        flat_timestamps=coded["timestamp"].to_numpy(np.int64, copy=True) if timed else None,
    )


def _in_order(ids: Any) -> list[str]:
    """Ids in numerical order where all are whole numbers, else in alphabetical order."""
    texts = [str(value) for value in ids]
    if all(text.isascii() and text.isdigit() for text in texts):
        return sorted(texts, key=lambda text: (int(text), text))
    return sorted(texts)


def _read_movielens(source: Path) -> Raw:
    if not source.is_dir():
        raise DataError(
            f"{source} is not a directory; movielens needs one with ratings.csv, movies.csv"
        )
    ratings = _read_columns(
        source / "ratings.csv",
        {"user_id": "userId", "item_id": "movieId", "timestamp": "timestamp"},
    )
    movies = _read_columns(
        source / "movies.csv", {"item_id": "movieId", "title": "title", "genres": "genres"}
    )
    movies["genres"] = movies["genres"].replace("(no genres listed)", "")
    return Raw(ratings, movies)


def _read_s3rec(source: Path) -> Raw:
    users: list[str] = []
    items: list[str] = []
    try:
        with source.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, start=1):
                user, *sequence = line.split() or [""]
                if not user:
                    continue
                if not sequence:
                    raise DataError(
                        f"{source}, line {number}: expected 'user item item ...', "
                        f"received {line.strip()[:40]!r}"
                    )
                users += [user] * len(sequence)
                items += sequence
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{source} is not a readable text file: {error}") from error
    return Raw(pd.DataFrame({"user_id": users, "item_id": items}, dtype=str))


def _read_table(source: Path) -> Raw:
    return Raw(
        _read_columns(source, {"user_id": "user", "item_id": "item", "timestamp": "timestamp"})
    )


READERS: dict[str, Callable[[Path], Raw]] = {
    "movielens": _read_movielens,
    "s3rec": _read_s3rec,
    "table": _read_table,
}


def _read_titles(source: Path) -> pd.DataFrame:
    return _read_columns(source, {"item_id": "item", "title": "title"}, further=True)


def _read_columns(source: Path, columns: dict[str, str], *, further: bool = False) -> pd.DataFrame:
    """Columns of a csv or parquet file under our names; ids as text, timestamps as seconds.

    Args:
        columns: our name -> the file's.
        further: keep all other columns too, under their own names.
    """
    try:
        if source.suffix == ".parquet":
            frame = pd.read_parquet(source)
        else:
            text = {name: str for name in columns.values() if name != "timestamp"}
            with warnings.catch_warnings():
                # By default a value too many in every row would shift the columns by one, silently.
                warnings.simplefilter("error", pd.errors.ParserWarning)
                frame = pd.read_csv(source, dtype=text, keep_default_na=False, index_col=False)
    except pd.errors.EmptyDataError:
        raise DataError(
            f"{source} is empty; expected columns {', '.join(columns.values())}"
        ) from None
    except FileNotFoundError:
        raise DataError(f"{source} does not exist") from None
    except pd.errors.ParserWarning:
        raise DataError(
            f"{source}: its rows hold more values than its header has columns; "
            "a value with a comma needs quotes"
        ) from None
    except (OSError, ValueError, pa.ArrowException) as error:
        raise DataError(f"{source} is not a readable csv or parquet file: {error}") from error

    for name in columns.values():
        if name not in frame:
            only = str(frame.columns[0]) if len(frame.columns) == 1 else ""
            separators = [repr(sign) for sign in ";\t|" if sign in only]
            hint = did_you_mean(name, map(str, frame))
            if separators:
                hint = f" Values must be separated by commas; these seem to be by {separators[0]}."
            raise DataError(
                f"{source}: missing column {name!r}; it has {', '.join(map(repr, frame))}.{hint}"
            )
    others = [name for name in frame if further and name not in columns.values()]
    for clash in set(others) & set(columns):
        raise DataError(f"{source}: a further column cannot be called {clash!r}; rename it")
    frame = frame[[*columns.values(), *others]].rename(columns={v: k for k, v in columns.items()})
    for name in columns:
        if name == "timestamp":
            frame[name] = _seconds(frame[name], source)
        else:
            frame[name] = _text(frame[name], columns[name], source)
            if name.endswith("_id"):
                frame[name] = frame[name].str.strip()
    return frame


def _text(values: "pd.Series[Any]", name: str, source: Path) -> "pd.Series[Any]":
    """A column as text, whole numbers without a fraction; refused where a cell is empty."""
    if values.dtype == object and not values.map(lambda v: isinstance(v, str | None)).all():
        kinds = sorted({type(value).__name__ for value in values})
        raise DataError(f"{source}: column {name!r} holds {', '.join(kinds)}; expected text")
    empty = values.isna() | (values.astype(str).str.strip() == "")
    if empty.any():
        row = int(np.flatnonzero(empty)[0])
        raise DataError(f"{source}, data row {row + 1}: {name!r} is empty")
    if pd.api.types.is_float_dtype(values) and (values % 1 == 0).all():
        values = values.astype("int64")
    return values.astype(str)


def _seconds(values: "pd.Series[Any]", source: Path) -> "pd.Series[Any]":
    """Timestamps as seconds, from numbers or from dates; fractions are kept, since they order."""
    text = values.astype(str)
    numbers = pd.to_numeric(text, errors="coerce")
    usable = numbers.between(-MAX_SECONDS, MAX_SECONDS)
    if usable.all():
        return numbers
    dates = pd.to_datetime(text, errors="coerce", utc=True, format="ISO8601")
    unreadable = np.flatnonzero(~usable & dates.isna())
    if len(unreadable):
        raise DataError(
            f"{source}, data row {unreadable[0] + 1}: timestamp {text.iloc[unreadable[0]]!r} is "
            "neither a number of seconds nor an ISO 8601 date"
        )
    if usable.any():  # a number of few digits can also be read as a year
        raise DataError(f"{source}: timestamps are numbers in some rows and dates in others")
    return pd.Series(dates.dt.as_unit("us").astype("int64") / 1e6)
