"""The search for examples: from a scan to one user of each sort.

Users are preselected by the columns of a scan, the most promising first. For each of them, every
entry of the history is really removed in both models. The best user that satisfies the rule of the
sort is the example. The same scan, models and dataset give the same examples.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from awrsr.data.batching import history_and_target
from awrsr.data.dataset import Dataset
from awrsr.explain import prediction_rows, remove_each
from awrsr.models import SequentialModel
from awrsr.ranking.recommendation import excluded_items, trace
from awrsr.ranking.scoring import target_standings
from awrsr.studies.examples.rules import RULES
from awrsr.studies.examples.values import Again, Example, InModel, Sort
from awrsr.studies.scan import Scan
from awrsr.studies.scan_rows import Pair

READABLE = (6, 50)
"""Smallest and largest history of an example: shorter ones show little, longer ones are hard to
read."""
LOOKED = 300
"""Number of histories whose entries are all removed, for each sort and pair of models."""


@dataclass(frozen=True, kw_only=True)
class Models:
    """Two models, and the same models trained with another seed.

    Args:
        a: name of A.
        b: name of B.
        named: returns the model with this name, in eval mode.
        seeds: by name of a model, the name of the same model trained with another seed, if there is
            one.
    """

    a: str
    b: str
    named: Callable[[str], SequentialModel]
    seeds: Mapping[str, str]


def find_examples(
    scan: Scan,
    dataset: Dataset,
    named: Callable[[str], SequentialModel],
    *,
    pairs: Sequence[Pair],
    seeds: Mapping[str, str] | None = None,
    causes: pd.DataFrame | None = None,
    looked: int = LOOKED,
) -> list[Example]:
    """At most one example of each sort, in the order of the sorts, each with a different user.

    Args:
        scan: a scan of all or some users with the models of the pairs.
        dataset: the dataset of the users.
        named: see `Models`.
        pairs: A and B; a sort without an example in one pair is searched in the next.
        seeds: see `Models`.
        causes: causes of the test items, see `awrsr.data.planted.load_causes`.
        looked: at most this many histories are examined, for each sort and pair.

    Raises:
        DataError: a model's scores are not finite.
    """
    found: dict[Sort, Example] = {}
    for a, b in pairs:
        models = Models(a=a, b=b, named=named, seeds=seeds or {})
        table = _table(scan, a, b, causes)
        for sort, rule in RULES.items():
            if found.keys() & {sort, *rule.unless}:
                continue
            taken = {example.user_id for example in found.values()}
            best = 0.0
            promising = rule.promising(table[~table["user_id"].isin(taken)]).head(looked)
            for user_id, places in zip(promising["user_id"], promising["causes"], strict=True):
                example = look(models, dataset, sort, user_id, places)
                if (worth := rule.worth(example)) > best:
                    best, found[sort] = worth, example
    return [found[sort] for sort in RULES if sort in found]


def look(
    models: Models, dataset: Dataset, sort: Sort, user_id: str, causes: Sequence[int]
) -> Example:
    """The example of a user, whether or not it satisfies the rule of its sort.

    Costs one forward pass per entry of the history in both models, and a few more.

    Args:
        models: A and B.
        dataset: the dataset of the user.
        sort: the sort of the example.
        user_id: a user with two items or more before the held-out one.
        causes: entries that determine the held-out item in a planted dataset.

    Raises:
        DataError: a model's scores are not finite.
    """
    items, target = history_and_target(dataset, dataset.user_index(user_id), "test")
    history = items.tolist()
    in_a, in_b = (_Look(models, name, dataset, history, target) for name in (models.a, models.b))
    return Example(
        sort=sort,
        user_id=user_id,
        a=models.a,
        b=models.b,
        target=target,
        causes=sorted(causes),
        in_a=in_a.said(in_b.entry, causes),
        in_b=in_b.said(in_a.entry, causes),
    )


class _Look:
    """One history in one model: every entry removed, the row of attention, another seed."""

    def __init__(
        self, models: Models, name: str, dataset: Dataset, history: list[int], target: int
    ) -> None:
        candidates, model = dataset.default_candidates, models.named(name)
        self.removed = remove_each(model, history, target, candidates=candidates)
        traced = trace(model, history)
        *_, last = (row.weights for row in prediction_rows(traced) if row.kind == "refined")
        self.weights = np.concatenate([np.zeros(traced.dropped), last])
        self.seen = len(last)
        self.entry = int(self.removed.scores.argmin())
        self.again = None
        if (other := models.seeds.get(name)) is not None:
            left_out = [excluded_items(history, candidates)]
            standing = target_standings(models.named(other), [history], target, left_out)
            self.again = Again(model=other, rank=int(standing.ranks[0]))

    def said(self, other: int, causes: Sequence[int]) -> InModel:
        """The numbers of the model in an example.

        Args:
            other: the decisive entry of the other model.
            causes: planted entries.
        """
        ranks, entry = self.removed.ranks, self.entry
        attended = int(self.weights.argmax())
        return InModel(
            rank=self.removed.rank,
            again=self.again,
            entry=entry,
            rank_without=int(ranks[entry]),
            rank_without_other=int(ranks[other]),
            worst_of_rest=int(np.delete(ranks, entry).max()),
            seen=self.seen,
            attended=attended,
            rank_without_attended=int(ranks[attended]),
            place=1 + int((self.weights > self.weights[entry]).sum()),
            causes_found=self.removed.found(causes) if causes else None,
        )


def _table(scan: Scan, a: str, b: str, causes: pd.DataFrame | None) -> pd.DataFrame:
    """The scanned users with a history of readable length, one row each, in the order of the scan.

    Columns are user_id, rank_a, rank_b; apart, the divergence of the two rows of attention; even,
    the evenness of B's; alike, its correlation with the size of input x gradient, where the scan
    has attributions; causes, the entries that decide the held-out item; planted, by which rule
    (`awrsr.data.planted.SORTS`; empty if nothing is planted); decided, whether any entry does.
    """
    of_a, of_b = (scan.users[scan.users["model"] == name].set_index("user_id") for name in (a, b))
    first, second = scan.pairs["model_a"], scan.pairs["model_b"]
    both = scan.pairs[((first == a) & (second == b)) | ((first == b) & (second == a))]
    planted: dict[str, list[int]] = {}
    rules: dict[str, str] = {}
    if causes is not None:
        planted = dict(zip(causes["user_id"], causes["cause_places"], strict=True))
        rules = dict(zip(causes["user_id"], causes["sort"], strict=True))
    table = pd.DataFrame(
        {
            "length": of_a["length"],
            "rank_a": of_a["rank"],
            "rank_b": of_b["rank"],
            "apart": both.set_index("user_id")["refined_divergence"],
            "even": of_b["refined_entropy_share"],
            "alike": of_b.get("refined_attribution", np.nan),
        },
        index=of_a.index,
    ).reset_index()
    table["causes"] = [planted.get(user, []) for user in table["user_id"]]
    table["planted"] = [rules.get(user, "") for user in table["user_id"]]
    table["decided"] = table["causes"].map(bool)
    return table[table["length"].between(*READABLE)]
