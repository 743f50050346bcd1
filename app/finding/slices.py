"""The named slices of the users, and the metrics of both models in each."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from app.finding.columns import AGREEMENTS
from awrsr.ranking.statistics import mean_interval

SLICES = ("all", "short", "long", "cut", "repeats", "ranks", "attention", "noise")
"""Names of the slices, see `named_slices`."""
CUTOFF = 10
TENTH = 0.1
MOST_OF_A_TENTH = 0.12
"""A slice up to this share is still called a tenth."""


class Slice(NamedTuple):
    """A subset of the users: its title, and whether each user is in it."""

    title: str
    chosen: np.ndarray


def named_slices(table: pd.DataFrame, max_length: int) -> dict[str, Slice]:
    """The named slices; a slice may be empty, but impossible slices are left out.

    Args:
        table: made by `pair_table`.
        max_length: maximum number of items that the models see.
    """
    length = table["length"].to_numpy()
    short, long = (int(np.quantile(length, share)) for share in (0.25, 0.75))
    moved = table["doublings"].abs().to_numpy()
    apart = table["divergence"].to_numpy()
    noise = table["divergence_seeds"].to_numpy()

    def top(values: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
        known = values[~np.isnan(values)]
        if not len(known):
            return np.zeros(len(values), dtype=bool)
        return np.asarray((values >= np.quantile(known, 1 - TENTH)) & (values > 0))

    def tenth(title: str, chosen: npt.NDArray[np.bool_]) -> Slice:
        """All users with a value tied at the limit are included; the title states the share."""
        share = chosen.mean()
        words = "a tenth" if share <= MOST_OF_A_TENTH else f"{share:.0%}, many tie"
        return Slice(f"{title} ({words})", chosen)

    repeats = table["repeats"].to_numpy() > 0
    found = {
        "all": Slice("All users", np.ones(len(table), dtype=bool)),
        "short": Slice(f"Short histories (at most {short} items)", length <= short),
        "long": Slice(f"Long histories ({long} items or more)", length >= long),
        "cut": Slice(f"Longer than the {max_length} items seen", length > max_length),
        "repeats": Slice("Histories that repeat items", repeats),
        "ranks": tenth("Ranks furthest apart", top(moved)),
        "attention": tenth("Attention least similar", top(apart)),
        "noise": Slice("Attention less similar than between two seeds", apart > noise),
    }
    if not repeats.any():
        del found["repeats"]  # no user repeats an item in this dataset
    return found


def slice_metrics(table: pd.DataFrame, named: Mapping[str, Slice]) -> pd.DataFrame:
    """HR@10 and NDCG@10 of both models per slice, B minus A with its paired bootstrap interval, and
    the similarity of their lists and attention, with the same for two seeds."""
    gains = {
        (metric, side): gain(table[f"rank_{side}"].to_numpy(), metric)
        for metric in ("HR@10", "NDCG@10")
        for side in "ab"
    }
    rows = []
    for name, part in named.items():
        row: dict[str, object] = {
            "slice": name,
            "title": part.title,
            "users": int(part.chosen.sum()),
        }
        for metric in ("HR@10", "NDCG@10"):
            a, b = (gains[metric, side][part.chosen] for side in "ab")
            low, high = mean_interval(b - a) if len(a) else (np.nan, np.nan)
            row |= {
                f"{metric} A": a.mean() if len(a) else np.nan,
                f"{metric} B": b.mean() if len(b) else np.nan,
                f"{metric} difference": (b - a).mean() if len(a) else np.nan,
                f"{metric} low": low,
                f"{metric} high": high,
            }
        for column in (c for name in AGREEMENTS for c in (name, f"{name}_seeds")):
            known = table.loc[part.chosen, column].dropna()
            row[column] = known.mean() if len(known) else np.nan
        rows.append(row)
    return pd.DataFrame(rows)


def gain(ranks: np.ndarray, metric: str) -> np.ndarray:
    """Each user's value of a metric at 10."""
    hit = ranks <= CUTOFF
    return hit.astype(float) if metric.startswith("HR") else hit / np.log2(ranks + 1)
