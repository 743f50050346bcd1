"""The words of a verdict: sentences and table cells for the numbers of a row."""

from collections.abc import Iterable
from typing import Any

import pandas as pd

from awrsr.errors import counted
from awrsr.experiments.comparison import (
    CLAIM_METRIC,
    MARGIN,
    MIN_SEEDS,
    significant,
    smallest_effect,
    verdict,
)
from awrsr.experiments.verdict import (
    NO_GAIN,
    NOT_RECORDED,
    TOO_FEW,
    UNCLEAR,
    Row,
    mechanism_name,
)
from awrsr.models import BACKBONES


def sentence(row: Row) -> str:
    """A row in words."""
    return (
        f"On {row.name}, {BACKBONES[row.backbone].title}, `{row.loss}`: {_worth_words(row)}; "
        f"{_refinement_words(row)}."
    )


def worth_cell(row: Row) -> str:
    attention = row.attention
    if attention is None:
        return NOT_RECORDED
    seeds = counted(attention["seeds"], "seed")
    return f"{attention['difference']:+.4f} ({share(attention)}; {seeds})"


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
    attention = row.attention
    if attention is None:
        return f"what attention is worth is {NOT_RECORDED}"
    seeds = counted(attention["seeds"], "seed")
    difference = f"{attention['difference']:+.4f} ({share(attention)} of vanilla, {seeds}"
    if attention["seeds"] < MIN_SEEDS:
        return f"no verdict on attention from {seeds}: {difference})"
    if row.gain:
        worse = attention["high"] < 0
        said = {
            NO_GAIN: f"attention is {'worse' if worse else 'no better'} than the even average, so "
            "refinement has nothing to refine",
            UNCLEAR: "whether attention is better than the even average cannot be told",
        }
        return f"{said[row.gain]}: {difference}; smallest detectable effect {_smallest(attention)})"
    return f"attention is worth {difference})"


def _refinement_words(row: Row) -> str:
    if row.best is None:
        return "no refined model is recorded"
    words = _best_words(row, row.best)
    if not row.harmful:
        return words
    named = ", ".join(f"{mechanism_name(harmful)} ({_numbers(harmful)})" for harmful in row.harmful)
    return f"{words}; {named} {'harm' if len(row.harmful) > 1 else 'harms'}"


def _best_words(row: Row, best: dict[str, Any]) -> str:
    numbers = f"{mechanism_name(best)}, {_numbers(best)}"
    word = verdict(row.mechanisms)
    if word == "helps":
        helping = [m for m in row.mechanisms if significant(m) and m["difference"] > 0]
        named = ", ".join(f"{mechanism_name(helper)} ({_numbers(helper)})" for helper in helping)
        return f"{named} {'help' if len(helping) > 1 else 'helps'}"
    if word == "harms":
        return f"every mechanism harms (the best: {numbers})"
    if word == "does not help":
        return f"no mechanism helps by {MARGIN:.0%} of vanilla or more (the best: {numbers})"
    if best["seeds"] < MIN_SEEDS:
        return (
            f"no verdict on refinement from {counted(best['seeds'], 'seed')} (the best: {numbers})"
        )
    return (
        f"the effect of refinement is inconclusive (the best: {numbers}; smallest detectable "
        f"effect {_smallest(best)})"
    )


def share(row: dict[str, Any]) -> str:
    """A difference and its uncorrected interval as shares of vanilla."""
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
    """The rows of the verdict as texts."""
    return pd.DataFrame(
        [
            {
                "dataset": row.name,
                "model and loss": f"{BACKBONES[row.backbone].title}, {row.loss}",
                f"vanilla {CLAIM_METRIC} (seeds)": f"{row.vanilla:.4f} ({row.seeds})",
                "what attention is worth": worth_cell(row),
                "what refinement adds": adds_cell(row),
                "verdict": row.verdict,
                "smallest detectable effect": smallest_cell(row),
                "command that repeats the row": f"`{row.command}`",
            }
            for row in rows
        ]
    )
