"""Ranking of the whole catalogue for every user of a split."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import compress
from typing import Any, get_args

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor

from awrsr.config import HELD_OUT, Candidates, Split
from awrsr.data.batching import batches, history_and_target, left_pad, training_popularity
from awrsr.data.dataset import Dataset
from awrsr.data.splits import held_out_words, left_out_words
from awrsr.display import Card, Displayed
from awrsr.errors import DataError, check_choice
from awrsr.models import SequentialModel
from awrsr.processes import summed, this_process
from awrsr.ranking.metrics import summarise, target_ranks
from awrsr.ranking.recommendation import check_same_catalogue
from awrsr.ranking.scoring import MIN_ROWS, excluded_pairs

BLOCK_SCORES = 2_000_000
"""Item scores in memory at once, for `MIN_ROWS` users or more: 8 MB in float32 fits in caches."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Evaluation(Displayed):
    """The outcome of one evaluation.

    Args:
        protocol: the facts of the measurement by name; to be shown with every number.
        metrics: by name, see `awrsr.ranking.metrics.summarise`.
        ranks: one row per evaluated user: user_id, target, rank.
    """

    protocol: dict[str, Any]
    metrics: dict[str, float]
    ranks: pd.DataFrame

    def card(self) -> Card:
        metrics = {"metric": list(self.metrics), "value": list(self.metrics.values())}
        return Card(
            title="Evaluation",
            facts={"users": len(self.ranks), **self.protocol},
            table=pd.DataFrame(metrics),
        )


def candidates_words(n_items: int, candidates: Candidates) -> str:
    """The candidates among which a target is ranked, in words."""
    return f"all {n_items} items, those in the history " + (
        "excluded unless the target" if candidates == "unseen" else "included"
    )


def seen_words(dataset: Dataset, split: Split) -> str:
    """The share of targets that are repeats of an earlier item, in words."""
    share = dataset.seen_share(split)
    percent = f"{share:.1%}" if share == 0 or share >= 0.0005 else "under 0.1%"
    return f"{percent} of {split} targets stand in the history before them"


def untrained_words(dataset: Dataset, split: Split, candidates: Candidates) -> str:
    """How many ranked targets are items that were never trained on, in words."""
    targets = dataset.targets(split)[dataset.counted(split, candidates)]
    number = int(np.isin(targets, sorted(dataset.untrained)).sum())
    return (
        f"{number:,} of {len(targets):,} targets are items never trained on, ranked like all others"
    )


def ranked_among(protocol: Mapping[str, Any]) -> str:
    """The candidates of a protocol and, where recorded, the share of targets seen before, the
    number of targets never trained on, and the users left out."""
    names = ("candidates", "seen", "untrained", "left_out")
    return "; ".join(str(protocol[name]) for name in names if protocol.get(name))


def protocol(dataset: Dataset, split: Split, candidates: Candidates) -> dict[str, Any]:
    """How ranks are computed, in words and numbers, to be printed with them."""
    users, having = (int(dataset.counted(split, rule).sum()) for rule in (candidates, "all"))
    words: dict[str, Any] = {
        "split": held_out_words(dataset.time_split, split),
        "candidates": candidates_words(dataset.n_items, candidates),
        "seen": seen_words(dataset, split)
        + ("; those users are left out" if users < having else ""),
    }
    if dataset.time_split is not None:
        words["untrained"] = untrained_words(dataset, split, candidates)
        words["left_out"] = left_out_words(dataset.parts, split)
    return {**words, "ties": "count against the target", "users": users}


@torch.inference_mode()
def evaluate(
    model: SequentialModel,
    dataset: Dataset,
    split: Split = "test",
    *,
    candidates: Candidates | None = None,
) -> Evaluation:
    """Rank the held-out item of every user that has one among the whole catalogue.

    Works in blocks of users with histories of similar length: memory does not grow with
    users x items. Several processes (`awrsr.processes`) share the blocks.

    Args:
        model: in eval mode, which is not changed.
        dataset: the dataset of the model.
        split: validation or test; the dataset says which item of a user is held out for it, see
            `awrsr.data.splits`.
        candidates: unseen excludes the items of the history, and users whose held-out item is among
            them; all excludes nothing; default: the dataset's `default_candidates`.

    Raises:
        DataError: the model belongs to another catalogue, or no user is left to evaluate.
    """
    check_same_catalogue(model, dataset)
    # Once, not for each block: a block of a large catalogue has few users.
    items = model.as_states(model.catalogue_embeddings())

    def score(users: list[int]) -> Float[Tensor, "user item"]:
        n = model.config.max_length
        histories = [history_and_target(dataset, user, split)[0][-n:] for user in users]
        states = model(left_pad(histories).to(model.device))
        return model.compare(states[:, -1], items)

    return evaluate_scores(score, dataset, split, candidates=candidates)


def evaluate_popularity(
    dataset: Dataset, split: Split = "test", *, candidates: Candidates | None = None
) -> Evaluation:
    """The baseline that scores each item by its number of occurrences in the training parts."""
    popularity = torch.from_numpy(training_popularity(dataset)).float()
    return evaluate_scores(
        lambda users: popularity.repeat(len(users), 1), dataset, split, candidates=candidates
    )


@torch.inference_mode()
def evaluate_scores(
    score: Callable[[list[int]], Tensor],
    dataset: Dataset,
    split: Split = "test",
    *,
    candidates: Candidates | None = None,
) -> Evaluation:
    """Evaluate any function that scores the catalogue for a block of users.

    Args:
        score: user indices to (user, item) scores, a new tensor that may be overwritten.
        dataset: the dataset whose users are evaluated.
        split: see `evaluate`.
        candidates: see `evaluate`.

    Raises:
        ConfigError: the split or the candidates are unknown.
        DataError: no user has a held-out item, or candidates are the unseen items, and every user
            has seen the held-out item.
    """
    check_choice("split", split, HELD_OUT)
    if candidates is None:
        candidates = dataset.default_candidates
    check_choice("candidates", candidates, get_args(Candidates))
    counts = dataset.counted(split, candidates)
    if not dataset.has_target(split).any():
        raise DataError(f"no user of {dataset.name} has a {split} item")
    if not counts.any():
        raise DataError(
            f"candidates 'unseen' rank only new items, and in {dataset.name} every {split} target "
            "is also in the history before it; candidates 'all' ranks them"
        )
    ranks = np.zeros(dataset.n_users, dtype=np.int64)
    targets = np.zeros(dataset.n_users, dtype=np.int64)
    longest = int(dataset.lengths().max())  # sort users by length, even beyond what a model sees
    block = max(MIN_ROWS, BLOCK_SCORES // dataset.n_items)
    users = np.flatnonzero(counts)
    process, processes = this_process()
    for number, batch in enumerate(batches(dataset, users, longest, split=split, batch_size=block)):
        if number % processes != process:
            continue
        targets[batch.users] = batch.targets
        item_scores = score(batch.users.tolist())
        excluded = excluded_pairs(batch.histories, candidates, item_scores.device)
        block_targets = torch.from_numpy(batch.targets).to(item_scores.device)
        ranks[batch.users] = target_ranks(item_scores, block_targets, excluded).cpu().numpy()
    ranks, targets = (summed(torch.from_numpy(values)).numpy() for values in (ranks, targets))
    return Evaluation(
        protocol=protocol(dataset, split, candidates),
        metrics=summarise(ranks[counts]),
        ranks=pd.DataFrame(
            {
                "user_id": list(compress(dataset.user_ids, counts)),
                "target": targets[counts],
                "rank": ranks[counts],
            }
        ),
    )
