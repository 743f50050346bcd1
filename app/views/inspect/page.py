"""Inspect: one history through two models side by side."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import streamlit as st
import torch
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.scriptrunner import get_script_run_ctx

import awrsr
from app import cache, folders, state
from app.candidates import among
from app.case import Case, Compared
from app.components.board import board_content, show_board
from app.escape import plain, with_commands
from app.shell import (
    address,
    choose_models,
    forget_choices,
    other_weights,
    restore_dataset,
    show_about,
    show_problems,
)
from app.sides import SIDES, Side, run_model
from app.users import offered_choices
from app.views.inspect import (
    ablation,
    attributions,
    exports,
    faithfulness,
    provenance,
    recommendations,
    removals,
    variants,
)
from app.views.inspect.history import choose_history
from awrsr.data.dataset import Dataset
from awrsr.data.planted import OPEN
from awrsr.errors import AwrsrError, counted


def show() -> None:
    """The page: what a person chooses in the sidebar, what the models make of it beside it."""
    torch.set_num_threads(1)  # more threads help one person and slow down several
    directories = folders.dataset_directories()
    if not directories:
        st.error(f"No dataset in {folders.ASSETS}. Make one with `python -m awrsr prepare`.")
        return
    if problem := folders.assets_problem():
        st.warning(with_commands(problem))
    follow_history()
    problems = restore_dataset(directories)
    with st.sidebar:
        st.markdown("### :material/grid_on: AWRSR Inspector")
        name = st.selectbox("Dataset", list(directories), key="dataset", on_change=forget_choices)
    try:
        dataset = cache.get_dataset(directories[name])
    except AwrsrError as error:
        st.error(plain(error))
        return
    models = folders.model_directories(directories[name])
    offered = offered_choices(dataset, models)
    problems += other_weights(models)
    problems += state.restore(st.session_state, st.query_params, offered)
    # Words that come and go have a place of their own: the board below never moves in the page's
    # tree, or the browser would build it anew.
    words = Words(st.container(), st.container(key="summary"), st.container())
    with words.problems:
        show_problems(problems)
    with st.sidebar:
        choose_models(directories[name], models)
        history, held_out = choose_history(dataset, models)
    if history and models:
        show_results(dataset, models, history, held_out, words)
    elif not history:
        st.info("The history is empty: search for an item to add, or paste titles or ids.")
    else:
        st.info(with_commands(folders.no_models(name, directories[name])))
    with st.sidebar:
        show_about(dataset)
    remember(name, models, offered)


class Words(NamedTuple):
    """Places above the board.

    Args:
        problems: what could not be used.
        summary: whose history, which target; stays in sight, see style.css.
        notes: what else is to be known of the history.
    """

    problems: DeltaGenerator
    summary: DeltaGenerator
    notes: DeltaGenerator


def show_results(
    dataset: Dataset,
    models: dict[str, Path],
    history: list[int],
    held_out: int | None,
    words: Words,
) -> None:
    """Everything that follows from a history: words above, the board, lists, attributions."""
    case = make_case(dataset, models, history, held_out, words.problems)
    if case is None:
        return
    with words.summary:
        show_summary(case)
    with words.notes:
        show_notes(case)
    content = board_content(case)
    show_board(content, partial(provenance.show, case, content))
    recommendations.show(case)
    variants.show(case)
    removals.show(case)
    ablation.show(case)
    attributions.show(case)
    with st.expander("Do the explanations find what the recommendation rests on?"):
        faithfulness.show(case)
    exports.show(case, content)


def make_case(
    dataset: Dataset,
    models: dict[str, Path],
    history: list[int],
    held_out: int | None,
    problems: DeltaGenerator,
) -> Case | None:
    """What the page is about; None where no model can be run, and `problems` says why."""
    outcomes = [run_model(key, models[st.session_state[key]], dataset, history) for key in SIDES]
    sides = []
    for key, outcome in zip(SIDES, outcomes, strict=True):
        if isinstance(outcome, Side):
            sides.append(outcome)
        else:
            problems.error(f"Model {key.upper()}, {plain(st.session_state[key])}: {plain(outcome)}")
    if not sides:
        return None
    with st.sidebar:
        target, why = choose_target(dataset, sides[0], history[-1], held_out)
        rival = choose_rival(dataset, target)
    rows = variants.table_rows(dataset, history)
    compared = None
    if (row := variants.compared_row(rows, history)) is not None:
        traces = {side.key: awrsr.trace(side.model, list(row.items)) for side in sides}
        compared = Compared(name=row.name, traces=traces)
    return Case(
        dataset=dataset,
        sides=tuple(sides),
        title=history_title(history),
        history=tuple(history),
        held_out=held_out,
        target=target,
        why=why,
        rival=rival,
        listed=st.session_state.k,
        rows=tuple(rows),
        compared=compared,
    )


def history_title(history: list[int]) -> str:
    """The history in words."""
    items = counted(len(history), "item")
    if st.session_state.source == state.USER:
        return f"User {st.session_state.user}, {items}"
    if st.session_state.origin is not None:
        return f"User {st.session_state.origin}, edited, {items}"
    return f"A history of {items}"


def show_summary(case: Case) -> None:
    """One line: whose history, the target and its rival, their ranks in both models."""

    def ranks(item: int) -> str:
        return ", in ".join(
            f"{side.key.upper()} **{side.ranking.rank_of(item):,}**" for side in case.sides
        )

    rather = ""
    if case.rival is not None:
        rival = plain(case.title_of(case.rival))
        rather = f" \u00b7 rather than \u25c7 **{rival}**, in {ranks(case.rival)}"
    candidates = case.sides[0].ranking.candidates_with(case.target)
    st.markdown(
        f"**{plain(case.title)}** \u00b7 target \u25c6 **{plain(case.target_title)}** "
        f"({plain(case.why)}) \u00b7 rank in {ranks(case.target)} of {candidates:,}{rather}",
        help=f"1 is best. Among {among(case.dataset)}.",
    )


def show_notes(case: Case) -> None:
    """What else is to be known of the history."""
    if planted := planted_causes(case.dataset, case.history):
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


def planted_causes(dataset: Dataset, history: Sequence[int]) -> str:
    """Which items of a user's history decide the held-out one, where that was planted."""
    if st.session_state.source != state.USER:
        return ""
    try:
        causes = cache.get_causes(dataset)
    except AwrsrError as error:
        return plain(error)
    if causes is None:
        return ""
    row = causes.iloc[dataset.user_index(st.session_state.user)]
    if row["sort"] == OPEN:
        return "Planted: nothing decides the held-out item."
    places = sorted(map(int, row["cause_places"]))
    titles = dataset.titles([history[place] for place in places])
    named = [f"{place + 1}. {title}" for place, title in zip(places, titles, strict=True)]
    words = f"{', '.join(named[:-1])} and {named[-1]}"
    return f"Planted ({row['sort']}): {plain(words)} together decide the held-out item."


# --- choices --------------------------------------------------------------------------------------


def follow_history() -> None:
    """After the browser's back or forward, the address decides and not the session."""
    context = get_script_run_ctx()
    if st.query_params and context is not None and context.is_history_navigation:
        state.let_go(st.session_state, st.query_params)


def remember(name: str, models: dict[str, Path], offered: list[state.Choice]) -> None:
    """Put the choices into the address."""
    url = address(name, models, offered)
    if dict(st.query_params) != url:
        st.query_params.from_dict(url)


def choose_rival(dataset: Dataset, target: int) -> int | None:
    """The item whose score is taken off, if one is wanted and it is not the target itself."""
    labels = cache.get_item_names(dataset).titles
    rival = st.selectbox(
        "Rather than (optional)",
        range(1, dataset.n_items + 1),
        index=None,
        key="rival",
        placeholder="No rival",
        format_func=lambda item: labels[item - 1],
        help="Explain the target's score minus this item's score.",
    )
    if rival == target:
        st.warning("The rival is the target; choose another item.")
        return None
    return rival


def choose_target(
    dataset: Dataset, first: Side, newest: int, held_out: int | None
) -> tuple[int, str]:
    """The item whose rank and attributions are shown, one for both models, and why that one."""
    best = first.ranking.table["item"].head(1)
    if held_out is not None:
        automatic, why = held_out, "held out"
    elif len(best):
        automatic, why = int(best.iloc[0]), f"first recommendation of {first.key.upper()}"
    else:  # the whole catalogue is in the history
        automatic, why = newest, "newest item"
    labels = cache.get_item_names(dataset).titles

    def label(item: int) -> str:
        # The same words for every history: thousands of options go to the browser only once.
        return labels[item - 1] if item else "Automatic: held-out item, else A's first"

    st.selectbox(
        "Target",
        range(state.AUTOMATIC, dataset.n_items + 1),
        key="target",
        format_func=label,
        help="Whose rank and attributions are shown, for both models: the item held out of the "
        "user's history, or else the first recommendation of A; or any item of the catalogue.",
    )
    chosen = st.session_state.target
    if chosen == state.AUTOMATIC:
        return automatic, why
    return chosen, "held out" if chosen == held_out else "chosen"
