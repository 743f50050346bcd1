"""Checks of a loaded model: laws that must hold before its output can be trusted, with numbers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from awrsr.config import PADDING
from awrsr.data.batching import Batch, batches, users_with_target
from awrsr.data.dataset import Dataset
from awrsr.explain import KINDS
from awrsr.models import LayerTrace, SequentialModel
from awrsr.ranking.evaluation import candidates_words
from awrsr.ranking.metrics import summarise, target_ranks
from awrsr.ranking.scoring import excluded_pairs

SAMPLE = 64
"""Number of users in the sample, spread over all lengths."""
ROUNDING = 1e-5
"""Accepted error in single precision: of a sum of weights, or of a score over the largest score."""
PRINTED = 5e-5
"""Accepted difference between a recorded metric and the metric of its ranks: half of the fourth
decimal."""
MOVED = 0.02
"""Accepted share of the sample's ranks that change because another processor rounds differently."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """One law and its measurement.

    Args:
        name: the law.
        passed: whether it holds; None if it could not be measured.
        measured: the measured number and the accepted one.
    """

    name: str
    passed: bool | None
    measured: str


@dataclass(frozen=True, kw_only=True)
class _Sample:
    model: SequentialModel
    batches: list[Batch]
    recordings: list[list[LayerTrace]]
    scores: list[Tensor]
    dataset: Dataset
    ranks: Mapping[str, int]
    ndcg: float | None

    def sequences(self, batch: Batch) -> Tensor:
        return batch.sequences(self.model.config.max_length).to(self.model.device)


def parity_checks(
    model: SequentialModel,
    dataset: Dataset,
    ranks: Mapping[str, int] | None = None,
    ndcg: float | None = None,
    *,
    sample: int = SAMPLE,
) -> list[Check]:
    """All laws on a sample of users; failures become results, never exceptions.

    Args:
        model: the loaded model.
        dataset: the model's dataset.
        ranks: recorded test ranks by user id; without them the metric is not checked.
        ndcg: recorded test NDCG@10; it must equal the NDCG@10 of the recorded ranks.
        sample: number of users.
    """
    laws: dict[str, Callable[[_Sample], tuple[bool | None, str]]] = {
        "Rows of all maps sum to one": _rows,
        "No weight on later items or padding": _later,
        "Dropout is off, two runs are equal": _dropout,
        "Recording changes no result": _recording,
        "A sequence alone and in a batch are equal": _alone,
        "Recorded ranks and NDCG@10 are reproduced": _metric,
    }
    try:
        taken = _take(model, dataset, ranks or {}, ndcg, sample)
    except Exception as error:  # a broken model may raise anything
        return [Check(name=name, passed=False, measured=_failure(error)) for name in laws]
    found = []
    for name, law in laws.items():
        try:
            passed, measured = law(taken)
        except Exception as error:
            passed, measured = False, _failure(error)
        found.append(Check(name=name, passed=passed, measured=measured))
    return found


def _failure(error: Exception) -> str:
    return f"could not be computed: {type(error).__name__}: {' '.join(str(error).split())[:200]}"


@torch.no_grad()
def _take(
    model: SequentialModel,
    dataset: Dataset,
    ranks: Mapping[str, int],
    ndcg: float | None,
    sample: int,
) -> _Sample:
    users = users_with_target(dataset, None)
    by_length = users[np.argsort(dataset.lengths()[users], kind="stable")]
    places = np.linspace(0, len(users) - 1, min(sample, len(users))).round().astype(int)
    n = model.config.max_length
    # Batches of mixed lengths, so that they contain padding.
    sampled = list(batches(dataset, by_length[places], n, batch_size=16))
    recordings, scores = [], []
    for batch in sampled:
        recording: list[LayerTrace] = []
        states = model(batch.sequences(n).to(model.device), recording=recording)
        recordings.append(recording)
        scores.append(model.item_scores(states[:, -1]))
    return _Sample(
        model=model,
        batches=sampled,
        recordings=recordings,
        scores=scores,
        dataset=dataset,
        ranks=ranks,
        ndcg=ndcg,
    )


def _worst(gaps: list[float]) -> float:
    """The largest value; NaN if any value is NaN, so that no comparison passes."""
    return float(np.max(gaps))


def _maps(recording: list[LayerTrace]) -> list[Tensor]:
    return [
        weights
        for layer in recording
        for kind in KINDS
        if (weights := getattr(layer, kind)) is not None
    ]


def _rows(taken: _Sample) -> tuple[bool, str]:
    gaps, rows = [], 0
    for batch, recording in zip(taken.batches, taken.recordings, strict=True):
        present = taken.sequences(batch) != PADDING
        for weights in _maps(recording):
            sums = weights.sum(-1).transpose(1, 2)[present]  # (row, head)
            gaps.append(float((sums - 1).abs().max()))
            rows += sums.numel()
    worst = _worst(gaps)
    return worst <= ROUNDING, f"largest departure {worst:.1e} of {rows:,} rows; accepted {ROUNDING}"


def _later(taken: _Sample) -> tuple[bool, str]:
    found = []
    for batch, recording in zip(taken.batches, taken.recordings, strict=True):
        present = taken.sequences(batch) != PADDING
        slots = present.shape[1]
        later = torch.ones(slots, slots, dtype=torch.bool, device=present.device).triu(1)
        refused = later | ~present[:, None, None, :]
        for weights in _maps(recording):
            found.append(float(weights.masked_fill(~refused, 0).abs().max()))
    worst = _worst(found)
    return worst == 0, f"largest such weight {worst:g}; accepted 0 exactly"


@torch.no_grad()
def _dropout(taken: _Sample) -> tuple[bool, str]:
    training = sum(module.training for module in taken.model.modules())
    sequences = taken.sequences(taken.batches[-1])
    gap = float((taken.model(sequences) - taken.model(sequences)).abs().max())
    return (
        training == 0 and gap == 0,
        f"{training} modules in training mode, difference of two runs {gap:g}; accepted 0 and 0",
    )


@torch.no_grad()
def _recording(taken: _Sample) -> tuple[bool, str]:
    gaps = []
    for batch, scores in zip(taken.batches, taken.scores, strict=True):
        states = taken.model(taken.sequences(batch))
        gaps.append(float((taken.model.item_scores(states[:, -1]) - scores).abs().max()))
    worst = _worst(gaps)
    return worst == 0, f"largest difference of scores {worst:g}; accepted 0 exactly"


@torch.no_grad()
def _alone(taken: _Sample) -> tuple[bool, str]:
    gaps = []
    n = taken.model.config.max_length
    for batch, scores in zip(taken.batches, taken.scores, strict=True):
        for history, batched in zip(batch.histories, scores, strict=True):
            if len(history) == 0:
                continue
            alone = torch.tensor([history[-n:].tolist()], device=taken.model.device)
            single = taken.model.item_scores(taken.model(alone)[:, -1])[0]
            gap = (single - batched).abs().max() / batched.abs().max().clamp(min=1e-12)
            gaps.append(float(gap))
    worst = _worst(gaps)
    return (
        worst <= ROUNDING,
        f"largest difference {worst:.1e} of the largest score, {len(gaps)} users; "
        f"accepted {ROUNDING}",
    )


def _metric(taken: _Sample) -> tuple[bool | None, str]:
    if not taken.ranks:
        return None, "no recorded ranks to compare with"
    before, now = [], []
    candidates = taken.dataset.default_candidates
    for batch, scores in zip(taken.batches, taken.scores, strict=True):
        targets = torch.from_numpy(batch.targets).to(scores.device)
        excluded = excluded_pairs(batch.histories, candidates, scores.device)
        ranks = target_ranks(scores.clone(), targets, excluded).tolist()
        users = [taken.dataset.user_ids[int(user)] for user in batch.users]
        pairs = [(taken.ranks[u], r) for u, r in zip(users, ranks, strict=True) if u in taken.ranks]
        before += [recorded for recorded, _ in pairs]
        now += [found for _, found in pairs]
    if not before:
        return None, "no recorded ranks of the sampled users"
    equal = sum(a == b for a, b in zip(before, now, strict=True))
    recorded, found = (summarise(values)["NDCG@10"] for values in (before, now))
    measured = (
        f"{equal} of {len(before)} ranks equal, NDCG@10 of these users recorded {recorded:.4f}, "
        f"now {found:.4f} among "
        f"{candidates_words(taken.dataset.n_items, candidates)}; accepted {MOVED:.0%} moved"
    )
    agrees = abs(recorded - found) <= 1 / len(before)
    if taken.ndcg is not None:
        total = summarise(list(taken.ranks.values()))["NDCG@10"]
        agrees = agrees and abs(total - taken.ndcg) <= PRINTED
        measured += f". All recorded ranks give {total:.4f}, recorded {taken.ndcg:.4f}"
    moved = len(before) - equal
    return agrees and moved <= MOVED * len(before), measured
