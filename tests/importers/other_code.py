"""Models of other code bases in plain torch: random weights under their names, and their scores.

Written from descriptions of the layouts. Every sequence is padded to the full length, one model at
a time, one head at a time; nothing of awrsr is used.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn.functional import elu, gelu, relu, silu

N, WIDTH, LENGTH, LAYERS, HEADS = 11, 8, 6, 2, 2
"""Items, width, longest sequence, layers, heads."""


@dataclass
class Foreign:
    """A model of another code base.

    Args:
        state: its weights under its names.
        scores: of a history, items from 1, to the scores of all items.
        further: what else its file holds.
    """

    state: dict[str, Tensor]
    scores: Callable[[list[int]], Tensor]
    further: dict = field(default_factory=dict)


def drawn(seed: int):
    """A function that draws a tensor of a shape."""
    generator = torch.Generator().manual_seed(seed)
    return lambda *shape: torch.randn(*shape, generator=generator) * 0.4


def dense(draw, *names: str, out: int = WIDTH, into: int = WIDTH) -> dict[str, Tensor]:
    return {
        f"{name}.{part}": value
        for name in names
        for part, value in (("weight", draw(out, into)), ("bias", draw(out)))
    }


def norm(draw, *names: str) -> dict[str, Tensor]:
    return {
        f"{name}.{part}": value
        for name in names
        for part, value in (("weight", 1 + draw(WIDTH)), ("bias", draw(WIDTH)))
    }


def apply(state, name: str, x: Tensor) -> Tensor:
    weight = state[f"{name}.weight"]
    return x @ weight.reshape(weight.shape[:2]).T + state[f"{name}.bias"]


def normed(state, name: str, x: Tensor, epsilon: float) -> Tensor:
    mean = x.mean(-1, keepdim=True)
    variance = ((x - mean) ** 2).mean(-1, keepdim=True)
    return (x - mean) / torch.sqrt(variance + epsilon) * state[f"{name}.weight"] + state[
        f"{name}.bias"
    ]


def attended(query: Tensor, key: Tensor, value: Tensor, mask: Tensor) -> Tensor:
    """Attention head by head; mask is added to the scores."""
    parts = []
    for q, k, v in zip(*(x.chunk(HEADS, dim=-1) for x in (query, key, value)), strict=True):
        weights = torch.softmax(q @ k.T / math.sqrt(q.shape[-1]) + mask, dim=-1)
        parts.append(torch.nan_to_num(weights) @ v)
    return torch.cat(parts, dim=-1)


def causal(value: float) -> Tensor:
    return torch.full((LENGTH, LENGTH), value).triu(1)


def left_padded(items: list[int], padding: int = 0) -> Tensor:
    kept = items[-LENGTH:]
    return torch.tensor([padding] * (LENGTH - len(kept)) + kept)


def s3rec(seed: int) -> Foreign:
    """Normalised after each block, padding at the left, masked by -10000; two rows more."""
    draw = drawn(seed)
    state = {
        "item_embeddings.weight": draw(N + 2, WIDTH),
        "position_embeddings.weight": draw(LENGTH, WIDTH),
        **norm(draw, "LayerNorm", "aap_norm"),
        "attribute_embeddings.weight": draw(3, WIDTH),
    }
    for layer in range(LAYERS):
        here = f"item_encoder.layer.{layer}"
        of = [f"{here}.attention.{name}" for name in ("query", "key", "value", "dense")]
        state |= dense(draw, *of)
        state |= dense(draw, f"{here}.intermediate.dense_1", out=4 * WIDTH)
        state |= dense(draw, f"{here}.intermediate.dense_2", into=4 * WIDTH)
        state |= norm(draw, f"{here}.attention.LayerNorm", f"{here}.intermediate.LayerNorm")

    def scores(items: list[int]) -> Tensor:
        sequence = left_padded(items)
        table = state["item_embeddings.weight"]
        x = normed(state, "LayerNorm", table[sequence] + state["position_embeddings.weight"], 1e-12)
        mask = torch.minimum(causal(-1e4), torch.where(sequence == 0, -1e4, 0.0))
        for layer in range(LAYERS):
            here = f"item_encoder.layer.{layer}.attention"
            parts = (apply(state, f"{here}.{name}", x) for name in ("query", "key", "value"))
            made = apply(state, f"{here}.dense", attended(*parts, mask))
            x = normed(state, f"{here}.LayerNorm", x + made, 1e-12)
            here = f"item_encoder.layer.{layer}.intermediate"
            made = apply(state, f"{here}.dense_2", gelu(apply(state, f"{here}.dense_1", x)))
            x = normed(state, f"{here}.LayerNorm", x + made, 1e-12)
        return table[1 : N + 1] @ x[-1]

    return Foreign(state, scores)


def recbole(seed: int) -> Foreign:
    """Padding at the right, positions from the oldest item, the state of the last item."""
    draw, epsilon = drawn(seed), 1e-3
    state = {
        "item_embedding.weight": draw(N + 1, WIDTH),
        "position_embedding.weight": draw(LENGTH, WIDTH),
        **norm(draw, "LayerNorm"),
    }
    for layer in range(LAYERS):
        here = f"trm_encoder.layer.{layer}"
        of = [f"{here}.multi_head_attention.{n}" for n in ("query", "key", "value", "dense")]
        state |= dense(draw, *of)
        state |= dense(draw, f"{here}.feed_forward.dense_1", out=12)
        state |= dense(draw, f"{here}.feed_forward.dense_2", into=12)
        blocks = ("multi_head_attention", "feed_forward")
        state |= norm(draw, *(f"{here}.{block}.LayerNorm" for block in blocks))

    def scores(items: list[int]) -> Tensor:
        kept = items[-LENGTH:]
        sequence = torch.tensor(kept + [0] * (LENGTH - len(kept)))
        table = state["item_embedding.weight"]
        x = table[sequence] + state["position_embedding.weight"]
        x = normed(state, "LayerNorm", x, epsilon)
        mask = torch.minimum(causal(-1e4), torch.where(sequence == 0, -1e4, 0.0))
        for layer in range(LAYERS):
            here = f"trm_encoder.layer.{layer}.multi_head_attention"
            parts = (apply(state, f"{here}.{name}", x) for name in ("query", "key", "value"))
            made = apply(state, f"{here}.dense", attended(*parts, mask))
            x = normed(state, f"{here}.LayerNorm", x + made, epsilon)
            here = f"trm_encoder.layer.{layer}.feed_forward"
            made = apply(state, f"{here}.dense_2", silu(apply(state, f"{here}.dense_1", x)))
            x = normed(state, f"{here}.LayerNorm", x + made, epsilon)
        return table[1:] @ x[len(kept) - 1]

    settings = {
        "model": "SASRec",
        "n_heads": HEADS,
        "hidden_act": "swish",
        "layer_norm_eps": "1e-3",
        "hidden_dropout_prob": 0.5,
        "attn_dropout_prob": 0.2,
        "load_col": {"inter": ["user_id", "item_id", "timestamp"]},
    }
    return Foreign(state, scores, settings)


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
    """As pmixer's first layout, with padding in the last row."""
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


def gsasrec(seed: int) -> Foreign:
    """Padding is item N + 1 and masked; a table of its own for scores; no output projection."""
    draw = drawn(seed)
    state = {
        "item_embedding.weight": draw(N + 2, WIDTH),
        "output_embedding.weight": draw(N + 2, WIDTH),
        "position_embedding.weight": draw(LENGTH, WIDTH),
        **norm(draw, "seq_norm"),
    }
    for layer in range(LAYERS):
        here = f"transformer_blocks.{layer}"
        parts = ("query_proj", "key_proj", "val_proj")
        state |= dense(draw, *(f"{here}.multihead_attention.{part}" for part in parts))
        state |= dense(draw, f"{here}.dense1", f"{here}.dense2")
        state |= norm(draw, f"{here}.first_norm", f"{here}.second_norm")

    def scores(items: list[int]) -> Tensor:
        sequence = left_padded(items, N + 1)
        present = (sequence != N + 1)[:, None]
        x = state["item_embedding.weight"][sequence] + state["position_embedding.weight"]
        x = x * present
        mask = causal(-math.inf).masked_fill(~present.T, -math.inf)
        for layer in range(LAYERS):
            here = f"transformer_blocks.{layer}"
            query = normed(state, f"{here}.first_norm", x, 1e-5)
            made = attended(
                apply(state, f"{here}.multihead_attention.query_proj", query),
                apply(state, f"{here}.multihead_attention.key_proj", x),
                apply(state, f"{here}.multihead_attention.val_proj", x),
                mask,
            )
            x = normed(state, f"{here}.second_norm", made + query, 1e-5)
            made = apply(state, f"{here}.dense2", relu(apply(state, f"{here}.dense1", x)))
            x = (made + x) * present
        return state["output_embedding.weight"][1 : N + 1] @ normed(state, "seq_norm", x[-1], 1e-5)

    return Foreign(state, scores)


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
        here = f"{blocks}.transformer_blocks.{layer}"
        state |= stacked(draw, f"{here}.multi_head_attn")
        parts = ("ff_linear_1", "ff_linear_2")
        state |= dense(draw, *(f"{here}.feed_forward.{part}" for part in parts))
        state |= norm(draw, f"{here}.q_layer_norm", f"{here}.ff_layer_norm")

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
            here, x = f"{blocks}.transformer_blocks.{layer}", x * present
            query = normed(state, f"{here}.q_layer_norm", x, 1e-5)
            x = query + multihead(state, f"{here}.multi_head_attn", query, x, mask)
            y = normed(state, f"{here}.ff_layer_norm", x, 1e-5)
            inner = relu(apply(state, f"{here}.feed_forward.ff_linear_1", y))
            x = y + apply(state, f"{here}.feed_forward.ff_linear_2", inner)
        return state[table][1:] @ normed(state, f"{blocks}.last_layernorm", x[-1], 1e-8)

    settings = {"n_heads": HEADS, "dropout_rate": 0.2, "use_key_padding_mask": masked}
    renamed = {f"torch_model.{name}": tensor for name, tensor in state.items()}
    return Foreign(renamed, scores, settings)


def stosa(seed: int, mean_stream: str) -> Foreign:
    """Gaussians; in the published code the mean of a layer is lost."""
    draw = drawn(seed)
    state = {"user_margins.weight": draw(5, 1), **norm(draw, "LayerNorm")}
    for of in ("mean", "cov"):
        state[f"item_{of}_embeddings.weight"] = draw(N + 2, WIDTH)
        state[f"position_{of}_embeddings.weight"] = draw(LENGTH, WIDTH)
    for layer in range(LAYERS):
        here = f"item_encoder.layer.{layer}"
        state |= norm(draw, f"{here}.attention.LayerNorm")
        for of in ("mean", "cov"):
            parts = ("query", "key", "value", "dense")
            state |= dense(draw, *(f"{here}.attention.{of}_{part}" for part in parts))
            state |= dense(draw, f"{here}.{of}_intermediate.dense_1", out=4 * WIDTH)
            state |= dense(draw, f"{here}.{of}_intermediate.dense_2", into=4 * WIDTH)
            state |= norm(draw, f"{here}.{of}_intermediate.LayerNorm")

    def distances(mean, covariance, other_mean, other_covariance):
        means = ((mean[:, None] - other_mean[None]) ** 2).sum(-1)
        roots = ((covariance.sqrt()[:, None] - other_covariance.sqrt()[None]) ** 2).sum(-1)
        return means + roots

    def mixed(here, mean, covariance, mask):
        def of(name, x):
            return apply(state, f"{here}.{name}", x).chunk(HEADS, dim=-1)

        streams = [of(f"mean_{part}", mean) for part in ("query", "key", "value")]
        spreads = [of(f"cov_{part}", covariance) for part in ("query", "key", "value")]
        means, covariances = [], []
        for (q, k, v), (sq, sk, sv) in zip(
            zip(*streams, strict=True), zip(*spreads, strict=True), strict=True
        ):
            apart = distances(q, elu(sq) + 1, k, elu(sk) + 1) / math.sqrt(q.shape[-1])
            weights = torch.softmax(-apart + mask, dim=-1)
            means.append(weights @ v)
            covariances.append(weights**2 @ (elu(sv) + 1))
        return torch.cat(means, dim=-1), torch.cat(covariances, dim=-1)

    def after(here, x, inner):
        made = apply(
            state, f"{here}.{inner}.dense_2", elu(apply(state, f"{here}.{inner}.dense_1", x))
        )
        return normed(state, f"{here}.{inner}.LayerNorm", x + made, 1e-12)

    def scores(items: list[int]) -> Tensor:
        sequence = left_padded(items)
        mean, covariance = (
            normed(
                state,
                "LayerNorm",
                state[f"item_{of}_embeddings.weight"][sequence]
                + state[f"position_{of}_embeddings.weight"],
                1e-12,
            )
            for of in ("mean", "cov")
        )
        mean, covariance = elu(mean), elu(covariance) + 1
        low = -(2.0**32) + 1
        mask = torch.minimum(causal(low), torch.where(sequence == 0, low, 0.0))
        for layer in range(LAYERS):
            here = f"item_encoder.layer.{layer}"
            one, other = mixed(f"{here}.attention", mean, covariance, mask)
            norm_name = f"{here}.attention.LayerNorm"
            spread = apply(state, f"{here}.attention.cov_dense", other)
            spread = normed(state, norm_name, covariance + spread, 1e-12)
            moved = apply(state, f"{here}.attention.mean_dense", one)
            moved = normed(state, norm_name, mean + moved, 1e-12)
            covariance = elu(after(here, spread, "cov_intermediate")) + 1
            if mean_stream == "correct":
                mean = after(here, moved, "mean_intermediate")
        apart = distances(
            mean[-1:],
            covariance[-1:],
            state["item_mean_embeddings.weight"][1 : N + 1],
            elu(state["item_cov_embeddings.weight"][1 : N + 1]) + 1,
        )
        return -apart[0]

    return Foreign(state, scores)
