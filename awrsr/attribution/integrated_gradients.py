"""Integrated gradients from the empty embedding."""

from typing import cast

from captum.attr import IntegratedGradients as CaptumIntegratedGradients
from jaxtyping import Float
from torch import Tensor

from awrsr.attribution.base import AttributionMethod, Question, over_embedding


class IntegratedGradients(AttributionMethod):
    """Gradient averaged along the straight path from all-zero embeddings, times the embeddings."""

    name = "integrated_gradients"
    title = "Integrated gradients"
    baseline = "all-zero embeddings (the padding item's) at every slot"
    source = "Sundararajan, Taly and Yan 2017, arXiv 1703.01365"
    complete = True
    settings = {"n_steps": 32}

    def values(self, question: Question) -> Float[Tensor, " slot"]:
        """One signed value per item."""
        values = CaptumIntegratedGradients(question.score).attribute(
            question.embeddings, n_steps=self.settings["n_steps"]
        )
        return over_embedding(cast(Tensor, values))
