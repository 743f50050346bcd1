"""Simple refinement: the second-order weights replace the first-order weights."""

from jaxtyping import Bool, Float
from torch import Tensor

from awrsr.refinement.second_order import DotProducts


class Simple(DotProducts):
    """M = S: only the similarity of two items' attention mixes the values.

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
        """S."""
        return second_order
