"""The contract of a refinement.

A refinement sees the first-order weights of one layer and gives back the weights that mix the
values. Whatever it does, two laws hold: every row with an allowed key sums to one, and no weight
falls on a key that is not allowed. It may learn matrices over slots; these have n = max_length
rows of which a sequence of m items uses the last m, so that the newest item always meets the same
row and padding none.
"""

from typing import ClassVar, Literal, NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from awrsr.attention import dot_product_scores, masked_softmax
from awrsr.config import Backbone, ModelConfig


class Refined(NamedTuple):
    """What a refinement gives back, all of shape (batch, head, query_pos, key_pos).

    Args:
        weights: the refined weights M, the ones that mix the values.
        second_order: the second-order weights S, or None where the mechanism has none.
        second_order_scores: S before its softmax, or None.
    """

    weights: Float[Tensor, "batch head query_pos key_pos"]
    second_order: Float[Tensor, "batch head query_pos key_pos"] | None = None
    second_order_scores: Float[Tensor, "batch head query_pos key_pos"] | None = None


Terms = Literal["first order", "second order", "halves", "intermediate items"]
"""What a refined weight is the sum of: A_ij, S_ij, half of each, or S_ik A_kj over the items k."""


class Refinement(nn.Module):
    """One mechanism; a subclass says in a few facts what it is, and computes in `forward`."""

    name: ClassVar[str]
    formula: ClassVar[str]
    backbones: ClassVar[tuple[Backbone, ...]] = ("sasrec", "stosa")
    color: ClassVar[str]
    """Of its lines and marks in figures, readable on white and on near black."""
    terms: ClassVar[Terms]
    """What each of its weights is the sum of."""
    learns_attention: ClassVar[bool] = True
    """Whether the layer compares queries with keys. Where it does not, it has no matrices for them,
    and its first-order weights are even over the keys of `attended`."""

    @classmethod
    def has_second_order(cls) -> bool:
        """Whether rows of first-order weights are compared."""
        return cls.terms != "first order"

    def attended(
        self, allowed: Bool[Tensor, "batch 1 query_pos key_pos"]
    ) -> Bool[Tensor, "batch 1 query_pos key_pos"]:
        """The keys that first-order attention may fall on: by default all that are allowed."""
        return allowed

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()

    def forward(
        self,
        first_order: Float[Tensor, "batch head query_pos key_pos"],
        allowed: Bool[Tensor, "batch 1 query_pos key_pos"],
    ) -> Refined:
        """Refine the first-order weights A of one layer."""
        raise NotImplementedError


class Floor(Refinement):
    """A member that learns no attention: what attention is worth is what a model has over it.

    M = A, and A is even over the keys of `attended`: nothing is compared.
    """

    terms = "first order"
    learns_attention = False

    def forward(
        self,
        first_order: Float[Tensor, "batch head query_pos key_pos"],
        allowed: Bool[Tensor, "batch 1 query_pos key_pos"],
    ) -> Refined:
        """Give the first-order weights back."""
        return Refined(first_order)


class SlotProjection(nn.Module):
    """A learnable matrix (n, r) that maps rows of attention weights into the correlation space."""

    def __init__(self, max_length: int, rank: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(max_length, rank))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw initial weights."""
        nn.init.xavier_uniform_(self.weight)

    def forward(
        self, rows: Float[Tensor, "batch head query_pos key_pos"]
    ) -> Float[Tensor, "batch head query_pos rank"]:
        """Map each row of weights; a row over m keys meets the last m rows of the matrix."""
        return rows @ self.weight[-rows.shape[-1] :]


class SecondOrder(nn.Module):
    """Second-order weights S: softmax over the allowed keys of (A W_Q)_i . (A W_K)_j / sqrt(r).

    Items that attend alike are related. Costs O(m^2 r) per head beside the O(m^2 d) of attention
    itself.

    Source: our reading of AWRSR (Liu, Liu and Liu 2024, arXiv 2410.21048); the paper's equations
    were not available.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.query = SlotProjection(config.max_length, config.rank)
        self.key = SlotProjection(config.max_length, config.rank)

    def forward(
        self,
        first_order: Float[Tensor, "batch head query_pos key_pos"],
        allowed: Bool[Tensor, "batch 1 query_pos key_pos"],
    ) -> tuple[
        Float[Tensor, "batch head query_pos key_pos"], Float[Tensor, "batch head query_pos key_pos"]
    ]:
        """Second-order weights and the scores they are the softmax of."""
        scores = dot_product_scores(self.query(first_order), self.key(first_order))
        return masked_softmax(scores, allowed), scores
