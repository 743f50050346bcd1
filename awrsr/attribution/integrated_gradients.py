"""Integrated gradients from a baseline embedding."""

from typing import cast

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from awrsr.attribution.base import (
    ABSENT,
    PER_EVALUATION,
    AttributionMethod,
    BaselineSetting,
    Estimate,
    Question,
    over_embedding,
)
from awrsr.attribution.doubling import doubled


class IntegratedGradients(AttributionMethod):
    """The mean gradient along the straight path from the baseline to the embeddings, times the
    difference between the two.

    The mean is computed by Gauss-Legendre quadrature, with as many points as the completeness gap
    requires: too few points miss a bend of the score, which the gap shows.
    """

    name = "integrated_gradients"
    title = "Integrated gradients"
    color = "#b58900"
    source = "Sundararajan, Taly and Yan 2017, arXiv 1703.01365"
    complete = True

    n_steps: int = Field(
        default=32, ge=1, le=2048, description="Initial number of points on the path"
    )
    max_steps: int = Field(
        default=512,
        ge=1,
        le=2048,
        description="Largest number of points; the number is doubled up to it",
    )
    tolerance: float = Field(
        default=0.001,
        ge=0,
        le=1,
        description="Largest accepted completeness gap, as a share of the largest value",
    )
    baseline: BaselineSetting = "zero"

    @property
    def absent(self) -> str:
        """The replacement for an absent item, in words."""
        return f"{ABSENT[self.baseline]} at every slot"

    def estimate(self, question: Question) -> Estimate:
        """One signed value per item, and the number of steps."""
        from captum.attr import IntegratedGradients as CaptumIntegratedGradients

        start = question.absent(self.baseline)
        with torch.no_grad():
            baseline_score = float(question.score(start))
        method = CaptumIntegratedGradients(question.score)

        def with_steps(steps: int) -> tuple[Float[Tensor, " slot"], Float[Tensor, " 1"]]:
            question.progress((steps - self.n_steps) / max(self.n_steps, self.max_steps))
            values = over_embedding(
                cast(
                    Tensor,
                    method.attribute(
                        question.embeddings,
                        start,
                        n_steps=steps,
                        internal_batch_size=PER_EVALUATION,
                    ),
                )
            )
            return values, torch.tensor([question.gap(values, baseline_score)])

        values, _, effort = doubled(
            with_steps,
            start=self.n_steps,
            bound=self.max_steps,
            tolerance=self.tolerance,
            unit="step",
            measure="gap",
        )
        return Estimate(values=values, baseline_score=baseline_score, effort=effort)
