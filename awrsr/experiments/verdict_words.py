"""The words of a verdict: sentences and cells of a row's numbers."""

from collections.abc import Iterable
from typing import Any

import pandas as pd

from awrsr.errors import counted
from awrsr.experiments.comparison import (
    CLAIM_METRIC,
    MARGIN,
    MIN_SEEDS,
    smallest_effect,
    told,
    verdict,
)
from awrsr.experiments.verdict import NOT_RECORDED, TOO_FEW, Row, mechanism_name
from awrsr.models import BACKBONES


def sentence(row: Row) -> str:
    """A row in words."""
    return (
        f"On {row.name}, {BACKBONES[row.backbone].title}, `{row.loss}`: {_worth_words(row)}; "
        f"{_refinement_words(row)}."
    )


def worth_cell(row: Row) -> str:
    of = row.attention
    if of is None:
        return NOT_RECORDED
    return f"{of['difference']:+.4f} ({share(of)}; {counted(of['seeds'], 'seed')})"


def adds_cell(row: Row) -> str:
    best = row.best
    if best is None:
        return NOT_RECORDED
    return f"{mechanism_name(best)} {corrected(best)} ({counted(best['seeds'], 'seed')})"


def smallest_cell(row: Row) -> str:
    if row.best is None:
        return NOT_RECORDED
    return _smallest(row.best) if row.best["seeds"] >= MIN_SEEDS else TOO_FEW


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


def verdict_table(rows: Iterable[Row]) -> pd.DataFrame:
    """The rows as texts."""
    return pd.DataFrame(
        [
            {
                "dataset": row.name,
                "model and loss": f"{BACKBONES[row.backbone].title}, {row.loss}",
                f"vanilla {CLAIM_METRIC} (seeds)": f"{row.vanilla:.4f} ({row.seeds})",
                "what attention is worth": worth_cell(row),
                "what refinement adds": adds_cell(row),
                "verdict": row.verdict,
                "smallest effect that would have been seen": smallest_cell(row),
                "command that repeats the row": f"`{row.command}`",
            }
            for row in rows
        ]
    )
