"""How far attention and attributions agree on the important items of one history."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import streamlit as st

from app.escape import plain
from app.questions import TimedAttribution
from app.sides import Side
from app.state import Session
from app.views.inspect import ablation
from awrsr.attribution import METHODS
from awrsr.explain import prediction_rows
from awrsr.ranking.statistics import STATISTICS

SIZE, SIGNED = "size of the attribution", "signed attribution"
MANY = 1_000_000
Results = dict[tuple[str, str], TimedAttribution]
"""Attributions by method and side, in the order of METHODS and of the sides."""
KIND_TITLES = {"first_order": "first order", "second_order": "second order", "refined": "refined"}
NOT_DEFINED, NONE = "not defined", "\u2013"


def show(sides: Sequence[Side], results: Results) -> None:
    """Rank correlation of every method with the attention of the last position."""
    with st.expander("Attention against attribution: do they rank the items alike?"):
        with st.container(horizontal=True, gap="medium"):
            compared = st.segmented_control(
                "Attention weights against the",
                [SIZE, SIGNED],
                default=SIZE,
                required=True,
                key=Session.agreement_side.name,
            )
            statistic = st.segmented_control(
                "Rank correlation",
                list(STATISTICS),
                default=next(iter(STATISTICS)),
                required=True,
                key=Session.agreement_statistic.name,
            )
        table = agreement_table(sides, results, STATISTICS[statistic], signed=compared == SIGNED)
        colors = table.map(shade)
        st.dataframe(
            table.map(shown).style.apply(lambda _: colors, axis=None),
            hide_index=True,
            key="agreement",
            height="content",
        )
        counts = {side.key: len(side.trace.items) for side in sides}
        n = ", ".join(f"n = {count} items in {key.upper()}" for key, count in counts.items())
        st.caption(
            f"{plain(statistic)} between the last row of each map (the attention of the position "
            f"that makes the prediction) and the {compared}; {n}. Attributions have a sign, "
            "attention weights do not: by default the absolute attribution is compared, because "
            "the model also uses an item that lowers the score. Not defined for fewer than 3 "
            "items or if all values are equal. A dash: the model has no such map. One history is "
            "one observation: there is no significance test."
        )


def agreement_table(
    sides: Sequence[Side],
    results: Results,
    statistic: Callable[[np.ndarray, np.ndarray], float | None],
    *,
    signed: bool,
) -> pd.DataFrame:
    """One row per layer, head and kind of map; one column per method and model."""
    rows: dict[tuple[str, str, str], dict[str, object]] = {}
    for side in sides:
        for row in prediction_rows(side.trace):
            head = "mean" if row.head is None else str(row.head + 1)
            place = (str(row.layer + 1), head, KIND_TITLES[row.kind])
            cells = rows.setdefault(place, {})
            for (name, key), result in results.items():
                if key == side.key:
                    values = result.attribution.values.cpu().numpy()
                    value = statistic(row.weights, values if signed else np.abs(values))
                    cells[column(name, key)] = NOT_DEFINED if value is None else value
    return pd.DataFrame(
        [
            dict(zip(("layer", "head", "map"), place, strict=True))
            | {column(*which): rows[place].get(column(*which), NONE) for which in results}
            for place in sorted(rows, key=in_order)
        ],
        dtype=object,
    )


def column(name: str, key: str) -> str:
    """The heading of a method in a model."""
    return f"{METHODS[name].title} {key.upper()}"


def in_order(place: tuple[str, str, str]) -> tuple[int, int, int]:
    """Sort key: layer, then head (the mean last), then kind of map."""
    layer, head, kind = place
    return (
        int(layer),
        int(head) if head.isdigit() else MANY,
        list(KIND_TITLES.values()).index(kind),
    )


def shown(value: object) -> str:
    """A cell as text."""
    return f"{value:+.2f}" if isinstance(value, float) else str(value)


def shade(value: object) -> str:
    """Blue for positive, orange for negative; deeper for larger values."""
    return ablation.shade(value, 1.0) if isinstance(value, float) else ""
