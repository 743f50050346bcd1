"""Leave one out: one item at a time is removed from the history."""

from typing import cast

import torch
from torch import Tensor

from awrsr.attribution.base import PER_EVALUATION, AttributionMethod, Estimate, Question


class LeaveOneOut(AttributionMethod):
    """The drop of the score without an item: older items move up by one slot.

    Occlusion for sequences: items are removed, their embeddings do not change. A history longer
    than n is first cut to its newest n items; no older item fills the free slot. A history without
    its only item is scored as one empty slot.
    """

    name = "leave_one_out"
    title = "Leave one out"
    color = "#d97a1e"
    shown_first = True
    source = "captum's feature ablation over presence; perturbation, no paper"
    complete = False

    @property
    def absent(self) -> str:
        """The replacement for an absent item, in words."""
        return (
            "the history without the item, older items one slot nearer, none from before the "
            "newest n; without its only item, one empty slot"
        )

    @torch.no_grad()
    def estimate(self, question: Question) -> Estimate:
        """One signed value per item."""
        from captum.attr import FeatureAblation as CaptumFeatureAblation

        everything = torch.ones(1, len(question.items), device=question.embeddings.device)
        values = CaptumFeatureAblation(question.score_present).attribute(
            everything, perturbations_per_eval=PER_EVALUATION
        )
        return Estimate(values=cast(Tensor, values)[0])
