"""An attribution method: the gradient at one point of the path from zero, times the embedding."""

from dataclasses import dataclass

import torch

from awrsr.attribution import ABSENT, AttributionMethod, Estimate, over_embedding, setting


@dataclass(frozen=True, kw_only=True)
class PathGradient(AttributionMethod):
    """Integrated gradients of one point."""

    name = "path_gradient"
    title = "Path gradient"
    source = "none; made for tests"
    complete = False

    share: float = setting(0.5, "Where on the path the gradient is taken")

    @property
    def absent(self):
        """What stands for an absent item, in words."""
        return f"{ABSENT['zero']} at every slot"

    def estimate(self, question):
        """One signed value per item."""
        point = (self.share * question.embeddings).requires_grad_()
        (gradient,) = torch.autograd.grad(question.score(point).sum(), point)
        return Estimate(values=over_embedding(gradient * question.embeddings))
