"""Additive refinement: first and second order in equal parts."""

from jaxtyping import Bool, Float
from torch import Tensor

from awrsr.config import ModelConfig
from awrsr.refinement.base import Refined, Refinement, SecondOrder


class Additive(Refinement):
    """M = (A + S) / 2: halving keeps rows summing to one, the output projection absorbs it.

    Source: our reading of AWRSR (arXiv 2410.21048), whose equations were not available.
    """

    name = "additive"
    formula = "M = (A + S) / 2"
    color = "#d97a1e"
    terms = "halves"

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
        return Refined((first_order + second_order) / 2, second_order, scores)
