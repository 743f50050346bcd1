"""The full softmax."""

from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import cross_entropy

from awrsr.training.losses.base import Loss, Predictions


class FullSoftmax(Loss):
    """Cross-entropy of the target among the whole catalogue.

    Source: no one paper; the training of GRU4Rec's and RecBole's softmax variants.
    """

    name = "ce"

    @staticmethod
    def mean(asked: Predictions) -> Float[Tensor, ""]:
        real = asked.real
        return cross_entropy(asked.model.item_scores(asked.states[real]), asked.targets[real] - 1)
