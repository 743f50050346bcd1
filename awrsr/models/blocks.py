"""Building blocks that both backbones share."""

import zlib
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from awrsr.config import InitialWeights, Norms

NORM_EPSILON = 1e-12
INITIAL_STD = 0.02


class Embedding(nn.Embedding):
    """An embedding whose weights `initialise` draws: to draw them before takes time for a large
    table, and without memory (on the meta device) it makes PyTorch import its compiler."""

    def reset_parameters(self) -> None:
        """Draw nothing."""


def split_heads(
    hidden: Float[Tensor, "batch slot hidden"], n_heads: int
) -> Float[Tensor, "batch head slot head_dim"]:
    """Divide the width among the heads."""
    batch, slots, _ = hidden.shape
    return hidden.view(batch, slots, n_heads, -1).transpose(1, 2)


def merge_heads(
    mixed: Float[Tensor, "batch head slot head_dim"],
) -> Float[Tensor, "batch slot hidden"]:
    """Concatenate the heads."""
    return mixed.transpose(1, 2).flatten(-2)


def no_comparison(
    value: Float[Tensor, "batch head slot head_dim"],
) -> tuple[
    Float[Tensor, "batch head slot 0"],
    Float[Tensor, "batch head slot 0"],
    Float[Tensor, "batch head slot slot"],
]:
    """Queries, keys and scores of a layer without attention: width 0, width 0, all scores equal."""
    nothing = value[..., :0]
    return nothing, nothing, nothing @ nothing.transpose(-2, -1)


def transformed_value_norm(
    value: Float[Tensor, "batch head slot head_dim"], output: nn.Linear
) -> Float[Tensor, "batch head slot"]:
    """Norm of each head's value after its part of the output projection, without bias.

    An attention weight times this norm is how far that weight moves the query's hidden state.

    Source: Kobayashi et al. 2020, Attention is Not Only a Weight, arXiv 2004.10102, eq. 3.
    differs: the bias belongs to no key and is left out.
    """
    shares = output.weight.view(output.out_features, value.shape[1], -1)
    transformed = torch.einsum("bhsd,ohd->bhso", value, shares)
    norm: Tensor = torch.linalg.vector_norm(transformed, dim=-1)
    return norm


def added(
    norms: Norms,
    norm: nn.Module,
    hidden: Float[Tensor, "*axes width"],
    normed: Float[Tensor, "*axes width"],
    transformed: Float[Tensor, "*axes width"],
) -> Float[Tensor, "*axes width"]:
    """The output of one half of a layer, added to its input; `norms` says where to normalise.

    Args:
        norms: the place of the norm, see `awrsr.config.ModelConfig`.
        norm: the norm.
        hidden: the input of the half.
        normed: the normalised input, or the input itself if the norm comes last.
        transformed: the output of attention or of the feed-forward layer for it.
    """
    if norms == "after":
        result: Tensor = norm(hidden + transformed)
        return result
    return (hidden if norms == "before" else normed) + transformed


class FeedForward(nn.Module):
    """Two dense layers with an activation between; dropout, residual connection, layer norm."""

    def __init__(
        self,
        width: int,
        inner: int,
        dropout: float,
        activation: Callable[[Tensor], Tensor],
        *,
        norms: Norms = "after",
        epsilon: float = NORM_EPSILON,
    ) -> None:
        super().__init__()
        self.expand = nn.Linear(width, inner)
        self.contract = nn.Linear(inner, width)
        self.norm = nn.LayerNorm(width, eps=epsilon)
        self.dropout = nn.Dropout(dropout)
        self.activation = activation
        self.norms = norms

    def forward(self, hidden: Float[Tensor, "*axes width"]) -> Float[Tensor, "*axes width"]:
        """Transform every slot independently."""
        normed = hidden if self.norms == "after" else self.norm(hidden)
        inner = self.contract(self.activation(self.expand(normed)))
        return added(self.norms, self.norm, hidden, normed, self.dropout(inner))


def initialise(
    model: nn.Module, seed: int, dense: InitialWeights = "normal", mean: float = 0.0
) -> None:
    """Draw the initial weights; those of a module depend only on the seed and the module's name.

    So models with one seed have the same weights in all modules that they share. Embeddings and, by
    default, dense layers get normal weights with standard deviation 0.02; biases are 0. Other
    modules are initialised by their `reset_parameters`, children before parents, so that a parent
    may use the weights of its children. The state of torch's generator is restored.

    Args:
        model: the model.
        seed: any whole number.
        dense: the distribution for dense layers, see `awrsr.config.TrainConfig`. With small weights
            attention is almost even at first. If it must then select one item of many, as on the
            planted data, training may fail to learn that.
        mean: mean of the normal weights; STOSA's code uses 0.01.
    """
    with torch.random.fork_rng(devices=[]):
        for name, module in reversed(list(model.named_modules())):
            torch.default_generator.manual_seed(zlib.crc32(f"{seed} {name}".encode()))
            if isinstance(module, nn.Linear) and dense == "xavier":
                nn.init.xavier_normal_(module.weight)
            elif isinstance(module, nn.Linear | nn.Embedding):
                nn.init.normal_(module.weight, mean, INITIAL_STD)
            elif hasattr(module, "reset_parameters"):
                module.reset_parameters()
            if isinstance(module, nn.Linear) and module.bias is not None:
                nn.init.zeros_(module.bias)
            if isinstance(module, nn.Embedding) and module.padding_idx is not None:
                nn.init.zeros_(module.weight[module.padding_idx].detach())
