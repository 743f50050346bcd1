"""STOSA's loss on distances."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import logsigmoid

from awrsr.training.losses.base import Loss, Predictions


class BprPvn(Loss):
    """BPR on distances, plus a hinge loss that keeps the target closer to the sequence than to the
    negative, an item outside the user's training items.

    Source: Fan et al. 2022, STOSA, arXiv 2201.06035, section 4.4 and its published code. differs:
    that code also excludes the held-out items from the negatives, which leaks them to the model.
    """

    name = "bpr_pvn"
    backbones = ("stosa",)

    @staticmethod
    def mean(predictions: Predictions) -> Float[Tensor, ""]:
        model = predictions.model
        states, targets, negatives = predictions.with_negatives()
        scores = model.item_scores_at(states, torch.stack([targets, negatives], dim=-1))
        positive, negative = scores.unbind(dim=-1)
        target_states = model.as_states(model.embed(targets))
        between = model.item_scores_at(target_states, negatives[:, None])[:, 0]
        hinge = (between - positive).clamp(min=0)  # d(state, target) - d(target, negative)
        return (
            -logsigmoid(positive - negative).mean() + predictions.config.pvn_weight * hinge.mean()
        )
