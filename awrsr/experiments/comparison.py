"""Comparison of models with vanilla: paired gains, their bootstrap, and verdicts.

`compare` makes the rows of intervals.csv; `verdict` turns them into a word.
"""

from collections.abc import Iterable, Mapping, Sequence
from statistics import NormalDist
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from awrsr.experiments.grid import run_name
from awrsr.refinement import REFINEMENTS, VANILLA

MODEL = ["dataset", "loss", "backbone", "refinement"]
"""Runs that agree in these columns and differ in the seed form one row of a table."""

PAIRED_METRICS = ("HR@10", "NDCG@10")
CLAIM_METRIC = "NDCG@10"
SAMPLES = 10_000
LEVEL = 0.95
POWER = 0.8
MIN_SEEDS = 3
"""Smallest number of seeds for a verdict: with fewer, an interval describes these trainings, not
the mechanism. With three seeds the interval is still too narrow if seeds vary more than users. In
simulations without any true difference, the share with p < 0.05 was 4% if seeds vary as much as
users, 8% if twice as much (5% with five seeds), and 18% if four times as much (13% with five)."""
MARGIN = 0.02
"""A gain below this share of vanilla counts as none: in the recorded runs, another seed of the same
model changes NDCG@10 by 2% to 5%, so a smaller gain is within random variation."""

INTERVAL_COLUMNS = [
    *(*MODEL, "metric", "seeds", "users", "vanilla", "difference", "low", "high"),
    *("lowest_seed", "highest_seed", "standard_error", "p"),
    *("corrected_for", "corrected_p", "corrected_low", "corrected_high"),
]
"""The columns of intervals.csv. Corrected values account for `corrected_for` comparisons: p by
Holm, the interval by Bonferroni."""

Ranks = npt.NDArray[np.uint8]
Verdict = Literal["helps", "harms", "does not help", "inconclusive"]


class Interval(NamedTuple):
    """A mean difference and its bootstrap interval."""

    mean: float
    low: float
    high: float


def gains(ranks: npt.ArrayLike, metric: str) -> npt.NDArray[np.float64]:
    """The contribution of each rank to HR@k or NDCG@k; k is at most
    `awrsr.experiments.record.RANKS_KEPT`."""
    kind, _, cutoff = metric.partition("@")
    rank = np.asarray(ranks, dtype=np.float64)
    gain = np.ones_like(rank) if kind == "HR" else 1 / np.log2(rank + 1)
    return np.where(rank <= int(cutoff), gain, 0.0)


# --- bootstrap ------------------------------------------------------------------------------------


def bootstrap_means(differences: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Means of `SAMPLES` bootstrap samples.

    Each sample draws users and, independently, seeds, both with replacement; with one seed it draws
    only users. The generator's seed is fixed: the same differences give the same samples.

    Args:
        differences: (user, seed), the gain of a model minus the gain of vanilla for the same user
            and seed.

    Source: Efron 1979 for the bootstrap; drawing both factors is the pigeonhole bootstrap of Owen
    2007.
    """
    n_users, n_seeds = differences.shape
    generator = np.random.default_rng(0)
    changed = differences[(differences != 0).any(axis=1)]  # the others contribute zero
    drawn = generator.binomial(n_users, len(changed) / n_users, size=SAMPLES)
    weights = generator.multinomial(n_seeds, np.full(n_seeds, 1 / n_seeds), size=SAMPLES) / n_seeds
    means = np.zeros(SAMPLES)
    if len(changed):
        for sample in range(SAMPLES):
            users = generator.integers(len(changed), size=drawn[sample])
            means[sample] = (changed @ weights[sample])[users].sum() / n_users
    return means


def interval_of(samples: npt.NDArray[np.float64], level: float = LEVEL) -> tuple[float, float]:
    """The percentile interval of bootstrap samples."""
    low, high = np.quantile(samples, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def p_value(samples: npt.NDArray[np.float64]) -> float:
    """Two-sided p for a difference of zero: 1 minus the level at which the interval reaches zero.

    One extra sample is counted, so that p is never zero: Davison & Hinkley 1997, 4.2.
    """
    beyond = min(int((samples <= 0).sum()), int((samples >= 0).sum()))
    return min(1.0, 2 * (beyond + 1) / (len(samples) + 1))


def paired_interval(differences: npt.NDArray[np.float64]) -> Interval:
    """The mean of per-user differences and its 95% interval, see `bootstrap_means`."""
    return Interval(float(differences.mean()), *interval_of(bootstrap_means(differences)))


def holm(p_values: Sequence[float]) -> list[float]:
    """p values corrected for multiple testing, in the given order; each at most 1.

    Source: Holm 1979, "A simple sequentially rejective multiple test procedure".
    """
    order = np.argsort(p_values, kind="stable")
    factors = np.arange(len(order), 0, -1)
    corrected = np.empty(len(order))
    corrected[order] = np.maximum.accumulate(np.asarray(p_values)[order] * factors)
    return [min(1.0, float(value)) for value in corrected]


def smallest_effect(row: Mapping[str, Any]) -> float:
    """The smallest true difference detectable with 80% power, from a row of the intervals.

    Detectable: significant at the level corrected for the number of comparisons. Normal
    approximation, in the unit of the metric.
    """
    normal = NormalDist()
    quantiles = normal.inv_cdf(1 - (1 - LEVEL) / (2 * row["corrected_for"])) + normal.inv_cdf(POWER)
    return float(quantiles * row["standard_error"])


# --- comparison with vanilla ----------------------------------------------------------------------


def compare(runs: pd.DataFrame, ranks: dict[str, Ranks]) -> pd.DataFrame:
    """intervals.csv from the rows of the runs and their ranks.

    Every other model is compared with vanilla of the same dataset, loss and backbone over their
    common seeds; without common seeds there is no row. The mechanisms of one dataset, loss and
    backbone are corrected together; floors are not mechanisms and are not corrected.
    """
    rows = []
    families: dict[tuple[Any, ...], list[tuple[dict[str, Any], npt.NDArray[np.float64]]]] = {}
    test = runs[runs["split"] == "test"]
    for _, group in test.groupby(MODEL, sort=False):
        model = {name: records(group)[0][name] for name in MODEL}
        if model["refinement"] == VANILLA:
            continue
        pairs = [
            (ranks[run_name(**model, seed=seed)], ranks[vanilla])
            for seed in sorted(group["seed"])
            if (vanilla := run_name(**{**model, "refinement": VANILLA}, seed=seed)) in ranks
        ]
        if not pairs:
            continue
        for metric in PAIRED_METRICS:
            refined, vanilla_gains = (
                np.stack([gains(ranked, metric) for ranked in rankings], axis=1)
                for rankings in zip(*pairs, strict=True)
            )
            row, samples = _paired(refined, vanilla_gains)
            rows.append({**model, "metric": metric, **row})
            floor = not is_mechanism(rows[-1])
            family = (*list(model.values())[:-1], metric, model["refinement"] if floor else "")
            families.setdefault(family, []).append((rows[-1], samples))
    for members in families.values():
        _correct(members)
    return pd.DataFrame(rows, columns=INTERVAL_COLUMNS)


def _paired(
    refined: npt.NDArray[np.float64], vanilla: npt.NDArray[np.float64]
) -> tuple[dict[str, Any], npt.NDArray[np.float64]]:
    """The uncorrected part of a row, from gains (user, seed), and the bootstrap samples."""
    difference = refined - vanilla
    samples = bootstrap_means(difference)
    low, high = interval_of(samples)
    per_seed = difference.mean(axis=0)
    row = {
        "seeds": difference.shape[1],
        "users": len(difference),
        "vanilla": vanilla.mean(),
        "difference": difference.mean(),
        "low": low,
        "high": high,
        "lowest_seed": per_seed.min(),
        "highest_seed": per_seed.max(),
        "standard_error": samples.std(ddof=1),
        "p": p_value(samples),
    }
    return row, samples


def _correct(members: list[tuple[dict[str, Any], npt.NDArray[np.float64]]]) -> None:
    """Add the values corrected for the number of rows."""
    number = len(members)
    for (row, samples), p in zip(members, holm([row["p"] for row, _ in members]), strict=True):
        low, high = interval_of(samples, 1 - (1 - LEVEL) / number)
        row |= {
            "corrected_for": number,
            "corrected_p": p,
            "corrected_low": low,
            "corrected_high": high,
        }


def is_mechanism(row: Mapping[str, Any]) -> bool:
    """Whether a row belongs to a mechanism, not to vanilla or a floor."""
    return REFINEMENTS[row["refinement"]].has_second_order()


def from_vanilla(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the intervals with the opposite sign: vanilla minus the model."""
    return {
        **row,
        "difference": -row["difference"],
        "low": -row["high"],
        "high": -row["low"],
        "lowest_seed": -row["highest_seed"],
        "highest_seed": -row["lowest_seed"],
        "corrected_low": -row["corrected_high"],
        "corrected_high": -row["corrected_low"],
    }


def verdict(rows: Iterable[Mapping[str, Any]]) -> Verdict:
    """The verdict on refinement from the intervals of mechanisms that were compared together.

    helps: at least one mechanism is significantly above vanilla, see `significant`. harms: all are
    significantly below. does not help: none helps, and every corrected interval ends below `MARGIN`
    of vanilla. inconclusive: all other cases; always with fewer than `MIN_SEEDS` seeds.

    Raises:
        ValueError: there are no rows.
    """
    rows = list(rows)
    if not rows:
        raise ValueError("a verdict needs the interval of at least one mechanism; received none")
    if any(significant(row) and row["difference"] > 0 for row in rows):
        return "helps"
    if all(significant(row) and row["difference"] < 0 for row in rows):
        return "harms"
    if all(
        row["seeds"] >= MIN_SEEDS and row["corrected_high"] < MARGIN * row["vanilla"]
        for row in rows
    ):
        return "does not help"
    return "inconclusive"


def significant(row: Mapping[str, Any]) -> bool:
    """Whether a difference is significant: enough seeds, a corrected p below 0.05, and a corrected
    interval that excludes zero. Both are required, so that they never contradict each other."""
    excludes_zero = row["corrected_low"] > 0 or row["corrected_high"] < 0
    return bool(row["seeds"] >= MIN_SEEDS and row["corrected_p"] < 1 - LEVEL and excludes_zero)


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table, each by column."""
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]
