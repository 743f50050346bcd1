"""The verdict over all recorded grids: what attention is worth, and what refinement adds.

One row per dataset, backbone and loss of a grid. RESULTS.md and the page Results start with it.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from awrsr.errors import counted
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
    significant,
    verdict,
)
from awrsr.experiments.record import Results
from awrsr.refinement import EVEN, REFINEMENTS, VANILLA

NOT_RECORDED = "not recorded"
NO_VERDICT = "No recorded result says what attention is worth or what refinement adds."
TOO_FEW = "too few seeds"
NO_GAIN = "no gain from attention"
"""Learned attention is not better than an even average by the margin: nothing to refine."""
UNCLEAR = "gain from attention cannot be told"
"""The interval of what attention is worth includes both zero and the margin."""
VERDICT_KEY = (
    "Rows are sorted by what attention is worth: vanilla minus `uniform` (the same model with an "
    f"even average over the history), also as a share of vanilla with its {LEVEL:.0%} interval. If "
    f"this interval is not above zero, the verdict begins with *{NO_GAIN}* if it ends below "
    f"{MARGIN:.0%} of vanilla, and with *{UNCLEAR}* if it does not. What refinement adds: "
    "the best mechanism minus vanilla, with an interval corrected for the number of mechanisms "
    "(Bonferroni). A mechanism is significantly above or below vanilla if it has at least "
    f"{MIN_SEEDS} seeds, p corrected by Holm's method is below {1 - LEVEL:.2f}, and the corrected "
    "interval excludes zero. Verdicts: **helps**: at least one mechanism is significantly above; "
    "**harms**: all are significantly below (if only some are, they are named); **does not help**: "
    f"none helps, and every corrected interval ends below {MARGIN:.0%} of vanilla; "
    f"**inconclusive**: all other cases; **no verdict**: fewer than {MIN_SEEDS} seeds. Smallest "
    f"detectable effect: of the named mechanism, with {POWER:.0%} power, at the corrected level. "
    "The command trains the row again from a copy of the grid, since recorded runs are not trained "
    "twice."
)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row of the verdict; differences are in NDCG@10.

    Args:
        results: the results of the grid.
        dataset: the name of the dataset in the grid.
        backbone: the backbone of the models.
        loss: the loss of their training.
        vanilla: mean of vanilla over its seeds.
        seeds: number of seeds of vanilla.
        attention: vanilla minus `uniform`, in the form of a row of the intervals; None: not
            recorded.
        mechanisms: rows of the intervals of all refined models.
        repeated: whether another grid has a row with this dataset, backbone and loss.
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
        """The dataset, with the grid's title if the dataset alone would be ambiguous."""
        title = self.results.grid.title
        if not self.repeated:
            return self.dataset
        named = title.casefold().startswith(self.dataset.casefold())
        return title if named else f"{self.dataset} ({title})"

    @property
    def gain(self) -> str:
        """The reason to doubt a gain of attention over the even average: `NO_GAIN` or `UNCLEAR`;
        empty if there is a gain, or too few seeds."""
        row = self.attention
        if row is None or row["seeds"] < MIN_SEEDS or row["low"] > 0:
            return ""
        return NO_GAIN if row["high"] < MARGIN * row["vanilla"] else UNCLEAR

    @cached_property
    def best(self) -> dict[str, Any] | None:
        """The mechanism with the largest gain, among those that help if any do, otherwise among
        those with enough seeds."""
        return max(
            self.mechanisms,
            key=lambda row: (
                significant(row) and row["difference"] > 0,
                row["seeds"] >= MIN_SEEDS,
                row["difference"],
            ),
            default=None,
        )

    @property
    def harmful(self) -> list[dict[str, Any]]:
        """The mechanisms that are significantly below vanilla; empty if all are."""
        found = [row for row in self.mechanisms if significant(row) and row["difference"] < 0]
        return found if len(found) < len(self.mechanisms) else []

    @property
    def verdict(self) -> str:
        """The words of the table."""
        words = verdict_word(self.mechanisms) if self.mechanisms else NOT_RECORDED
        if self.harmful:
            names = " and ".join(mechanism_name(row) for row in self.harmful)
            words += f"; {names} {'harm' if len(self.harmful) > 1 else 'harms'}"
        return f"{self.gain}; {words}" if self.gain else words

    @property
    def command(self) -> str:
        """The commands that train the row again, from a copy of the grid without records, and
        write its tables."""
        grid = self.results.grid
        return (
            f"mkdir -p again && cp {grid.address} again && python -m awrsr experiment "
            f"again/{grid.file.name} --only '{self.dataset}-{self.backbone}-*-{self.loss}-seed*' "
            "&& python -m awrsr report --experiments again --output again/RESULTS.md"
        )


def verdict_rows(all_results: Iterable[Results]) -> list[Row]:
    """A row per dataset, backbone and loss with vanilla and refined models or `uniform`.

    Sorted by what attention is worth as a share of vanilla; rows with too few seeds come last.
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
            compared = records(intervals)
            uniform = [model for model in compared if model["refinement"] == EVEN]
            mechanisms = [model for model in compared if is_mechanism(model)]
            if uniform or mechanisms:
                found.append((results, row, uniform, mechanisms))
    counts = Counter(tuple(row[name] for name in names) for _, row, *_ in found)
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
            repeated=counts[tuple(row[name] for name in names)] > 1,
        )
        for results, row, uniform, mechanisms in found
    ]
    return sorted(rows, key=_rank)


def _rank(row: Row) -> tuple[bool, float]:
    attention = row.attention
    if attention is None:
        return True, 0.0
    return attention["seeds"] < MIN_SEEDS, -attention["difference"] / attention["vanilla"]


def by_grid(rows: Iterable[Row]) -> list[tuple[Results, list[Row]]]:
    """Rows grouped by the results of their grids, in order."""
    found: dict[str, tuple[Results, list[Row]]] = {}
    for row in rows:
        found.setdefault(row.results.grid.name, (row.results, []))[1].append(row)
    return list(found.values())


def verdict_word(rows: list[dict[str, Any]]) -> str:
    """The verdict on mechanisms compared together, or a note that the seeds are too few."""
    seeds = max(row["seeds"] for row in rows)
    return f"{counted(seeds, 'seed')}: no verdict" if seeds < MIN_SEEDS else verdict(rows)


def mechanism_name(row: dict[str, Any]) -> str:
    """The name of a refinement in a sentence."""
    return REFINEMENTS[row["refinement"]].title
