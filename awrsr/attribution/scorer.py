"""Item scores as a function of embeddings alone, for methods of Captum or of your own."""

from jaxtyping import Float
from torch import Tensor, nn

from awrsr.models import SequentialModel


class Scorer(nn.Module):
    """Scores of all items after a history, from the embeddings of its items.

    Args:
        model: in eval mode.
    """

    def __init__(self, model: SequentialModel) -> None:
        super().__init__()
        self.model = model

    def forward(
        self, embeddings: Float[Tensor, "batch slot embedding"]
    ) -> Float[Tensor, "batch item"]:
        """The score of item i, at index i - 1. Histories have one length, oldest item first."""
        return self.model.item_scores(self.model.last_states(embeddings))


def to_captum(model: SequentialModel) -> Scorer:
    """A module from embeddings to item scores, as Captum's methods take it.

        from captum.attr import IntegratedGradients

        embeddings = model.embed(torch.tensor([items]))  # (1, item, embedding)
        method = IntegratedGradients(awrsr.to_captum(model))
        found = method.attribute(embeddings, target=target - 1)  # as embeddings, in item scores
        found.sum(-1)  # one value per item

    `target` is an index, item - 1. The baseline of zeros is an absent item. A method that perturbs
    takes one feature per item: `feature_mask=torch.arange(m)[None, :, None]`.

    Args:
        model: in eval mode; it is not changed.
    """
    return Scorer(model)
