"""The floor without mixing: every item attends only to itself."""

import torch
from jaxtyping import Bool
from torch import Tensor

from awrsr.refinement.base import Floor


class Identity(Floor):
    """M is 1 on the item itself: the last item predicts the next one, as in a Markov chain.

    Source: none; the model without any mixing.
    """

    name = "identity"
    words = "each item alone"
    formula = "M = 1 on the item itself"
    color = "#b0567a"
    no_second_order = "No attention is learned: every item has all the weight on itself."

    def attended(
        self, allowed: Bool[Tensor, "batch 1 query_pos key_pos"]
    ) -> Bool[Tensor, "batch 1 query_pos key_pos"]:
        """Only the item itself."""
        length = allowed.shape[-1]
        return allowed & torch.eye(length, dtype=torch.bool, device=allowed.device)
