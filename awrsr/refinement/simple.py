"""Simple refinement: the second-order weights take the place of the first."""

from jaxtyping import Bool, Float
from torch import Tensor

from awrsr.config import ModelConfig
from awrsr.refinement.base import Refined, Refinement, SecondOrder


class Simple(Refinement):
    """M = S: what mixes the values is only how alike two items attend.

    Source: our reading of AWRSR (arXiv 2410.21048), whose equations were not available.
    """

    name = "simple"
    formula = "M = S"
    color = "#4a7de0"
    terms = "second order"

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
        return Refined(second_order, second_order, scores)
