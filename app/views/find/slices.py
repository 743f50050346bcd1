"""The slices of Find with their metrics, and which one is looked at."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from app import cache, finding
from app.state import Session

AGREEMENTS = {"shared": ("shared", "{:.1f}"), "divergence": ("JS", "{:.3f}")} | {
    "correlation": ("rho", "{:+.2f}")
}
"""How alike A and B are, and two seeds of one model: titles and forms in the table of slices."""


def metrics_table(rows: pd.DataFrame, key: str) -> None:
    """Slices with the metrics of both models, their paired intervals, and how alike they are."""

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


def show_slices(table: pd.DataFrame, named: dict[str, finding.Slice], key: tuple[Any, ...]) -> None:
    """The slices with their metrics, and which one is looked at."""
    with st.expander("Slices and their metrics", expanded=True):
        metrics_table(cache.get_slice_metrics(key, table, named), "slices")
        st.caption(
            "In brackets the 95% paired bootstrap interval over the slice's users; where it holds "
            "0 the slice does not tell the models apart. Of A and B, and then of two seeds of one "
            "model, shared: items among the first ten of both; JS: Jensen-Shannon divergence of "
            "the rows in bits; rho: Spearman's rank correlation. Slices "
            "made by ranks or by attention were chosen by what they are measured on: read them as "
            "places to look, not as results."
        )
    st.selectbox(
        "Slice", list(named), key=Session.slice.name, format_func=lambda name: label_of(named[name])
    )


def label_of(part: finding.Slice) -> str:
    """A slice's title and how many users are in it."""
    return f"{part.title} \u00b7 {int(part.chosen.sum()):,}"
