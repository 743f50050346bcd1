"""Learned matrices over slots. A sequence of m items uses the last m rows of each."""

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from awrsr.attention import masked_softmax
from awrsr.config import ModelConfig


def slot_matrix(config: ModelConfig, columns: int) -> nn.Parameter:
    """An empty matrix (n, columns), shared by all heads of a layer, or (head, n, columns)."""
    heads = (config.n_heads,) if config.matrices == "head" else ()
    return nn.Parameter(torch.empty(*heads, config.max_length, columns))


class SlotProjection(nn.Module):
    """A learnable matrix (n, r) that maps rows of attention weights into the correlation space."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.weight = slot_matrix(config, config.rank)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the initial weights."""
        for matrix in self.weight if self.weight.dim() == 3 else (self.weight,):
            nn.init.xavier_uniform_(matrix)

    def last(self, length: int) -> Float[Tensor, "*head slot rank"]:
        """The rows that a sequence of this length uses."""
        return self.weight[..., -length:, :]

    def forward(
        self, rows: Float[Tensor, "batch head query_pos key_pos"]
    ) -> Float[Tensor, "batch head query_pos rank"]:
        """Map each row; a row over m keys uses the last m rows of the matrix."""
        return rows @ self.last(rows.shape[-1])


class ProjectionPair(nn.Module):
    """Separate matrices for queries and for keys.

    With `similar_start` the key matrix starts as a copy of the query matrix. G = W_Q W_K^T is then
    positive semidefinite at the first step and relates items with similar rows; two independent
    matrices would relate items at random.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.query = SlotProjection(config)
        self.key = SlotProjection(config)
        self.similar_start = config.similar_start
        self.reset_parameters()

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """With a similar start, copy the query matrix; both are already initialised."""
        if self.similar_start:
            self.key.weight.copy_(self.query.weight)

    def forward(
        self, rows: Float[Tensor, "batch head query_pos key_pos"]
    ) -> tuple[
        Float[Tensor, "batch head query_pos rank"], Float[Tensor, "batch head query_pos rank"]
    ]:
        """The rows as queries and as keys."""
        return self.query(rows), self.key(rows)


class SlotMixing(nn.Module):
    """A learned row-stochastic causal matrix V over slots: which older slots replace a slot.

    V is the softmax of its logits over the allowed keys. Initially all logits are 0 except those on
    the diagonal, which are log(9 n). Every row then has at least 0.9 on its own slot, so M starts
    close to S A, and the remaining weight gives every other logit a gradient.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.weight = slot_matrix(config, config.max_length)
        self.reset_parameters()

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Start close to the identity."""
        slots = self.weight.shape[-1]
        self.weight.copy_(math.log(9 * slots) * torch.eye(slots, device=self.weight.device))

    def forward(
        self, allowed: Bool[Tensor, "batch 1 query_pos key_pos"]
    ) -> Float[Tensor, "batch heads query_pos key_pos"]:
        """V for the last slots of every sequence in a batch; one head if all heads share it."""
        batch, _, _, length = allowed.shape
        logits = self.weight[..., -length:, -length:]
        heads = logits if logits.dim() == 3 else logits[None]
        return masked_softmax(heads.expand(batch, -1, -1, -1), allowed)
