"""Feature ablation: the embedding of one item at a time is replaced by the baseline."""

from typing import cast

import torch
from torch import Tensor

from awrsr.attribution.base import (
    ABSENT,
    PER_EVALUATION,
    AttributionMethod,
    BaselineSetting,
    Estimate,
    Question,
)


class FeatureAblation(AttributionMethod):
    """The drop of the score when the baseline replaces an item's embedding; the slot stays."""

    name = "feature_ablation"
    title = "Feature ablation"
    color = "#c0392b"
    source = "captum; perturbation, no paper"
    complete = False

    baseline: BaselineSetting = "zero"

    @property
    def absent(self) -> str:
        """The replacement for an absent item, in words."""
        return f"{ABSENT[self.baseline]} at the item's slot"

    @torch.no_grad()
    def estimate(self, question: Question) -> Estimate:
        """One signed value per item."""
        from captum.attr import FeatureAblation as CaptumFeatureAblation

        slots = torch.arange(len(question.items), device=question.embeddings.device)
        values = CaptumFeatureAblation(question.score).attribute(
            question.embeddings,
            question.absent(self.baseline),
            feature_mask=slots[None, :, None],  # all entries of an item's embedding are one feature
            perturbations_per_eval=PER_EVALUATION,
        )
        return Estimate(values=cast(Tensor, values)[0, :, 0])
