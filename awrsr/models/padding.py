"""Attention that also falls on the empty slots before the oldest item, in models that allow it.

Some code bases pad every sequence to n slots and let items attend to the padding. All empty slots
of a layer have the same state, whatever the items are: they act as one more key, counted n - m
times. Maps remain over items, with rows that sum to one; the share of attention on the empty slots
is recorded separately, and the values of items and empty slots are mixed in that proportion.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from awrsr.config import AttendedPadding, ModelConfig


@dataclass(frozen=True, kw_only=True)
class EmptySlots:
    """The empty slots of a batch at the input of a layer.

    Args:
        state: (1, 1, hidden), the hidden state of each of them.
        count: (batch, 1, 1, 1), their number before the oldest item of every sequence.
        kind: see `awrsr.config.ModelConfig`.
    """

    state: Tensor
    count: Tensor
    kind: AttendedPadding

    def after(self, attention: nn.Module, feed_forward: nn.Module) -> "EmptySlots":
        """The empty slots at the input of the next layer. They attend only to each other and are
        all equal, so each is mixed as if it attended to itself."""
        if self.kind == "zero":
            return self
        itself = torch.ones(1, 1, 1, 1, dtype=torch.bool, device=self.state.device)
        state = feed_forward(attention(self.state, itself))
        return EmptySlots(state=state, count=self.count, kind=self.kind)


def empty_slots(
    present: Bool[Tensor, "batch slot"], config: ModelConfig, *, like: Tensor
) -> EmptySlots | None:
    """The empty slots at the input of the first layer; None if the model ignores padding.

    Args:
        present: True where a slot holds an item.
        config: the settings of the model.
        like: a tensor of the type and on the device of the states.
    """
    if config.padding == "ignored":
        return None
    count = (config.max_length - present.sum(1)).to(like.dtype)
    return EmptySlots(
        state=like.new_zeros(1, 1, config.hidden_size),
        count=count[:, None, None, None],
        kind=config.padding,
    )


def share_on(
    empty: EmptySlots,
    empty_scores: Float[Tensor, "batch head slot 1"],
    scores: Float[Tensor, "batch head slot slot"],
    allowed: Bool[Tensor, "batch 1 slot slot"],
) -> Float[Tensor, "batch head slot 1"]:
    """The share of attention on the empty slots, from one softmax over these and the items.

    Args:
        empty: the empty slots.
        empty_scores: attention score of every query with one empty slot.
        scores: attention scores of all pairs of items.
        allowed: True where a query may attend to a key.
    """
    on_items = scores.masked_fill(~allowed, torch.finfo(scores.dtype).min)
    on_empty = empty_scores + empty.count.log()  # minus infinity where there is none
    return (on_empty - on_items.logsumexp(-1, keepdim=True)).sigmoid()
