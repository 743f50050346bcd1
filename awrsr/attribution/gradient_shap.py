"""Gradient SHAP against random histories."""

from typing import cast

import torch
from captum.attr import GradientShap as CaptumGradientShap
from jaxtyping import Float
from torch import Tensor

from awrsr.attribution.base import AttributionMethod, Question, over_embedding, seeded


class GradientShap(AttributionMethod):
    """Gradients at random points between the history and random histories of the same length.

    An estimate of expected gradients, which sum to score - baseline score only on average: the gap
    is sampling error. The seed draws the histories and the points between.
    """

    name = "gradient_shap"
    title = "Gradient SHAP"
    baseline = "16 random histories of the same length, items drawn uniformly by the seed"
    source = "Erion et al. 2021, arXiv 1906.10670; Lundberg and Lee 2017, arXiv 1705.07874"
    complete = True
    gap_meaning = "sampling gap"
    randomised = True
    slow = True
    settings = {"n_histories": 16, "n_samples": 64}

    def values(self, question: Question) -> Float[Tensor, " slot"]:
        """One signed value per item."""
        with seeded(question.seed):
            values = CaptumGradientShap(question.score).attribute(
                question.embeddings,
                baselines=self._histories(question),
                n_samples=self.settings["n_samples"],
                stdevs=0.0,
            )
        return over_embedding(cast(Tensor, values))

    def baseline_score(self, question: Question) -> float:
        """Mean score of the random histories."""
        with torch.no_grad():
            return float(question.score(self._histories(question)).mean())

    def _histories(self, question: Question) -> Float[Tensor, "batch slot embedding"]:
        """Embeddings of the random histories: one seed, catalogue and length, the same ones."""
        generator = torch.Generator().manual_seed(question.seed)
        shape = (self.settings["n_histories"], len(question.items))
        items = torch.randint(1, question.model.catalogue.n_items + 1, shape, generator=generator)
        with torch.no_grad():
            return question.model.embed(items.to(question.model.device))
