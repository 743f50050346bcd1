"""The verdict: over all recorded grids what attention is worth, and then what refinement adds.

One row per dataset, backbone and loss of a grid. RESULTS.md and the page Results lead with it.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from awrsr.experiments.averages import means
from awrsr.experiments.comparison import (
    CLAIM_METRIC,
    LEVEL,
    MARGIN,
    MIN_SEEDS,
    POWER,
    from_vanilla,
    is_mechanism,
    records,
    told,
    verdict,
)
from awrsr.experiments.record import Results
from awrsr.refinement import EVEN, REFINEMENTS, VANILLA

NOT_RECORDED = "not recorded"
NO_VERDICT = "Nothing is recorded that says what attention is worth or what refinement adds."
TOO_FEW = "too few seeds"
NO_ROOM = "no room"
"""Attention is not seen to be worth anything: refinement has nothing to refine."""
VERDICT_KEY = (
    "Ranked by what attention is worth: vanilla minus `uniform`, the same model with an even "
    f"average over the history, then as a share of vanilla with its {LEVEL:.0%} interval; "
    f"{NO_ROOM} where that does not lie above zero. What refinement adds: the best mechanism "
    "minus vanilla, its interval corrected for the number of mechanisms (Bonferroni). A mechanism "
    f"lies above or below vanilla where it has {MIN_SEEDS} seeds or more, p corrected after Holm "
    f"is below {1 - LEVEL:.2f}, and the corrected interval leaves zero out. Verdict: **helps** "
    "where a mechanism lies above, **harms** where all lie below (where only some do, they are "
    "named), **does not help** where none helps and every corrected interval ends below "
    f"{MARGIN:.0%} of vanilla, else it **cannot be told**, as always from fewer than {MIN_SEEDS} "
    "seeds. Smallest effect that would have been seen: of "
    f"the mechanism named, with {POWER:.0%} power, at the corrected level. The command trains "
    "the row again, from a copy of the grid, since what is recorded is not trained a second "
    "time."
)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row of the verdict; differences are of NDCG@10.

    Args:
        results: of the grid.
        dataset: its name in the grid.
        backbone: of the models.
        loss: that they were trained with.
        vanilla: mean of vanilla over its seeds.
        seeds: how many seeds of vanilla.
        attention: vanilla minus `uniform`, a row of the intervals turned; None: not recorded.
        mechanisms: rows of the intervals of all refined models.
        repeated: another grid has a row of this dataset, backbone and loss.
    """

    results: Results
    dataset: str
    backbone: str
    loss: str
    vanilla: float
    seeds: int
    attention: dict[str, Any] | None
    mechanisms: list[dict[str, Any]]
    repeated: bool

    @property
    def name(self) -> str:
        """The dataset, and the grid's title where the dataset alone would not tell."""
        title = self.results.grid.title
        if not self.repeated:
            return self.dataset
        named = title.casefold().startswith(self.dataset.casefold())
        return title if named else f"{self.dataset} ({title})"

    @property
    def no_room(self) -> bool:
        """Attention does not lie above the even average, from enough seeds."""
        row = self.attention
        return row is not None and row["seeds"] >= MIN_SEEDS and row["low"] <= 0

    @cached_property
    def best(self) -> dict[str, Any] | None:
        """The mechanism that adds most: of those that help, else of those with enough seeds."""
        return max(
            self.mechanisms,
            key=lambda row: (
                told(row) and row["difference"] > 0,
                row["seeds"] >= MIN_SEEDS,
                row["difference"],
            ),
            default=None,
        )

    @property
    def harmful(self) -> list[dict[str, Any]]:
        """The mechanisms that lie below vanilla, where not all do."""
        found = [row for row in self.mechanisms if told(row) and row["difference"] < 0]
        return found if len(found) < len(self.mechanisms) else []

    @property
    def verdict(self) -> str:
        """The words of the table."""
        words: str = verdict(self.mechanisms) if self.mechanisms else NOT_RECORDED
        if self.harmful:
            names = " and ".join(mechanism_name(row) for row in self.harmful)
            words += f"; {names} {'harm' if len(self.harmful) > 1 else 'harms'}"
        return f"{NO_ROOM}, {words}" if self.no_room else words

    @property
    def command(self) -> str:
        """What trains the row again: a copy of the grid, of which nothing is recorded."""
        return (
            f"cp {self.results.grid.address} again.toml && python -m awrsr experiment again.toml "
            f"--only '{self.dataset}-{self.backbone}-*-{self.loss}-seed*'"
        )


def verdict_rows(all_results: Iterable[Results]) -> list[Row]:
    """A row per dataset, backbone and loss with vanilla beside refined models or `uniform`.

    Ranked by what attention is worth as a share of vanilla; what is not known from enough seeds
    comes after.
    """
    all_results = list(all_results)
    names = ["dataset", "backbone", "loss"]
    found = []
    for results in all_results:
        vanilla = means(results.test, [CLAIM_METRIC])
        for row in records(vanilla[vanilla["refinement"] == VANILLA]):
            intervals = results.intervals[results.intervals["metric"] == CLAIM_METRIC]
            for name in names:
                intervals = intervals[intervals[name] == row[name]]
            others = records(intervals)
            uniform = [of for of in others if of["refinement"] == EVEN]
            mechanisms = [of for of in others if is_mechanism(of)]
            if uniform or mechanisms:
                found.append((results, row, uniform, mechanisms))
    times = Counter(tuple(row[name] for name in names) for _, row, *_ in found)
    rows = [
        Row(
            results=results,
            dataset=row["dataset"],
            backbone=row["backbone"],
            loss=row["loss"],
            vanilla=row[CLAIM_METRIC],
            seeds=row["seeds"],
            attention=from_vanilla(uniform[0]) if uniform else None,
            mechanisms=mechanisms,
            repeated=times[tuple(row[name] for name in names)] > 1,
        )
        for results, row, uniform, mechanisms in found
    ]
    return sorted(rows, key=_rank)


def _rank(row: Row) -> tuple[bool, float]:
    of = row.attention
    if of is None:
        return True, 0.0
    return of["seeds"] < MIN_SEEDS, -of["difference"] / of["vanilla"]


def by_grid(rows: Iterable[Row]) -> list[tuple[Results, list[Row]]]:
    """Rows with the results that they are of, in their order."""
    found: dict[str, tuple[Results, list[Row]]] = {}
    for row in rows:
        found.setdefault(row.results.grid.name, (row.results, []))[1].append(row)
    return list(found.values())


def mechanism_name(row: dict[str, Any]) -> str:
    """A refinement as it is written in a sentence."""
    return REFINEMENTS[row["refinement"]].title
