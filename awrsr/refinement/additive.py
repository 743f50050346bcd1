"""Additive refinement: the sum of first and second order."""

import math
from typing import ClassVar

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from awrsr.attention import masked_softmax
from awrsr.config import Mix, ModelConfig
from awrsr.refinement.base import Terms
from awrsr.refinement.second_order import DotProducts, SecondOrder

FIRST_SHARE = 0.1
"""Initial share of the second order in a gate: close to the vanilla model."""
FORMULAS: dict[Mix, tuple[str, Terms]] = {
    "halves": ("M = (A + S) / 2", "shares"),
    "gate": ("M = (1 \u2212 g) A + g S", "shares"),
    "scores": ("M = softmax(log A + s), with S = softmax(s)", "product"),
}


class Additive(DotProducts):
    """A and S combined in one of three ways, `mix`.

    gate: M = (1 - g) A + g S, with a learned number g in (0, 1) per head and initial value 0.1. A
    head starts close to the vanilla model and learns how much of the second order helps. This is
    the default, because it trained most reliably (EXPERIMENTS.md, readings).

    halves: M = (A + S) / 2. Halving keeps the row sums at one; the output projection can absorb the
    factor.

    scores: first- and second-order scores are added before one softmax, M_ij = A_ij exp(s_ij) / sum
    over k of A_ik exp(s_ik). The second order raises and lowers first-order weights; if all scores
    s are equal, M = A. Since S is the softmax of s, M_ij = A_ij S_ij / sum over k of A_ik S_ik.

    Source: our reading of AWRSR (arXiv 2410.21048), whose equations were not available.
    """

    name = "additive"
    formula, terms = FORMULAS["gate"]
    color = "#d97a1e"
    settings: ClassVar[tuple[str, ...]] = (*SecondOrder.settings, "mix")

    @classmethod
    def formula_of(cls, config: ModelConfig) -> str:
        """The formula of M under these settings, "M = ..."."""
        return FORMULAS[config.mix][0]

    @classmethod
    def terms_of(cls, config: ModelConfig) -> Terms:
        """The terms of each refined weight under these settings."""
        return FORMULAS[config.mix][1]

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.mix = config.mix
        self.gate = nn.Parameter(torch.empty(config.n_heads)) if config.mix == "gate" else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the gain to 1 and the gate to its initial share; matrices initialise themselves."""
        super().reset_parameters()
        if self.gate is not None:
            nn.init.constant_(self.gate, math.log(FIRST_SHARE / (1 - FIRST_SHARE)))

    def shares(self) -> Float[Tensor, "head 1 1"]:
        """The second order's share of M by head: g, or 1/2. Not defined for scores."""
        if self.gate is None:
            return torch.full((self.n_heads, 1, 1), 0.5)
        return self.gate.sigmoid()[:, None, None]

    def refine(
        self,
        first_order: Float[Tensor, "batch head query_pos key_pos"],
        second_order: Float[Tensor, "batch head query_pos key_pos"],
        scores: Float[Tensor, "batch head query_pos key_pos"],
        allowed: Bool[Tensor, "batch 1 query_pos key_pos"],
    ) -> Float[Tensor, "batch head query_pos key_pos"]:
        """A and S, or their scores, added."""
        if self.mix == "halves":
            return (first_order + second_order) / 2
        if self.mix == "gate":
            share = self.shares()
            return (1 - share) * first_order + share * second_order
        # A weight that underflowed is set to the smallest positive number: log 0 would give NaN.
        smallest = torch.finfo(first_order.dtype).tiny
        return masked_softmax(first_order.clamp(min=smallest).log() + scores, allowed)
