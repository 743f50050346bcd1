"""STOSA of other code bases, as published and corrected."""

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
    causal,
    dense,
    drawn,
    left_padded,
    norm,
    normed,
)
from torch import Tensor
from torch.nn.functional import elu


def stosa(seed: int, mean_stream: str) -> Foreign:
    """Gaussians; in the published code the mean of a layer is lost."""
    draw = drawn(seed)
    state = {"user_margins.weight": draw(5, 1), **norm(draw, "LayerNorm")}
    for stream in ("mean", "cov"):
        state[f"item_{stream}_embeddings.weight"] = draw(N + 2, WIDTH)
        state[f"position_{stream}_embeddings.weight"] = draw(LENGTH, WIDTH)
    for layer in range(LAYERS):
        prefix = f"item_encoder.layer.{layer}"
        state |= norm(draw, f"{prefix}.attention.LayerNorm")
        for stream in ("mean", "cov"):
            parts = ("query", "key", "value", "dense")
            state |= dense(draw, *(f"{prefix}.attention.{stream}_{part}" for part in parts))
            state |= dense(draw, f"{prefix}.{stream}_intermediate.dense_1", out=4 * WIDTH)
            state |= dense(draw, f"{prefix}.{stream}_intermediate.dense_2", into=4 * WIDTH)
            state |= norm(draw, f"{prefix}.{stream}_intermediate.LayerNorm")

    def distances(mean, covariance, other_mean, other_covariance):
        means = ((mean[:, None] - other_mean[None]) ** 2).sum(-1)
        roots = ((covariance.sqrt()[:, None] - other_covariance.sqrt()[None]) ** 2).sum(-1)
        return means + roots

    def mixed(prefix, mean, covariance, mask):
        def heads(name, x):
            return apply(state, f"{prefix}.{name}", x).chunk(HEADS, dim=-1)

        streams = [heads(f"mean_{part}", mean) for part in ("query", "key", "value")]
        spreads = [heads(f"cov_{part}", covariance) for part in ("query", "key", "value")]
        means, covariances = [], []
        for (q, k, v), (sq, sk, sv) in zip(
            zip(*streams, strict=True), zip(*spreads, strict=True), strict=True
        ):
            distance = distances(q, elu(sq) + 1, k, elu(sk) + 1) / math.sqrt(q.shape[-1])
            weights = torch.softmax(-distance + mask, dim=-1)
            means.append(weights @ v)
            covariances.append(weights**2 @ (elu(sv) + 1))
        return torch.cat(means, dim=-1), torch.cat(covariances, dim=-1)

    def after(prefix, x, inner):
        made = apply(
            state, f"{prefix}.{inner}.dense_2", elu(apply(state, f"{prefix}.{inner}.dense_1", x))
        )
        return normed(state, f"{prefix}.{inner}.LayerNorm", x + made, 1e-12)

    def scores(items: list[int]) -> Tensor:
        sequence = left_padded(items)
        mean, covariance = (
            normed(
                state,
                "LayerNorm",
                state[f"item_{kind}_embeddings.weight"][sequence]
                + state[f"position_{kind}_embeddings.weight"],
                1e-12,
            )
            for kind in ("mean", "cov")
        )
        mean, covariance = elu(mean), elu(covariance) + 1
        low = -(2.0**32) + 1
        mask = torch.minimum(causal(low), torch.where(sequence == 0, low, 0.0))
        for layer in range(LAYERS):
            prefix = f"item_encoder.layer.{layer}"
            one, other = mixed(f"{prefix}.attention", mean, covariance, mask)
            norm_name = f"{prefix}.attention.LayerNorm"
            spread = apply(state, f"{prefix}.attention.cov_dense", other)
            spread = normed(state, norm_name, covariance + spread, 1e-12)
            moved = apply(state, f"{prefix}.attention.mean_dense", one)
            moved = normed(state, norm_name, mean + moved, 1e-12)
            covariance = elu(after(prefix, spread, "cov_intermediate")) + 1
            if mean_stream == "correct":
                mean = after(prefix, moved, "mean_intermediate")
        distance = distances(
            mean[-1:],
            covariance[-1:],
            state["item_mean_embeddings.weight"][1 : N + 1],
            elu(state["item_cov_embeddings.weight"][1 : N + 1]) + 1,
        )
        return -distance[0]

    return Foreign(state, scores)
