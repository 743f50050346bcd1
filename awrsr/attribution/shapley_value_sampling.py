"""Shapley values, sampled."""

from collections.abc import Iterator
from typing import cast

import torch
from captum.attr import ShapleyValueSampling as CaptumShapleyValueSampling
from jaxtyping import Float
from torch import Tensor

from awrsr.attribution.base import AttributionMethod, Question
from awrsr.attribution.feature_ablation import PER_EVALUATION, slot_mask


class ShapleyValueSampling(AttributionMethod):
    """Mean rise of the score when an item's embedding is filled in, over random orders of filling.

    Sums to score - baseline score for any number of samples.
    """

    name = "shapley_value_sampling"
    title = "Shapley value sampling"
    baseline = "all-zero embeddings (the padding item's) at the slots not yet filled"
    source = "Castro, Gomez and Tejada 2009; Strumbelj and Kononenko 2010"
    complete = True
    randomised = True
    slow = True
    settings = {"n_samples": 25}

    @torch.no_grad()
    def values(self, question: Question) -> Float[Tensor, " slot"]:
        """One signed value per item."""
        generator = torch.Generator().manual_seed(question.seed)

        def orders(n_features: int, n_samples: int) -> Iterator[list[int]]:
            for done in range(n_samples):
                question.progress(done / n_samples)
                yield torch.randperm(n_features, generator=generator).tolist()

        method = CaptumShapleyValueSampling(question.score)
        method.permutation_generator = orders
        values = method.attribute(
            question.embeddings,
            feature_mask=slot_mask(question),
            n_samples=self.settings["n_samples"],
            perturbations_per_eval=PER_EVALUATION,
        )
        # Captum adds up in single precision, whatever the precision of the model.
        return cast(Tensor, values)[0, :, 0].to(question.embeddings.dtype)
