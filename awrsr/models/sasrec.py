"""SASRec: self-attention over a sequence of item embeddings, with any refinement of its attention.

Source: Kang and McAuley 2018, SASRec, arXiv 1808.09781, in the form of the S3-Rec, ICLRec and STOSA
code bases: normalisation after each block, GELU, no scaling of embeddings, output tied to the item
embeddings. differs: padding gets attention weight exactly 0, not a large negative score. The
settings of a layout (`awrsr.config.LAYOUT`) give the forms of other code bases.
"""

import math
from collections.abc import Callable, Mapping
from typing import cast

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn.functional import gelu, relu, silu

from awrsr.attention import allowed_keys, dot_product_scores, masked_softmax
from awrsr.config import LAYOUT, PADDING, Activation, Catalogue, ModelConfig
from awrsr.errors import ConfigError
from awrsr.models.base import Intervention, SequentialModel
from awrsr.models.blocks import (
    Embedding,
    FeedForward,
    added,
    merge_heads,
    no_comparison,
    split_heads,
    transformed_value_norm,
)
from awrsr.models.padding import EmptySlots, empty_slots, share_on
from awrsr.models.trace import LayerTrace
from awrsr.refinement import Refinement, build_refinement

ACTIVATIONS: dict[Activation, Callable[[Tensor], Tensor]] = {
    "gelu": gelu,
    "relu": relu,
    "silu": silu,
}


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
        self.norm = nn.LayerNorm(width, eps=config.norm_epsilon)
        self.norms = config.norms
        self.attention_dropout = nn.Dropout(config.attention_dropout)
        self.dropout = nn.Dropout(config.hidden_dropout)

    def forward(
        self,
        hidden: Float[Tensor, "batch slot hidden"],
        allowed: Bool[Tensor, "batch 1 slot slot"],
        empty: EmptySlots | None = None,
        recording: list[LayerTrace] | None = None,
        intervention: Intervention | None = None,
    ) -> Float[Tensor, "batch slot hidden"]:
        """Mix the values of the allowed items, project, add to the input; `norms` says where to
        normalise."""
        normed = hidden if self.norms == "after" else self.norm(hidden)
        attended = normed if self.norms == "before" else hidden
        value = split_heads(self.value(attended), self.n_heads)
        if self.refinement.learns_attention:
            query = split_heads(self.query(normed), self.n_heads)
            key = split_heads(self.key(attended), self.n_heads)
            scores = dot_product_scores(query, key)
        else:
            query, key, scores = no_comparison(value)
        first_order = masked_softmax(scores, self.refinement.attended(allowed))
        refined = self.refinement(first_order, allowed)
        weights = refined.weights
        if intervention is not None:
            weights = intervention(first_order, weights, allowed)
        mixed = self.attention_dropout(weights) @ value  # (batch, head, slot, head_dim)
        with_padding, on_padding = mixed, None
        if empty is not None:
            empty_key, empty_value = self._of_empty_slots(empty, len(hidden))
            on_padding = share_on(empty, dot_product_scores(query, empty_key), scores, allowed)
            with_padding = mixed.lerp(empty_value, on_padding)

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
                    on_padding=None if on_padding is None else on_padding.squeeze(-1),
                )
            )
        transformed = self.dropout(self.output(merge_heads(with_padding)))
        return added(self.norms, self.norm, hidden, normed, transformed)

    def _of_empty_slots(self, empty: EmptySlots, batch: int) -> tuple[Tensor, Tensor]:
        """The key and the value of the empty slots, each (batch, head, 1, head_dim)."""
        state = self.norm(empty.state) if self.norms == "before" else empty.state
        key, value = (
            split_heads(part(state), self.n_heads).expand(batch, -1, -1, -1)
            for part in (self.key, self.value)
        )
        return key, value


class SASRec(SequentialModel):
    """SASRec, vanilla or refined. A state is a vector of hidden_size."""

    name = "sasrec"
    title = "SASRec"
    score_meaning = "the state's dot product with the item"
    settings = LAYOUT

    def __init__(self, config: ModelConfig, catalogue: Catalogue) -> None:
        super().__init__(config, catalogue)
        width = config.hidden_size
        self.item_embedding = Embedding(catalogue.n_items + 1, width, padding_idx=PADDING)
        # Positions counted from the newest item: row n - 1 is the newest; from the oldest: row 0.
        self.position_embedding = Embedding(config.max_length, width)
        if config.output_embedding == "separate":
            self.output_embedding = Embedding(catalogue.n_items + 1, width, padding_idx=PADDING)
        self.norm = nn.LayerNorm(width, eps=config.norm_epsilon)
        self.dropout = nn.Dropout(config.hidden_dropout)
        self.attention = nn.ModuleList(SelfAttention(config) for _ in range(config.n_layers))
        self.feed_forward = nn.ModuleList(
            FeedForward(
                width,
                config.inner_size,
                config.hidden_dropout,
                ACTIVATIONS[config.activation],
                norms=config.norms,
                epsilon=config.norm_epsilon,
            )
            for _ in range(config.n_layers)
        )
        if config.padding != "ignored" and not self.refinement(0).learns_attention:
            raise ConfigError(
                f"padding {config.padding!r} needs learned attention, which decides how much falls "
                f"on padding; refinement {config.refinement!r} learns none"
            )

    def refinement(self, layer: int) -> Refinement:
        """The refinement of a layer, which makes the weights that mix the values."""
        return cast(SelfAttention, self.attention[layer]).refinement

    def item_tables(self) -> list[nn.Embedding]:
        """The item embeddings, and the output table if it is separate."""
        shared = self.config.output_embedding == "shared"
        return [self.item_embedding] if shared else [self.item_embedding, self.output_embedding]

    def embed(self, items: Int[Tensor, "*axes"]) -> Float[Tensor, "*axes embedding"]:
        """Item embeddings, followed by those of the output table if it is separate; zeros for
        padding."""
        embeddings: Tensor = self.item_embedding(items)
        if self.config.output_embedding == "shared":
            return embeddings
        return torch.cat([embeddings, self.output_embedding(items)], dim=-1)

    def catalogue_embeddings(self) -> Float[Tensor, "item embedding"]:
        """Embeddings of all items, item i at index i - 1."""
        if self.config.output_embedding == "shared":
            return self.item_embedding.weight[1:]
        return torch.cat([self.item_embedding.weight[1:], self.output_embedding.weight[1:]], dim=-1)

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
        empty = empty_slots(present, self.config, like=embeddings)
        hidden = self._first_hidden(embeddings, present)
        interventions = interventions or {}
        for layer, (attention, feed_forward) in enumerate(
            zip(self.attention, self.feed_forward, strict=True)
        ):
            attended = attention(hidden, allowed, empty, recording, interventions.get(layer))
            hidden = feed_forward(attended)
            if empty is not None:
                empty = empty.after(attention, feed_forward)
        return self.norm(hidden) if self.config.outer_norm == "states" else hidden

    def _first_hidden(
        self,
        embeddings: Float[Tensor, "batch slot embedding"],
        present: Bool[Tensor, "batch slot"],
    ) -> Float[Tensor, "batch slot hidden"]:
        """Items with their positions, before the first layer."""
        items = embeddings[..., : self.config.hidden_size]
        if self.config.scaled_embeddings:
            items = items * math.sqrt(self.config.hidden_size)
        if self.config.positions == "newest":
            positions = self.position_embedding.weight[-embeddings.shape[1] :]
        else:
            positions = self.position_embedding((present.cumsum(1) - 1).clamp(min=0))
        hidden = items + positions
        if self.config.outer_norm == "embeddings":
            hidden = self.norm(hidden)
        dropped: Tensor = self.dropout(hidden)
        return dropped

    def as_states(
        self, embeddings: Float[Tensor, "*axes embedding"]
    ) -> Float[Tensor, "*axes state"]:
        """The embeddings, or their part from the output table if there is one."""
        return embeddings[..., -self.config.hidden_size :]

    def compare(
        self, states: Float[Tensor, "*axes query state"], items: Float[Tensor, "*others key state"]
    ) -> Float[Tensor, "*axes query key"]:
        """Item score: state . item embedding."""
        return states @ items.transpose(-2, -1)
