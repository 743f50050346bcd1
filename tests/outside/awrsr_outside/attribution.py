"""An attribution method: the gradient at one point of the path from zero, times the embedding."""

import torch
from pydantic import Field

from awrsr.attribution import ABSENT, AttributionMethod, Estimate, over_embedding


class PathGradient(AttributionMethod):
    """Integrated gradients with one point."""

    name = "path_gradient"
    title = "Path gradient"
    source = "none; made for tests"
    complete = False

    share: float = Field(
        default=0.5, ge=0, le=1, description="Where on the path the gradient is taken"
    )

    @property
    def absent(self):
        """The baseline for an absent item, in words."""
        return f"{ABSENT['zero']} at every slot"

    def estimate(self, question):
        """One signed value per item."""
        point = (self.share * question.embeddings).requires_grad_()
        (gradient,) = torch.autograd.grad(question.score(point).sum(), point)
        return Estimate(values=over_embedding(gradient * question.embeddings))
