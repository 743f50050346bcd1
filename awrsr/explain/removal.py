"""Counterfactual removals: entries removed from a history, and the smallest effective set.

An entry is one place in a history; an item that occurs twice has two entries. When an entry is
removed, newer items keep their slots and older ones move up. If the history is longer than the
model sees, an older item comes into view.

The candidates remain those of the whole history. If they are the unseen items, all items of the
history are excluded from every rank, removed or not, except the target. If they are all items,
nothing is excluded. So a rank changes because the model's input changes, never because a removed
item became a candidate.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import combinations, islice
from typing import Literal

import numpy as np
import numpy.typing as npt

from awrsr.config import Candidates
from awrsr.errors import ConfigError, DataError
from awrsr.models import SequentialModel
from awrsr.ranking.recommendation import check_item, check_items, excluded_items
from awrsr.ranking.scoring import Standings, target_standings

BUDGET = 3_000
"""Largest number of histories that an exhaustive search scores."""


@dataclass(frozen=True, kw_only=True)
class RemovedOnce:
    """The target's score and rank with the whole history, and without each entry in turn.

    Args:
        score: the target's item score with the whole history.
        rank: its rank with the whole history.
        scores: (m,) its score without entry i.
        ranks: (m,) its rank without entry i.
    """

    score: float
    rank: int
    scores: npt.NDArray[np.float64]
    ranks: npt.NDArray[np.int64]

    def found(self, causes: Collection[int]) -> int:
        """How many of n causes are among the n entries whose removal lowers the score most.

        Args:
            causes: places in the history, 0 = oldest, all different.
        """
        strongest = np.argsort(self.scores, kind="stable")[: len(causes)]
        return len({*strongest.tolist()} & {*causes})


@dataclass(frozen=True, kw_only=True)
class SmallestRemoval:
    """The smallest set of entries whose removal moves the target out of the top k.

    Args:
        outcome: found; none, if no tried set has this effect; or already out, if the target is not
            in the top k with the whole history.
        search: exhaustive, all sets by increasing size; greedy, if these would be too many.
        entries: places in the history that are removed, 0 = oldest; empty unless found.
        rank: the target's rank with the whole history.
        rank_after: its rank without the entries; equal to `rank` unless found.
        at_least: lower bound of the size: all smaller sets were tried without effect.
        alternatives: number of other sets of the same size with this effect; exhaustive search
            only.
        scored: number of histories scored.
    """

    outcome: Literal["found", "none", "already out"]
    search: Literal["exhaustive", "greedy"]
    entries: list[int]
    rank: int
    rank_after: int
    at_least: int
    alternatives: int
    scored: int

    @property
    def proven(self) -> bool:
        """Whether it is certain that no smaller set exists (for outcome none: no set at all)."""
        return self.search == "exhaustive" or len(self.entries) == self.at_least


def without(items: Sequence[int], entries: Sequence[int]) -> list[int]:
    """The history without the entries at these places."""
    removed = set(entries)
    return [item for place, item in enumerate(items) if place not in removed]


def remove_each(
    model: SequentialModel,
    items: Sequence[int],
    target: int,
    *,
    candidates: Candidates = "unseen",
) -> RemovedOnce:
    """The target's score and rank when each entry is removed in turn.

    Args:
        model: in eval mode.
        items: the history, oldest first, two items or more.
        target: the item whose score and rank are computed.
        candidates: unseen excludes the items of the whole history, except the target; all excludes
            nothing; see `awrsr.Dataset.default_candidates`.

    Raises:
        DataError: the history has fewer than two items, or an entry is not an item.
    """
    history, target = check_items(model, items), check_item(model, target, "target ")
    if len(history) < 2:
        raise DataError("the history has 1 item; without it nothing is left to score")
    unseen = max(0, len(history) - model.config.max_length)  # removing these changes nothing
    seen = range(unseen, len(history))
    tried = [history, *(without(history, [place]) for place in seen)]
    excluded = excluded_items(history, candidates)
    standings = target_standings(model, tried, target, [excluded] * len(tried))
    return RemovedOnce(
        score=float(standings.scores[0]),
        rank=int(standings.ranks[0]),
        scores=np.concatenate([np.repeat(standings.scores[:1], unseen), standings.scores[1:]]),
        ranks=np.concatenate([np.repeat(standings.ranks[:1], unseen), standings.ranks[1:]]),
    )


def smallest_removal(
    model: SequentialModel,
    items: Sequence[int],
    target: int,
    k: int = 10,
    *,
    budget: int = BUDGET,
    candidates: Candidates = "unseen",
) -> SmallestRemoval:
    """The smallest set of entries whose removal moves the target out of the top k.

    All sets of one entry are scored, then all of two, and so on, as long as all sets of a size fit
    into the budget. Among the effective sets of the smallest size, the one with the lowest margin
    is returned. Beyond the budget, a greedy search removes the entry that lowers the margin most,
    until the target is out, and then restores unnecessary entries one by one: an upper bound. For s
    removed entries it scores at most s (n + s) further histories.

    Sets of s entries are searched among the newest n + s - 1: an older entry would not come into
    the model's view, and a smaller set would have the same effect. One entry always stays.

    Args:
        model: in eval mode.
        items: the history, oldest first.
        target: the item to be moved out.
        k: the length of the list, 1 or more.
        budget: largest number of histories that the exhaustive search scores.
        candidates: unseen excludes the items of the whole history, except the target; all excludes
            nothing; see `awrsr.Dataset.default_candidates`.

    Raises:
        DataError: the history is empty, or an entry is not an item.
        ConfigError: k or the budget is out of range.
    """
    history, target = check_items(model, items), check_item(model, target, "target ")
    if k < 1 or budget < 1:
        raise ConfigError(f"k and budget must be 1 or more; received {k} and {budget}")
    search = _Search(model, history, target, k, excluded_items(history, candidates))
    unchanged = search.score([()])
    rank = int(unchanged.ranks[0])
    if not unchanged.margins[0] > 0:
        return search.result("already out", "exhaustive", (), rank, rank, at_least=0)

    m, n = len(history), model.config.max_length
    for size in range(1, m):
        newest = range(max(0, m - (n + size - 1)), m)
        if search.scored + math.comb(len(newest), size) > budget:
            return search.greedy(rank, at_least=size)
        best: tuple[int, ...] = ()
        lowest, rank_after, found = math.inf, rank, 0
        sets = combinations(newest, size)
        while block := list(islice(sets, 512)):
            standings = search.score(block)
            out = ~(standings.margins > 0)
            found += int(out.sum())
            margins = np.nan_to_num(np.where(out, standings.margins, np.inf), nan=-np.inf)
            place = int(margins.argmin())
            if out[place] and (not best or margins[place] < lowest):
                best, lowest = block[place], float(margins[place])
                rank_after = int(standings.ranks[place])
        if found:
            return search.result(
                "found", "exhaustive", best, rank, rank_after, at_least=size, alternatives=found - 1
            )
    return search.result("none", "exhaustive", (), rank, rank, at_least=m)


class _Search:
    """Scores histories without some entries, and counts them."""

    def __init__(
        self,
        model: SequentialModel,
        history: list[int],
        target: int,
        k: int,
        excluded: list[int],
    ) -> None:
        self.model, self.history, self.target, self.k = model, history, target, k
        self.excluded = excluded
        self.scored = 0

    def score(self, sets: Sequence[tuple[int, ...]]) -> Standings:
        """The target's standing without each of these sets of entries."""
        self.scored += len(sets)
        tried = [without(self.history, entries) for entries in sets]
        return target_standings(
            self.model, tried, self.target, [self.excluded] * len(tried), k=self.k
        )

    def greedy(self, rank: int, at_least: int) -> SmallestRemoval:
        """An upper bound: remove the most effective entry each time, then restore unneeded ones."""
        removed: tuple[int, ...] = ()
        rank_after, out = rank, False
        while not out and len(removed) < len(self.history) - 1:
            in_view = len(self.history) - self.model.config.max_length - len(removed)
            newest = range(max(0, in_view), len(self.history))
            remaining = [place for place in newest if place not in removed]
            standings = self.score([(*removed, place) for place in remaining])
            margins = np.nan_to_num(standings.margins, nan=-np.inf)
            place = int(margins.argmin())
            removed = (*removed, remaining[place])
            rank_after, out = int(standings.ranks[place]), not standings.margins[place] > 0
        if not out:
            return self.result("none", "greedy", (), rank, rank, at_least=at_least)
        while len(removed) > 1:  # restoring one entry can make another one unnecessary
            subsets = [tuple(entry for entry in removed if entry != place) for place in removed]
            standings = self.score(subsets)
            enough = np.flatnonzero(~(standings.margins > 0))
            if not len(enough):
                break
            removed, rank_after = subsets[enough[0]], int(standings.ranks[enough[0]])
        return self.result("found", "greedy", removed, rank, rank_after, at_least=at_least)

    def result(
        self,
        outcome: Literal["found", "none", "already out"],
        search: Literal["exhaustive", "greedy"],
        entries: tuple[int, ...],
        rank: int,
        rank_after: int,
        *,
        at_least: int,
        alternatives: int = 0,
    ) -> SmallestRemoval:
        return SmallestRemoval(
            outcome=outcome,
            search=search,
            entries=sorted(entries),
            rank=rank,
            rank_after=rank_after,
            at_least=at_least,
            alternatives=alternatives,
            scored=self.scored,
        )
