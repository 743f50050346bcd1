"""The shared parts of all attention: which keys are allowed, scores, the softmax.

Axes are always (batch, head, query_pos, key_pos). Position 0 is the oldest slot of the batch; the
last position holds the newest item. `allowed` is True where a query may attend to a key.
"""

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor


def allowed_keys(present: Bool[Tensor, "batch slot"]) -> Bool[Tensor, "batch 1 slot slot"]:
    """The keys that each query may attend to: no padding, nothing later than the query.

    Args:
        present: True where a slot holds an item.
    """
    length = present.shape[1]
    causal = torch.ones(length, length, dtype=torch.bool, device=present.device).tril()
    return causal & present[:, None, None, :]


def masked_softmax(
    scores: Float[Tensor, "batch head query_pos key_pos"],
    allowed: Bool[Tensor, "batch 1 query_pos key_pos"],
) -> Float[Tensor, "batch head query_pos key_pos"]:
    """Attention weights: the softmax over the allowed keys, exactly 0 on all others.

    In a row without an allowed key (a padded query) all weights and gradients are 0, never NaN.
    """
    lowest = torch.finfo(scores.dtype).min
    return scores.masked_fill(~allowed, lowest).softmax(dim=-1).masked_fill(~allowed, 0.0)


def dot_product_scores(
    query: Float[Tensor, "batch head query_pos width"],
    key: Float[Tensor, "batch head key_pos width"],
) -> Float[Tensor, "batch head query_pos key_pos"]:
    """Attention scores q . k / sqrt(width).

    Source: Vaswani et al. 2017, arXiv 1706.03762, eq. 1.
    """
    return query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])


def gaussian(
    mean: Float[Tensor, "*axes width"], covariance: Float[Tensor, "*axes width"]
) -> Float[Tensor, "*axes both"]:
    """A diagonal Gaussian as one vector, its mean followed by its standard deviations.

    In these coordinates the squared 2-Wasserstein distance is the squared Euclidean distance, so
    one matrix product compares all pairs.

    Args:
        mean: the means.
        covariance: the diagonals of the covariances, not negative.
    """
    # The square root's slope is infinite at 0, where a covariance that underflowed would give NaN.
    return torch.cat([mean, covariance.clamp(min=1e-24).sqrt()], dim=-1)


def wasserstein_distance(
    left: Float[Tensor, "*axes left both"], right: Float[Tensor, "*others right both"]
) -> Float[Tensor, "*axes left right"]:
    """Squared 2-Wasserstein distances between all Gaussians on the left and all on the right.

    |mean - mean'|^2 + |sqrt(covariance) - sqrt(covariance')|^2, for Gaussians made by `gaussian`.
    Computed in at least single precision, also under autocast: it is a small difference of large
    numbers, which half precision loses.

    Source: Fan et al. 2022, STOSA, arXiv 2201.06035, eq. 5 for diagonal covariances.
    """
    wide = torch.promote_types(torch.promote_types(left.dtype, right.dtype), torch.float32)
    with torch.autocast(left.device.type, enabled=False):
        left, right = left.to(wide), right.to(wide)
        left_norm = left.square().sum(-1)[..., :, None]
        right_norm = right.square().sum(-1)[..., None, :]
        return (left_norm + right_norm - 2 * left @ right.transpose(-2, -1)).clamp(min=0)


def wasserstein_scores(
    query: Float[Tensor, "batch head query_pos both"], key: Float[Tensor, "batch head key_pos both"]
) -> Float[Tensor, "batch head query_pos key_pos"]:
    """Attention scores - W2^2(query, key) / sqrt(width), where width is the width of the mean.

    Source: Fan et al. 2022, STOSA, arXiv 2201.06035, eq. 6.
    """
    return -wasserstein_distance(query, key) / math.sqrt(query.shape[-1] // 2)
