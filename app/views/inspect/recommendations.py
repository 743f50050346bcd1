"""Both models' recommendations for one history, side by side."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import streamlit as st

from app import cache, seeds
from app.candidates import among
from app.case import Case
from app.epochs import FINAL
from app.escape import plain
from app.sides import Side, model_title
from app.state import MAX_LISTED, MIN_LISTED, Session, session
from awrsr.errors import AwrsrError
from awrsr.ranking.overlap import DEPTH, PERSISTENCE, overlap_at, rank_biased_overlap

Ranked = npt.NDArray[np.int64]
"""Items, best first."""
MARK, RIVAL = "\u25c6", "\u25c7"
TARGET_ROW = "background-color: rgba(240, 180, 40, 0.28)"


def show(case: Case) -> None:
    """The lists of one or two models, how much they share, and the target's rank in each."""
    head, slider = st.columns([3, 1], vertical_alignment="bottom", gap="medium")
    with slider:
        st.slider("List length", MIN_LISTED, MAX_LISTED, key=Session.k.name)
    with head:
        if len(case.sides) == 2:
            in_a, in_b = (side.ranking.best(DEPTH)["item"].to_numpy() for side in case.sides)
            show_overlap(in_a, in_b, case.listed)
            show_noise(case)
    for side, column in zip(case.sides, st.columns(len(case.sides), gap="medium"), strict=True):
        with column:
            st.markdown(f"**{plain(side.title)}**")
            show_list(case, side)
            show_target(case, side)
    st.caption(
        f"Ranked among {among(case.dataset)}. Select a row to make its "
        "item the target; double-click a truncated title to read it."
    )


def show_overlap(first: Ranked, second: Ranked, k: int) -> None:
    """The overlap of the first ranks of two rankings of the candidates, and of their top k."""
    listed = min(k, len(first))
    if not listed:
        st.caption("The history contains the whole catalogue: nothing is left to recommend.")
        return
    common = overlap_at(first, second, listed)
    st.markdown(
        f"In both lists: **{common} of {listed}** ({common / listed:.0%}) \u00b7 rank-biased "
        f"overlap **{rank_biased_overlap(first, second):.3f}**",
        help="Rank-biased overlap (Webber, Moffat and Zobel 2010) compares the rankings of all "
        f"candidates; 1 if they are equal. p = {PERSISTENCE:g}: the first ten ranks have 86% of "
        "the weight, whatever the length of the lists. Ties are in item order.",
    )


def show_noise(case: Case) -> None:
    """The same two numbers between two seeds of one model, as a noise level."""
    pair = seeds.seed_pair(*(side.run for side in case.sides))
    if pair is None:
        st.caption(
            "The effect of the seed alone is not known: no model of this dataset with this "
            "backbone was trained with two seeds."
        )
        return
    ranked = []
    for directory in pair:
        side = next((each for each in case.sides if each.directory == directory), None)
        if side is not None:
            ranked.append(side.ranking.best(DEPTH)["item"].to_numpy())
            continue
        try:
            ranked.append(cache.get_order(directory, case.dataset, case.history, case.left_out))
        except AwrsrError as error:
            st.caption(f"{plain(directory.name)}: {plain(error)}")
            return
    first, second = ranked
    at_snapshot = any(side.epoch != FINAL for side in case.sides)
    listed = min(case.listed, len(first))
    if listed:
        st.caption(
            f"Effect of the seed alone, two seeds of {plain(model_title(pair[0].name))}"
            f"{' with their final weights' * at_snapshot} on this history: "
            f"{overlap_at(first, second, listed)} of {listed} in both lists, rank-biased overlap "
            f"{rank_biased_overlap(first, second):.3f}."
        )


def show_list(case: Case, side: Side) -> None:
    """One model's list; selecting a row makes its item the target."""
    top = side.ranking.best(case.listed)
    items = [int(item) for item in top["item"]]
    marks = {case.rival: f"{RIVAL} ", case.target: f"{MARK} "}
    columns: dict[str, object] = {
        "rank": top["rank"],
        "title": [
            f"{marks.get(item, '')}{title}"
            for item, title in zip(items, case.dataset.titles(items), strict=True)
        ],
        "score": top["score"],
    }
    config = {
        "rank": st.column_config.NumberColumn("#", width=34),
        "title": st.column_config.TextColumn("title", width=230),
        "score": st.column_config.NumberColumn(
            "score", width=62, help=f"Item score: {side.model.score_meaning}"
        ),
    }
    if (other := case.other(side)) is not None:
        letter = other.key.upper()
        elsewhere = set(other.ranking.best(case.listed)["item"])
        columns["other"] = [other.ranking.rank_of(item) for item in items]
        columns["change"] = top["rank"] - np.array(columns["other"])
        columns["both"] = ["\u25cf" if item in elsewhere else "" for item in items]
        config |= {
            "other": st.column_config.NumberColumn(
                f"in {letter}", width=52, help=f"Rank in {plain(other.title)}"
            ),
            "change": st.column_config.NumberColumn(
                "\u25b2\u25bc",
                width=58,
                help=f"How many ranks higher (\u25b2) or lower (\u25bc) it is in {letter}",
            ),
            "both": st.column_config.TextColumn(
                "both", width=44, help=f"\u25cf: also in {letter}'s list"
            ),
        }
    table = pd.DataFrame(columns, index=range(len(items)))
    number = session.picks
    st.dataframe(
        table.style.apply(
            lambda row: [TARGET_ROW if items[row.name] == case.target else ""] * len(row), axis=1
        ).format({"score": "{:.3f}", "change": arrow}, subset=table.columns.difference(["title"])),
        hide_index=True,
        column_config=config,
        key=Session.listed.named(side.key, number),
        selection_mode="single-row",
        on_select=lambda: pick(side, number, items),
    )


def arrow(change: Any) -> str:
    """Ranks gained or lost; a cell of a styled table."""
    return f"\u25b2 {change:,}" if change > 0 else f"\u25bc {-change:,}" if change < 0 else "="


def pick(side: Side, number: int, items: list[int]) -> None:
    """Make the selected row's item the target, and clear the selection: the lists get new keys, so
    that a selection cannot disagree with a target chosen elsewhere."""
    rows = session.listed[side.key, number]["selection"]["rows"]
    if rows and rows[0] < len(items):
        session.target = items[rows[0]]
    session.picks += 1


def show_target(case: Case, side: Side) -> None:
    """The target's rank, also if it is not in the list."""
    what = " (held out)" if case.target == case.held_out else ""
    st.markdown(
        f"{MARK} {plain(case.target_title)}{what}: rank "
        f"**{side.ranking.rank_of(case.target):,}** of "
        f"{side.ranking.candidates_with(case.target):,}",
        help=f"1 is best. Among {among(case.dataset)}.",
    )
