"""The second attention: it compares rows of first-order weights with each other."""

import math
from typing import ClassVar

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from awrsr.attention import dot_product_scores, masked_softmax
from awrsr.config import ModelConfig
from awrsr.refinement.base import Refined, Refinement
from awrsr.refinement.slots import ProjectionPair

NEARLY_EVEN = 0.1
"""Relative deviation from even weights below which a row counts as even."""
GAIN = "gain \u00b7 "
"""The gain as a factor of a formula."""


def standardise(
    first_order: Float[Tensor, "batch head query_pos key_pos"],
    allowed: Bool[Tensor, "batch 1 query_pos key_pos"],
) -> Float[Tensor, "batch head query_pos key_pos"]:
    """Each row centred and scaled over its c allowed keys; 0 on all other keys.

    Let x = c A - 1, the relative deviation of a weight from the even weight 1 / c. The row becomes
    x / sqrt(mean of x^2 + 0.1^2). It sums to 0; a row with one allowed key is 0. The constant 0.1
    bounds the scaling by a factor of ten, for any number of keys, so that the rounding errors of an
    even row stay negligible.

    Rows that are not centred share the even part 1 / c, which makes them all similar while
    attention is spread out. After scaling, a row says where it attends, not how sharply.

    Source: our reading of AWRSR (arXiv 2410.21048), whose equations were not available.
    """
    keys = allowed.to(first_order.dtype)
    count = keys.sum(-1, keepdim=True)
    departure = (count * first_order - 1) * keys
    variance = departure.square().sum(-1, keepdim=True) / count.clamp(min=1)
    return departure / (variance + NEARLY_EVEN**2).sqrt()


class SecondOrder(Refinement):
    """A refinement that compares rows of A; S is the softmax of the scores over the allowed keys.

    Items with similar attention are related. Cost: O(m^2 r) per head, in addition to O(m^2 d) for
    attention. A subclass defines how two rows are compared and how M is formed. All subclasses
    share the compared rows (`rows`), their dropout and the gain of the scores.

    Refinement dropout applies only to the rows that are compared. Where A is a value or a summand,
    its rows still sum to one; attention dropout applies to M.

    The gain is exp(g) with one learned number g per head, initially 0. Rows over many keys have a
    small norm, hence small scores; without a gain S stays almost even until the matrices have
    grown.

    Source: our reading of AWRSR (Liu, Liu and Liu 2024, arXiv 2410.21048); the paper's equations
    were not available.
    """

    settings: ClassVar[tuple[str, ...]] = (
        *("rows", "gain", "similar_start", "matrices", "refinement_dropout"),
    )

    @classmethod
    def has_second_order(cls) -> bool:
        """True: it compares rows of first-order weights."""
        return True

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.n_heads = config.n_heads
        self.standardised = config.rows == "standardised"
        self.dropout = nn.Dropout(config.refinement_dropout)
        self.log_gain = nn.Parameter(torch.zeros(config.n_heads)) if config.gain else None

    def reset_parameters(self) -> None:
        """Set the gain to 1; matrices initialise themselves."""
        if self.log_gain is not None:
            nn.init.zeros_(self.log_gain)

    def times_gain(
        self, scores: Float[Tensor, "*batch head query_pos key_pos"]
    ) -> Float[Tensor, "*batch head query_pos key_pos"]:
        """Scores of every head, times the gain of the head."""
        return scores if self.log_gain is None else scores * self.log_gain.exp()[:, None, None]

    def rows(
        self,
        first_order: Float[Tensor, "batch head query_pos key_pos"],
        allowed: Bool[Tensor, "batch 1 query_pos key_pos"],
    ) -> Float[Tensor, "batch head query_pos key_pos"]:
        """The rows that are compared: rows of A, plain or standardised."""
        return standardise(first_order, allowed) if self.standardised else first_order

    def compare(
        self, rows: Float[Tensor, "batch head query_pos key_pos"]
    ) -> Float[Tensor, "batch head query_pos key_pos"]:
        """The score of every pair of rows, before the gain."""
        raise NotImplementedError

    def refine(
        self,
        first_order: Float[Tensor, "batch head query_pos key_pos"],
        second_order: Float[Tensor, "batch head query_pos key_pos"],
        scores: Float[Tensor, "batch head query_pos key_pos"],
        allowed: Bool[Tensor, "batch 1 query_pos key_pos"],
    ) -> Float[Tensor, "batch head query_pos key_pos"]:
        """M from A, S and the scores whose softmax is S."""
        raise NotImplementedError

    def forward(
        self,
        first_order: Float[Tensor, "batch head query_pos key_pos"],
        allowed: Bool[Tensor, "batch 1 query_pos key_pos"],
    ) -> Refined:
        """Refine the first-order weights A of one layer."""
        scores = self.times_gain(self.compare(self.dropout(self.rows(first_order, allowed))))
        second_order = masked_softmax(scores, allowed)
        weights = self.refine(first_order, second_order, scores, allowed)
        return Refined(weights, second_order, scores)

    def gaussians(
        self, rows: Float[Tensor, "batch head query_pos key_pos"]
    ) -> (
        tuple[
            Float[Tensor, "batch head query_pos both"], Float[Tensor, "batch head query_pos both"]
        ]
        | None
    ):
        """If scores are distances: the rows as Gaussians of queries and of keys, see
        `awrsr.attention.gaussian`; otherwise None."""
        return None

    def pair_matrix(self, length: int) -> Float[Tensor, "head slot slot"] | None:
        """G of every head for a sequence of this length, including the gain; see `pair_formula`.

        Slots in order, the slot of the newest item last. None if scores are not sums over pairs.
        """
        return None

    def pair_formula(self) -> str:
        """The formula of G; empty if there is none."""
        return ""


class DotProducts(SecondOrder):
    """Rows a are compared by scaled dot products: (a_i W_Q) . (a_j W_K) / sqrt(r), times the gain.

    This is a sum over pairs of keys, a_ip G_pq a_jq with G = W_Q W_K^T / sqrt(r). It shows which
    attended items relate two rows.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.second_order = ProjectionPair(config)

    def compare(
        self, rows: Float[Tensor, "batch head query_pos key_pos"]
    ) -> Float[Tensor, "batch head query_pos key_pos"]:
        """The score of every pair of rows, before the gain."""
        return dot_product_scores(*self.second_order(rows))

    def pair_matrix(self, length: int) -> Float[Tensor, "head slot slot"]:
        """G: the score of (i, j) is the sum over p and q of a_ip G_pq a_jq."""
        query, key = self.second_order.query.last(length), self.second_order.key.last(length)
        matrix = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
        return self.times_gain(matrix.expand(self.n_heads, -1, -1))

    def pair_formula(self) -> str:
        """The formula of G."""
        return f"{GAIN if self.log_gain is not None else ''}W_Q W_K\u1d40 / \u221ar"
