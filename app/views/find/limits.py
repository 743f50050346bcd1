"""The limits of Find on the values of users."""

from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st

from app.escape import plain
from app.finding import COLUMNS, Limit
from app.state import Session, session


def choose_limits(table: pd.DataFrame) -> pd.DataFrame:
    """Draw the limits; the users with values within all of them."""
    offered = [name for name in COLUMNS if name in table and table[name].notna().any()]
    lacking = [limit.column for limit in session.where if limit.column not in table]
    if lacking:
        titles = ", ".join(COLUMNS[name].title for name in lacking)
        st.caption(f"Limits without effect, because this scan lacks the columns: {plain(titles)}.")
        session.where = [limit for limit in session.where if limit.column in table]
    session.limited = [limit.column for limit in session.where]
    for limit in session.where:
        session.low[limit.column], session.high[limit.column] = limit.low, limit.high
    with st.expander(filter_title(session.where), expanded=bool(session.where)):
        st.multiselect(
            "Limit",
            list(dict.fromkeys([*offered, *session.limited])),
            key=Session.limited.name,
            format_func=lambda name: COLUMNS[name].title,
            on_change=take_limits,
            placeholder="Length, a rank, evenness, ...",
        )
        for limit in session.where:
            title, meaning, form = COLUMNS[limit.column]
            values = table[limit.column].dropna()
            ends = f"{values.min():.4g} to {values.max():.4g}" if len(values) else "no values"
            with st.container(horizontal=True, gap="small"):
                for end, word in ((Session.low, "at least"), (Session.high, "at most")):
                    st.number_input(
                        f"{title} {word}",
                        value=None,
                        step=1.0 if form in ("%d", "%+d") else 0.05,
                        format="%g",
                        key=end.named(limit.column),
                        on_change=take_limits,
                        placeholder=ends,
                        help=meaning,
                    )
    fits = np.ones(len(table), dtype=bool)
    for limit in session.where:
        fits &= limit.fits(table).to_numpy()
    return table[fits]


def filter_title(limits: list[Limit]) -> str:
    """The filter in words."""
    if not limits:
        return "Filter"
    parts = [
        COLUMNS[limit.column].title
        + (f" \u2265 {limit.low:g}" if limit.low is not None else "")
        + (f" \u2264 {limit.high:g}" if limit.high is not None else "")
        for limit in limits
    ]
    return f"Filter: {plain('; '.join(parts))}"


def take_limits() -> None:
    """Take the limits from the widgets; a new column begins without limits."""
    before = {limit.column: limit for limit in session.where}
    session.where = [
        replace(
            before.get(column, Limit(column=column)),
            low=session.low[column] if column in before else None,
            high=session.high[column] if column in before else None,
        )
        for column in session.limited
    ]


def forget_limits() -> None:
    """Remove all limits."""
    session.where = []
