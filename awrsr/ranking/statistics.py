"""Statistics over users and ranked items: bootstrap intervals of means, rank correlations."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from awrsr.errors import ConfigError, DataError

Floats = npt.NDArray[np.float64]
LEVEL = 0.95
FEWEST = 3
"""Smallest number of values for a rank correlation: with two, agreement is always perfect or
perfectly inverse."""
DRAWN_AT_ONCE = 1_000_000
"""Counts of drawn rows in memory at once: 8 MB."""


@dataclass(frozen=True, kw_only=True)
class Intervals:
    """Means over users and their 95% bootstrap intervals, one per column."""

    mean: Floats
    low: Floats
    high: Floats


def bootstrap_means(values: Floats, *, seed: int = 0, resamples: int = 2000) -> Intervals:
    """Means over rows and their 95% percentile bootstrap intervals.

    Args:
        values: (user, column); the same users are drawn for all columns. NaN is ignored; a column
            with only NaN has no mean.
        seed: seed of the draws.
        resamples: number of bootstrap samples.

    Raises:
        ConfigError: no rows.

    Source: Efron 1979; the percentile interval.
    """
    n = len(values)
    if n == 0:
        raise ConfigError("a mean needs 1 row or more")
    present = ~np.isnan(values)
    filled = np.where(present, values, 0.0)
    defined = present.any(axis=0)
    bounds = np.full((3, values.shape[1]), np.nan)
    bounds[0, defined] = filled[:, defined].sum(axis=0) / present[:, defined].sum(axis=0)
    generator, shares = np.random.default_rng(seed), np.full(n, 1 / n)
    means = np.empty((resamples, int(defined.sum())))
    at_once = max(1, DRAWN_AT_ONCE // n)
    for start in range(0, resamples, at_once):
        block = means[start : start + at_once]
        draws = generator.multinomial(n, shares, size=len(block))
        with np.errstate(invalid="ignore"):  # a sample that contains only NaN has no mean
            block[:] = (draws @ filled[:, defined]) / (draws @ present[:, defined])
    bounds[1:, defined] = np.nanquantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return Intervals(mean=bounds[0], low=bounds[1], high=bounds[2])


def mean_interval(values: npt.ArrayLike, *, seed: int = 0) -> tuple[float, float]:
    """The 95% interval of one mean, see `bootstrap_means`.

    For a paired comparison of two models, give one difference per user.

    Raises:
        ConfigError: no values.
    """
    found = bootstrap_means(np.asarray(values, dtype=np.float64)[:, None], seed=seed)
    return float(found.low[0]), float(found.high[0])


def spearman(first: npt.ArrayLike, second: npt.ArrayLike) -> float | None:
    """Pearson correlation of the ranks; equal values share the mean of their ranks.

    Returns:
        -1 to 1; None if it is not defined: fewer than 3 values, or all values of one side are
        equal.

    Raises:
        DataError: not two rows of equal length, or a value is not finite.

    Source: Spearman 1904; ties as in Kendall 1945.
    """
    from scipy.stats import spearmanr  # takes half a second to import and is rarely needed

    a, b = _pair(first, second)
    return _bounded(spearmanr(a, b).statistic) if _defined(a, b) else None


def kendall_tau_b(first: npt.ArrayLike, second: npt.ArrayLike) -> float | None:
    """(concordant - discordant pairs) / sqrt(untied pairs in first * untied pairs in second).

    Returns:
        -1 to 1; None if it is not defined: fewer than 3 values, or all values of one side are
        equal.

    Raises:
        DataError: not two rows of equal length, or a value is not finite.

    Source: Kendall 1945, The Treatment of Ties in Ranking Problems.
    """
    from scipy.stats import kendalltau  # as above

    a, b = _pair(first, second)
    return _bounded(kendalltau(a, b, variant="b").statistic) if _defined(a, b) else None


STATISTICS = {"Spearman's rho": spearman, "Kendall's tau-b": kendall_tau_b}


def _pair(first: npt.ArrayLike, second: npt.ArrayLike) -> tuple[Floats, Floats]:
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if a.ndim != 1 or a.shape != b.shape:
        raise DataError(
            f"a rank correlation needs two rows of equal length; received shapes {a.shape} "
            f"and {b.shape}"
        )
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise DataError("a rank correlation needs finite values")
    return a, b


def _defined(a: Floats, b: Floats) -> bool:
    return len(a) >= FEWEST and bool(np.ptp(a) > 0 and np.ptp(b) > 0)


def _bounded(value: float) -> float:
    return min(1.0, max(-1.0, float(value)))
