"""No refinement: the vanilla backbone."""

from jaxtyping import Bool, Float
from torch import Tensor

from awrsr.refinement.base import Refined, Refinement


class NoRefinement(Refinement):
    """M = A: the first-order weights mix the values, as in the published backbones."""

    name = "none"
    title = "vanilla"
    formula = "M = A"
    color = "#7d8797"
    terms = "first order"
    no_second_order = "Vanilla has no second order: the first-order weights mix the values."

    def forward(
        self,
        first_order: Float[Tensor, "batch head query_pos key_pos"],
        allowed: Bool[Tensor, "batch 1 query_pos key_pos"],
    ) -> Refined:
        """Return the first-order weights."""
        return Refined(first_order)
