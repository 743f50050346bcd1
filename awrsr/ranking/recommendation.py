"""From one sequence to its trace and to a ranked catalogue."""

import operator
from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from numbers import Integral
from typing import get_args

import numpy as np
import pandas as pd
import torch

from awrsr.config import Candidates, Catalogue
from awrsr.data.dataset import Dataset
from awrsr.errors import ConfigError, DataError, check_choice, counted
from awrsr.models import LayerTrace, SequentialModel, Trace
from awrsr.ranking.metrics import best_places


def check_same_catalogue(model: SequentialModel, dataset: Dataset, prefix: str = "") -> None:
    """Refuse a model of another catalogue, see `check_catalogue`."""
    check_catalogue(model.catalogue, dataset, prefix)


def check_catalogue(catalogue: Catalogue, dataset: Dataset, prefix: str = "") -> None:
    """Refuse a model's catalogue if its item numbers refer to other items.

    Args:
        prefix: start of the message, if it must say which model is meant.

    Raises:
        DataError: the model was trained on a dataset with another fingerprint.
    """
    if catalogue.fingerprint != dataset.fingerprint:
        raise DataError(
            f"{prefix}the model belongs to {catalogue.name!r} "
            f"({counted(catalogue.n_items, 'item')}, fingerprint {catalogue.fingerprint}), the "
            f"dataset is {dataset.name!r} ({counted(dataset.n_items, 'item')}, fingerprint "
            f"{dataset.fingerprint}){other_split(catalogue, dataset)}"
        )


def other_split(catalogue: Catalogue, dataset: Dataset) -> str:
    """The end of a refusal if a model was trained under another split than the dataset's."""
    if catalogue.split == dataset.split_rule:
        return ""
    return (
        f"; the model was trained under the split {catalogue.split}, the dataset has the split "
        f"{dataset.split_rule}"
    )


def check_items(model: SequentialModel, items: Sequence[int]) -> list[int]:
    """The items as plain whole numbers.

    Raises:
        DataError: the list is empty, or an entry is not an item of the model's catalogue.
    """
    if len(items) == 0:
        raise DataError("the history is empty; give one item or more, oldest first")
    return [check_item(model, item) for item in items]


def check_item(model: SequentialModel, item: int, role: str = "") -> int:
    """The item as a plain whole number.

    Args:
        role: the role of the item, which starts the message.

    Raises:
        DataError: it is not an item of the model's catalogue.
    """
    received: object = item
    with suppress(TypeError):  # not a whole number: 2.5 or "x"
        received = number = operator.index(item)
        if 1 <= number <= model.catalogue.n_items:
            return number
    raise DataError(
        f"{role}{received!r} is not an item of {model.catalogue.name}; "
        f"items are 1 to {model.catalogue.n_items}"
    )


@torch.no_grad()
def trace(model: SequentialModel, items: Sequence[int]) -> Trace:
    """The attention and the item scores of one forward pass.

    Args:
        model: in eval mode.
        items: the history, oldest first; a history longer than n is cut to its newest n items, see
            `Trace.dropped`.

    Raises:
        DataError: the history is empty or an entry is not an item, or the model's scores are not
            finite.
    """
    history = check_items(model, items)
    kept = history[-model.config.max_length :]
    recording: list[LayerTrace] = []
    states = model(torch.tensor([kept], device=model.device), recording=recording)
    item_scores = model.item_scores(states[:, -1])[0]
    if not item_scores.isfinite().all():
        raise DataError(
            f"the model ({model.config.backbone}-{model.config.refinement} of "
            f"{model.catalogue.name}) gives this history item scores that are not finite: its "
            "training diverged; train it again with a lower learning rate"
        )
    return Trace(
        items=kept,
        dropped=len(history) - len(kept),
        layers=[layer.of_sequence(0) for layer in recording],
        item_scores=item_scores,
        config=model.config,
    )


def recommend(
    model: SequentialModel,
    items: Sequence[int],
    k: int | None = None,
    *,
    dataset: Dataset | None = None,
    candidates: Candidates | None = None,
) -> pd.DataFrame:
    """The k items with the highest scores, see `ranked_catalogue`.

    Args:
        model: in eval mode.
        items: the history, oldest first.
        k: number of items, up to the catalogue's size; if there are fewer candidates, all of them.
            Default: 10, or the size of a smaller catalogue.
        dataset: adds the columns item_id and title.
        candidates: unseen excludes the items of the history, all excludes nothing; default:
            `Dataset.default_candidates` of the dataset, or unseen without a dataset.

    Raises:
        DataError: the history is empty or wrong, or the model belongs to another dataset.
        ConfigError: k is below 1 or above the size of the catalogue, or candidates are unknown.
    """
    if k is None:
        k = min(10, model.catalogue.n_items)
    if not isinstance(k, Integral) or isinstance(k, bool) or k < 1:
        raise ConfigError(f"k must be a whole number, 1 or more; received {k!r}")
    if k > model.catalogue.n_items:
        raise ConfigError(
            f"k is {k}, the catalogue of {model.catalogue.name!r} has "
            f"{counted(model.catalogue.n_items, 'item')}"
        )
    if dataset is not None:
        check_same_catalogue(model, dataset)
    if candidates is None:
        candidates = "unseen" if dataset is None else dataset.default_candidates
    excluded = excluded_items(items, candidates)
    ranked = ranked_catalogue(trace(model, items).item_scores, excluded, k)
    if dataset is None:
        return ranked
    described = dataset.items.iloc[ranked["item"] - 1]
    return ranked.assign(
        item_id=described["item_id"].to_numpy(), title=described["title"].to_numpy()
    )


def excluded_items(history: Sequence[int], candidates: Candidates) -> list[int]:
    """The items of a history that are not candidates: all of them, or none.

    Raises:
        ConfigError: the candidates are unknown.
    """
    check_choice("candidates", candidates, get_args(Candidates))
    return list(history) if candidates == "unseen" else []


KEPT = 500
"""Best candidates of a ranking that are kept, so that shorter lists are not made again."""


class Ranking:
    """The catalogue ranked for one history: the best candidates, and the rank of any item.

    Args:
        item_scores: (n_items,), item i at index i - 1.
        excluded: items that are not candidates, except the item whose rank is requested.
    """

    def __init__(self, item_scores: torch.Tensor, excluded: Sequence[int]) -> None:
        self._item_scores, self._excluded = item_scores, excluded
        self._scores = item_scores.cpu().numpy()
        self._candidates = np.ones(len(self._scores), dtype=np.bool_)
        self._candidates[np.asarray(excluded, dtype=np.int64) - 1] = False
        self._left_out = self._scores[~self._candidates]
        self._best, self._kept = pd.DataFrame(), 0

    @cached_property
    def table(self) -> pd.DataFrame:
        """All candidates, see `ranked_catalogue`: a sort of the whole catalogue."""
        return ranked_catalogue(self._item_scores, self._excluded)

    def best(self, k: int) -> pd.DataFrame:
        """The first k rows of `table`, without the sort."""
        if k > self._kept:
            self._kept = max(k, KEPT)
            self._best = ranked_catalogue(self._item_scores, self._excluded, self._kept)
        return self._best.head(k)

    def rank_of(self, item: int) -> int:
        """The rank of an item, 1 = best, by the rule of `awrsr.ranking.metrics.target_ranks`: ties
        count against it, and it is a candidate even if it is excluded."""
        score = self._scores[item - 1]
        not_below = np.count_nonzero(self._scores >= score)
        not_below -= np.count_nonzero(self._left_out >= score)
        return int(not_below) + int(not self._candidates[item - 1])

    def candidates_with(self, item: int) -> int:
        """The number of items among which this item is ranked."""
        return len(self._scores) - len(self._left_out) + int(not self._candidates[item - 1])


def ranked_catalogue(
    item_scores: torch.Tensor, excluded: Sequence[int], k: int | None = None
) -> pd.DataFrame:
    """The candidates, best first: rank, item, score. Items with equal scores are in item order.

    Args:
        item_scores: (n_items,), item i at index i - 1.
        excluded: items that are not candidates.
        k: only the k best; by default all.
    """
    scores = item_scores.cpu().numpy()
    left_out = np.asarray(excluded, dtype=np.int64)
    if k is None:
        order = np.argsort(-scores, kind="stable")
        order = order[~np.isin(order + 1, left_out)]
    else:  # the k best of all others are among the best k plus as many as are left out
        reach = k + len(np.unique(left_out))
        order = best_places(item_scores[None], reach)[0].cpu().numpy()
        order = order[~np.isin(order + 1, left_out)][:k]
    return pd.DataFrame(
        {"rank": np.arange(1, len(order) + 1), "item": order + 1, "score": scores[order]}
    )
