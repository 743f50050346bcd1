"""Leave one out: one item really removed at a time."""

from typing import cast

import torch
from captum.attr import FeatureAblation as CaptumFeatureAblation
from jaxtyping import Float
from torch import Tensor

from awrsr.attribution.base import AttributionMethod, Question
from awrsr.attribution.feature_ablation import PER_EVALUATION


class LeaveOneOut(AttributionMethod):
    """The drop of the score when an item was never in the history: older items move up one slot.

    The occlusion of sequences. What is varied is which items are present, not their embeddings. A
    history longer than n is cut to its newest n first: no older item takes the place that becomes
    free. Without its only item, a history is scored as a single empty slot.
    """

    name = "leave_one_out"
    title = "Leave one out"
    baseline = (
        "the history without the item, older items one slot nearer, none from before the newest n; "
        "without its only item, one empty slot"
    )
    source = "captum's feature ablation over presence; perturbation, no paper"
    complete = False

    @torch.no_grad()
    def values(self, question: Question) -> Float[Tensor, " slot"]:
        """One signed value per item."""
        everything = torch.ones(1, len(question.items), device=question.embeddings.device)
        values = CaptumFeatureAblation(question.score_present).attribute(
            everything, perturbations_per_eval=PER_EVALUATION
        )
        return cast(Tensor, values)[0]

    def baseline_score(self, question: Question) -> None:
        """None: each item has a baseline of its own."""
        return None
