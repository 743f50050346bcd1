"""Models of other code bases that use MultiheadAttention of torch: pmixer, RePlay, RecTools."""

import math

import torch
from other_code import (
    HEADS,
    LAYERS,
    LENGTH,
    WIDTH,
    Foreign,
    N,
    apply,
    attended,
    causal,
    dense,
    drawn,
    left_padded,
    norm,
    normed,
)
from torch import Tensor
from torch.nn.functional import relu


def stacked(draw, name: str) -> dict[str, Tensor]:
    return {
        f"{name}.in_proj_weight": draw(3 * WIDTH, WIDTH),
        f"{name}.in_proj_bias": draw(3 * WIDTH),
        **dense(draw, f"{name}.out_proj"),
    }


def multihead(state, name: str, query: Tensor, other: Tensor, mask: Tensor) -> Tensor:
    weights, biases = (state[f"{name}.in_proj_{part}"].chunk(3) for part in ("weight", "bias"))
    parts = [
        x @ weight.T + bias
        for x, weight, bias in zip((query, other, other), weights, biases, strict=True)
    ]
    return apply(state, f"{name}.out_proj", attended(*parts, mask))


def convolved(state, name: str, x: Tensor) -> Tensor:
    return apply(state, f"{name}.conv2", relu(apply(state, f"{name}.conv1", x)))


def conv_layers(draw, prefix: str = "") -> dict[str, Tensor]:
    state = {}
    for layer in range(LAYERS):
        state |= stacked(draw, f"{prefix}attention_layers.{layer}")
        for part in ("conv1", "conv2"):
            state[f"{prefix}forward_layers.{layer}.{part}.weight"] = draw(WIDTH, WIDTH, 1)
            state[f"{prefix}forward_layers.{layer}.{part}.bias"] = draw(WIDTH)
        names = ("attention_layernorms", "forward_layernorms")
        state |= norm(draw, *(f"{prefix}{name}.{layer}" for name in names))
    return state


def pmixer(seed: int, layout: str) -> Foreign:
    """Items attend to padding too, which is zero or goes through the layers."""
    draw, first = drawn(seed), layout == "2020"
    state = {
        "item_emb.weight": draw(N + 1, WIDTH),
        "pos_emb.weight": draw(LENGTH + (not first), WIDTH),
        **conv_layers(draw),
        **norm(draw, "last_layernorm"),
    }
    if not first:
        state["item_emb.weight"][0] = 0
        state["pos_emb.weight"][0] = 0

    def scores(items: list[int]) -> Tensor:
        sequence = left_padded(items)
        padding = (sequence == 0)[:, None]
        slots = torch.arange(LENGTH) if first else torch.arange(1, LENGTH + 1) * (sequence != 0)
        x = state["item_emb.weight"][sequence] * WIDTH**0.5 + state["pos_emb.weight"][slots]
        x = x.masked_fill(padding, 0) if first else x
        mask = causal(-math.inf)
        for layer in range(LAYERS):

            def attention(query, other, layer=layer):
                return multihead(state, f"attention_layers.{layer}", query, other, mask)

            def norm_of(part, x, layer=layer):
                return normed(state, f"{part}_layernorms.{layer}", x, 1e-8)

            if layout == "2025":
                x = norm_of("attention", x + attention(x, x))
                x = norm_of("forward", x + convolved(state, f"forward_layers.{layer}", x))
            elif layout == "2025_norm_first":
                y = norm_of("attention", x)
                x = x + attention(y, y)
                x = x + convolved(state, f"forward_layers.{layer}", norm_of("forward", x))
            else:
                y = norm_of("attention", x)
                y = norm_of("forward", y + attention(y, x))
                x = y + convolved(state, f"forward_layers.{layer}", y)
                x = x.masked_fill(padding, 0) if first else x
        return state["item_emb.weight"][1:] @ normed(state, "last_layernorm", x[-1], 1e-8)

    return Foreign(state, scores)


def replay(seed: int) -> Foreign:
    """Like pmixer's first layout, with padding in the last row."""
    base = pmixer(seed, "2020")
    renamed = {}
    for name, tensor in base.state.items():
        if name == "item_emb.weight":
            moved = torch.cat([tensor[1:], tensor[:1]])
            for place in ("item_embedder", "_head._item_embedder"):
                renamed[f"_model.{place}.item_emb.weight"] = moved
        elif name == "pos_emb.weight":
            renamed["_model.item_embedder.pos_emb.pe.weight"] = tensor
        elif name.startswith("last_"):
            renamed[f"_model.output_normalization.{name}"] = tensor
        else:
            renamed[f"_model.sasrec_layers.{name}"] = tensor
    return Foreign(renamed, base.scores)


def rectools(seed: int, *, masked: bool = False) -> Foreign:
    """Positions from the newest item; padding is zero before every layer, and attended to unless it
    is masked. The last norm adds 1e-8."""
    draw = drawn(seed)
    table, blocks = "item_model.item_net_blocks.0.ids_emb.weight", "transformer_layers"
    state = {
        table: draw(N + 1, WIDTH),
        "pos_encoding_layer.pos_emb.weight": draw(LENGTH, WIDTH),
        **norm(draw, f"{blocks}.last_layernorm"),
    }
    for layer in range(LAYERS):
        prefix = f"{blocks}.transformer_blocks.{layer}"
        state |= stacked(draw, f"{prefix}.multi_head_attn")
        parts = ("ff_linear_1", "ff_linear_2")
        state |= dense(draw, *(f"{prefix}.feed_forward.{part}" for part in parts))
        state |= norm(draw, f"{prefix}.q_layer_norm", f"{prefix}.ff_layer_norm")

    def scores(items: list[int]) -> Tensor:
        sequence = left_padded(items)
        present = (sequence != 0)[:, None]
        x = state[table][sequence] * present
        x = x + state["pos_encoding_layer.pos_emb.weight"].flip(0)
        mask = causal(-math.inf)
        if masked:
            mask = mask.masked_fill(~present.T, -math.inf)
            mask.fill_diagonal_(0)
        for layer in range(LAYERS):
            prefix, x = f"{blocks}.transformer_blocks.{layer}", x * present
            query = normed(state, f"{prefix}.q_layer_norm", x, 1e-5)
            x = query + multihead(state, f"{prefix}.multi_head_attn", query, x, mask)
            y = normed(state, f"{prefix}.ff_layer_norm", x, 1e-5)
            inner = relu(apply(state, f"{prefix}.feed_forward.ff_linear_1", y))
            x = y + apply(state, f"{prefix}.feed_forward.ff_linear_2", inner)
        return state[table][1:] @ normed(state, f"{blocks}.last_layernorm", x[-1], 1e-8)

    settings = {"n_heads": HEADS, "dropout_rate": 0.2, "use_key_padding_mask": masked}
    renamed = {f"torch_model.{name}": tensor for name, tensor in state.items()}
    return Foreign(renamed, scores, settings)
