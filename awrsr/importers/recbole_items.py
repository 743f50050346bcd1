"""The order of RecBole's items: by first appearance in its files, after its filters."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from awrsr.errors import DataError, shown

FLOAT = "float"


@dataclass(frozen=True, kw_only=True)
class Ordered:
    """Items in RecBole's order.

    Args:
        item_ids: all ids; items with interactions come first.
        with_interactions: the number of items with interactions.
    """

    item_ids: list[str]
    with_interactions: int


def items_in_order(interactions: Path, settings: Mapping[str, Any]) -> Ordered:
    """The items of an atomic file as RecBole numbers them under these settings.

    Args:
        interactions: the .inter file; .item and .user files are read beside it if the settings load
            them.
        settings: RecBole's settings, by its names.

    Raises:
        DataError: a file cannot be read or lacks a column, or the settings name files or filters
            that are not supported here.
    """
    if settings.get("benchmark_filename"):
        raise DataError(
            "the model was trained on prepared splits (benchmark_filename), whose order of items "
            "is not rebuilt"
        )
    user = str(settings.get("USER_ID_FIELD", "user_id"))
    item = str(settings.get("ITEM_ID_FIELD", "item_id"))
    time = str(settings.get("TIME_FIELD", "timestamp"))
    rows = _atomic(interactions, settings, "inter")
    for name in (user, item):
        if name not in rows:
            raise DataError(
                f"{interactions} lacks the column {name!r}; it has {', '.join(map(str, rows))}"
            )
    described = {
        name: _atomic(interactions.with_suffix(f".{kind}"), settings, kind)
        for name, kind in ((user, "user"), (item, "item"))
        if _loaded(settings, kind, interactions)
    }
    rows = rows.dropna(subset=[user, item])
    described = {name: each.dropna(subset=[name]) for name, each in described.items()}
    keep, values = settings.get("rm_dup_inter"), settings.get("val_interval") or {}
    if keep not in (None, "first", "last") or not isinstance(values, Mapping):
        raise DataError(
            f"the model was trained with filters that are not followed: rm_dup_inter {shown(keep)} "
            f"and val_interval {shown(values)}"
        )
    if keep is not None:
        if time in rows:
            rows = rows.sort_values(by=[time])  # pandas' default: ties have no fixed order
        rows = rows.drop_duplicates(subset=[user, item], keep=keep)
    rows, described = _by_value(rows, described, values)
    if settings.get("filter_inter_by_user_or_item") is True:
        for name, each in described.items():
            rows = rows[rows[name].isin(each[name])]
    bounds = {
        user: _intervals(settings.get("user_inter_num_interval")),
        item: _intervals(settings.get("item_inter_num_interval")),
    }
    rows, described = _by_count(rows, described, bounds)
    met = rows[item].drop_duplicates().tolist()
    others = described[item][item].drop_duplicates().tolist() if item in described else []
    known = set(met)
    return Ordered(
        item_ids=[*met, *(each for each in others if each not in known)],
        with_interactions=len(met),
    )


def _loaded(settings: Mapping[str, Any], kind: str, interactions: Path) -> bool:
    """Whether the settings load the file of this kind."""
    columns = settings.get("load_col")
    if isinstance(columns, Mapping):
        return kind in columns
    return interactions.with_suffix(f".{kind}").is_file()


def _atomic(path: Path, settings: Mapping[str, Any], kind: str) -> pd.DataFrame:
    """The columns of an atomic file that are loaded; ids as text."""
    separator = str(settings.get("field_separator") or "\t")
    columns = settings.get("load_col")
    wanted = columns.get(kind) if isinstance(columns, Mapping) else None
    try:
        with path.open(encoding="utf-8") as file:
            header = file.readline().rstrip("\r\n").split(separator)
        if not all(":" in name for name in header):
            raise DataError(
                f"{path} is not an atomic file of RecBole: its first line must name columns as "
                f"name:type; received {shown(separator.join(header))}"
            )
        names = {name: name.partition(":")[0] for name in header}
        kept = [name for name in header if wanted is None or names[name] in wanted]
        kinds = {name: float if name.endswith(f":{FLOAT}") else str for name in kept}
        frame = pd.read_csv(path, sep=separator, usecols=kept, dtype=kinds, encoding="utf-8")
    except OSError as error:
        raise DataError(f"could not read {path}: {error.strerror or error}") from error
    except ValueError as error:
        raise DataError(f"{path} is not readable: {' '.join(str(error).split())}") from error
    return frame[kept].rename(columns=names)


Interval = tuple[str, float, float, str]


def _intervals(text: object) -> list[Interval] | None:
    """The intervals of a setting such as "[5,inf)" or "(0,1];[3,4)"; None if there is none."""
    if text is None:
        return None
    found = []
    for part in map(str.strip, str(text).split(";")):
        low, _, high = part[1:-1].partition(",")
        try:
            found.append((part[:1], float(low), float(high), part[-1:]))
        except ValueError:
            raise DataError(f"{shown(part)} is not an interval such as '[5,inf)'") from None
    return found


def _within(numbers: npt.ArrayLike, intervals: list[Interval] | None) -> npt.NDArray[np.bool_]:
    values = np.asarray(numbers, dtype=np.float64)
    if intervals is None:
        return np.ones(values.shape, dtype=np.bool_)
    found = np.zeros(values.shape, dtype=np.bool_)
    for left, low, high, right in intervals:
        above = values >= low if left == "[" else values > low
        found |= above & (values <= high if right == "]" else values < high)
    return found


def _by_value(
    rows: pd.DataFrame, described: dict[str, pd.DataFrame], intervals: Mapping[str, Any]
) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """The rows whose columns have accepted values."""

    def kept(frame: pd.DataFrame) -> pd.DataFrame:
        for name, accepted in intervals.items():
            if name in frame and frame[name].dtype.kind == "f":
                frame = frame[_within(frame[name], _intervals(accepted))]
            elif name in frame:
                frame = frame[frame[name].isin(list(accepted))]
        return frame

    return kept(rows), {name: kept(frame) for name, frame in described.items()}


def _by_count(
    rows: pd.DataFrame,
    described: dict[str, pd.DataFrame],
    bounds: Mapping[str, list[Interval] | None],
) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """The rows of users and items with an accepted number of rows. Users and items with another
    number are dropped together, in repeated rounds."""
    if not any(bounds.values()):
        return rows, described
    while True:
        banned: dict[str, set[str]] = {}
        for name, accepted in bounds.items():
            counts = Counter(rows[name]) if accepted else Counter[str]()
            fits = _within(list(counts.values()), accepted)
            banned[name] = {each for each, fit in zip(counts, fits, strict=True) if not fit}
            if name in described and accepted:
                below = accepted[0][1]
                banned[name] |= {each for each in described[name][name] if counts[each] < below}
        if not any(banned.values()):
            return rows, described
        for name, gone in banned.items():
            rows = rows[~rows[name].isin(gone)]
            if name in described:
                described[name] = described[name][~described[name][name].isin(gone)]
