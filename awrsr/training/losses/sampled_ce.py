"""The softmax over sampled negatives."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import cross_entropy

from awrsr.training.losses.base import Loss, Predictions


class SampledSoftmax(Loss):
    """Cross-entropy of the target among itself and uniform negatives, drawn once per sequence.

    A negative that happens to be a position's target is left out at that position. Uniform sampling
    needs no correction for the sampling probability, which is one constant.

    Source: the sampled softmax of eSASRec (arXiv 2508.06450). differs: negatives are shared by the
    positions of a sequence.
    """

    name = "sampled_ce"

    @staticmethod
    def mean(asked: Predictions) -> Float[Tensor, ""]:
        model, states, targets = asked.model, asked.states, asked.targets
        batch, slots = targets.shape
        n_negatives = asked.config.negatives
        negatives = torch.randint(
            1, model.catalogue.n_items + 1, (batch, n_negatives), device=targets.device
        )
        candidates = negatives[:, None, :].expand(batch, slots, n_negatives)
        positive = model.item_scores_at(states, targets[..., None])
        # As rows of the comparison the many negatives get a gradient in the order of their table,
        # which spares a transposed copy of it.
        negative = model.compare(model.as_states(model.embed(negatives)), states)
        negative = negative.transpose(-2, -1)
        negative = negative.masked_fill(candidates == targets[..., None], -torch.inf)
        logits = torch.cat([positive, negative], dim=-1)[asked.real]
        first = torch.zeros(len(logits), dtype=torch.long, device=logits.device)
        return cross_entropy(logits, first)
