"""Ranks the whole catalogue for every user of a split."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor

from awrsr.batching import HELD_OUT, history_and_target, left_pad, training_items
from awrsr.config import Candidates, Split
from awrsr.dataset import Dataset
from awrsr.errors import check_choice
from awrsr.metrics import summarise, target_ranks
from awrsr.models import SequentialModel
from awrsr.recommendation import check_same_catalogue

BLOCK_SCORES = 2_000_000
"""Item scores held at once: 8 MB in float32, which caches hold, whatever the number of users."""


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """The outcome of one evaluation.

    Args:
        protocol: how it was measured, by name; belongs beside every number.
        metrics: by name, see `awrsr.metrics.summarise`.
        ranks: one row per user: user_id, target, rank.
    """

    protocol: dict[str, Any]
    metrics: dict[str, float]
    ranks: pd.DataFrame


def protocol(dataset: Dataset, split: Split, candidates: Candidates) -> dict[str, Any]:
    """How ranks are made, in words and numbers, to be printed beside them."""
    held_out = "last" if split == "test" else "last but one"
    return {
        "split": f"leave-one-out, {split}: the {held_out} item",
        "candidates": (
            f"all {dataset.n_items} items, those in the history excluded unless the target"
            if candidates == "unseen"
            else f"all {dataset.n_items} items, those in the history included"
        ),
        "ties": "count against the target",
        "users": dataset.n_users,
    }


def evaluate(
    model: SequentialModel,
    dataset: Dataset,
    split: Split = "test",
    *,
    candidates: Candidates = "unseen",
) -> Evaluation:
    """Rank the held-out item of every user among the whole catalogue.

    Works in blocks of users of similar length: memory does not grow with users x items.

    Args:
        model: in eval mode; its mode is left as it is.
        dataset: the one the model belongs to.
        split: validation hides the last two items and asks for the first of them; test hides the
            last.
        candidates: unseen leaves out what is in the history, unless the target is; all leaves in.

    Raises:
        DataError: the model belongs to another catalogue.
    """
    check_same_catalogue(model, dataset)

    def score(users: list[int]) -> Float[Tensor, "user item"]:
        n = model.config.max_length
        histories = [history_and_target(dataset, user, split)[0][-n:] for user in users]
        states = model(left_pad(histories).to(model.device))
        return model.item_scores(states[:, -1])

    return evaluate_scores(score, dataset, split, candidates=candidates)


def evaluate_popularity(
    dataset: Dataset, split: Split = "test", *, candidates: Candidates = "unseen"
) -> Evaluation:
    """The baseline that scores each item by how often it occurs in the training parts."""
    training = [training_items(dataset, user) for user in range(dataset.n_users)]
    counts = np.bincount(np.concatenate(training), minlength=dataset.n_items + 1)[1:]
    popularity = torch.from_numpy(counts).float()
    return evaluate_scores(
        lambda users: popularity.repeat(len(users), 1), dataset, split, candidates=candidates
    )


@torch.inference_mode()
def evaluate_scores(
    score: Callable[[list[int]], Tensor],
    dataset: Dataset,
    split: Split = "test",
    *,
    candidates: Candidates = "unseen",
) -> Evaluation:
    """Evaluate anything that scores the catalogue for a block of users.

    Args:
        score: user indices to (user, item) scores, a tensor of its own that may be overwritten.
        dataset: whose users are ranked.
        split: see `evaluate`.
        candidates: see `evaluate`.

    Raises:
        ConfigError: no such split or candidates.
    """
    check_choice("split", split, HELD_OUT)
    check_choice("candidates", candidates, ("unseen", "all"))
    ranks = np.zeros(dataset.n_users, dtype=np.int64)
    targets = np.zeros(dataset.n_users, dtype=np.int64)
    users_by_length = np.argsort(dataset.lengths(), kind="stable")
    block = max(1, BLOCK_SCORES // dataset.n_items)
    for start in range(0, dataset.n_users, block):
        users = users_by_length[start : start + block]
        pairs = [history_and_target(dataset, int(user), split) for user in users]
        targets[users] = [target for _, target in pairs]
        item_scores = score(users.tolist())
        excluded = None
        if candidates == "unseen":
            rows = np.repeat(np.arange(len(users)), [len(history) for history, _ in pairs])
            seen = np.concatenate([history for history, _ in pairs]).astype(np.int64)
            device = item_scores.device
            excluded = (torch.from_numpy(rows).to(device), torch.from_numpy(seen).to(device))
        block_targets = torch.from_numpy(targets[users]).to(item_scores.device)
        ranks[users] = target_ranks(item_scores, block_targets, excluded).cpu().numpy()
    return Evaluation(
        protocol=protocol(dataset, split, candidates),
        metrics=summarise(ranks),
        ranks=pd.DataFrame({"user_id": dataset.user_ids, "target": targets, "rank": ranks}),
    )
