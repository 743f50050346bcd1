"""The overlap of two rankings of one catalogue."""

import numpy as np
import numpy.typing as npt

from awrsr.errors import ConfigError, DataError

PERSISTENCE = 0.9
"""The first ten ranks then carry 86% of the weight of rank-biased overlap (eq. 21 of the paper)."""


DEPTH = 500
"""Ranks below have no influence on rank-biased overlap in double precision: together they weigh
`PERSISTENCE` to the power of this depth, 1e-23."""


def overlap_at(first: npt.ArrayLike, second: npt.ArrayLike, k: int) -> int:
    """The number of items among the k best of both rankings.

    Args:
        first: items, best first, each once.
        second: the same for the other ranking.
        k: 1 or more; a ranking may be shorter.
    """
    if k < 1:
        raise ConfigError(f"k must be 1 or more; received {k!r}")
    a, b = _ranking(first, "first"), _ranking(second, "second")
    return len(np.intersect1d(a[:k], b[:k]))


def rank_biased_overlap(
    first: npt.ArrayLike, second: npt.ArrayLike, p: float = PERSISTENCE
) -> float:
    """RBO_ext of two rankings of equal depth: 1 if they are equal, 0 if they share nothing.

    (X_D / D) p^D + ((1 - p) / p) * sum over d = 1..D of (X_d / d) p^d, where X_d is the number of
    items among the d best of both rankings, and D is the depth. Agreement at depth d has the weight
    (1 - p) p^(d - 1); below D the agreement is assumed to stay as at D. For two rankings of a
    complete catalogue this is exact: they contain the same items, so their agreement at D is full,
    and the value is RBO.

    Args:
        first: items, best first, each once; no ties.
        second: a ranking of the same depth.
        p: between 0 and 1, exclusive; the probability that a reader continues to the next rank.

    Returns:
        0 to 1; symmetric in the two rankings.

    Raises:
        DataError: the rankings are empty, of different depth, or repeat an item.
        ConfigError: p is out of range.

    Source: Webber, Moffat and Zobel 2010, A Similarity Measure for Indefinite Rankings, ACM TOIS
    28(4), eq. 23.
    """
    if not 0 < p < 1:
        raise ConfigError(f"p must be more than 0 and less than 1; received {p!r}")
    a, b = _ranking(first, "first"), _ranking(second, "second")
    if len(a) != len(b) or len(a) == 0:
        raise DataError(
            f"rank-biased overlap needs two rankings of equal depth, 1 or more; received "
            f"{len(a)} and {len(b)} items"
        )
    _, in_a, in_b = np.intersect1d(a, b, assume_unique=True, return_indices=True)
    # An item is in both lists from the depth of its larger rank.
    reached = np.bincount(np.maximum(in_a, in_b), minlength=len(a))
    depth = np.arange(1, len(a) + 1)
    agreement = reached.cumsum() / depth
    weighted = (1 - p) * float((agreement * p ** (depth - 1.0)).sum())
    return weighted + float(agreement[-1]) * p ** len(a)


def _ranking(items: npt.ArrayLike, name: str) -> npt.NDArray[np.generic]:
    ranking = np.asarray(items)
    if ranking.ndim != 1 or len(np.unique(ranking)) != len(ranking):
        raise DataError(f"the {name} ranking must be one row of items, each once")
    return ranking
