"""The slices of Find with their metrics, and the choice of a slice."""

import numpy as np
import pandas as pd
import streamlit as st

from app import finding
from app.state import Session

AGREEMENTS = {"shared": ("shared", "{:.1f}"), "divergence": ("JS", "{:.3f}")} | {
    "correlation": ("rho", "{:+.2f}")
}
"""Similarity of A and B, and of two seeds of one model: titles and formats of the columns."""


def metrics_table(rows: pd.DataFrame, key: str) -> None:
    """Slices with the metrics of both models, paired intervals, and similarity."""

    def number(value: float, form: str = "{:.4f}") -> str:
        return "\u2013" if np.isnan(value) else form.format(value)

    def difference(row: pd.Series, metric: str) -> str:
        if np.isnan(row[f"{metric} low"]):
            return "\u2013"
        mean, low, high = (row[f"{metric} {part}"] for part in ("difference", "low", "high"))
        return f"{mean:+.3f} ({low:+.3f} to {high:+.3f})"

    def both(row: pd.Series, metric: str) -> str:
        if not row["users"]:
            return "\u2013"
        return f"{number(row[f'{metric} A'])}, {number(row[f'{metric} B'])}"

    agreements = {
        column: known for column, known in AGREEMENTS.items() if rows[column].notna().any()
    }
    shown = pd.DataFrame(
        {
            "slice": rows["title"],
            "users": rows["users"],
            **{
                column: [write(row, metric) for _, row in rows.iterrows()]
                for metric in ("NDCG@10", "HR@10")
                for column, write in {
                    f"{metric} of A, B": both,
                    f"{metric} of B minus A": difference,
                }.items()
            },
            **{
                f"{title}, seeds": [
                    f"{number(one, form)}, {number(seeds, form)}"
                    for one, seeds in zip(rows[column], rows[f"{column}_seeds"], strict=True)
                ]
                for column, (title, form) in agreements.items()
            },
        }
    )
    st.dataframe(
        shown,
        hide_index=True,
        key=key,
        height="content",
        column_config={
            "slice": st.column_config.TextColumn(width=222),
            "users": st.column_config.NumberColumn(width=55),
            **{
                f"{title}, seeds": st.column_config.TextColumn(width=95)
                for title, _ in agreements.values()
            },
        },
    )


def show_slices(metrics: pd.DataFrame) -> None:
    """The slices with their metrics."""
    with st.expander("Slices and their metrics"):
        metrics_table(metrics, "slices")
        st.caption(
            "In brackets: 95% paired bootstrap interval over the users of the slice; if 0 is "
            "inside, the slice does not distinguish the models. Shared: items in both top 10; JS: "
            "Jensen-Shannon divergence of the rows in bits; rho: Spearman's rank correlation; "
            "each for A and B, then for two seeds of one model. Slices by ranks or by attention "
            "are selected on what they measure: use them to find users, not as results."
        )


def choose_slice(named: dict[str, finding.Slice]) -> None:
    """The choice of a slice."""
    st.selectbox(
        "Slice", list(named), key=Session.slice.name, format_func=lambda name: label_of(named[name])
    )


def label_of(part: finding.Slice) -> str:
    """A slice's title and its number of users."""
    return f"{part.title} \u00b7 {int(part.chosen.sum()):,}"
