"""The users of a scan as a table about two models: named slices, limits, metrics. No Streamlit."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from awrsr.data.dataset import Dataset
from awrsr.errors import did_you_mean
from awrsr.ranking.evaluation import candidates_words
from awrsr.ranking.statistics import mean_interval
from awrsr.refinement import VANILLA
from awrsr.studies import Scan, seed_pairs

KINDS = {"first_order": "First order", "second_order": "Second order", "refined": "Refined"}
SLICES = ("all", "short", "long", "cut", "repeats", "ranks", "attention", "noise")
"""Names of the slices, see `slices`."""
ORDERS = LARGEST, SMALLEST = "largest first", "smallest first"
CUTOFF = 10
TENTH = 0.1
MOST_OF_A_TENTH = 0.12
"""A slice of that share or less is still called a tenth."""
NOISE = "The same of two seeds of one model: the noise."


class Column(NamedTuple):
    """A column of the table: what it is called, what it means, how its numbers are written."""

    title: str
    meaning: str
    form: str


COLUMNS = {
    "length": Column("items", "Items in the history, the held-out one not counted.", "%d"),
    "rank_a": Column("rank in A", "Of the held-out item, 1 = best.", "%d"),
    "rank_b": Column("rank in B", "Of the held-out item, 1 = best.", "%d"),
    "change": Column("places gained in B", "Rank in A minus rank in B.", "%+d"),
    "doublings": Column("log2 rank A / rank B", "How often the rank halves from A to B.", "%+.1f"),
    "shared": Column("top 10 shared", "Items among the first ten of both models.", "%d"),
    "shared_seeds": Column("shared, seeds", NOISE, "%d"),
    "divergence": Column(
        "JS A, B", "Jensen-Shannon divergence of the two rows: 0 to 1 bit.", "%.3f"
    ),
    "divergence_seeds": Column("JS seeds", NOISE, "%.3f"),
    "correlation": Column("rho A, B", "Spearman's rank correlation of the two rows.", "%+.2f"),
    "correlation_seeds": Column("rho seeds", NOISE, "%+.2f"),
    "entropy_a": Column(
        "evenness A", "Entropy of A's row over that of an even row; 1 = even.", "%.2f"
    ),
    "entropy_b": Column(
        "evenness B", "Entropy of B's row over that of an even row; 1 = even.", "%.2f"
    ),
    "reach_a": Column("reach A", "How many places back A's weight lies, on average.", "%.1f"),
    "reach_b": Column("reach B", "How many places back B's weight lies, on average.", "%.1f"),
    "itself_a": Column("on newest A", "A's weight on the newest item.", "%.2f"),
    "itself_b": Column("on newest B", "B's weight on the newest item.", "%.2f"),
    "attribution_a": Column(
        "rho attr A", "Spearman of A's row with the size of input x gradient.", "%+.2f"
    ),
    "attribution_b": Column(
        "rho attr B", "Spearman of B's row with the size of input x gradient.", "%+.2f"
    ),
    "repeats": Column("repeats", "Entries of the history that repeat an earlier one.", "%d"),
    "repeats_a": Column(
        "on repeats A", "A's weight on items that stand in the history twice.", "%.2f"
    ),
    "repeats_b": Column(
        "on repeats B", "B's weight on items that stand in the history twice.", "%.2f"
    ),
}
"""All columns, in the order of the page's table: what is offered, what the address accepts."""
OF_REPEATS = ("repeats", "repeats_a", "repeats_b")
"""Columns that say nothing where no history repeats an item."""
BINS = {
    "lag_1": "1 back",
    "lag_2_3": "2\u20133 back",
    "lag_4_7": "4\u20137 back",
    "lag_8_15": "8\u201315 back",
    "lag_16": "16 or more back",
    "first": "on the oldest seen",
}
"""Parts of a row's mass by how far back it lies, by measure of the scan."""
LAGS = {
    f"{measure}_{side}": Column(
        f"{title} {side.upper()}", f"{side.upper()}'s weight, {title}.", "%.2f"
    )
    for measure, title in BINS.items()
    for side in "ab"
}
"""Columns to sort, limit and plot by, too many to stand in the table."""
COLUMNS |= LAGS
PER_MODEL = {
    "entropy": "entropy_share",
    "reach": "reach",
    "itself": "itself",
    "repeats": "repeats",
    "attribution": "attribution",
} | {measure: measure for measure in BINS}
"""Columns of each model, and the measure of the scan that they show."""


AGREEMENTS = ("shared", "divergence", "correlation")
"""Columns that say how alike A and B are; each has a twin of two seeds, NAME_seeds."""


@dataclass(frozen=True, kw_only=True)
class Limit:
    """What a column's value must lie within; None is no limit."""

    column: str
    low: float | None = None
    high: float | None = None

    def fits(self, table: pd.DataFrame) -> pd.Series:
        """Whether each user's value is there and within."""
        values = table[self.column]
        fits = values.notna()
        if self.low is not None:
            fits &= values >= self.low
        if self.high is not None:
            fits &= values <= self.high
        return fits


def limits_text(limits: list[Limit]) -> str:
    """Limits for the address: length~5~40.rank_a~~10, a decimal comma in place of its point."""

    def number(value: float | None) -> str:
        return "" if value is None else f"{value:g}".replace(".", ",")

    return ".".join(f"{limit.column}~{number(limit.low)}~{number(limit.high)}" for limit in limits)


def parse_limits(text: str) -> list[Limit]:
    """The limits that `limits_text` wrote.

    Raises:
        ValueError: it is not such a text.
    """
    limits: dict[str, Limit] = {}
    for part in text.split(".") if text else []:
        column, *bounds = part.split("~")
        if len(bounds) != 2:
            raise ValueError("accepted: COLUMN~LOW~HIGH.COLUMN~LOW~HIGH, a bound may be left out")
        if column not in COLUMNS:
            raise ValueError(
                f"unknown column {column!r}.{did_you_mean(column, COLUMNS)} "
                f"Accepted: {', '.join(COLUMNS)}"
            )
        try:
            numbers = [float(bound.replace(",", ".")) if bound else None for bound in bounds]
        except ValueError:
            numbers = [np.nan]
        if any(number is not None and not np.isfinite(number) for number in numbers):
            raise ValueError(
                f"the limits of {column} must be finite numbers, a comma for the point"
            )
        limits[column] = Limit(column=column, low=numbers[0], high=numbers[1])
    return list(limits.values())


# --- the table ------------------------------------------------------------------------------------


def has_second_order(scan: Scan, model: str) -> bool:
    """Whether a scanned model has second-order maps."""
    rows = scan.users["model"] == model
    return bool(scan.users.loc[rows, "second_order_entropy"].notna().any())


def stale(scan: Scan, dataset: Dataset, models: Mapping[str, str]) -> str:
    """Why a scan does not tell of these models as they are; empty where it does.

    Args:
        scan: read from a file.
        dataset: the one on the page.
        models: what tells the weights of each apart, by name.
    """
    if scan.about.get("dataset", {}).get("fingerprint") != dataset.fingerprint:
        return "the scan is of another dataset"
    asked = candidates_words(dataset.n_items, dataset.default_candidates)
    if scan.about.get("protocol", {}).get("candidates", asked) != asked:
        return "the scan ranks among other candidates"
    for name, weights in models.items():
        known = scan.about.get("models", {}).get(name)
        if known is None:
            return f"the scan does not hold {name}"
        if known.get("weights_sha256") != weights:
            return f"the scan is of other weights of {name}"
    pairs = {frozenset(pair) for pair in scan.about.get("pairs", [])}
    if frozenset(models) not in pairs and len(models) == 2:
        return f"the scan does not compare {' and '.join(models)}"
    return ""


def noise_pair(scan: Scan, a: str, b: str, kind: str) -> tuple[str, str] | None:
    """Two seeds of one model of A's or B's backbone, the nearest to A and B that the scan has.

    Pairs that have the kind of map come first, then those of A's or B's own settings, then vanilla.
    """
    models = scan.about["models"]
    backbones = {backbone_of(scan, a), backbone_of(scan, b)}

    def far(pair: tuple[str, str]) -> tuple[bool, ...]:
        lacking = kind == "second_order" and not has_second_order(scan, pair[0])
        refined = models[pair[0]]["model"]["refinement"] != VANILLA
        return lacking, not {a, b} & {*pair}, refined

    pairs = [p for p in seed_pairs(scan.about) if models[p[0]]["model"]["backbone"] in backbones]
    return min(pairs, key=far, default=None)


def backbone_of(scan: Scan, name: str) -> str:
    """A model's backbone, by the scan or, where the scan lacks it, by its name."""
    about = scan.about["models"].get(name)
    return about["model"]["backbone"] if about else name.partition("-")[0]


def pair_table(
    scan: Scan, noise: Scan | None, dataset: Dataset, a: str, b: str, kind: str
) -> pd.DataFrame:
    """Every user as a row: id, and COLUMNS where the scan has them.

    Args:
        scan: that holds both models.
        noise: a scan of two seeds of one model, where there is one.
        dataset: whose users they are.
        a: a model.
        b: another one, or the same.
        kind: of map, one of KINDS.
    """
    sides = {side: _of_model(scan, name, dataset) for side, name in (("a", a), ("b", b))}
    columns: dict[str, npt.NDArray[Any]] = {
        "length": sides["a"]["length"].to_numpy(),
        "repeats": sides["a"]["repeats"].to_numpy(),
        "rank_a": sides["a"]["rank"].to_numpy(),
        "rank_b": sides["b"]["rank"].to_numpy(),
    }
    columns["change"] = columns["rank_a"] - columns["rank_b"]
    columns["doublings"] = np.log2(columns["rank_a"] / columns["rank_b"])
    for name, measure in PER_MODEL.items():
        for side, rows in sides.items():
            if f"{kind}_{measure}" in rows:
                columns[f"{name}_{side}"] = rows[f"{kind}_{measure}"].to_numpy(dtype=float)
    seeds = noise_pair(noise, a, b, kind) if noise is not None else None
    of_pairs: dict[str, pd.DataFrame | None] = {
        "": _of_pair(scan, (a, b), dataset),
        "_seeds": _of_pair(noise, seeds, dataset) if noise and seeds else None,
    }
    for suffix, pairs in of_pairs.items():
        columns["shared" + suffix] = (
            np.full(dataset.n_users, np.nan) if pairs is None else pairs["shared"].to_numpy(float)
        )
        for measure in ("divergence", "correlation"):
            name = f"{kind}_{measure}"
            if pairs is not None and suffix and pairs[name].isna().all():
                name = f"refined_{measure}"  # two vanilla seeds have no second order
            columns[measure + suffix] = (
                np.full(dataset.n_users, np.nan)
                if pairs is None
                else pairs[name].to_numpy(dtype=float)
            )
    return pd.DataFrame(
        {"user_id": dataset.user_ids} | {c: columns[c] for c in COLUMNS if c in columns}
    )


def _of_model(scan: Scan, name: str, dataset: Dataset) -> pd.DataFrame:
    rows = scan.users[scan.users["model"] == name]
    return rows.set_index("user_id").loc[dataset.user_ids]


def _of_pair(scan: Scan, pair: tuple[str, str], dataset: Dataset) -> pd.DataFrame | None:
    first, second = scan.pairs["model_a"], scan.pairs["model_b"]
    a, b = pair
    rows = scan.pairs[((first == a) & (second == b)) | ((first == b) & (second == a))]
    return rows.set_index("user_id").loc[dataset.user_ids] if len(rows) else None


# --- slices ---------------------------------------------------------------------------------------


class Slice(NamedTuple):
    """Some users: how the slice is called, and whether each user is in it."""

    title: str
    chosen: np.ndarray


def slices(table: pd.DataFrame, max_length: int) -> dict[str, Slice]:
    """The named slices, by name; one may be empty, but for one that no user can be in.

    Args:
        table: made by `pair_table`.
        max_length: what the models see at most.
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
        """Where values tie at the limit, all that tie are in, and the title says how many."""
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
        "attention": tenth("Attention least alike", top(apart)),
        "noise": Slice("Attention less alike than of two seeds", apart > noise),
    }
    if not repeats.any():
        del found["repeats"]  # nobody repeats an item in this dataset
    return found


def slice_metrics(table: pd.DataFrame, named: Mapping[str, Slice]) -> pd.DataFrame:
    """HR@10 and NDCG@10 of both models per slice, B minus A with its paired bootstrap interval, and
    how alike their lists and their attention are beside the same of two seeds."""
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
        for column in (c for of in AGREEMENTS for c in (of, f"{of}_seeds")):
            known = table.loc[part.chosen, column].dropna()
            row[column] = known.mean() if len(known) else np.nan
        rows.append(row)
    return pd.DataFrame(rows)


def gain(ranks: np.ndarray, metric: str) -> np.ndarray:
    """Each user's part of a metric at 10."""
    hit = ranks <= CUTOFF
    return hit.astype(float) if metric.startswith("HR") else hit / np.log2(ranks + 1)
