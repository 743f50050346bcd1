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
    """Mean rise of the score when an item's embedding is filled in, over random orders of filling.

    Each order is followed by its reverse. What two items do together goes in one of the two to the
    one, in the other to the other, so a pair is exact where no three items work together, and in
    histories of one or two. Pairs are independent, the two orders of a pair are not: the standard
    errors are those of pair means. Sums to score - baseline score for any number of pairs.
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
        default=16, ge=2, le=10_000, description="Pairs of an order and its reverse at first"
    )
    max_pairs: int = Field(
        default=256,
        ge=2,
        le=10_000,
        description="Pairs of orders up to which their number is doubled",
    )
    tolerance: StandardErrorSetting = 0.05
    baseline: BaselineSetting = "zero"

    @property
    def absent(self) -> str:
        """What stands for an absent item, in words."""
        return f"{ABSENT[self.baseline]} at the slots not yet filled"

    @torch.no_grad()
    def estimate(self, question: Question) -> Estimate:
        """One signed value per item, their standard errors, and how many pairs they took."""
        generator = torch.Generator().manual_seed(question.seed)
        absent, m = question.absent(self.baseline), len(question.items)
        at_once = max(1, PER_EVALUATION // (2 * m + 2))

        def draw(wanted: int) -> Float[Tensor, "draw slot"]:
            orders = torch.stack(
                [torch.randperm(m, generator=generator) for _ in range(min(wanted, at_once))]
            )
            both = rises(question, torch.cat([orders, orders.flip(1)]), absent)
            return both.view(2, -1, m).mean(dim=0)

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
    """How much the score rises when each slot is filled in, by the orders of filling."""
    turns = orders.argsort(dim=1).to(absent.device)  # of each slot, counted from 0
    filled = turns[:, None, :] < torch.arange(orders.shape[1] + 1, device=absent.device)[:, None]
    histories = torch.where(filled[..., None], question.embeddings, absent).flatten(0, 1)
    scores = torch.cat([question.score(part) for part in torch.split(histories, PER_EVALUATION)])
    return scores.view(len(orders), -1).diff(dim=1).gather(1, turns)
