"""Stochastic refinement: rows of attention weights compared as Gaussians, for STOSA."""

from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import elu

from awrsr.attention import gaussian, masked_softmax, wasserstein_scores
from awrsr.config import ModelConfig
from awrsr.refinement.base import Refined, Refinement, SlotProjection


class Stochastic(Refinement):
    """M = S, with S the softmax of - W2^2 between Gaussians (A W_mu, ELU(A W_Sigma) + 1), /
    sqrt(r).

    Each row of attention weights becomes a Gaussian over the correlation space; two items are
    related when these are near to each other.

    Source: our reading of AWRSR (arXiv 2410.21048), whose equations were not available.
    """

    name = "stochastic"
    formula = "M = S, from distances between Gaussians"
    color = "#a35ccc"
    terms = "second order"
    backbones = ("stosa",)

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.mean = SlotProjection(config.max_length, config.rank)
        self.covariance = SlotProjection(config.max_length, config.rank)

    def forward(
        self,
        first_order: Float[Tensor, "batch head query_pos key_pos"],
        allowed: Bool[Tensor, "batch 1 query_pos key_pos"],
    ) -> Refined:
        """Refine the first-order weights A of one layer."""
        rows = gaussian(self.mean(first_order), elu(self.covariance(first_order)) + 1)
        scores = wasserstein_scores(rows, rows)
        second_order = masked_softmax(scores, allowed)
        return Refined(second_order, second_order, scores)
