"""Feature ablation: one item's embedding emptied at a time."""

from typing import cast

import torch
from captum.attr import FeatureAblation as CaptumFeatureAblation
from jaxtyping import Float
from torch import Tensor

from awrsr.attribution.base import AttributionMethod, Question

PER_EVALUATION = 64
"""Changed histories scored at once."""


def slot_mask(question: Question) -> Tensor:
    """(1, m, 1): all entries of one item's embedding are one feature."""
    return torch.arange(len(question.items), device=question.embeddings.device)[None, :, None]


class FeatureAblation(AttributionMethod):
    """The drop of the score when an item's embedding becomes zero; its slot stays."""

    name = "feature_ablation"
    title = "Feature ablation"
    baseline = "an all-zero embedding (the padding item's) at the item's slot"
    source = "captum; perturbation, no paper"
    complete = False

    @torch.no_grad()
    def values(self, question: Question) -> Float[Tensor, " slot"]:
        """One signed value per item."""
        values = CaptumFeatureAblation(question.score).attribute(
            question.embeddings,
            feature_mask=slot_mask(question),
            perturbations_per_eval=PER_EVALUATION,
        )
        return cast(Tensor, values)[0, :, 0]

    def baseline_score(self, question: Question) -> None:
        """None: each item has a baseline of its own."""
        return None
