"""The softmax over sampled negatives."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import cross_entropy

from awrsr.training.losses.base import Loss, Predictions


class SampledSoftmax(Loss):
    """Cross-entropy of the target against uniform negatives, drawn once per sequence.

    A negative that equals the target of a position is left out at that position. Uniform sampling
    needs no correction for the sampling probability, which is constant.

    Source: the sampled softmax of eSASRec (arXiv 2508.06450). differs: all positions of a sequence
    share their negatives.
    """

    name = "sampled_ce"

    @staticmethod
    def mean(predictions: Predictions) -> Float[Tensor, ""]:
        model, states, targets = predictions.model, predictions.states, predictions.targets
        batch, slots = targets.shape
        n_negatives = predictions.config.negatives
        negatives = torch.randint(
            1, model.catalogue.n_items + 1, (batch, n_negatives), device=targets.device
        )
        candidates = negatives[:, None, :].expand(batch, slots, n_negatives)
        positive = model.item_scores_at(states, targets[..., None])
        # With the negatives as rows, their gradient has the memory order of the embedding table,
        # which avoids a transposed copy.
        negative = model.compare(model.as_states(model.embed(negatives)), states)
        negative = negative.transpose(-2, -1)
        negative = negative.masked_fill(candidates == targets[..., None], -torch.inf)
        logits = predictions.at_real(torch.cat([positive, negative], dim=-1))
        first = torch.zeros(len(logits), dtype=torch.long, device=logits.device)
        return cross_entropy(logits, first)
