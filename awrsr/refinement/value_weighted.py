"""Value-weighted refinement: the second attention mixes the rows of the first."""

from jaxtyping import Bool, Float
from torch import Tensor

from awrsr.config import ModelConfig
from awrsr.refinement.base import Refined, Refinement, SecondOrder


class ValueWeighted(Refinement):
    """M = S A: the first-order weights are their own value, M_ij = sum over k of S_ik A_kj.

    Source: our reading of AWRSR (arXiv 2410.21048), whose equations were not available.
    """

    name = "value_weighted"
    formula = "M = S A"
    color = "#1f9e77"
    terms = "intermediate items"

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.second_order = SecondOrder(config)

    def forward(
        self,
        first_order: Float[Tensor, "batch head query_pos key_pos"],
        allowed: Bool[Tensor, "batch 1 query_pos key_pos"],
    ) -> Refined:
        """Refine the first-order weights A of one layer."""
        second_order, scores = self.second_order(first_order, allowed)
        return Refined(second_order @ first_order, second_order, scores)
