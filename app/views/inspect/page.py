"""Inspect: one history through two models side by side."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import cache
from app.arrival import only_first_screen
from app.candidates import among
from app.case import Case
from app.components.board import board_content, show_board
from app.escape import plain, with_commands
from app.folders import no_models
from app.panels import PANELS
from app.shell import Chosen
from app.state import Session, session
from app.styling import add_style
from app.views.inspect import (
    ablation,
    answers,
    attributions,
    cards,
    empty,
    exports,
    faithfulness,
    forming,
    provenance,
    recommendations,
    removals,
    start_here,
    variants,
)
from app.views.inspect.choosing import make_case
from app.views.inspect.history import choose_history
from awrsr.data.planted import OPEN
from awrsr.errors import AwrsrError, counted

BOARD_FRAME, BOARD_ROW, BOARD_ROWS = 300, 11, 660
"""Minimum heights in pixels: of a board without its rows, of a row, and of all rows at most. The
space is reserved until the board is drawn, so that the content below does not jump."""


def show(chosen: Chosen) -> None:
    """The page: the history in the sidebar, the models' results beside it."""
    # Texts that come and go have fixed containers, so that the board below keeps its place in the
    # element tree; otherwise the browser would rebuild it.
    words = Words(
        st.container(), st.container(key="summary"), st.container(), st.container(key="verdict")
    )
    with chosen.sidebar:
        start_here.show(chosen)
        history = choose_history(chosen.dataset, chosen.models)
    if history.items and chosen.models:
        runs = [chosen.models[name] for name in (chosen.a, chosen.b)]
        if (case := make_case(chosen, history, words.problems)) is not None:
            show_case(case, words, runs)
        else:  # the slider leads back from a snapshot that cannot be read
            forming.show(None, runs)
    elif not history.items:
        empty.show(chosen)
    else:
        st.info(with_commands(no_models(chosen.name, chosen.directory)))


class Words(NamedTuple):
    """Places above the board.

    Args:
        problems: reasons why a model cannot be run.
        summary: the history's owner and the target; stays visible on scrolling, see style.css.
        notes: notes on the history.
        cards: the three cards.
    """

    problems: DeltaGenerator
    summary: DeltaGenerator
    notes: DeltaGenerator
    cards: DeltaGenerator


def show_case(case: Case, words: Words, runs: list[Path]) -> None:
    """Everything about a case: texts, the board, its slider, the lists, the tabs."""
    with words.summary:
        show_summary(case)
    with words.notes:
        show_notes(case)
    content = board_content(case)
    with words.cards:
        cards.show(case, content)
    height = BOARD_FRAME + min(len(content["items"]) * BOARD_ROW, BOARD_ROWS)
    add_style(f".st-key-board_place {{ min-height: {height}px; }}")
    with st.container(key="board_place"):
        show_board(
            content, partial(answers.answer, case, content), partial(provenance.show, case, content)
        )
    if only_first_screen():
        return
    forming.show(case, runs)
    show_panels(
        {
            "recommendations": [recommendations.show],
            "attribution": [attributions.show],
            "variants": [variants.show, removals.show],
            "heads": [ablation.show],
            "faithfulness": [faithfulness.show],
            "download": [partial(exports.show, content=content)],
        },
        case,
    )


def show_panels(panels: Mapping[str, Sequence[Callable[[Case], None]]], case: Case) -> None:
    """Tabs; only the open one is computed and sent.

    Args:
        panels: what is in each tab of `app.state.PANELS`.
        case: the case on the page.
    """
    session.hold_panels()
    tabs = st.tabs(list(PANELS.values()), key=Session.panel.name, on_change="rerun")
    for name, tab in zip(PANELS, tabs, strict=True):
        if is_open(tab.open):
            with tab:
                for show_part in panels[name]:
                    show_part(case)


def is_open(state: bool | None) -> bool:
    """Whether a tab is the open one, from Streamlit's state of the tab."""
    return bool(state)


def show_summary(case: Case) -> None:
    """One line: the history's owner, the target and its rival, their ranks in both models."""

    def ranks(item: int) -> str:
        return ", in ".join(
            f"{side.letter} **{side.ranking.rank_of(item):,}**" for side in case.sides
        )

    against = ""
    if case.rival is not None:
        rival = plain(case.title_of(case.rival))
        against = f" \u00b7 rather than \u25c7 **{rival}**, in {ranks(case.rival)}"
    candidates = case.sides[0].ranking.candidates_with(case.target)
    st.markdown(
        f"**{plain(case.title)}** \u00b7 target \u25c6 **{plain(case.target_title)}** "
        f"({plain(case.why)}) \u00b7 rank in {ranks(case.target)} of {candidates:,}{against}",
        help=f"1 is best. Among {among(case.dataset)}.",
    )


def show_notes(case: Case) -> None:
    """Notes: planted causes, the number of items that each model sees, attention on empty slots."""
    if planted := planted_causes(case):
        st.caption(f":material/park: {planted}")
    for length in sorted({len(side.trace.items) for side in case.sides if side.trace.dropped}):
        who = " and ".join(
            f"model {side.key.upper()}" for side in case.sides if len(side.trace.items) == length
        )
        verb = "see" if " and " in who else "sees"
        rule = f" Recommendations leave out all {len(case.history):,}." * bool(case.left_out)
        st.caption(
            f":material/content_cut: The history has {counted(len(case.history), 'item')}; {who} "
            f"{verb} the newest {length:,}.{rule}"
        )
    for side in case.sides:
        if share := side.trace.padding_share():
            st.caption(
                f":material/padding: In model {side.key.upper()} items also attend to the empty "
                f"slots before them: {share:.0%} of the prediction's attention is on them, mean "
                "over layers and heads. Maps show only the attention to items."
            )


def planted_causes(case: Case) -> str:
    """Which items of a user's history determine the held-out item, in a planted dataset, and how
    many of them are among the same number of items whose removal has the largest effect."""
    dataset, history = case.dataset, case.chosen
    if history.edited or history.owner is None:
        return ""
    try:
        causes = cache.get_causes(dataset)
    except AwrsrError as error:
        return plain(error)
    if causes is None:
        return ""
    row = causes.iloc[dataset.user_index(history.owner)]
    if row["sort"] == OPEN:
        return "Planted: no item determines the held-out item."
    places = sorted(map(int, row["cause_places"]))
    titles = dataset.titles([history.items[place] for place in places])
    named = [f"#{place + 1} {title}" for place, title in zip(places, titles, strict=True)]
    words = f"{', '.join(named[:-1])} and {named[-1]}"
    sentence = f"Planted ({row['sort']}): {plain(words)} together determine the held-out item."
    if case.target != row["target"] or case.not_removed:
        return sentence
    counts = []
    for side in case.sides:
        found = cards.removed_once(case, side).found(places)
        counts.append(f"{side.key.upper()} has {found}")
    return (
        f"{sentence} Of these, {' and '.join(counts)} among the {len(places)} items it rests on "
        "most."
    )
