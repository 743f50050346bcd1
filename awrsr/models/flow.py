"""A score as a sum over the paths through the layers of one forward pass.

If attention weights, deviations in layer norms and ratios activation(x) / x keep their values of
the forward pass, the rest of the network is linear in the hidden states. So the score is an exact
sum of the contributions of items, attention weights, residual paths and constants. These are shares
of the score at fixed gates. They are not effects of removals, which change the gates too.

Source: Modarressi et al. 2023, DecompX, arXiv 2306.02873, for decomposition through all parts of a
layer; Ali et al. 2022, arXiv 2202.07304, for fixed attention weights and layer norms. differs: sums
over paths come from one backward pass, not from vectors of every item.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float
from torch import Tensor, nn

from awrsr.errors import ConfigError
from awrsr.models.base import SequentialModel
from awrsr.models.blocks import FeedForward, split_heads
from awrsr.models.sasrec import SASRec, SelfAttention
from awrsr.models.trace import LayerTrace

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class LayerFlow:
    """The contributions that reach the score through one layer, in item-score units.

    Args:
        first: (head, query_pos, key_pos) through the first-order weights A, from key to query.
        refinement: (head, query_pos, key_pos) through M - A, what refinement adds to the weights;
            first + refinement is the flow through the refined weights M.
        residual: (m,) around attention, at every item.
        constants: (m,) the biases of the layer, including that of the values, at every item.
    """

    first: Array
    refinement: Array
    residual: Array
    constants: Array


@dataclass(frozen=True, kw_only=True)
class ScoreFlow:
    """The target's score as a flow through the layers.

    The contribution of an item's state after a layer is the sum over the layer's paths to it:
    nodes[l + 1][i] = sum over heads and j of (first + refinement)[h, i, j] + residual[i] +
    constants[i]. Before the layer it is the sum over the paths from it, without constants:
    nodes[l][j] = sum over heads and i of (first + refinement)[h, i, j] + residual[j]. So the score
    is sum(nodes[0]) + the sum of all constants.

    Args:
        score: the score.
        nodes: (layers + 1, m) the contribution of every item's hidden state: at the input (index 0)
            and after each layer.
        layers: the layers, the first one first.
    """

    score: float
    nodes: Array
    layers: tuple[LayerFlow, ...]


class FixedNorm(nn.Module):
    """A layer norm whose deviation is a constant for gradients; keeps its input and output."""

    def __init__(self, norm: nn.LayerNorm) -> None:
        super().__init__()
        self.norm = norm
        self.seen = self.made = torch.empty(0)

    def forward(self, hidden: Tensor) -> Tensor:
        """The normalised states."""
        self.seen = hidden
        centred = hidden - hidden.mean(-1, keepdim=True)
        scale = (centred.square().mean(-1, keepdim=True) + self.norm.eps).rsqrt().detach()
        self.made = centred * scale * self.norm.weight + self.norm.bias
        return self.made


class FixedActivation:
    """An activation as its input times a ratio, a constant for gradients; keeps its input."""

    def __init__(self, activation: Callable[[Tensor], Tensor]) -> None:
        self.activation = activation
        self.seen = torch.empty(0)

    def __call__(self, inner: Tensor) -> Tensor:
        """The activated values."""
        self.seen = inner
        tiny = torch.finfo(inner.dtype).tiny
        ratio = self.activation(inner) / torch.where(inner == 0, tiny, inner)
        return inner * ratio.detach()


FOLLOWED = {"norms": "after", "outer_norm": "embeddings", "padding": "ignored"}
"""The required values of these settings of a layout; all other settings are free."""


def is_linear(model: SequentialModel) -> bool:
    """Whether the paths of the model's scores can be followed here."""
    try:
        check_linear(model)
    except ConfigError:
        return False
    return True


def check_linear(model: SequentialModel) -> SASRec:
    """The model, if its scores are linear in its states and its layout is supported.

    Raises:
        ConfigError: the scores are not linear, or the layout is not supported.
    """
    if not isinstance(model, SASRec):
        raise ConfigError(
            "a score is a sum over paths only if it is linear in the states; the score of "
            f"{model.title} is {model.score_meaning}; accepted: {SASRec.title}"
        )
    config = dict(model.config)
    others = [f"{name} {config[name]!r}" for name, one in FOLLOWED.items() if config[name] != one]
    if others:
        accepted = ", ".join(f"{name} {one!r}" for name, one in FOLLOWED.items())
        raise ConfigError(
            f"the paths of a score are followed in models with {accepted}; "
            f"received {', '.join(others)}"
        )
    return model


def flow_of(
    model: SequentialModel,
    embeddings: Float[Tensor, "1 slot embedding"],
    scored: Float[Tensor, "1 state"],
) -> ScoreFlow:
    """The score of an item as a sum over paths.

    Args:
        model: in eval mode, on any device; it is not changed.
        embeddings: of the history, in float64 on the CPU.
        scored: the scored item as a state, in float64 on the CPU.

    Raises:
        ConfigError: the scores of this backbone are not linear in its states, or its layout is not
            supported.
    """
    fixed = _with_fixed_gates(check_linear(model))
    recording: list[LayerTrace] = []
    present = torch.ones(embeddings.shape[:2], dtype=torch.bool)
    with torch.enable_grad():
        states = fixed.encode(
            embeddings.clone().requires_grad_(),
            present,
            recording=recording,
            interventions=dict.fromkeys(range(model.config.n_layers), _constant),
        )
        score = fixed.compare(states[:, -1], scored).sum()
        blocks = [
            (cast(SelfAttention, attention), cast(FeedForward, dense))
            for attention, dense in zip(fixed.attention, fixed.feed_forward, strict=True)
        ]
        inputs = [_norm(fixed.norm).made, *(_norm(dense.norm).made for _, dense in blocks)]
        asked = [
            tensor
            for attention, dense in blocks
            for tensor in (
                _norm(attention.norm).seen,
                _norm(attention.norm).made,
                cast(FixedActivation, dense.activation).seen,
                _norm(dense.norm).seen,
            )
        ]
        found = torch.autograd.grad(score, [*inputs, *asked])
    at_inputs, at_parts = found[: len(inputs)], iter(found[len(inputs) :])
    nodes = [_carried(gradient, state) for gradient, state in zip(at_inputs, inputs, strict=True)]
    layers = []
    for number, (attention, dense) in enumerate(blocks):
        before, after, inner, contracted = (next(at_parts) for _ in range(4))
        first, refinement, of_values = _through_weights(recording[number], before, attention)
        constants = (
            of_values
            + before @ attention.output.bias
            + after @ _norm(attention.norm).norm.bias
            + inner @ dense.expand.bias
            + contracted @ dense.contract.bias
            + at_inputs[number + 1] @ _norm(dense.norm).norm.bias
        )
        layers.append(
            LayerFlow(
                first=first,
                refinement=refinement,
                residual=_carried(before, inputs[number]),
                constants=constants[0].numpy(),
            )
        )
    return ScoreFlow(score=float(score.detach()), nodes=np.stack(nodes), layers=tuple(layers))


def _with_fixed_gates(model: SASRec) -> SASRec:
    """A copy in float64 on the CPU with fixed norms and activations, without item embeddings."""
    tables: dict[int, object] = {
        id(module): nn.Identity()
        for module in model.modules()
        if isinstance(module, nn.Embedding) and module.num_embeddings == model.catalogue.n_items + 1
    }
    fixed = copy.deepcopy(model, tables).double().cpu().eval().requires_grad_(False)
    for module in list(fixed.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.LayerNorm):
                setattr(module, name, FixedNorm(child))
        if isinstance(module, FeedForward):
            module.activation = FixedActivation(module.activation)
    return fixed


def _constant(first_order: Tensor, refined: Tensor, allowed: Tensor) -> Tensor:
    """The refined weights as constants."""
    return refined.detach()


def _norm(module: object) -> FixedNorm:
    assert isinstance(module, FixedNorm)
    return module


def _carried(gradient: Tensor, state: Tensor) -> Array:
    """(m,) the contribution of every item's state."""
    array: Array = (gradient * state).sum(-1)[0].detach().numpy()
    return array


def _through_weights(
    layer: LayerTrace, before: Tensor, attention: SelfAttention
) -> tuple[Array, Array, Tensor]:
    """The flow of the values without their bias through A and through M - A, each (head, query_pos,
    key_pos); and the flow of the bias, (1, m), which is the same for all keys."""
    heads = attention.n_heads
    assert layer.value is not None  # every layer of SASRec records it
    wanted = split_heads(before @ attention.output.weight, heads)
    bias = split_heads(attention.value.bias.expand_as(before), heads)
    carried = (wanted @ (layer.value - bias).transpose(-2, -1))[0].detach()
    first, refined = layer.first_order[0].detach(), layer.refined[0].detach()
    through_first: Array = (first * carried).numpy()
    through_rest: Array = ((refined - first) * carried).numpy()
    of_bias = (layer.refined.detach().sum(-1) * (wanted * bias).sum(-1)).sum(1)
    return through_first, through_rest, of_bias
