"""The floor of no mixing: every item attends to itself alone."""

import torch
from jaxtyping import Bool
from torch import Tensor

from awrsr.refinement.base import Floor


class Identity(Floor):
    """M is 1 on the item itself: the last item predicts the next one, as in a Markov chain.

    Source: none; what is left of the model where nothing is mixed.
    """

    name = "identity"
    words = "each item alone"
    formula = "M = 1 on the item itself"
    color = "#b0567a"
    no_second_order = "No attention is learned: every item has all the weight on itself."

    def attended(
        self, allowed: Bool[Tensor, "batch 1 query_pos key_pos"]
    ) -> Bool[Tensor, "batch 1 query_pos key_pos"]:
        """The item's own key."""
        length = allowed.shape[-1]
        return allowed & torch.eye(length, dtype=torch.bool, device=allowed.device)
