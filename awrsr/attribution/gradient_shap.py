"""Gradient SHAP against random histories."""

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from awrsr.attribution.base import (
    PER_EVALUATION,
    AttributionMethod,
    Estimate,
    Question,
    StandardErrorSetting,
)
from awrsr.attribution.doubling import sampled


class GradientShap(AttributionMethod):
    """Gradients at random points between the history and random histories of the same length.

    An estimate of expected gradients. The values sum to score - baseline score only on average: the
    gap is sampling error. Each sample draws a new history and a new point, so the standard errors
    cover both.
    """

    name = "gradient_shap"
    title = "Gradient SHAP"
    color = "#d0568a"
    source = "Erion et al. 2021, arXiv 1906.10670; Lundberg and Lee 2017, arXiv 1705.07874"
    complete = True
    gap_meaning = "sampling gap"
    randomised = True
    slow = True
    in_studies = {"max_samples": 64}

    n_samples: int = Field(
        default=64, ge=2, le=100_000, description="Initial number of random histories"
    )
    max_samples: int = Field(
        default=2048,
        ge=2,
        le=100_000,
        description="Largest number of random histories; the number is doubled up to it",
    )
    tolerance: StandardErrorSetting = 0.05

    @property
    def absent(self) -> str:
        """The replacement for an absent item, in words."""
        return "random histories of the same length, items drawn uniformly by the seed"

    def estimate(self, question: Question) -> Estimate:
        """One signed value per item, their standard errors, and the number of samples."""
        generator = torch.Generator().manual_seed(question.seed)
        model, baseline_scores = question.model, []

        def draw(wanted: int) -> Float[Tensor, "draw slot"]:
            shape = (min(wanted, PER_EVALUATION), len(question.items))
            items = torch.randint(1, model.catalogue.n_items + 1, shape, generator=generator)
            shares = torch.rand(shape[0], 1, 1, generator=generator, dtype=torch.float64)
            with torch.no_grad():
                baselines = model.embed(items.to(model.device))
                baseline_scores.append(question.score(baselines))
            difference = question.embeddings - baselines
            with torch.enable_grad():
                points = (baselines + shares.to(difference) * difference).requires_grad_()
                (gradients,) = torch.autograd.grad(question.score(points).sum(), points)
            return (difference * gradients).sum(dim=-1)

        values, errors, effort = sampled(
            draw,
            start=self.n_samples,
            bound=self.max_samples,
            tolerance=self.tolerance,
            unit="sample",
            progress=question.progress,
        )
        return Estimate(
            values=values,
            baseline_score=float(torch.cat(baseline_scores).mean()),
            standard_errors=errors,
            effort=effort,
        )
