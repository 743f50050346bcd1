"""The first sentence of each page: what was found, from computed numbers. No Streamlit."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from awrsr.errors import counted
from awrsr.experiments.comparison import MIN_SEEDS, records
from awrsr.experiments.verdict import Row
from awrsr.explain import EXPLANATIONS, LOWER_IS_BETTER, NEWEST_FIRST, RANDOM, RECENCY
from awrsr.studies import difference_column

HELPS = "helps"


def find_sentence(all_users: Mapping[Any, Any]) -> str:
    """Whether the users distinguish two models, and whether attention differs more than by seed.

    Args:
        all_users: the row of all users, see `app.finding.slice_metrics`.
    """
    users = int(all_users["users"])
    mean, low, high = (all_users[f"NDCG@10 {part}"] for part in ("difference", "low", "high"))
    if low <= 0 <= high:
        finding = "do not distinguish A and B"
    else:
        better = "B" if mean > 0 else "A"
        finding = f"rank better in {better}"
    words = (
        f"{counted(users, 'user')} {finding} (NDCG@10, B minus A: {mean:+.4f} [{low:+.4f}, "
        f"{high:+.4f}])."
    )
    apart, seeds = all_users["divergence"], all_users["divergence_seeds"]
    if pd.notna(apart) and pd.notna(seeds):
        relation = "more than" if apart > seeds else "no more than"
        words += (
            f" Their attention differs {relation} that of two seeds of one model (Jensen-Shannon "
            f"divergence {apart:.3f} and {seeds:.3f} bits)."
        )
    return words


def study_sentence(rows: pd.DataFrame, measure: str, title: str) -> str:
    """Which explanation finds the important items best in a model, and whether attention does.

    Args:
        rows: the summary of one model and one measure.
        measure: its name.
        title: the model's title.

    Returns:
        A sentence with differences to the floor, as in the figure; empty without explanations.
    """
    column = difference_column(rows)
    sign = -1 if measure in LOWER_IS_BETTER else 1
    found = {
        row["explanation"]: sorted(sign * row[f"{column}{end}"] for end in ("", "_low", "_high"))
        for row in records(rows)
        if row["explanation"] in EXPLANATIONS and row["explanation"] not in (RANDOM, NEWEST_FIRST)
    }
    if not found:
        return ""

    def best(names: Iterable[str]) -> str:
        return max(names, key=lambda name: found[name][1])

    def described(name: str) -> str:
        low, mean, high = sorted(sign * value for value in found[name])
        return f"{EXPLANATIONS[name].title} ({mean:+.2f} [{low:+.2f}, {high:+.2f}])"

    first = best(found)
    words = f"{title}: {described(first)} finds them best"
    maps = [name for name in found if EXPLANATIONS[name].kind == "attention"]
    if not maps or RECENCY not in found:
        return f"{words}."
    attention = best(maps)
    low, _, high = found[attention]
    recency = found[RECENCY]
    if low > recency[2]:
        relation = "is better than"
    elif high < recency[0]:
        relation = "is worse than"
    else:
        relation = "cannot be distinguished from"
    return (
        f"{words}; the best attention map, {described(attention)}, {relation} {described(RECENCY)}."
    )


def checks_sentence(verdicts: Mapping[str, Sequence[bool | None]]) -> str:
    """How many checks pass.

    Args:
        verdicts: by the letter of a model, whether each check passes; None: not checked.
    """
    counts = {
        letter: (list(found).count(True), list(found).count(False), len(found))
        for letter, found in verdicts.items()
    }
    if all(passed == total for passed, _, total in counts.values()):
        who = "Both models pass" if len(counts) > 1 else "The model passes"
        return f"{who} all {next(iter(counts.values()))[2]} checks."
    parts = [
        f"{letter} passes {passed} of {total}" for letter, (passed, _, total) in counts.items()
    ]
    failing = [letter for letter, (_, failed, _) in counts.items() if failed]
    warning = f" Do not trust {' and '.join(failing)} before you know why." if failing else ""
    return f"{', '.join(parts)} checks.{warning}"


def results_sentence(rows: Sequence[Row]) -> str:
    """Where attention has a gain, and where refinement adds to it."""
    known = [row.attention for row in rows if row.attention is not None]
    gains = [row for row in known if row["low"] > 0 and row["seeds"] >= MIN_SEEDS]
    helps = list(dict.fromkeys(row.name for row in rows if row.verdict.startswith(HELPS)))
    judged = [row for row in rows if row.mechanisms]
    worth = (
        f"Learned attention is better than an even average in {len(gains)} of "
        f"{counted(len(known), 'recorded comparison')}"
    )
    if not helps:
        return f"{worth}. Refinement helps in none of {len(judged)}."
    return f"{worth}. Refinement helps in {len(helps)} of {len(judged)}: {'; '.join(helps)}."
