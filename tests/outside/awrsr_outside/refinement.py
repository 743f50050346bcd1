"""A refinement: the geometric mean of first and second order."""

import torch

from awrsr.attention import masked_softmax
from awrsr.refinement import DotProducts


class Geometric(DotProducts):
    """M is proportional to the root of A S in every row."""

    name = "geometric"
    share = 0.5
    """The share of the second order; another value is another member with another name."""
    formula = "M = \u221a(A S), each row scaled to sum to one"

    def refine(self, first_order, second_order, scores, allowed):
        """The softmax of the mean of log A and log S."""
        smallest = torch.finfo(first_order.dtype).tiny
        logits = (1 - self.share) * first_order.clamp(min=smallest).log() + self.share * scores
        return masked_softmax(logits, allowed)
