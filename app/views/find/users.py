"""The users of Find as points and as rows; a click opens a user."""

from typing import Any

import pandas as pd
import streamlit as st

from app import address, finding
from app.escape import plain
from app.figures import charts
from app.finding import COLUMNS, LARGEST, SMALLEST
from app.shell import Chosen
from app.sides import model_title
from app.state import AUTOMATIC, EVERY, INSPECT, Session, choices, session
from app.users import offer, show_user

MAX_ROWS = 1_000


def show_plot(chosen: Chosen, table: pd.DataFrame, inspector: Any) -> None:
    """A scatter plot of any two columns; a click on a point opens the user."""
    titles = {name: column.title for name, column in COLUMNS.items()}
    offered = [name for name in COLUMNS if name in table]
    if session.x not in offered:
        session.x = Session.x.default
    if session.y not in offered:
        session.y = Session.y.default
    with st.container(horizontal=True, gap="small"):
        for axis, words in ((Session.x, "Across"), (Session.y, "Up")):
            st.selectbox(words, offered, key=axis.name, format_func=titles.__getitem__)
    x, y = session.x, session.y
    drawn = table.dropna(subset=[x, y])
    if drawn.empty:
        lacking = COLUMNS[x if table[x].isna().all() else y].title
        st.info(f"No user has a value in \u201c{plain(lacking)}\u201d: choose another column.")
        return
    picked = st.plotly_chart(
        charts.scatter(drawn, x, y, titles),
        key=Session.scatter.named(session.find_picks),
        on_select="rerun",
        selection_mode="points",
        config={"displaylogo": False},
    )
    missing = len(table) - len(drawn)
    st.caption(
        f"{len(drawn):,} users"
        + (f", {missing:,} without a value left out" if missing else "")
        + ". Blue: A ranks the held-out item better; orange: B does; full colour: at least 8 times "
        "better. Click a point to open the user."
    )
    points = picked["selection"]["point_indices"]
    if points and points[0] < len(drawn):
        open_user(str(drawn["user_id"].iloc[points[0]]), chosen, inspector)


def show_table(chosen: Chosen, table: pd.DataFrame, total: int, inspector: Any) -> None:
    """The users as rows; selecting a row opens the user."""
    offered = [name for name in COLUMNS if name in table]
    if session.sort not in offered:
        session.sort = Session.sort.default
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        st.selectbox(
            "Sort by", offered, key=Session.sort.name, format_func=lambda name: COLUMNS[name].title
        )
        st.segmented_control(
            "Order",
            [LARGEST, SMALLEST],
            key=Session.order.name,
            required=True,
            label_visibility="collapsed",
        )
    ordered = table.sort_values(
        session.sort, ascending=session.order == SMALLEST, kind="stable", na_position="last"
    ).head(MAX_ROWS)
    left_out = {*finding.LAGS} | ({*finding.OF_REPEATS} if not ordered["repeats"].any() else set())
    columns = [
        name
        for name in COLUMNS
        if name in ordered
        and (name == session.sort or (ordered[name].notna().any() and name not in left_out))
    ]
    shown = ordered[["user_id", *columns]]
    selected = st.dataframe(
        shown,
        hide_index=True,
        height=420,
        key=Session.found.named(session.find_picks, len(shown), session.sort, session.order),
        on_select="rerun",
        selection_mode="single-row",
        column_config={"user_id": st.column_config.TextColumn("user", pinned=True)}
        | {
            name: st.column_config.NumberColumn(
                COLUMNS[name].title, help=COLUMNS[name].meaning, format=COLUMNS[name].form
            )
            for name in columns
        },
    )["selection"]["rows"]
    counted = f"{len(table):,} of {total:,} users of the slice"
    if len(table) > MAX_ROWS:
        counted += f"; the first {MAX_ROWS:,} are shown"
    st.caption(
        f"{counted}. Select a row to open the user on Inspect (A: "
        f"{plain(model_title(chosen.a))}, B: {plain(model_title(chosen.b))})."
    )
    if selected and selected[0] < len(shown):
        open_user(str(shown["user_id"].iloc[selected[0]]), chosen, inspector)


def open_user(user: str, chosen: Chosen, inspector: Any) -> None:
    """Open this user's history and held-out item on Inspect, in the same two models."""
    session.find_picks += 1  # no selection on return
    show_user(user)
    session.target = AUTOMATIC
    session.rival = None
    # With the full address at once: each change would be a further step in the browser's history.
    offered = choices(offer(chosen.dataset, chosen.models), EVERY, INSPECT)
    st.switch_page(inspector, query_params=address.link(chosen.name, chosen.models, offered))
