"""Attention rollout: the flow of attention to a query through several layers."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor


def rollout(
    maps: Sequence[Float[Tensor, "head query_pos key_pos"]],
) -> list[Float[Tensor, "query_pos key_pos"]]:
    """The share of each item in a query's slot after the first layer, after the second, ...

    Every layer passes on half of its input (the residual connection) and half of the mean mixture
    of its heads; the matrices of the layers are multiplied. As in the maps, rows sum to one and
    later items have weight 0. Values, feed-forward layers and normalisation are ignored.

    Args:
        maps: weights of one kind, first layer first.

    Source: Abnar and Zuidema 2020, Quantifying Attention Flow in Transformers, arXiv 2005.00928,
    sections 3 and 4.
    """
    rolled: list[Tensor] = []
    for heads in maps:
        mixed = heads.mean(dim=0)
        layer = (mixed + torch.eye(len(mixed), dtype=mixed.dtype, device=mixed.device)) / 2
        rolled.append(layer @ rolled[-1] if rolled else layer)
    return rolled
