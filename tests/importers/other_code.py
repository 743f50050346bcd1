"""Models of other code bases in plain torch: random weights under their names, and their scores.

Written from descriptions of the layouts. Every sequence is padded to the full length, one model at
a time, one head at a time; nothing of awrsr is used.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn.functional import gelu, relu, silu

N, WIDTH, LENGTH, LAYERS, HEADS = 11, 8, 6, 2, 2
"""Items, width, longest sequence, layers, heads."""


@dataclass
class Foreign:
    """A model of another code base.

    Args:
        state: its weights under its names.
        scores: of a history, items from 1, to the scores of all items.
        further: other contents of its file.
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
    """Normalised after each block, padding at the left, masked by -10000; two additional rows."""
    draw = drawn(seed)
    state = {
        "item_embeddings.weight": draw(N + 2, WIDTH),
        "position_embeddings.weight": draw(LENGTH, WIDTH),
        **norm(draw, "LayerNorm", "aap_norm"),
        "attribute_embeddings.weight": draw(3, WIDTH),
    }
    for layer in range(LAYERS):
        prefix = f"item_encoder.layer.{layer}"
        names = [f"{prefix}.attention.{name}" for name in ("query", "key", "value", "dense")]
        state |= dense(draw, *names)
        state |= dense(draw, f"{prefix}.intermediate.dense_1", out=4 * WIDTH)
        state |= dense(draw, f"{prefix}.intermediate.dense_2", into=4 * WIDTH)
        state |= norm(draw, f"{prefix}.attention.LayerNorm", f"{prefix}.intermediate.LayerNorm")

    def scores(items: list[int]) -> Tensor:
        sequence = left_padded(items)
        table = state["item_embeddings.weight"]
        x = normed(state, "LayerNorm", table[sequence] + state["position_embeddings.weight"], 1e-12)
        mask = torch.minimum(causal(-1e4), torch.where(sequence == 0, -1e4, 0.0))
        for layer in range(LAYERS):
            prefix = f"item_encoder.layer.{layer}.attention"
            parts = (apply(state, f"{prefix}.{name}", x) for name in ("query", "key", "value"))
            made = apply(state, f"{prefix}.dense", attended(*parts, mask))
            x = normed(state, f"{prefix}.LayerNorm", x + made, 1e-12)
            prefix = f"item_encoder.layer.{layer}.intermediate"
            made = apply(state, f"{prefix}.dense_2", gelu(apply(state, f"{prefix}.dense_1", x)))
            x = normed(state, f"{prefix}.LayerNorm", x + made, 1e-12)
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
        prefix = f"trm_encoder.layer.{layer}"
        names = [f"{prefix}.multi_head_attention.{n}" for n in ("query", "key", "value", "dense")]
        state |= dense(draw, *names)
        state |= dense(draw, f"{prefix}.feed_forward.dense_1", out=12)
        state |= dense(draw, f"{prefix}.feed_forward.dense_2", into=12)
        blocks = ("multi_head_attention", "feed_forward")
        state |= norm(draw, *(f"{prefix}.{block}.LayerNorm" for block in blocks))

    def scores(items: list[int]) -> Tensor:
        kept = items[-LENGTH:]
        sequence = torch.tensor(kept + [0] * (LENGTH - len(kept)))
        table = state["item_embedding.weight"]
        x = table[sequence] + state["position_embedding.weight"]
        x = normed(state, "LayerNorm", x, epsilon)
        mask = torch.minimum(causal(-1e4), torch.where(sequence == 0, -1e4, 0.0))
        for layer in range(LAYERS):
            prefix = f"trm_encoder.layer.{layer}.multi_head_attention"
            parts = (apply(state, f"{prefix}.{name}", x) for name in ("query", "key", "value"))
            made = apply(state, f"{prefix}.dense", attended(*parts, mask))
            x = normed(state, f"{prefix}.LayerNorm", x + made, epsilon)
            prefix = f"trm_encoder.layer.{layer}.feed_forward"
            made = apply(state, f"{prefix}.dense_2", silu(apply(state, f"{prefix}.dense_1", x)))
            x = normed(state, f"{prefix}.LayerNorm", x + made, epsilon)
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


def gsasrec(seed: int) -> Foreign:
    """Padding is item N + 1 and masked; a separate table for scores; no output projection."""
    draw = drawn(seed)
    state = {
        "item_embedding.weight": draw(N + 2, WIDTH),
        "output_embedding.weight": draw(N + 2, WIDTH),
        "position_embedding.weight": draw(LENGTH, WIDTH),
        **norm(draw, "seq_norm"),
    }
    for layer in range(LAYERS):
        prefix = f"transformer_blocks.{layer}"
        parts = ("query_proj", "key_proj", "val_proj")
        state |= dense(draw, *(f"{prefix}.multihead_attention.{part}" for part in parts))
        state |= dense(draw, f"{prefix}.dense1", f"{prefix}.dense2")
        state |= norm(draw, f"{prefix}.first_norm", f"{prefix}.second_norm")

    def scores(items: list[int]) -> Tensor:
        sequence = left_padded(items, N + 1)
        present = (sequence != N + 1)[:, None]
        x = state["item_embedding.weight"][sequence] + state["position_embedding.weight"]
        x = x * present
        mask = causal(-math.inf).masked_fill(~present.T, -math.inf)
        for layer in range(LAYERS):
            prefix = f"transformer_blocks.{layer}"
            query = normed(state, f"{prefix}.first_norm", x, 1e-5)
            made = attended(
                apply(state, f"{prefix}.multihead_attention.query_proj", query),
                apply(state, f"{prefix}.multihead_attention.key_proj", x),
                apply(state, f"{prefix}.multihead_attention.val_proj", x),
                mask,
            )
            x = normed(state, f"{prefix}.second_norm", made + query, 1e-5)
            made = apply(state, f"{prefix}.dense2", relu(apply(state, f"{prefix}.dense1", x)))
            x = (made + x) * present
        return state["output_embedding.weight"][1 : N + 1] @ normed(state, "seq_norm", x[-1], 1e-5)

    return Foreign(state, scores)
