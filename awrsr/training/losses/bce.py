"""The binary cross-entropy of SASRec."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from awrsr.training.losses.base import Loss, Predictions


class Binary(Loss):
    """Binary cross-entropy of the target against one negative, an item outside the user's training
    items.

    Source: Kang and McAuley 2018, SASRec, arXiv 1808.09781, section III-E.
    """

    name = "bce"

    @staticmethod
    def mean(predictions: Predictions) -> Float[Tensor, ""]:
        states, targets, negatives = predictions.with_negatives()
        scores = predictions.model.item_scores_at(states, torch.stack([targets, negatives], dim=-1))
        labels = torch.zeros_like(scores)
        labels[:, 0] = 1
        return 2 * binary_cross_entropy_with_logits(scores, labels)
