"""Stochastic refinement: rows of attention weights compared as Gaussians, for STOSA."""

import math
from typing import ClassVar

from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import elu

from awrsr.attention import gaussian, wasserstein_scores
from awrsr.config import ModelConfig
from awrsr.refinement.second_order import GAIN, SecondOrder
from awrsr.refinement.slots import ProjectionPair, SlotProjection


class Stochastic(SecondOrder):
    """M = S, the softmax of - W2^2 / sqrt(r), times the gain, between Gaussians.

    Each row a of attention weights becomes a Gaussian over the correlation space, (a W_mu,
    ELU(a W_Sigma) + 1): one as a query and, with separate matrices, one as a key. Two items are
    related if the Gaussian of the query is close to the Gaussian of the key.

    `tied`: queries and keys share their matrices. The distance of an item to itself is then 0, the
    smallest possible, so every item's largest second-order weight is on itself, whatever is
    learned; only the decay of the other weights is learned. `similar_start` then has no effect,
    since there is no second matrix.

    Source: our reading of AWRSR (arXiv 2410.21048), whose equations were not available.
    """

    name = "stochastic"
    formula = "M = S, from distances between Gaussians"
    color = "#a35ccc"
    terms = "second order"
    backbones = ("stosa",)
    settings: ClassVar[tuple[str, ...]] = (*SecondOrder.settings, "tied")

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        projection = SlotProjection if config.tied else ProjectionPair
        self.mean = projection(config)
        self.covariance = projection(config)

    def gaussians(
        self, rows: Float[Tensor, "batch head query_pos key_pos"]
    ) -> tuple[
        Float[Tensor, "batch head query_pos both"], Float[Tensor, "batch head query_pos both"]
    ]:
        """The rows as the Gaussians of queries and of keys, see `awrsr.attention.gaussian`."""
        mean, covariance = self.mean(rows), self.covariance(rows)
        if isinstance(mean, Tensor):
            tied = gaussian(mean, elu(covariance) + 1)
            return tied, tied
        query, key = (gaussian(a, elu(b) + 1) for a, b in zip(mean, covariance, strict=True))
        return query, key

    def compare(
        self, rows: Float[Tensor, "batch head query_pos key_pos"]
    ) -> Float[Tensor, "batch head query_pos key_pos"]:
        """The score of every pair of rows, before the gain."""
        return wasserstein_scores(*self.gaussians(rows))

    def refine(
        self,
        first_order: Float[Tensor, "batch head query_pos key_pos"],
        second_order: Float[Tensor, "batch head query_pos key_pos"],
        scores: Float[Tensor, "batch head query_pos key_pos"],
        allowed: Bool[Tensor, "batch 1 query_pos key_pos"],
    ) -> Float[Tensor, "batch head query_pos key_pos"]:
        """S."""
        return second_order

    def pair_matrix(self, length: int) -> Float[Tensor, "head slot slot"]:
        """G for the part of a score that comes from the means. If tied, this part is minus the sum
        over p and q of d_p G_pq d_q, with d = a_i - a_j. Otherwise, the sum of a_ip G_pq a_jq is
        its joint term of the two rows; each row also has a term of its own.
        """
        if isinstance(self.mean, SlotProjection):
            query = key = self.mean.last(length)
        else:
            query, key = 2 * self.mean.query.last(length), self.mean.key.last(length)
        matrix = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
        return self.times_gain(matrix.expand(self.n_heads, -1, -1))

    def pair_formula(self) -> str:
        """The formula of G."""
        tied = isinstance(self.mean, SlotProjection)
        product = "W_\u03bc W_\u03bc\u1d40" if tied else "2 W_\u03bcQ W_\u03bcK\u1d40"
        return f"{GAIN if self.log_gain is not None else ''}{product} / \u221ar"
