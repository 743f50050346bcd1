"""STOSA: self-attention over a sequence of Gaussians, with any refinement of its attention.

An item is a Gaussian with a diagonal covariance. Means and covariances pass through the layers as
two streams of width d; one attention, on distances between Gaussians, mixes both.

Source: Fan et al. 2022, STOSA, arXiv 2201.06035, and its published code.
differs: in that code, because of a misspelt variable, the mean stream never receives attention.
Here it does, unless mean_stream is "published". Padding gets attention weight exactly 0.
"""

from collections.abc import Mapping
from typing import cast

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn.functional import elu

from awrsr.attention import (
    allowed_keys,
    gaussian,
    masked_softmax,
    wasserstein_distance,
    wasserstein_scores,
)
from awrsr.config import PADDING, Catalogue, ModelConfig
from awrsr.models.base import Intervention, SequentialModel
from awrsr.models.blocks import (
    NORM_EPSILON,
    Embedding,
    FeedForward,
    merge_heads,
    no_comparison,
    split_heads,
    transformed_value_norm,
)
from awrsr.models.trace import LayerTrace
from awrsr.refinement import Refinement, build_refinement

INITIAL_MEAN = 0.01


def positive(hidden: Float[Tensor, "*axes"]) -> Float[Tensor, "*axes"]:
    """ELU + 1: maps any number to a valid covariance."""
    return elu(hidden) + 1


class StochasticSelfAttention(nn.Module):
    """Multi-head attention between Gaussians: M mixes the means, M squared the covariances."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width = config.hidden_size
        self.n_heads = config.n_heads
        self.refinement = build_refinement(config)
        if self.refinement.learns_attention:
            self.mean_query = nn.Linear(width, width)
            self.mean_key = nn.Linear(width, width)
            self.covariance_query = nn.Linear(width, width)
            self.covariance_key = nn.Linear(width, width)
        self.mean_value = nn.Linear(width, width)
        self.mean_output = nn.Linear(width, width)
        self.covariance_value = nn.Linear(width, width)
        self.covariance_output = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width, eps=NORM_EPSILON)  # shared by the two streams
        self.attention_dropout = nn.Dropout(config.attention_dropout)
        self.dropout = nn.Dropout(config.hidden_dropout)

    def forward(
        self,
        mean: Float[Tensor, "batch slot hidden"],
        covariance: Float[Tensor, "batch slot hidden"],
        allowed: Bool[Tensor, "batch 1 slot slot"],
        recording: list[LayerTrace] | None,
        intervention: Intervention | None,
    ) -> tuple[Float[Tensor, "batch slot hidden"], Float[Tensor, "batch slot hidden"]]:
        """Mix both streams, project, add to the inputs, normalise."""

        def heads(hidden: Tensor) -> Tensor:
            return split_heads(hidden, self.n_heads)

        mean_value = heads(self.mean_value(mean))
        covariance_value = heads(positive(self.covariance_value(covariance)))
        if self.refinement.learns_attention:
            query = gaussian(
                heads(self.mean_query(mean)), heads(positive(self.covariance_query(covariance)))
            )
            key = gaussian(
                heads(self.mean_key(mean)), heads(positive(self.covariance_key(covariance)))
            )
            scores = wasserstein_scores(query, key)
        else:
            query, key, scores = no_comparison(mean_value)
        first_order = masked_softmax(scores, self.refinement.attended(allowed))
        refined = self.refinement(first_order, allowed)
        weights = refined.weights
        if intervention is not None:
            weights = intervention(first_order, weights, allowed)
        dropped = self.attention_dropout(weights)
        mixed_mean = dropped @ mean_value  # (batch, head, slot, head_dim)
        mixed_covariance = dropped.square() @ covariance_value

        if recording is not None:
            recording.append(
                LayerTrace(
                    query=query,
                    key=key,
                    first_order=first_order,
                    first_order_scores=scores,
                    second_order=refined.second_order,
                    second_order_scores=refined.second_order_scores,
                    refined=weights,
                    value=mean_value,
                    value_covariance=covariance_value,
                    transformed_value_norm=transformed_value_norm(mean_value, self.mean_output),
                    mixed=mixed_mean,
                )
            )
        new_covariance = self.norm(
            covariance + self.dropout(self.covariance_output(merge_heads(mixed_covariance)))
        )
        new_mean = self.norm(mean + self.dropout(self.mean_output(merge_heads(mixed_mean))))
        return new_mean, new_covariance


class STOSA(SequentialModel):
    """STOSA, vanilla or refined. An embedding is the concatenation of mean and covariance
    parameters, width 2 d. A state is a Gaussian in the form of `awrsr.attention.gaussian`: mean and
    standard deviations, width 2 d.
    """

    name = "stosa"
    title = "STOSA"
    score_meaning = "minus the squared Wasserstein distance of state and item"
    gaussian = True
    settings = ("mean_stream",)
    initial_mean = INITIAL_MEAN

    def __init__(self, config: ModelConfig, catalogue: Catalogue) -> None:
        super().__init__(config, catalogue)
        width, n_layers = config.hidden_size, config.n_layers
        self.item_mean_embedding = Embedding(catalogue.n_items + 1, width, padding_idx=PADDING)
        self.item_covariance_embedding = Embedding(
            catalogue.n_items + 1, width, padding_idx=PADDING
        )
        self.position_mean_embedding = Embedding(config.max_length, width)
        self.position_covariance_embedding = Embedding(config.max_length, width)
        self.norm = nn.LayerNorm(width, eps=NORM_EPSILON)  # shared by the two streams
        self.dropout = nn.Dropout(config.hidden_dropout)
        self.attention = nn.ModuleList(StochasticSelfAttention(config) for _ in range(n_layers))
        self.mean_feed_forward = nn.ModuleList(
            FeedForward(width, config.inner_size, config.hidden_dropout, elu)
            for _ in range(n_layers)
        )
        self.covariance_feed_forward = nn.ModuleList(
            FeedForward(width, config.inner_size, config.hidden_dropout, elu)
            for _ in range(n_layers)
        )

    def refinement(self, layer: int) -> Refinement:
        """The refinement of a layer, which makes the weights that mix the values."""
        return cast(StochasticSelfAttention, self.attention[layer]).refinement

    def item_tables(self) -> list[nn.Embedding]:
        """The tables of means and of covariances."""
        return [self.item_mean_embedding, self.item_covariance_embedding]

    def embed(self, items: Int[Tensor, "*axes"]) -> Float[Tensor, "*axes embedding"]:
        """Item embeddings, mean then covariance parameters; zeros for padding."""
        return torch.cat(
            [self.item_mean_embedding(items), self.item_covariance_embedding(items)], dim=-1
        )

    def catalogue_embeddings(self) -> Float[Tensor, "item embedding"]:
        """Embeddings of all items, item i at index i - 1."""
        return torch.cat(
            [self.item_mean_embedding.weight[1:], self.item_covariance_embedding.weight[1:]], dim=-1
        )

    def encode(
        self,
        embeddings: Float[Tensor, "batch slot embedding"],
        present: Bool[Tensor, "batch slot"],
        *,
        recording: list[LayerTrace] | None = None,
        interventions: Mapping[int, Intervention] | None = None,
    ) -> Float[Tensor, "batch slot state"]:
        """States of every slot from item embeddings, see `SequentialModel.encode`."""
        allowed = allowed_keys(present)
        length = embeddings.shape[1]
        item_mean, item_covariance = embeddings.chunk(2, dim=-1)
        mean_position = self.position_mean_embedding.weight[-length:]
        covariance_position = self.position_covariance_embedding.weight[-length:]
        mean = elu(self.dropout(self.norm(item_mean + mean_position)))
        covariance = positive(self.dropout(self.norm(item_covariance + covariance_position)))

        interventions = interventions or {}
        for layer, (attention, mean_feed_forward, covariance_feed_forward) in enumerate(
            zip(self.attention, self.mean_feed_forward, self.covariance_feed_forward, strict=True)
        ):
            attended_mean, attended_covariance = attention(
                mean, covariance, allowed, recording, interventions.get(layer)
            )
            covariance = positive(covariance_feed_forward(attended_covariance))
            if self.config.mean_stream == "correct":
                mean = mean_feed_forward(attended_mean)
        return gaussian(mean, covariance)

    def as_states(
        self, embeddings: Float[Tensor, "*axes embedding"]
    ) -> Float[Tensor, "*axes state"]:
        """The items' Gaussians."""
        mean, covariance = embeddings.chunk(2, dim=-1)
        return gaussian(mean, positive(covariance))

    def compare(
        self, states: Float[Tensor, "*axes query state"], items: Float[Tensor, "*others key state"]
    ) -> Float[Tensor, "*axes query key"]:
        """Item score: minus the squared Wasserstein distance of state and item."""
        return -wasserstein_distance(states, items)
