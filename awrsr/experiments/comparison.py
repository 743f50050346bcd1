"""Models compared with vanilla: paired gains, their bootstrap, what a difference allows to say.

The rows of intervals.csv are made here, see `compare`; the words for them are `verdict`'s.
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
"""What makes runs of different seeds one row of a table."""

PAIRED_METRICS = ("HR@10", "NDCG@10")
CLAIM_METRIC = "NDCG@10"
SAMPLES = 10_000
LEVEL = 0.95
POWER = 0.8
MIN_SEEDS = 3
"""With fewer an interval is about these trainings, not about the mechanism. With three it is still
somewhat narrow where seeds move a difference more than its users do: of simulated differences that
are nothing, 4% get p < 0.05 where seeds move them as much as users do, 8% where twice as much (with
five seeds 5%) and 18% where four times as much (with five seeds 13%)."""
MARGIN = 0.02
"""A gain below this share of vanilla counts as none: another seed of one and the same model moves
NDCG@10 by 2% to 5% in the recorded runs, so a gain below it is less than what chance hands out."""

INTERVAL_COLUMNS = [
    *(*MODEL, "metric", "seeds", "users", "vanilla", "difference", "low", "high"),
    *("lowest_seed", "highest_seed", "standard_error", "p"),
    *("corrected_for", "corrected_p", "corrected_low", "corrected_high"),
]
"""Of intervals.csv. The corrected ones are for that many comparisons: p after Holm, the interval
after Bonferroni."""

Ranks = npt.NDArray[np.uint8]
Verdict = Literal["helps", "harms", "does not help", "cannot be told"]


class Interval(NamedTuple):
    """A mean difference and its bootstrap interval."""

    mean: float
    low: float
    high: float


def gains(ranks: npt.ArrayLike, metric: str) -> npt.NDArray[np.float64]:
    """What each rank adds to HR@k or NDCG@k, k at most `awrsr.experiments.record.RANKS_KEPT`."""
    kind, _, cutoff = metric.partition("@")
    rank = np.asarray(ranks, dtype=np.float64)
    gain = np.ones_like(rank) if kind == "HR" else 1 / np.log2(rank + 1)
    return np.where(rank <= int(cutoff), gain, 0.0)


# --- bootstrap ------------------------------------------------------------------------------------


def bootstrap_means(differences: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Means of bootstrap samples, `SAMPLES` of them.

    Each sample draws users and, apart from them, seeds, both with replacement; with one seed it
    draws users only. The generator's seed is fixed: the same differences give the same samples.

    Args:
        differences: (user, seed), a metric's gain of a model minus vanilla's of the same user and
            the same seed.

    Source: Efron 1979 for the bootstrap; drawing both factors is the pigeonhole bootstrap of Owen
    2007.
    """
    n_users, n_seeds = differences.shape
    generator = np.random.default_rng(0)
    changed = differences[(differences != 0).any(axis=1)]  # all others add zero
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
    """Two-sided p of a difference of zero: 1 minus the level at which the interval reaches zero.

    One sample is counted beside those drawn, so that p is never zero: Davison & Hinkley 1997, 4.2.
    """
    beyond = min(int((samples <= 0).sum()), int((samples >= 0).sum()))
    return min(1.0, 2 * (beyond + 1) / (len(samples) + 1))


def paired_interval(differences: npt.NDArray[np.float64]) -> Interval:
    """The mean of per-user differences and its 95% interval, see `bootstrap_means`."""
    return Interval(float(differences.mean()), *interval_of(bootstrap_means(differences)))


def holm(p_values: Sequence[float]) -> list[float]:
    """p values corrected together, in the order given; each at most 1.

    Source: Holm 1979, "A simple sequentially rejective multiple test procedure".
    """
    order = np.argsort(p_values, kind="stable")
    factors = np.arange(len(order), 0, -1)
    corrected = np.empty(len(order))
    corrected[order] = np.maximum.accumulate(np.asarray(p_values)[order] * factors)
    return [min(1.0, float(value)) for value in corrected]


def smallest_effect(row: Mapping[str, Any]) -> float:
    """The smallest true difference that would have been seen with 80% power, by a row of intervals.

    Seen: told apart from zero at the level corrected for all that were compared. Normal
    approximation; unit: the metric's.
    """
    normal = NormalDist()
    quantiles = normal.inv_cdf(1 - (1 - LEVEL) / (2 * row["corrected_for"])) + normal.inv_cdf(POWER)
    return float(quantiles * row["standard_error"])


# --- comparison with vanilla ----------------------------------------------------------------------


def compare(runs: pd.DataFrame, ranks: dict[str, Ranks]) -> pd.DataFrame:
    """intervals.csv from the rows of the runs and their ranks.

    Every other model is compared with vanilla of the same dataset, loss and backbone over the seeds
    that both have; where they share none there is no row. The mechanisms of one dataset, loss and
    backbone are corrected together; a floor is not one of them and stands for itself.
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
            own, plain = (
                np.stack([gains(ranked, metric) for ranked in of_seeds], axis=1)
                for of_seeds in zip(*pairs, strict=True)
            )
            row, samples = _paired(own, plain)
            rows.append({**model, "metric": metric, **row})
            floor = not is_mechanism(rows[-1])
            family = (*list(model.values())[:-1], metric, model["refinement"] if floor else "")
            families.setdefault(family, []).append((rows[-1], samples))
    for members in families.values():
        _correct(members)
    return pd.DataFrame(rows, columns=INTERVAL_COLUMNS)


def _paired(
    own: npt.NDArray[np.float64], plain: npt.NDArray[np.float64]
) -> tuple[dict[str, Any], npt.NDArray[np.float64]]:
    """What gains (user, seed) minus vanilla's say for themselves, and their bootstrap samples."""
    difference = own - plain
    samples = bootstrap_means(difference)
    low, high = interval_of(samples)
    per_seed = difference.mean(axis=0)
    row = {
        "seeds": difference.shape[1],
        "users": len(difference),
        "vanilla": plain.mean(),
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
    """Add to rows what is corrected for their number."""
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
    """Whether a row is of a refinement and not of vanilla or a floor."""
    return REFINEMENTS[row["refinement"]].has_second_order()


def from_vanilla(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the intervals the other way round: vanilla minus the model."""
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
    """What the intervals of one mechanism or more, compared together, say of refinement.

    helps: one of them lies above vanilla, see `told`. harms: all lie below. does not help: none
    helps, and the corrected interval of each ends below `MARGIN` of vanilla. Else: cannot be told;
    from fewer than `MIN_SEEDS` seeds it never can.

    Raises:
        ValueError: there are no rows.
    """
    rows = list(rows)
    if not rows:
        raise ValueError("a verdict needs the interval of one mechanism at least; received none")
    if any(told(row) and row["difference"] > 0 for row in rows):
        return "helps"
    if all(told(row) and row["difference"] < 0 for row in rows):
        return "harms"
    if all(
        row["seeds"] >= MIN_SEEDS and row["corrected_high"] < MARGIN * row["vanilla"]
        for row in rows
    ):
        return "does not help"
    return "cannot be told"


def told(row: Mapping[str, Any]) -> bool:
    """Whether a difference is told apart from zero: enough seeds, a corrected p below 0.05, and a
    corrected interval that leaves zero out, so that the two never say different things."""
    apart = row["corrected_low"] > 0 or row["corrected_high"] < 0
    return bool(row["seeds"] >= MIN_SEEDS and row["corrected_p"] < 1 - LEVEL and apart)


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table, each by column."""
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]
