"""Input times gradient."""

from typing import cast

from captum.attr import InputXGradient as CaptumInputXGradient
from jaxtyping import Float
from torch import Tensor

from awrsr.attribution.base import AttributionMethod, Question, over_embedding


class InputXGradient(AttributionMethod):
    """Each embedding times the score's gradient there: a first-order estimate, complete only for
    linear models."""

    name = "input_x_gradient"
    title = "Input x gradient"
    baseline = "none; the local slope at the history itself"
    source = "Shrikumar et al. 2016, arXiv 1605.01713"
    complete = False

    def values(self, question: Question) -> Float[Tensor, " slot"]:
        """One signed value per item."""
        embeddings = question.embeddings.clone().requires_grad_()
        return over_embedding(
            cast(Tensor, CaptumInputXGradient(question.score).attribute(embeddings))
        )

    def baseline_score(self, question: Question) -> None:
        """None: there is no baseline."""
        return None
