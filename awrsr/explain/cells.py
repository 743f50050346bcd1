"""A cell of an attention map, and the decompositions of its value."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from awrsr.config import Rows
from awrsr.refinement import Terms


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One cell of a layer's maps; all indices are 0-based.

    Args:
        layer: index of the layer.
        head: index of the head.
        query: place in the trace's items, 0 = oldest.
        key: place in the trace's items; not later than the query.
    """

    layer: int
    head: int
    query: int
    key: int


@dataclass(frozen=True, kw_only=True)
class PairMap:
    """A second-order score as a sum over pairs of attended items: A_ip G_pq A_jq.

    i is the query and p an item it attends to; j is the key and q an item it attends to. G =
    W_Q W_K^T / sqrt(r) of the head, times the gain if there is one. If rows are standardised, A
    denotes the standardised rows.

    Args:
        score: the recorded score, S before its softmax; no unit.
        weight: the recorded weight S_ij.
        rows: the kind of row. A plain row holds weights, which sum to one. A standardised row holds
            the deviation of each weight from the even weight, scaled by the row's own standard
            deviation, and sums to 0.
        query_row: (i + 1,) the row of the query, A_ip.
        key_row: (j + 1,) the row of the key, A_jq.
        coupling: (i + 1, j + 1) G_pq, learned; depends only on the slots, not on the items.
        pairs: (i + 1, j + 1) the terms, in the unit of the score; they sum to the score.
    """

    score: float
    weight: float
    rows: Rows
    query_row: npt.NDArray[np.float64]
    key_row: npt.NDArray[np.float64]
    coupling: npt.NDArray[np.float64]
    pairs: npt.NDArray[np.float64]

    def table(self, k: int | None = None) -> pd.DataFrame:
        """The k pairs with the largest absolute terms, or all: p, q, term and its factors."""
        order = np.argsort(-np.abs(self.pairs), axis=None, kind="stable")[:k]
        p, q = np.unravel_index(order, self.pairs.shape)
        return pd.DataFrame(
            {
                "p": p,
                "q": q,
                "term": self.pairs[p, q],
                "of_query": self.query_row[p],
                "coupling": self.coupling[p, q],
                "of_key": self.key_row[q],
            }
        )


@dataclass(frozen=True, kw_only=True)
class DistanceSplit:
    """A score that is minus a squared Wasserstein distance, split by dimension.

    Args:
        score: the recorded score, minus squared distance / sqrt(width), times the gain; 0 is the
            closest.
        weight: the recorded weight after the softmax.
        gain: the gain of the head, 1 if none is learned.
        mean_terms: (width,) - (mean - mean')^2 / sqrt(width), times the gain; never above 0.
        covariance_terms: (width,) the same for the standard deviations; all terms together sum to
            the score.
    """

    score: float
    weight: float
    gain: float
    mean_terms: npt.NDArray[np.float64]
    covariance_terms: npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class RefinedParts:
    """A refined weight and its decomposition, which depends on the mechanism.

    Args:
        weight: the recorded weight M_ij.
        kind: the kind of decomposition.
        terms: terms that sum to the weight. Whole: (1,) M_ij. First order: (1,) A_ij. Second order:
            (1,) S_ij. Shares: (2,) (1 - g) A_ij and g S_ij. Product: (1,) A_ij times the factor.
            Intermediate items: (i + 1,) S_ik (A V)_kj for every k; 0 if k is older than j.
        share: shares: g, the share of the second order, one half or learned; otherwise None.
        factor: product: exp(s_ij) / sum over k of A_ik exp(s_ik), above 1 if the second order
            raises the first-order weight; otherwise None.
        query_row: intermediate items: (i + 1,) S_ik; otherwise None.
        key_column: intermediate items: (i + 1,) (A V)_kj, or A_kj if no V is learned; otherwise
            None.
        squared_weight: Gaussian models: M_ij squared, which mixes the covariances; otherwise None.
        squared_sum: Gaussian models: the sum of squares of the query's row; otherwise None.
    """

    weight: float
    kind: Terms
    terms: npt.NDArray[np.float64]
    share: float | None
    factor: float | None
    query_row: npt.NDArray[np.float64] | None
    key_column: npt.NDArray[np.float64] | None
    squared_weight: float | None
    squared_sum: float | None
