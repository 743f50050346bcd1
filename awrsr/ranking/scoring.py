"""From histories to item scores, and to the rank of a target after each: one loop, in blocks.

Evaluation, removals, ablations, faithfulness, scans, checks and variants all rank with this module
and `awrsr.ranking.metrics.target_ranks`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float, Int
from torch import Tensor

from awrsr.config import Candidates
from awrsr.data.batching import BLOCK_SCORES, left_pad
from awrsr.models import Intervention, SequentialModel
from awrsr.ranking.metrics import best_places, target_ranks

MIN_ROWS = 16
"""Histories that are scored together in any case, so that a large table of items is not read anew
for every few of them; 64 MB of scores for a million items."""
BLOCK_PAIRS = 1_000_000
"""Query-key pairs of one head in memory at once, over all histories of a block."""

Pairs = tuple[Int[Tensor, " pair"], Int[Tensor, " pair"]]
"""Rows of a block and items, in the form of `target_ranks`."""
Interventions = Callable[[slice], Mapping[int, Intervention]]
"""For a block of histories, by layer, the function that replaces attention weights."""


@dataclass(frozen=True, kw_only=True)
class Standings:
    """The score, rank and margin of a target after each of several histories.

    Args:
        scores: (history,) the target's item score.
        standard_scores: (history,) its score minus the mean of the catalogue's scores, divided by
            their standard deviation; 0 if all scores are equal; an empty array unless requested.
        ranks: (history,) its rank, 1 = best, by the rule of `target_ranks`.
        margins: (history,) its score minus the score of the k-th best other candidate; the target
            is in the top k if the margin is above 0.
        best: for each history the best candidates, best first; items with equal scores are in item
            order. An excluded target is ranked but not listed.
        best_scores: their scores.
    """

    scores: npt.NDArray[np.float64]
    standard_scores: npt.NDArray[np.float64]
    ranks: npt.NDArray[np.int64]
    margins: npt.NDArray[np.float64]
    best: list[list[int]]
    best_scores: list[list[float]]


def item_pairs(histories: Sequence[npt.ArrayLike], device: torch.device) -> Pairs:
    """Every item of every history, with the row of its history."""
    arrays = [np.asarray(history, dtype=np.int64).reshape(-1) for history in histories]
    rows = np.repeat(np.arange(len(arrays)), [len(array) for array in arrays])
    items = np.concatenate(arrays) if arrays else np.zeros(0, dtype=np.int64)
    return torch.from_numpy(rows).to(device), torch.from_numpy(items).to(device)


def excluded_pairs(
    histories: Sequence[npt.ArrayLike], candidates: Candidates, device: torch.device
) -> Pairs | None:
    """The items that are not candidates after each history, in the form of `target_ranks`."""
    return None if candidates == "all" else item_pairs(histories, device)


@torch.no_grad()
def score_histories(
    model: SequentialModel,
    histories: Sequence[Sequence[int]],
    interventions: Interventions | None = None,
) -> Iterator[Float[Tensor, "history item"]]:
    """Item scores of many histories in blocks, in order; each block is a new tensor.

    Args:
        model: in eval mode.
        histories: oldest first, none empty; each is cut to its newest n items.
        interventions: see `awrsr.models.Intervention`; all histories must then have one length.
    """
    n = model.config.max_length
    longest = max((min(len(history), n) for history in histories), default=1)
    rows = max(MIN_ROWS, BLOCK_SCORES // model.catalogue.n_items)
    size = max(1, min(rows, BLOCK_PAIRS // longest**2))
    for start in range(0, len(histories), size):
        block = slice(start, min(start + size, len(histories)))
        batch = left_pad([list(history[-n:]) for history in histories[block]]).to(model.device)
        changed = {} if interventions is None else {"interventions": interventions(block)}
        states = model(batch, **changed)
        yield model.item_scores(states[:, -1])


@torch.no_grad()
def target_standings(
    model: SequentialModel,
    histories: Sequence[Sequence[int]],
    target: int,
    excluded: Sequence[Sequence[int]],
    *,
    k: int = 10,
    listed: int = 0,
    standard: bool = False,
    interventions: Interventions | None = None,
) -> Standings:
    """The standings of a target after each history.

    Args:
        model: in eval mode.
        histories: see `score_histories`.
        target: the target; always a candidate.
        excluded: for each history the items that are not candidates.
        k: rank to which the margins refer, 1 or more.
        listed: length of the lists of best items, 0 or more.
        standard: whether to compute standard scores.
        interventions: see `score_histories`.
    """
    found: dict[str, list[Tensor]] = {name: [] for name in ("score", "standard", "rank", "margin")}
    best: list[list[int]] = []
    best_scores: list[list[float]] = []
    for item_scores in score_histories(model, histories, interventions):
        left_out = excluded[len(best) : len(best) + len(item_scores)]
        score = item_scores[:, target - 1].clone()
        found["score"].append(score)
        if standard:
            found["standard"].append(_standard_scores(score, item_scores))
        pairs = item_pairs(left_out, item_scores.device)
        targets = torch.full((len(score),), target, device=item_scores.device)
        # target_ranks has set the scores of excluded items to -inf, except that of the target.
        found["rank"].append(target_ranks(item_scores, targets, pairs))
        found["margin"].append(_margins(item_scores, target, k))
        if listed:
            unlisted = [row for row, items in enumerate(left_out) if target in items]
            item_scores[unlisted, target - 1] = -torch.inf
        _list_best(item_scores, listed, best, best_scores)
    arrays = {
        name: torch.cat(parts).cpu().numpy() if parts else np.zeros(0)
        for name, parts in found.items()
    }
    return Standings(
        scores=arrays["score"].astype(np.float64),
        standard_scores=arrays["standard"],
        ranks=arrays["rank"].astype(np.int64),
        margins=arrays["margin"].astype(np.float64),
        best=best,
        best_scores=best_scores,
    )


def _standard_scores(
    score: Float[Tensor, " history"], item_scores: Float[Tensor, "history item"]
) -> Float[Tensor, " history"]:
    spread, mean = torch.std_mean(item_scores.double(), dim=1, correction=0)
    return torch.where(spread > 0, (score.double() - mean) / spread, 0.0)


def _margins(
    item_scores: Float[Tensor, "history item"], target: int, k: int
) -> Float[Tensor, " history"]:
    score = item_scores[:, target - 1].clone()
    if k >= item_scores.shape[1]:
        return torch.full_like(score, torch.inf)
    item_scores[:, target - 1] = -torch.inf
    margins = score - item_scores.topk(k, dim=1).values[:, -1]
    item_scores[:, target - 1] = score
    return margins


def _list_best(
    item_scores: Float[Tensor, "history item"],
    listed: int,
    best: list[list[int]],
    best_scores: list[list[float]],
) -> None:
    """Append the lists of a block; items with score -inf are not listed."""
    if listed == 0:
        best += [[] for _ in item_scores]
        best_scores += [[] for _ in item_scores]
        return
    places = best_places(item_scores, listed)
    values = item_scores.gather(1, places)
    for scores, indices in zip(values.tolist(), places.tolist(), strict=True):
        scored = [n for n, score in enumerate(scores) if score > -torch.inf]
        best.append([indices[n] + 1 for n in scored])
        best_scores.append([scores[n] for n in scored])
