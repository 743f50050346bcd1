"""The verdict: over all recorded grids what attention is worth, and then what refinement adds.

One row per dataset, backbone and loss of a grid. RESULTS.md and the page Results lead with it.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

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
    smallest_effect,
    told,
    verdict,
)
from awrsr.experiments.record import Results
from awrsr.models import BACKBONES
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


def verdict_table(rows: Iterable[Row]) -> pd.DataFrame:
    """The rows as texts."""
    return pd.DataFrame(
        [
            {
                "dataset": row.name,
                "model and loss": f"{BACKBONES[row.backbone].title}, {row.loss}",
                f"vanilla {CLAIM_METRIC} (seeds)": f"{row.vanilla:.4f} ({row.seeds})",
                "what attention is worth": _worth_cell(row),
                "what refinement adds": _adds_cell(row),
                "verdict": row.verdict,
                "smallest effect that would have been seen": _smallest_cell(row),
                "command that repeats the row": f"`{row.command}`",
            }
            for row in rows
        ]
    )


def sentence(row: Row) -> str:
    """A row in words."""
    return (
        f"On {row.name}, {BACKBONES[row.backbone].title}, `{row.loss}`: {_worth_words(row)}; "
        f"{_refinement_words(row)}."
    )


# --- cells ----------------------------------------------------------------------------------------


def _worth_cell(row: Row) -> str:
    of = row.attention
    if of is None:
        return NOT_RECORDED
    return f"{of['difference']:+.4f} ({share(of)}; {counted(of['seeds'], 'seed')})"


def _adds_cell(row: Row) -> str:
    best = row.best
    if best is None:
        return NOT_RECORDED
    return f"{mechanism_name(best)} {corrected(best)} ({counted(best['seeds'], 'seed')})"


def _smallest_cell(row: Row) -> str:
    if row.best is None:
        return NOT_RECORDED
    return _smallest(row.best) if row.best["seeds"] >= MIN_SEEDS else TOO_FEW


# --- words ----------------------------------------------------------------------------------------


def _worth_words(row: Row) -> str:
    of = row.attention
    if of is None:
        return f"what attention is worth is {NOT_RECORDED}"
    numbers = f"{share(of)} of vanilla, {counted(of['seeds'], 'seed')}"
    if of["seeds"] < MIN_SEEDS:
        return f"what attention is worth cannot be told: {of['difference']:+.4f} ({numbers})"
    if row.no_room:
        how = "less than the even average" if of["high"] < 0 else "nothing that can be seen"
        return (
            f"attention is worth {how} here, so refinement has nothing to refine: "
            f"{of['difference']:+.4f} ({numbers}; {_smallest(of)} would have been seen)"
        )
    return f"attention is worth {of['difference']:+.4f} ({numbers})"


def _refinement_words(row: Row) -> str:
    if row.best is None:
        return "no refined model is recorded"
    words = _best_words(row, row.best)
    if not row.harmful:
        return words
    each = ", ".join(f"{mechanism_name(harmful)} ({_numbers(harmful)})" for harmful in row.harmful)
    return f"{words}; {each} {'harm' if len(row.harmful) > 1 else 'harms'}"


def _best_words(row: Row, best: dict[str, Any]) -> str:
    of_best = f"{mechanism_name(best)}, {_numbers(best)}"
    word = verdict(row.mechanisms)
    if word == "helps":
        helping = [of for of in row.mechanisms if told(of) and of["difference"] > 0]
        each = ", ".join(f"{mechanism_name(of)} ({_numbers(of)})" for of in helping)
        return f"{each} {'help' if len(helping) > 1 else 'helps'}"
    if word == "harms":
        return f"every mechanism harms (the best: {of_best})"
    if word == "does not help":
        return f"no mechanism helps by as much as {MARGIN:.0%} of vanilla (the best: {of_best})"
    if best["seeds"] < MIN_SEEDS:
        return (
            f"whether refinement helps cannot be told from fewer than {MIN_SEEDS} seeds (the best: "
            f"{of_best})"
        )
    return (
        f"whether refinement helps cannot be told (the best: {of_best}; {_smallest(best)} would "
        "have been seen)"
    )


def mechanism_name(row: dict[str, Any]) -> str:
    """A refinement as it is written in a sentence."""
    return REFINEMENTS[row["refinement"]].title


def share(row: dict[str, Any]) -> str:
    """A difference and its plain interval as shares of vanilla."""
    mean, low, high = (row[name] / row["vanilla"] for name in ("difference", "low", "high"))
    return f"{mean:+.1%} [{low:+.1%}, {high:+.1%}]"


def corrected(row: dict[str, Any]) -> str:
    """A difference and its corrected interval."""
    return f"{row['difference']:+.4f} [{row['corrected_low']:+.4f}, {row['corrected_high']:+.4f}]"


def _numbers(row: dict[str, Any]) -> str:
    return (
        f"{corrected(row)}, {row['difference'] / row['vanilla']:+.1%} of vanilla, corrected p "
        f"{row['corrected_p']:.2g}, {counted(row['seeds'], 'seed')}"
    )


def _smallest(row: dict[str, Any]) -> str:
    effect = smallest_effect(row)
    return f"{effect:.4f} ({effect / row['vanilla']:.1%})"
