"""The pieces both backbones share."""

from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor, nn

NORM_EPSILON = 1e-12
INITIAL_STD = 0.02


def split_heads(
    hidden: Float[Tensor, "batch slot hidden"], n_heads: int
) -> Float[Tensor, "batch head slot head_dim"]:
    """Divide the width among the heads."""
    batch, slots, _ = hidden.shape
    return hidden.view(batch, slots, n_heads, -1).transpose(1, 2)


def merge_heads(
    mixed: Float[Tensor, "batch head slot head_dim"],
) -> Float[Tensor, "batch slot hidden"]:
    """Put the heads side by side again."""
    return mixed.transpose(1, 2).flatten(-2)


class FeedForward(nn.Module):
    """Two dense layers around an activation, dropped out, added to the input and normalised."""

    def __init__(
        self, width: int, inner: int, dropout: float, activation: Callable[[Tensor], Tensor]
    ) -> None:
        super().__init__()
        self.expand = nn.Linear(width, inner)
        self.contract = nn.Linear(inner, width)
        self.norm = nn.LayerNorm(width, eps=NORM_EPSILON)
        self.dropout = nn.Dropout(dropout)
        self.activation = activation

    def forward(self, hidden: Float[Tensor, "*axes width"]) -> Float[Tensor, "*axes width"]:
        """Transform every slot on its own."""
        inner = self.contract(self.activation(self.expand(hidden)))
        normed: Tensor = self.norm(hidden + self.dropout(inner))
        return normed


def initialise(module: nn.Module, embedding_mean: float = 0.0) -> None:
    """Weights of dense layers and embeddings drawn normal with deviation 0.02, biases 0.

    Args:
        module: its own parameters only; meant for `nn.Module.apply`.
        embedding_mean: mean of the embeddings, and of the dense weights; STOSA's code uses 0.01.
    """
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, embedding_mean, INITIAL_STD)
    if isinstance(module, nn.Linear):
        nn.init.zeros_(module.bias)
    if isinstance(module, nn.Embedding) and module.padding_idx is not None:
        nn.init.zeros_(module.weight[module.padding_idx].detach())
