"""Simple refinement: the second-order weights take the place of the first."""

from jaxtyping import Bool, Float
from torch import Tensor

from awrsr.refinement.second_order import DotProducts


class Simple(DotProducts):
    """M = S: what mixes the values is only how alike two items attend.

    Source: our reading of AWRSR (arXiv 2410.21048), whose equations were not available.
    """

    name = "simple"
    formula = "M = S"
    color = "#4a7de0"
    terms = "second order"

    def refine(
        self,
        first_order: Float[Tensor, "batch head query_pos key_pos"],
        second_order: Float[Tensor, "batch head query_pos key_pos"],
        scores: Float[Tensor, "batch head query_pos key_pos"],
        allowed: Bool[Tensor, "batch 1 query_pos key_pos"],
    ) -> Float[Tensor, "batch head query_pos key_pos"]:
        """S as it is."""
        return second_order
