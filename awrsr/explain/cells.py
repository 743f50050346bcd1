"""A cell of an attention map, and what its number is made of."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from awrsr.config import Rows
from awrsr.refinement import Terms


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One cell of a layer's maps; all counted from 0.

    Args:
        layer: the first layer is 0.
        head: of that layer.
        query: place in the trace's items, 0 = oldest.
        key: likewise; not later than the query.
    """

    layer: int
    head: int
    query: int
    key: int


@dataclass(frozen=True, kw_only=True)
class PairMap:
    """A second-order score as a sum over pairs of attended items: A_ip G_pq A_jq.

    i is the query, p what it attends to; j the key, q what it attends to; G = W_Q W_K^T / sqrt(r)
    of the head, times its gain where there is one. Of standardised rows, these stand for A.

    Args:
        score: the recorded score, S before its softmax; no unit.
        weight: the recorded weight S_ij.
        rows: what is compared. A plain row holds weights, which sum to one. A standardised one says
            how far each weight is from the even one, in the row's own deviations, and sums to 0.
        query_row: (i + 1,) the row of the query, A_ip.
        key_row: (j + 1,) the row of the key, A_jq.
        coupling: (i + 1, j + 1) G_pq, learned; depends on the slots alone, not on the items.
        pairs: (i + 1, j + 1) the terms, in the unit of the score; they sum to it.
    """

    score: float
    weight: float
    rows: Rows
    query_row: npt.NDArray[np.float64]
    key_row: npt.NDArray[np.float64]
    coupling: npt.NDArray[np.float64]
    pairs: npt.NDArray[np.float64]

    def table(self, k: int | None = None) -> pd.DataFrame:
        """The k pairs with the largest terms in size, or all: p, q, and the factors of the term."""
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
    """A score that is minus a squared Wasserstein distance, dimension by dimension.

    Args:
        score: the recorded score, minus squared distance / sqrt(width), times the gain; 0 is
            nearest.
        weight: the recorded weight that its softmax gave.
        gain: of the head, 1 where none is learned.
        mean_terms: (width,) - (mean - mean')^2 / sqrt(width), times the gain; none above 0.
        covariance_terms: (width,) the same of the standard deviations; all terms sum to the score.
    """

    score: float
    weight: float
    gain: float
    mean_terms: npt.NDArray[np.float64]
    covariance_terms: npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class RefinedParts:
    """A refined weight, and what its mechanism makes it of.

    Args:
        weight: the recorded weight M_ij.
        kind: what it is made of.
        terms: they sum to the weight. Whole: (1,) M_ij. First order: (1,) A_ij. Second order: (1,)
            S_ij. Shares: (2,) (1 - g) A_ij and g S_ij. Product: (1,) A_ij times the factor.
            Intermediate items: (i + 1,) S_ik (A V)_kj for every k, which is 0 where k is older than
            j.
        share: shares: g, the second order's share, a half or learned; else None.
        factor: product: exp(s_ij) / sum over k of A_ik exp(s_ik), above 1 where the second order
            raises the first-order weight; else None.
        query_row: intermediate items: (i + 1,) S_ik, else None.
        key_column: intermediate items: (i + 1,) (A V)_kj, A_kj where no V is learned; else None.
        squared_weight: of Gaussians M_ij squared, what mixes the covariances; else None.
        squared_sum: of Gaussians what the squares of the query's row sum to; else None.
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
