"""Ranking metrics. Rank = 1 + items with a higher score + other items with an equal score."""

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float, Int
from torch import Tensor

CUTOFFS = (1, 5, 10, 20)
STOSA_MRR_CUTOFF = 40


@torch.no_grad()
def target_ranks(
    item_scores: Float[Tensor, "user item"],
    targets: Int[Tensor, " user"],
    excluded: tuple[Int[Tensor, " pair"], Int[Tensor, " pair"]] | None = None,
) -> Int[Tensor, " user"]:
    """Rank of each target among the candidates, 1 = best; changes `item_scores` in place.

    Ties count against the target, and so do scores that are not a number: for a constant or broken
    model the target is last, not first.

    Args:
        item_scores: scores of the catalogue, item i at index i - 1.
        targets: the target items.
        excluded: rows and items that are not candidates; a target is always a candidate.
    """
    columns = (targets - 1)[:, None]
    target_scores = item_scores.gather(1, columns)
    if excluded is not None:
        rows, items = excluded
        item_scores[rows, items - 1] = -torch.inf
        item_scores.scatter_(1, columns, target_scores)
    # Summed as floats, exact below 2^24 items: sums of booleans are several times slower.
    wide = torch.promote_types(item_scores.dtype, torch.float32)
    worse = torch.empty_like(item_scores, dtype=wide)
    torch.lt(item_scores, target_scores, out=worse)
    return item_scores.shape[1] - worse.sum(dim=1).long()


@torch.no_grad()
def best_places(item_scores: Float[Tensor, "user item"], k: int) -> Int[Tensor, "user best"]:
    """The places of the k highest scores of every row, highest first; of equal scores, the first.

    These are the first k places of a stable sort, without the sort: it is needed only in rows in
    which the k-th score occurs once more below, or is not a number.

    Args:
        item_scores: scores of the catalogue, item i at index i - 1.
        k: 0 or more; at most all places are returned.
    """
    k = min(k, item_scores.shape[1])
    if k == 0:
        return torch.zeros((len(item_scores), 0), dtype=torch.long, device=item_scores.device)
    highest = item_scores.topk(k, dim=1)
    places = highest.indices.sort(dim=1).values
    order = item_scores.gather(1, places).sort(dim=1, descending=True, stable=True).indices
    places = places.gather(1, order)
    for row, least in enumerate(highest.values[:, -1]):
        scores = item_scores[row]
        if len(scores) - int((scores < least).sum()) != k:
            places[row] = scores.sort(descending=True, stable=True).indices[:k]
    return places


def summarise(ranks: npt.ArrayLike) -> dict[str, float]:
    """HR@k and NDCG@k for k in 1, 5, 10, 20; MRR; and MRR@40, as computed by STOSA's code.

    With one target per user, NDCG@k is 1 / log2(rank + 1) for a rank of at most k, otherwise 0.

    Source: Järvelin and Kekäläinen 2002 for NDCG; one relevant item makes the ideal gain 1.
    """
    ranks = np.asarray(ranks, dtype=np.float64)
    gains = 1 / np.log2(ranks + 1)
    result = {f"HR@{k}": float((ranks <= k).mean()) for k in CUTOFFS}
    result |= {f"NDCG@{k}": float((gains * (ranks <= k)).mean()) for k in CUTOFFS}
    result["MRR"] = float((1 / ranks).mean())
    result[f"MRR@{STOSA_MRR_CUTOFF}"] = float((1 / ranks * (ranks <= STOSA_MRR_CUTOFF)).mean())
    return result
