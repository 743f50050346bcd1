"""SASRec: self-attention over a sequence of item embeddings, with any refinement of its attention.

Source: Kang and McAuley 2018, SASRec, arXiv 1808.09781, in the form of the S3-Rec, ICLRec and STOSA
code bases: normalisation after each block, GELU, no scaling of embeddings, output tied to the item
embeddings. differs: padding gets attention weight exactly 0, not a large negative score.
"""

from collections.abc import Mapping
from typing import cast

from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn.functional import gelu

from awrsr.attention import allowed_keys, dot_product_scores, masked_softmax
from awrsr.config import PADDING, Catalogue, ModelConfig
from awrsr.models.base import Intervention, SequentialModel
from awrsr.models.blocks import (
    NORM_EPSILON,
    FeedForward,
    merge_heads,
    no_comparison,
    split_heads,
    transformed_value_norm,
)
from awrsr.models.trace import LayerTrace
from awrsr.refinement import Refinement, build_refinement


class SelfAttention(nn.Module):
    """Multi-head self-attention; a refinement makes the weights that mix the values."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width = config.hidden_size
        self.n_heads = config.n_heads
        self.refinement = build_refinement(config)
        if self.refinement.learns_attention:
            self.query = nn.Linear(width, width)
            self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.output = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width, eps=NORM_EPSILON)
        self.attention_dropout = nn.Dropout(config.attention_dropout)
        self.dropout = nn.Dropout(config.hidden_dropout)

    def forward(
        self,
        hidden: Float[Tensor, "batch slot hidden"],
        allowed: Bool[Tensor, "batch 1 slot slot"],
        recording: list[LayerTrace] | None,
        intervention: Intervention | None,
    ) -> Float[Tensor, "batch slot hidden"]:
        """Mix the values of the allowed items, project, add to the input, normalise."""
        value = split_heads(self.value(hidden), self.n_heads)
        if self.refinement.learns_attention:
            query = split_heads(self.query(hidden), self.n_heads)
            key = split_heads(self.key(hidden), self.n_heads)
            scores = dot_product_scores(query, key)
        else:
            query, key, scores = no_comparison(value)
        first_order = masked_softmax(scores, self.refinement.attended(allowed))
        refined = self.refinement(first_order, allowed)
        weights = refined.weights
        if intervention is not None:
            weights = intervention(first_order, weights, allowed)
        mixed = self.attention_dropout(weights) @ value  # (batch, head, slot, head_dim)

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
                    value=value,
                    value_covariance=None,
                    transformed_value_norm=transformed_value_norm(value, self.output),
                    mixed=mixed,
                )
            )
        attended: Tensor = self.norm(hidden + self.dropout(self.output(merge_heads(mixed))))
        return attended


class SASRec(SequentialModel):
    """SASRec, vanilla or refined. A state is a vector of hidden_size."""

    name = "sasrec"
    title = "SASRec"
    score_meaning = "the state's dot product with the item"

    def __init__(self, config: ModelConfig, catalogue: Catalogue) -> None:
        super().__init__(config, catalogue)
        width = config.hidden_size
        self.item_embedding = nn.Embedding(catalogue.n_items + 1, width, padding_idx=PADDING)
        self.position_embedding = nn.Embedding(
            config.max_length, width
        )  # row n - 1 belongs to the newest item
        self.norm = nn.LayerNorm(width, eps=NORM_EPSILON)
        self.dropout = nn.Dropout(config.hidden_dropout)
        self.attention = nn.ModuleList(SelfAttention(config) for _ in range(config.n_layers))
        self.feed_forward = nn.ModuleList(
            FeedForward(width, config.inner_size, config.hidden_dropout, gelu)
            for _ in range(config.n_layers)
        )

    def refinement(self, layer: int) -> Refinement:
        """The refinement of a layer, which makes the weights that mix the values."""
        return cast(SelfAttention, self.attention[layer]).refinement

    def embed(self, items: Int[Tensor, "*axes"]) -> Float[Tensor, "*axes embedding"]:
        """Item embeddings; zeros for padding."""
        embeddings: Tensor = self.item_embedding(items)
        return embeddings

    def catalogue_embeddings(self) -> Float[Tensor, "item embedding"]:
        """Embeddings of all items, item i at index i - 1."""
        return self.item_embedding.weight[1:]

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
        positions = self.position_embedding.weight[-embeddings.shape[1] :]
        hidden: Tensor = self.dropout(self.norm(embeddings + positions))
        interventions = interventions or {}
        for layer, (attention, feed_forward) in enumerate(
            zip(self.attention, self.feed_forward, strict=True)
        ):
            hidden = feed_forward(attention(hidden, allowed, recording, interventions.get(layer)))
        return hidden

    def as_states(
        self, embeddings: Float[Tensor, "*axes embedding"]
    ) -> Float[Tensor, "*axes state"]:
        """The embeddings, unchanged."""
        return embeddings

    def compare(
        self, states: Float[Tensor, "*axes query state"], items: Float[Tensor, "*others key state"]
    ) -> Float[Tensor, "*axes query key"]:
        """Item score: state . item embedding."""
        return states @ items.transpose(-2, -1)
