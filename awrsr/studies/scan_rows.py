"""The numbers of a scan, for users in one model and for the difference of two models."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from awrsr.config import PADDING, Candidates
from awrsr.data.batching import Batch
from awrsr.explain import KINDS
from awrsr.models import SequentialModel
from awrsr.ranking.metrics import target_ranks
from awrsr.ranking.scoring import excluded_pairs
from awrsr.ranking.statistics import FEWEST
from awrsr.studies.heads import PredictionRows, row_measures

COUNTS = ("target", "rank", "length", "seen", "repeats")
SHARED = "shared"
PAIR_MEASURES = ("divergence", "correlation")
LISTED = 10
"""Length of the lists whose common items `shared` counts."""

Pair = tuple[str, str]
Frame = dict[str, npt.NDArray[Any]]


def scan_batch(
    model: SequentialModel, batch: Batch, attribution: bool, candidates: Candidates
) -> tuple[Frame, dict[str, Tensor], Tensor]:
    """The columns of a batch in one model; its rows by kind, (batch, slot) in float64; and the
    candidates with the highest scores, (batch, rank), padded with 0."""
    sequences = batch.sequences(model.config.max_length).to(model.device)
    recorded = PredictionRows()
    with torch.inference_mode():
        states = model(sequences, recording=recorded)[:, -1]
        item_scores = model.item_scores(states)
        targets = torch.from_numpy(batch.targets).to(model.device)
        ranks = target_ranks(
            item_scores, targets, excluded_pairs(batch.histories, candidates, model.device)
        )
        best = item_scores.topk(min(LISTED, item_scores.shape[1]))  # excluded items are -inf now
        listed = torch.where(best.values > -torch.inf, best.indices + 1, 0).cpu()
        rows = {kind: w.double().mean(dim=1) for kind, w in recorded.layers[-1].items()}
    lengths = np.array([len(history) for history in batch.histories])
    frame: Frame = {
        "target": batch.targets,
        "rank": ranks.cpu().numpy(),
        "length": lengths,
        "seen": np.minimum(lengths, model.config.max_length),
        "repeats": np.array([len(h) - len(np.unique(h)) for h in batch.histories]),
    }
    order = list(rows)
    stacked = torch.stack([rows[kind] for kind in order])
    measures = {name: v.cpu().numpy() for name, v in row_measures(stacked, sequences).items()}
    if attribution:
        size = input_x_gradient(model, sequences, batch.targets).abs()
        rho = rank_correlations(stacked, size.expand_as(stacked), sequences != PADDING)
        measures["attribution"] = rho.cpu().numpy()
    for kind in KINDS:
        for name, values in measures.items():
            frame[f"{kind}_{name}"] = (
                values[order.index(kind)] if kind in order else np.full(len(lengths), np.nan)
            )
    return frame, rows, listed


def input_x_gradient(
    model: SequentialModel, sequences: Int[Tensor, "batch slot"], targets: npt.NDArray[np.int64]
) -> Float[Tensor, "batch slot"]:
    """Each item's embedding times the gradient of its history's target score, summed over entries.

    The same values as `awrsr.attribute(..., method="input_x_gradient")`, for a whole batch: the
    score of a history does not depend on the embeddings of other histories.
    """
    with torch.enable_grad():
        embeddings = model.embed(sequences).detach().requires_grad_()
        states = model.encode(embeddings, sequences != PADDING)[:, -1]
        candidates = torch.from_numpy(targets).to(model.device)[:, None]
        score = model.item_scores_at(states, candidates).sum()
        (gradient,) = torch.autograd.grad(score, embeddings)
    return (embeddings * gradient).sum(-1).detach().double()


def rank_correlations(
    first: Float[Tensor, "*axes batch slot"],
    second: Float[Tensor, "*axes batch slot"],
    present: Bool[Tensor, "batch slot"],
) -> Float[Tensor, "*axes batch"]:
    """Spearman's rho of each pair of rows, over the slots that hold an item.

    Equal values share the mean of their ranks; NaN if rho is not defined, see
    `awrsr.ranking.statistics.spearman`.
    """
    return _correlations(_ranks(first, present), _ranks(second, present), present)


def _ranks(
    rows: Float[Tensor, "*axes batch slot"], present: Bool[Tensor, "batch slot"]
) -> Float[Tensor, "*axes batch slot"]:
    """Ranks minus their mean, 0 on padding."""
    # Padding gets the lowest ranks, which shifts all others by the same amount.
    values = rows.masked_fill(~present, -torch.inf).contiguous()
    ordered = values.sort(dim=-1).values
    below, up_to = (torch.searchsorted(ordered, values, right=right) for right in (False, True))
    ranks = (below + up_to).double()
    mean = (ranks * present).sum(-1, keepdim=True) / present.sum(-1, keepdim=True)
    return torch.where(present, ranks - mean, 0.0)


def _correlations(
    first: Float[Tensor, "*axes batch slot"],
    second: Float[Tensor, "*axes batch slot"],
    present: Bool[Tensor, "batch slot"],
) -> Float[Tensor, "*axes batch"]:
    spread = (first.square().sum(-1) * second.square().sum(-1)).sqrt()
    defined = (spread > 0) & (present.sum(-1) >= FEWEST)
    rho = ((first * second).sum(-1) / spread).clamp(-1, 1)
    return rho.masked_fill(~defined, torch.nan)


def shared(lists: Mapping[str, Tensor], pairs: list[Pair]) -> Frame:
    """The column `shared`, (pair, batch)."""
    width = {len(listed) for listed in lists.values()}.pop()
    counts = [
        ((lists[a][:, :, None] == lists[b][:, None]) & (lists[a] > 0)[:, :, None]).sum((1, 2))
        for a, b in pairs
    ]
    return {SHARED: torch.stack(counts).numpy() if counts else np.zeros((0, width))}


def compare(
    rows: dict[str, dict[str, Tensor]],
    models: Mapping[str, SequentialModel],
    batch: Batch,
    pairs: list[Pair],
) -> Frame:
    """Columns of (pair, batch): divergence in bits and rank correlation, for each kind of map."""
    lengths = torch.tensor([len(history) for history in batch.histories])
    frame = {
        f"{kind}_{measure}": np.full((len(pairs), len(lengths)), np.nan)
        for measure in PAIR_MEASURES
        for kind in KINDS
    }
    for kind in KINDS:
        # Items that only the model with the larger max_length sees have weight 0 in the other.
        widest = max((w[kind].shape[-1] for w in rows.values() if kind in w), default=0)
        padded = {
            name: torch.nn.functional.pad(w[kind].cpu(), (widest - w[kind].shape[-1], 0))
            for name, w in rows.items()
            if kind in w
        }
        entropies = {name: torch.special.entr(w).sum(-1) for name, w in padded.items()}
        by_width: dict[int, list[int]] = {}
        for place, (a, b) in enumerate(pairs):
            if a in padded and b in padded:
                n = min(models[a].config.max_length, models[b].config.max_length)
                by_width.setdefault(n, []).append(place)
        for n, places in by_width.items():
            first = [pairs[place][0] for place in places]
            second = [pairs[place][1] for place in places]
            p, q = (torch.stack([padded[name] for name in names]) for names in (first, second))
            h = [torch.stack([entropies[name] for name in names]) for names in (first, second)]
            mixed = torch.special.entr((p + q) / 2).sum(-1)
            bits = ((mixed - (h[0] + h[1]) / 2) / np.log(2)).clamp(0, 1)
            frame[f"{kind}_divergence"][places] = bits.masked_fill(lengths == 0, torch.nan).numpy()
            width = min(n, widest)  # what both see
            present = torch.arange(width - 1, -1, -1) < lengths[:, None]
            ranks = {name: _ranks(padded[name][:, -width:], present) for name in {*first, *second}}
            p, q = (torch.stack([ranks[name] for name in names]) for names in (first, second))
            frame[f"{kind}_correlation"][places] = _correlations(p, q, present).numpy()
    return frame
