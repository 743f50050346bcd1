"""Input times gradient."""

from typing import cast

from torch import Tensor

from awrsr.attribution.base import AttributionMethod, Estimate, Question, over_embedding


class InputXGradient(AttributionMethod):
    """Each embedding times the gradient of the score at it: a first-order estimate, complete only
    for linear models."""

    name = "input_x_gradient"
    title = "Input x gradient"
    color = "#a3703f"
    source = "Shrikumar et al. 2016, arXiv 1605.01713"
    complete = False

    @property
    def absent(self) -> str:
        """The replacement for an absent item, in words."""
        return "none; the local slope at the history itself"

    def estimate(self, question: Question) -> Estimate:
        """One signed value per item."""
        from captum.attr import InputXGradient as CaptumInputXGradient

        embeddings = question.embeddings.clone().requires_grad_()
        values = CaptumInputXGradient(question.score).attribute(embeddings)
        return Estimate(values=over_embedding(cast(Tensor, values)))
