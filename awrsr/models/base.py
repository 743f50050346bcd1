"""The interface of a backbone: through these names everything else uses a model."""

from collections.abc import Callable, Mapping
from typing import ClassVar

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from awrsr.config import PADDING, Catalogue, ModelConfig
from awrsr.family import Member
from awrsr.models.trace import LayerTrace
from awrsr.refinement import Refinement

Intervention = Callable[[Tensor, Tensor, Tensor], Tensor]
"""What replaces one layer's refined weights before they mix the values: (first_order, refined,
allowed) -> weights, of the same shape as the refined, (batch, head, query_pos, key_pos)."""


class SequentialModel(nn.Module, Member):
    """A sequential recommender: embeds a sequence, encodes it, scores the catalogue.

    A batch is left-padded with PADDING to its longest sequence, and to no more: the last column
    holds the newest item of every sequence. Slots count from the newest item, which is always in
    slot n - 1, so any amount of padding gives the same scores.

    A state is what stands at a slot after the last layer, (state,) wide: a vector for SASRec, a
    Gaussian for STOSA. Embeddings are plain tensors, so that a caller may differentiate with
    respect to them.
    """

    title: ClassVar[str]
    """As people say it."""
    score_meaning: ClassVar[str]
    """What an item score is, in words that follow "Item score: "."""
    gaussian: ClassVar[bool] = False
    """Whether items are Gaussians: then first-order scores are distances, see `awrsr.attention`,
    and a second stream, of covariances, is mixed with the refined weights squared."""
    has_mean_stream: ClassVar[bool] = False
    """Whether it reads the setting mean_stream."""
    initial_mean: ClassVar[float] = 0.0
    """Of the weights of dense layers and embeddings."""

    def __init__(self, config: ModelConfig, catalogue: Catalogue) -> None:
        super().__init__()
        self.config = config
        self.catalogue = catalogue

    def refinement(self, layer: int) -> Refinement:
        """What turns the first-order weights of a layer into those that mix the values."""
        raise NotImplementedError

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.parameters()).device

    def embed(self, items: Int[Tensor, "*axes"]) -> Float[Tensor, "*axes embedding"]:
        """Item embeddings; zeros for padding."""
        raise NotImplementedError

    def encode(
        self,
        embeddings: Float[Tensor, "batch slot embedding"],
        present: Bool[Tensor, "batch slot"],
        *,
        recording: list[LayerTrace] | None = None,
        interventions: Mapping[int, Intervention] | None = None,
    ) -> Float[Tensor, "batch slot state"]:
        """States of every slot from item embeddings.

        Args:
            embeddings: as `embed` gives them, or anything of that shape.
            present: True where a slot holds an item; slots without are never attended to.
            recording: an empty list to be filled with one LayerTrace per layer.
            interventions: by layer, what replaces its refined weights; the replaced weights are
                recorded as the refined ones, since they are what mixed the values.
        """
        raise NotImplementedError

    def catalogue_embeddings(self) -> Float[Tensor, "item embedding"]:
        """Embeddings of all items, item i at index i - 1."""
        raise NotImplementedError

    def as_states(
        self, embeddings: Float[Tensor, "*axes embedding"]
    ) -> Float[Tensor, "*axes state"]:
        """Item embeddings as points of the space of states, which is where the two are compared."""
        raise NotImplementedError

    def compare(
        self, states: Float[Tensor, "*axes query state"], items: Float[Tensor, "*others key state"]
    ) -> Float[Tensor, "*axes query key"]:
        """Item scores of every state with every item given as a state; symmetric in the two."""
        raise NotImplementedError

    def item_scores(self, states: Float[Tensor, "*axes state"]) -> Float[Tensor, "*axes item"]:
        """Score of every item of the catalogue as the next one; item i at index i - 1."""
        return self.compare(states, self.as_states(self.catalogue_embeddings()))

    def item_scores_at(
        self, states: Float[Tensor, "*axes state"], items: Int[Tensor, "*axes candidate"]
    ) -> Float[Tensor, "*axes candidate"]:
        """Score of chosen items, other ones for every state."""
        return self.compare(states[..., None, :], self.as_states(self.embed(items))).squeeze(-2)

    def forward(
        self,
        sequences: Int[Tensor, "batch slot"],
        *,
        recording: list[LayerTrace] | None = None,
        interventions: Mapping[int, Intervention] | None = None,
    ) -> Float[Tensor, "batch slot state"]:
        """States of every slot; that of the last slot predicts the next item.

        Args:
            sequences: items, oldest first, left-padded.
            recording: an empty list to be filled with one LayerTrace per layer; changes no result.
            interventions: see `encode`.
        """
        return self.encode(
            self.embed(sequences),
            sequences != PADDING,
            recording=recording,
            interventions=interventions,
        )
