"""The interface of a backbone: all other code uses models through these names."""

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
"""A function that replaces one layer's refined weights before they mix the values: (first_order,
refined, allowed) -> weights, of the same shape as refined, (batch, head, query_pos, key_pos)."""


class SequentialModel(nn.Module, Member):
    """A sequential recommender: embeds a sequence, encodes it, scores the catalogue.

    A batch is left-padded with PADDING to its longest sequence, no further: the last column holds
    the newest item of every sequence. Slots are counted from the newest item, which is always in
    slot n - 1, so the amount of padding does not change the scores.

    A state is the output of the last layer at a slot, of width `state`: a vector for SASRec, a
    Gaussian for STOSA. Embeddings are plain tensors, so that a caller may differentiate with
    respect to them.
    """

    title: ClassVar[str]
    """Its displayed name."""
    score_meaning: ClassVar[str]
    """The meaning of an item score, in words that follow "Item score: "."""
    gaussian: ClassVar[bool] = False
    """Whether items are Gaussians. Then first-order scores are distances, see `awrsr.attention`,
    and the squared refined weights mix a second stream, of covariances."""
    settings: ClassVar[tuple[str, ...]] = ()
    """The settings it reads, among mean_stream and those in `awrsr.config.LAYOUT`."""
    replaceable: ClassVar[bool] = True
    """Whether `interventions` can replace its weights."""
    built_on_meta: ClassVar[bool] = True
    """Whether a model built on torch's meta device is complete once it has its saved weights; if
    not, it is built again on the real device before it is loaded."""
    initial_mean: ClassVar[float] = 0.0
    """Mean of the initial weights of dense layers and embeddings."""

    def __init__(self, config: ModelConfig, catalogue: Catalogue) -> None:
        super().__init__()
        self.config = config
        self.catalogue = catalogue

    def refinement(self, layer: int) -> Refinement:
        """The refinement of a layer, which makes the weights that mix the values."""
        raise NotImplementedError

    @property
    def device(self) -> torch.device:
        """The device of the weights."""
        return next(self.parameters()).device

    def item_tables(self) -> list[nn.Embedding]:
        """The tables of item embeddings that `embed` looks up, each with a row per item and one
        for padding, if nothing but `catalogue_embeddings` uses all their rows; otherwise empty."""
        return []

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
            embeddings: the result of `embed`, or any tensor of that shape.
            present: True where a slot holds an item; other slots are never attended to.
            recording: an empty list, to which one LayerTrace per layer is appended.
            interventions: by layer, a function that replaces its refined weights. Its result is
                recorded as the refined weights, since it mixes the values.
        """
        raise NotImplementedError

    def catalogue_embeddings(self) -> Float[Tensor, "item embedding"]:
        """Embeddings of all items, item i at index i - 1."""
        raise NotImplementedError

    def as_states(
        self, embeddings: Float[Tensor, "*axes embedding"]
    ) -> Float[Tensor, "*axes state"]:
        """Item embeddings as points in the space of states, where both are compared."""
        raise NotImplementedError

    def compare(
        self, states: Float[Tensor, "*axes query state"], items: Float[Tensor, "*others key state"]
    ) -> Float[Tensor, "*axes query key"]:
        """Item scores of all pairs of a state and an item given as a state; symmetric."""
        raise NotImplementedError

    def item_scores(self, states: Float[Tensor, "*axes state"]) -> Float[Tensor, "*axes item"]:
        """Score of every item of the catalogue as the next item; item i at index i - 1."""
        return self.compare(states, self.as_states(self.catalogue_embeddings()))

    def item_scores_at(
        self, states: Float[Tensor, "*axes state"], items: Int[Tensor, "*axes candidate"]
    ) -> Float[Tensor, "*axes candidate"]:
        """Score of chosen items, which may differ between states."""
        return self.compare(states[..., None, :], self.as_states(self.embed(items))).squeeze(-2)

    def last_states(
        self, embeddings: Float[Tensor, "batch slot embedding"]
    ) -> Float[Tensor, "batch state"]:
        """The states that predict the next item, of histories of one length without padding."""
        present = torch.ones(embeddings.shape[:2], dtype=torch.bool, device=embeddings.device)
        return self.encode(embeddings, present)[:, -1]

    def forward(
        self,
        sequences: Int[Tensor, "batch slot"],
        *,
        recording: list[LayerTrace] | None = None,
        interventions: Mapping[int, Intervention] | None = None,
    ) -> Float[Tensor, "batch slot state"]:
        """States of every slot; the state of the last slot predicts the next item.

        Args:
            sequences: items, oldest first, left-padded.
            recording: an empty list, to which one LayerTrace per layer is appended; it does not
                change the result.
            interventions: see `encode`.
        """
        return self.encode(
            self.embed(sequences),
            sequences != PADDING,
            recording=recording,
            interventions=interventions,
        )
