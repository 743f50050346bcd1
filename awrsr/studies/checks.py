"""Checks of a loaded model: laws that must hold before its output can be trusted, with numbers."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import pandas as pd
import torch

from awrsr.data.dataset import Dataset
from awrsr.display import Card, Displayed
from awrsr.models import SequentialModel
from awrsr.ranking.evaluation import candidates_words
from awrsr.ranking.metrics import summarise, target_ranks
from awrsr.ranking.scoring import excluded_pairs
from awrsr.studies import laws
from awrsr.studies.laws import Reference, Sample

SAMPLE = 64
"""Number of users in the sample, spread over all lengths."""
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

    def __str__(self) -> str:
        return f"{self.verdict}: {self.name} ({self.measured})"

    @property
    def verdict(self) -> str:
        """Whether the law holds, in words."""
        return {True: "passed", False: "failed", None: "not measured"}[self.passed]


class Checks(Displayed, list[Check]):
    """The checks of a model, in their order."""

    def card(self) -> Card:
        counts = Counter(check.verdict for check in self)
        # Failures come first: they are what a reader looks for, and the table is bounded.
        ordered = sorted(self, key=lambda check: check.passed is not False)
        rows = [(check.verdict, check.name, check.measured) for check in ordered]
        table = pd.DataFrame(rows, columns=["result", "law", "measured"])
        return Card(title="Checks of a model", facts=counts, table=table)


def check_model(
    model: SequentialModel,
    dataset: Dataset,
    ranks: Mapping[str, int] | None = None,
    ndcg: float | None = None,
    *,
    sample: int = SAMPLE,
    reference: Reference | None = None,
) -> Checks:
    """All laws on a sample of users; failures become results, never exceptions.

    Rows of maps sum to one; nothing falls on later items or padding; no later item changes an
    earlier state; dropout is off; recording changes no result; a history alone and in a batch are
    equal; gradients reach the embeddings; replaced weights are used, where a model says that they
    are; recorded ranks are reproduced; and scores equal those of the reference, if there is one.

    Args:
        model: the loaded or wrapped model.
        dataset: the model's dataset.
        ranks: recorded test ranks by user id; without them the metric is not checked.
        ndcg: recorded test NDCG@10; it must equal the NDCG@10 of the recorded ranks.
        sample: number of users.
        reference: the model's own forward pass: a history of items, oldest first and at most
            max_length long -> (n_items,) item scores, item i at index i - 1.
    """
    found: dict[str, Callable[[Sample], tuple[bool | None, str]]] = {
        "Rows of all maps sum to one": laws.rows_sum_to_one,
        "No weight on later items or padding": laws.nothing_later,
        "Dropout is off, two runs are equal": laws.dropout_is_off,
        "Recording changes no result": laws.recording_changes_nothing,
        "A sequence alone and in a batch are equal": laws.alone_as_in_a_batch,
        "Later items change no earlier state": laws.earlier_states_stay,
        "Gradients reach the embeddings": laws.gradients_reach_embeddings,
    }
    if model.replaceable:
        found["Replaced weights mix the values"] = laws.replaced_weights_are_used
    found["Recorded ranks and NDCG@10 are reproduced"] = partial(
        _metric, dataset=dataset, recorded_ranks=ranks or {}, ndcg=ndcg
    )
    if reference is not None:
        found["Scores are those of the reference"] = partial(
            laws.scores_as_reference, reference=reference
        )
    try:
        taken = laws.take(model, dataset, sample)
    except Exception as error:  # a broken model may raise anything
        failed = (Check(name=name, passed=False, measured=_failure(error)) for name in found)
        return Checks(failed)
    checks = Checks()
    for name, law in found.items():
        try:
            passed, measured = law(taken)
        except Exception as error:
            passed, measured = False, _failure(error)
        checks.append(Check(name=name, passed=passed, measured=measured))
    return checks


def _failure(error: Exception) -> str:
    return f"could not be computed: {type(error).__name__}: {' '.join(str(error).split())[:200]}"


def _metric(
    taken: Sample, *, dataset: Dataset, recorded_ranks: Mapping[str, int], ndcg: float | None
) -> tuple[bool | None, str]:
    if not recorded_ranks:
        return None, "no recorded ranks to compare with"
    before, now = [], []
    candidates = dataset.default_candidates
    for batch, scores in zip(taken.batches, taken.scores, strict=True):
        targets = torch.from_numpy(batch.targets).to(scores.device)
        excluded = excluded_pairs(batch.histories, candidates, scores.device)
        ranks = target_ranks(scores.clone(), targets, excluded).tolist()
        users = [dataset.user_ids[int(user)] for user in batch.users]
        pairs = [
            (recorded_ranks[u], r) for u, r in zip(users, ranks, strict=True) if u in recorded_ranks
        ]
        before += [recorded for recorded, _ in pairs]
        now += [found for _, found in pairs]
    if not before:
        return None, "no recorded ranks of the sampled users"
    equal = sum(a == b for a, b in zip(before, now, strict=True))
    recorded, found = (summarise(values)["NDCG@10"] for values in (before, now))
    measured = (
        f"{equal} of {len(before)} ranks equal, NDCG@10 of these users recorded {recorded:.4f}, "
        f"now {found:.4f} among "
        f"{candidates_words(dataset.n_items, candidates)}; accepted {MOVED:.0%} moved"
    )
    agrees = abs(recorded - found) <= 1 / len(before)
    if ndcg is not None:
        total = summarise(list(recorded_ranks.values()))["NDCG@10"]
        agrees = agrees and abs(total - ndcg) <= PRINTED
        measured += f". All recorded ranks give {total:.4f}, recorded {ndcg:.4f}"
    moved = len(before) - equal
    return agrees and moved <= MOVED * len(before), measured
