"""Means over the users of a study, with intervals and floors.

The floor of an explanation is the result of random orders with the same forced first place. A map
with most weight on the item itself always ranks the newest item first. If an explanation does so
for at least 90% of the users, its floor for those users is random orders with the newest item
first. In all other cases the floor is random orders. Since the newest item often matters, an
explanation would otherwise get credit for that place alone.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from awrsr.data.planted import SORTS
from awrsr.explain import LOWER_IS_BETTER, NEWEST_FIRST, RANDOM
from awrsr.ranking.statistics import bootstrap_means

ALL = "all"
LESS = " less "
"""Joins the names of two models in the column model of summary.csv: first minus second."""
FORCED_SHARE = 0.9
"""The first place counts as forced if an explanation ranks the newest item first for at least this
share of the users."""
FIRST = "newest_first"
"""The measure in values.parquet that records whether the newest item has the first place."""
STANDINGS = ("standard_score", "ndcg")


def difference_column(rows: pd.DataFrame) -> str:
    """The column of a study's summary that judges explanations: less_floor, or less_random in
    studies without floors; with _low and _high appended, the bounds of its interval."""
    return "less_floor" if "less_floor" in rows else "less_random"


def against_floor(rows: pd.DataFrame) -> dict[str, list[str]]:
    """Explanations grouped by comparison with their floors, the best mean first.

    better, worse: the 95% interval of the users' differences to the floor is entirely on that side
    of zero; undecided: it includes zero. In studies without floors, random orders are the floor.

    Args:
        rows: rows of a study's summary, for one sort, measure and model.
    """
    found: dict[str, list[str]] = {"better": [], "undecided": [], "worse": []}
    sign, column = -1 if rows["measure"].iloc[0] in LOWER_IS_BETTER else 1, difference_column(rows)
    order = np.argsort(-sign * rows["mean"].to_numpy(), kind="stable")
    for row in rows.iloc[order].to_dict("records"):
        if row["explanation"] in (RANDOM, NEWEST_FIRST):
            continue
        low, high = sorted((sign * row[f"{column}_low"], sign * row[f"{column}_high"]))
        side = "better" if low > 0 else "worse" if high < 0 else "undecided"
        found[side].append(str(row["explanation"]))
    return found


def summarise_values(values: pd.DataFrame, models: list[str], seed: int = 0) -> pd.DataFrame:
    """summary.csv from values.parquet."""
    parts = []
    columns = ["model", "explanation"]
    share = values[values["measure"] == FIRST].groupby(columns)["value"].mean()
    for sort, rows_of_sort in _by_sort(values):
        is_first = rows_of_sort["measure"] == FIRST
        firsts = rows_of_sort[is_first]
        for measure, chosen in rows_of_sort[~is_first].groupby("measure", sort=False):
            keys, cells = _wide(chosen, columns, "value")
            random, newest = (
                cells[:, [keys.index((model, name)) for model, _ in keys]]
                for name in (RANDOM, NEWEST_FIRST)
            )
            measured = firsts[firsts["user_id"].isin(chosen["user_id"])]
            _, first = _wide(measured, columns, "value")
            shares = share.loc[keys].to_numpy()
            floor = np.where((shares >= FORCED_SHARE) & (first == 1), newest, random)
            where = {"sort": sort, "measure": str(measure)}
            rows = _rows_of(where, keys, cells, {"floor": floor, "random": random}, seed)
            place = list(rows).index("less_floor")
            rows.insert(place, FIRST, shares)
            rows.insert(place + 1, "floor", rows["mean"] - rows["less_floor"])
            parts.append(rows)
            if len(models) == 2:
                old, new = models
                common = [name for model, name in keys if model == old and (new, name) in keys]
                difference = [
                    cells[:, keys.index((new, n))] - cells[:, keys.index((old, n))] for n in common
                ]
                named = [(f"{new}{LESS}{old}", name) for name in common]
                parts.append(_rows_of(where, named, np.stack(difference, axis=1), {}, seed))
    return pd.concat(parts, ignore_index=True)


def _by_sort(frame: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """All rows, and the rows of each planted sort."""
    parts = [(sort, frame[frame["sort"] == sort]) for sort in SORTS]
    return [(ALL, frame), *((sort, part) for sort, part in parts if len(part))]


def _wide(
    frame: pd.DataFrame, columns: list[str], value: str
) -> tuple[list[tuple[Any, ...]], npt.NDArray[np.float64]]:
    """The columns' keys in order of appearance, and one row of values per user."""
    users, rows = np.unique(frame["user_id"].to_numpy(dtype=str), return_inverse=True)
    index = pd.MultiIndex.from_frame(frame[columns])
    keys = index.unique()
    cells = np.full((len(users), len(keys)), np.nan)
    cells[rows, keys.get_indexer(index)] = frame[value]
    return [tuple(key) for key in keys], cells


def _rows_of(
    where: dict[str, str],
    keys: list[tuple[Any, ...]],
    cells: npt.NDArray[np.float64],
    references: dict[str, npt.NDArray[np.float64]],
    seed: int,
) -> pd.DataFrame:
    """Rows of the summary, one per key (model, explanation), with differences to references."""
    means = bootstrap_means(cells, seed=seed)
    frame = pd.DataFrame(keys, columns=["model", "explanation"]).assign(
        users=len(cells), mean=means.mean, low=means.low, high=means.high
    )
    for name, reference in references.items():
        found = bootstrap_means(cells - reference, seed=seed)
        frame[f"less_{name}"] = found.mean
        frame[f"less_{name}_low"], frame[f"less_{name}_high"] = found.low, found.high
    for place, (name, value) in enumerate(where.items()):
        frame.insert(min(3 * place, 3), name, value)
    return frame


def mean_curves(by_user: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """curves.parquet from the users' curves, only at shares at which half of the users or more have
    a score."""
    keys = ["model", "explanation", "curve", "share"]
    parts = []
    for sort, rows_of_sort in _by_sort(by_user):
        for place, standing in enumerate(STANDINGS):
            found, cells = _wide(rows_of_sort, keys, standing)
            means = bootstrap_means(cells, seed=seed)
            columns = {
                standing: means.mean,
                f"{standing}_low": means.low,
                f"{standing}_high": means.high,
            }
            if place == 0:
                frame = pd.DataFrame(found, columns=keys)
                frame.insert(0, "sort", sort)
            frame = frame.assign(**{name: v.astype("float32") for name, v in columns.items()})
        common: pd.DataFrame = frame.loc[np.isfinite(cells).mean(axis=0) >= 0.5]
        parts.append(common)
    return pd.concat(parts, ignore_index=True)
