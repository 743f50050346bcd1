"""Value-weighted refinement: the second attention mixes the rows of the first."""

from typing import ClassVar

from jaxtyping import Bool, Float
from torch import Tensor

from awrsr.config import ModelConfig
from awrsr.refinement.second_order import DotProducts, SecondOrder
from awrsr.refinement.slots import SlotMixing


class ValueWeighted(DotProducts):
    """M = S A: the first-order weights are the values, M_ij = sum over k of S_ik A_kj.

    With `value_matrix` the values are A V, as in attention with a value matrix in addition to those
    for queries and keys: M = S (A V). V is row-stochastic and causal (see `SlotMixing`), so that
    rows of M sum to one and later items get no weight.

    Source: our reading of AWRSR (arXiv 2410.21048), whose equations were not available.
    """

    name = "value_weighted"
    formula = "M = S A"
    color = "#1f9e77"
    terms = "intermediate items"
    settings: ClassVar[tuple[str, ...]] = (*SecondOrder.settings, "value_matrix")

    @classmethod
    def formula_of(cls, config: ModelConfig) -> str:
        """The formula of M under these settings, "M = ..."."""
        return f"{cls.formula} V" if config.value_matrix else cls.formula

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.value = SlotMixing(config) if config.value_matrix else None

    def values(
        self,
        first_order: Float[Tensor, "batch head query_pos key_pos"],
        allowed: Bool[Tensor, "batch 1 query_pos key_pos"],
    ) -> Float[Tensor, "batch head query_pos key_pos"]:
        """The matrix that S mixes: A, or A V."""
        return first_order if self.value is None else first_order @ self.value(allowed)

    def refine(
        self,
        first_order: Float[Tensor, "batch head query_pos key_pos"],
        second_order: Float[Tensor, "batch head query_pos key_pos"],
        scores: Float[Tensor, "batch head query_pos key_pos"],
        allowed: Bool[Tensor, "batch 1 query_pos key_pos"],
    ) -> Float[Tensor, "batch head query_pos key_pos"]:
        """S A, or S A V."""
        return second_order @ self.values(first_order, allowed)
