"""Means over the users of a study, with their intervals and their floors.

The floor of an explanation is what random orders with the same forced place reach. A map that puts
most on the item itself ranks the newest item first, whatever the history: where an explanation does
so for nine users in ten or more, its floor is for those users random orders with the newest item
first. In all other cases it is random orders. Where the newest item does matter, such a floor
credits an explanation for nothing that the place alone gives it.
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
FORCED_SHARE = 0.9
"""The share of users for whom an explanation ranks the newest item first, from which on that counts
as forced."""
FIRST = "newest_first"
"""The measure of values.parquet that says whose first place is the newest item's."""
STANDINGS = ("standard_score", "ndcg")


def less(rows: pd.DataFrame) -> str:
    """The column of a study's summary by which explanations are judged: less_floor, or of studies
    that record no floors less_random; with _low and _high its interval."""
    return "less_floor" if "less_floor" in rows else "less_random"


def against_floor(rows: pd.DataFrame) -> dict[str, list[str]]:
    """Explanations by how they stand to their floors, the best mean first.

    better, worse: the 95% interval of the users' differences to the floor lies wholly on that side
    of zero; undecided: it includes zero. The floor is that of random orders where the study records
    no other.

    Args:
        rows: of a study's summary, of one sort, measure and model.
    """
    found: dict[str, list[str]] = {"better": [], "undecided": [], "worse": []}
    sign, column = -1 if rows["measure"].iloc[0] in LOWER_IS_BETTER else 1, less(rows)
    order = np.argsort(-sign * rows["mean"].to_numpy(), kind="stable")
    for row in rows.iloc[order].to_dict("records"):
        if row["explanation"] in (RANDOM, NEWEST_FIRST):
            continue
        low, high = sorted((sign * row[f"{column}_low"], sign * row[f"{column}_high"]))
        side = "better" if low > 0 else "worse" if high < 0 else "undecided"
        found[side].append(str(row["explanation"]))
    return found


def summarise_values(values: pd.DataFrame, models: list[str], seed: int = 0) -> pd.DataFrame:
    """summary.csv of values.parquet."""
    parts = []
    columns = ["model", "explanation"]
    share = values[values["measure"] == FIRST].groupby(columns)["value"].mean()
    for sort, of_sort in _by_sort(values):
        of_first = of_sort[of_sort["measure"] == FIRST]
        for measure, chosen in of_sort[of_sort["measure"] != FIRST].groupby("measure", sort=False):
            keys, cells = _wide(chosen, columns, "value")
            random, newest = (
                cells[:, [keys.index((model, name)) for model, _ in keys]]
                for name in (RANDOM, NEWEST_FIRST)
            )
            measured = of_first[of_first["user_id"].isin(chosen["user_id"])]
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
                both = [name for model, name in keys if model == old and (new, name) in keys]
                difference = [
                    cells[:, keys.index((new, n))] - cells[:, keys.index((old, n))] for n in both
                ]
                named = [(f"{new}{LESS}{old}", name) for name in both]
                parts.append(_rows_of(where, named, np.stack(difference, axis=1), {}, seed))
    return pd.concat(parts, ignore_index=True)


def _by_sort(frame: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """All rows, and those of each planted sort."""
    parts = [(sort, frame[frame["sort"] == sort]) for sort in SORTS]
    return [(ALL, frame), *((sort, part) for sort, part in parts if len(part))]


def _wide(
    frame: pd.DataFrame, columns: list[str], value: str
) -> tuple[list[tuple[Any, ...]], npt.NDArray[np.float64]]:
    """The columns' keys in order of appearance, and one row of values a user."""
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
    beside: dict[str, npt.NDArray[np.float64]],
    seed: int,
) -> pd.DataFrame:
    """Rows of the summary, one per key (model, explanation), and how they stand to what is named
    beside them."""
    means = bootstrap_means(cells, seed=seed)
    frame = pd.DataFrame(keys, columns=["model", "explanation"]).assign(
        users=len(cells), mean=means.mean, low=means.low, high=means.high
    )
    for name, other in beside.items():
        found = bootstrap_means(cells - other, seed=seed)
        frame[f"less_{name}"] = found.mean
        frame[f"less_{name}_low"], frame[f"less_{name}_high"] = found.low, found.high
    for place, (name, value) in enumerate(where.items()):
        frame.insert(min(3 * place, 3), name, value)
    return frame


def mean_curves(by_user: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """curves.parquet of the users' curves; shares at which less than half have a score are left
    out."""
    keys = ["model", "explanation", "curve", "share"]
    parts = []
    for sort, of_sort in _by_sort(by_user):
        for place, standing in enumerate(STANDINGS):
            found, cells = _wide(of_sort, keys, standing)
            means = bootstrap_means(cells, seed=seed)
            columns = {
                standing: means.mean,
                f"{standing}_low": means.low,
                f"{standing}_high": means.high,
            }
            if place == 0:
                frame = pd.DataFrame(found, columns=keys)
                frame.insert(0, "sort", sort)
            frame = frame.assign(**{name: each.astype("float32") for name, each in columns.items()})
        common: pd.DataFrame = frame.loc[np.isfinite(cells).mean(axis=0) >= 0.5]
        parts.append(common)
    return pd.concat(parts, ignore_index=True)
