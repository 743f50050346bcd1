"""The full softmax."""

from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import cross_entropy

from awrsr.training.losses.base import Loss, Predictions
from awrsr.training.losses.blocks import cross_entropy_in_blocks

MOST_SCORES = 2**28
"""Item scores of a batch that are in memory at once, 1 GB in float32; if there are more, the loss
is computed in blocks of items."""
BLOCK_SCORES = 2**20
"""Item scores of a block: 4 MB in float32, which fit in caches."""


class FullSoftmax(Loss):
    """Cross-entropy of the target among the whole catalogue.

    Source: no single paper; used by the softmax variants of GRU4Rec and RecBole.
    """

    name = "ce"
    whole_catalogue = True

    @staticmethod
    def mean(predictions: Predictions) -> Float[Tensor, ""]:
        model = predictions.model
        states = predictions.at_real(predictions.states)
        targets = predictions.at_real(predictions.targets)
        if len(states) * model.catalogue.n_items > MOST_SCORES:
            block = max(1, BLOCK_SCORES // len(states))
            return cross_entropy_in_blocks(model, states, targets, block)
        return cross_entropy(model.item_scores(states), targets - 1)
