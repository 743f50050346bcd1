"""The full softmax."""

from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import cross_entropy

from awrsr.training.losses.base import Loss, Predictions


class FullSoftmax(Loss):
    """Cross-entropy of the target among the whole catalogue.

    Source: no single paper; used by the softmax variants of GRU4Rec and RecBole.
    """

    name = "ce"
    whole_catalogue = True

    @staticmethod
    def mean(predictions: Predictions) -> Float[Tensor, ""]:
        real = predictions.real
        return cross_entropy(
            predictions.model.item_scores(predictions.states[real]), predictions.targets[real] - 1
        )
