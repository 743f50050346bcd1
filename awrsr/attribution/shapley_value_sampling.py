"""Shapley values, sampled."""

import torch
from jaxtyping import Float, Int
from pydantic import Field
from torch import Tensor

from awrsr.attribution.base import (
    ABSENT,
    PER_EVALUATION,
    AttributionMethod,
    BaselineSetting,
    Estimate,
    Question,
    StandardErrorSetting,
)
from awrsr.attribution.doubling import sampled


class ShapleyValueSampling(AttributionMethod):
    """The mean rise of the score when an item's embedding is filled in, over random orders.

    Each order is followed by its reverse. The interaction of two items is assigned to one of them
    in the first order and to the other in the reverse, so a pair of orders is exact if no three
    items interact, and for histories of one or two items. Pairs are independent, but the two orders
    of a pair are not: standard errors are those of pair means. The values sum to score - baseline
    score for any number of pairs.
    """

    name = "shapley_value_sampling"
    title = "Shapley value sampling"
    color = "#8a5a00"
    source = (
        "Castro, Gomez and Tejada 2009; Strumbelj and Kononenko 2010; in pairs: Mitchell, Cooper, "
        "Frank and Holmes 2022, arXiv 2104.12199"
    )
    complete = True
    randomised = True
    slow = True
    in_studies = {"n_pairs": 13, "max_pairs": 13}

    n_pairs: int = Field(
        default=16,
        ge=2,
        le=10_000,
        description="Initial number of pairs of an order and its reverse",
    )
    max_pairs: int = Field(
        default=256,
        ge=2,
        le=10_000,
        description="Largest number of pairs; the number is doubled up to it",
    )
    tolerance: StandardErrorSetting = 0.05
    baseline: BaselineSetting = "zero"

    @property
    def absent(self) -> str:
        """The replacement for an absent item, in words."""
        return f"{ABSENT[self.baseline]} at the slots not yet filled"

    @torch.no_grad()
    def estimate(self, question: Question) -> Estimate:
        """One signed value per item, their standard errors, and the number of pairs."""
        generator = torch.Generator().manual_seed(question.seed)
        absent, m = question.absent(self.baseline), len(question.items)
        at_once = max(1, PER_EVALUATION // (2 * m + 2))

        def draw(wanted: int) -> Float[Tensor, "draw slot"]:
            orders = torch.stack(
                [torch.randperm(m, generator=generator) for _ in range(min(wanted, at_once))]
            )
            pair_rises = rises(question, torch.cat([orders, orders.flip(1)]), absent)
            return pair_rises.view(2, -1, m).mean(dim=0)

        values, errors, effort = sampled(
            draw,
            start=self.n_pairs,
            bound=self.max_pairs,
            tolerance=self.tolerance,
            unit="order pair",
            progress=question.progress,
        )
        return Estimate(
            values=values,
            baseline_score=float(question.score(absent)),
            standard_errors=errors,
            effort=effort,
        )


def rises(
    question: Question,
    orders: Int[Tensor, "order slot"],
    absent: Float[Tensor, "1 slot embedding"],
) -> Float[Tensor, "order slot"]:
    """The rise of the score when each slot is filled in, for several orders of filling."""
    turns = orders.argsort(dim=1).to(absent.device)  # the turn of each slot, from 0
    filled = turns[:, None, :] < torch.arange(orders.shape[1] + 1, device=absent.device)[:, None]
    histories = torch.where(filled[..., None], question.embeddings, absent).flatten(0, 1)
    scores = torch.cat([question.score(part) for part in torch.split(histories, PER_EVALUATION)])
    return scores.view(len(orders), -1).diff(dim=1).gather(1, turns)
