"""The rules of the sorts: which users may be examples of a sort, and how good an example is."""

import math
from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

import pandas as pd

from awrsr.data.planted import BINDING, OCCASION
from awrsr.studies.examples.values import Example, Sort

FOUND = 10
"""A model finds a target if its rank is this or better."""
DOUBLINGS = 1.0
"""Number of times that a rank must double to count as worse."""


class Rule(NamedTuple):
    """How to find the example of a sort.

    Args:
        promising: selects the rows of a search table that may satisfy the rule, the most promising
            first.
        worth: how well an example satisfies the rule, in doublings of a rank; 0 if it does not.
        unless: sorts; if one of them has an example, this one needs none.
    """

    promising: Callable[[pd.DataFrame], pd.DataFrame]
    worth: Callable[[Example], float]
    unless: Collection[Sort] = ()


# --- how well an example satisfies a rule ---------------------------------------------------------


def _worse(*pairs: tuple[int, int]) -> float:
    """Doublings from the better to the worse rank of a pair, the minimum over the pairs; 0 if below
    `DOUBLINGS`."""
    factor = min(math.log2(worse / better) for worse, better in pairs)
    return factor if factor >= DOUBLINGS else 0.0


def _b_finds(example: Example) -> float:
    """B finds the target and A does not, with another seed too."""
    in_a, in_b = example.in_a.ranks, example.in_b.ranks
    if max(in_b) > FOUND or min(in_a) <= FOUND:
        return 0.0
    return _worse((min(in_a), max(in_b)))


def _other_reasons(example: Example) -> float:
    """Both find it; each loses ranks without its own decisive entry, and not without that of the
    other model."""
    sides = (example.in_a, example.in_b)
    if any(max(side.rank, side.rank_without_other) > FOUND for side in sides):
        return 0.0
    return _worse(*((side.rank_without, max(side.rank, side.rank_without_other)) for side in sides))


def _one_decides(example: Example) -> float:
    """Both find it, lose it without the same single entry, and keep it without any other entry."""
    sides = (example.in_a, example.in_b)
    if example.in_a.entry != example.in_b.entry:
        return 0.0
    if any(
        max(side.rank, side.worst_of_rest) > FOUND or side.rank_without <= FOUND for side in sides
    ):
        return 0.0
    return _worse(*((side.rank_without, max(side.rank, side.worst_of_rest)) for side in sides))


def _attention_misleads(example: Example) -> float:
    """B finds it, keeps it without the entry with the most attention, and loses it without an entry
    in the lower half of its attention."""
    in_b = example.in_b
    kept = max(in_b.rank, in_b.rank_without_attended)
    if kept > FOUND or in_b.rank_without <= FOUND or 2 * in_b.place <= in_b.seen:
        return 0.0
    return _worse((in_b.rank_without, kept))


def _binding_found(example: Example) -> float:
    """Only B finds it, with another seed too; it rests on the causes, and a cause has the most
    attention."""
    in_b = example.in_b
    if in_b.causes_found != len(example.causes) or in_b.attended not in example.causes:
        return 0.0
    return _b_finds(example)


def _occasion_found(example: Example) -> float:
    """Only B ranks it first, with another seed too; it rests on the causes, and a cause has the
    most attention. Only a few treasures are possible answers, so a model that knows no more than
    these ranks it near 3."""
    in_b = example.in_b
    if in_b.causes_found != len(example.causes) or in_b.attended not in example.causes:
        return 0.0
    return _worse((min(example.in_a.ranks), max(in_b.ranks))) if max(in_b.ranks) == 1 else 0.0


def _planted_missed(example: Example) -> float:
    """B does not find the determined item, and does not rest on all causes."""
    if example.in_b.causes_found == len(example.causes):
        return 0.0
    return _worse((example.in_b.rank, FOUND))


# --- who may be an example ------------------------------------------------------------------------


def _b_alone(table: pd.DataFrame) -> pd.DataFrame:
    alone = table[(table["rank_b"] <= FOUND) & (table["rank_a"] > FOUND)]
    gained = (alone["rank_a"] / alone["rank_b"]).sort_values(ascending=False, kind="stable")
    return alone.loc[gained.index]


def _b_alone_on_bindings(table: pd.DataFrame) -> pd.DataFrame:
    return _b_alone(table[table["planted"] == BINDING])


def _b_first_on_occasions(table: pd.DataFrame) -> pd.DataFrame:
    first = table[(table["planted"] == OCCASION) & (table["rank_b"] == 1)]
    return first.sort_values("rank_a", ascending=False, kind="stable")


def _missed(table: pd.DataFrame) -> pd.DataFrame:
    missed = table[table["decided"] & (table["rank_b"] > FOUND)]
    return missed.sort_values("rank_b", ascending=False, kind="stable")


def _both_find(table: pd.DataFrame) -> pd.DataFrame:
    return table[(table["rank_a"] <= FOUND) & (table["rank_b"] <= FOUND)]


def _both_apart(table: pd.DataFrame) -> pd.DataFrame:
    return _both_find(table).sort_values("apart", ascending=False, kind="stable")


def _both_peaked(table: pd.DataFrame) -> pd.DataFrame:
    return _both_find(table).sort_values("even", kind="stable")


def _b_unlike(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["rank_b"] <= FOUND].sort_values(["alike", "even"], kind="stable")


PLANTED: tuple[Sort, ...] = ("occasion_found", "binding_found")
RULES: Mapping[Sort, Rule] = {
    "occasion_found": Rule(_b_first_on_occasions, _occasion_found),
    "binding_found": Rule(_b_alone_on_bindings, _binding_found),
    "planted_missed": Rule(_missed, _planted_missed),
    "b_finds": Rule(_b_alone, _b_finds, unless=PLANTED),
    "other_reasons": Rule(_both_apart, _other_reasons),
    "one_decides": Rule(_both_peaked, _one_decides, unless=PLANTED),
    "attention_misleads": Rule(_b_unlike, _attention_misleads),
}
"""By sort, in the order of the page."""
