"""Attention rollout: what reaches a query through all layers up to one."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor


def rollout(
    maps: Sequence[Float[Tensor, "head query_pos key_pos"]],
) -> list[Float[Tensor, "query_pos key_pos"]]:
    """How much of each item's own slot is in a query's slot, after the first layer, the second, ...

    Every layer hands on half of what it had (the residual connection) and half of what the mean of
    its heads mixes in; layers multiply. Rows sum to one and weigh no later item, as the maps do.
    Values, feed-forward layers and normalisation are left out.

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
