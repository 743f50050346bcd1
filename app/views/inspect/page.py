"""Inspect: one history through two models side by side."""

from functools import partial
from pathlib import Path
from typing import NamedTuple

import streamlit as st
import torch
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.scriptrunner import get_script_run_ctx

import awrsr
from app import cache, folders, state
from app.candidates import among, excluded
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
from app.views.inspect.ablation import show_ablation
from app.views.inspect.attributions import show_attributions
from app.views.inspect.exports import show_exports
from app.views.inspect.faithfulness import show_faithfulness
from app.views.inspect.history import choose_history
from app.views.inspect.provenance import show_provenance
from app.views.inspect.recommendations import show_recommendations
from app.views.inspect.variants import compared_history, show_variants
from awrsr.data.dataset import Dataset
from awrsr.data.planted import OPEN
from awrsr.errors import AwrsrError, counted
from awrsr.ranking.recommendation import rank_of, ranked_catalogue


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
    outcomes = [run_model(key, models[st.session_state[key]], dataset, history) for key in SIDES]
    sides = []
    for key, outcome in zip(SIDES, outcomes, strict=True):
        if isinstance(outcome, Side):
            sides.append(outcome)
        else:
            words.problems.error(
                f"Model {key.upper()}, {plain(st.session_state[key])}: {plain(outcome)}"
            )
    if not sides:
        return
    with st.sidebar:
        target, why = choose_target(dataset, sides, history, held_out)
        rival = choose_rival(dataset, target)
    with words.summary:
        show_summary(dataset, sides, history, target, why, rival)
    with words.notes:
        show_notes(dataset, sides, history)
    variant = compared_history(dataset, history)
    traced = None
    if variant is not None:
        name, items = variant
        traced = name, {side.key: awrsr.trace(side.model, items) for side in sides}
    content = board_content(dataset, sides, history_title(history), traced)
    show_board(content, partial(show_provenance, content, sides, traced))
    show_recommendations(dataset, sides, history, target, held_out)
    show_variants(dataset, sides, history, target)
    show_ablation(dataset, sides, history, target)
    show_attributions(dataset, sides, target, rival)
    with st.expander("Do the explanations find what the recommendation rests on?"):
        show_faithfulness(dataset, sides, history, target)
    show_exports(content, dataset, sides, history, target, traced)


def history_title(history: list[int]) -> str:
    """The history in words."""
    items = counted(len(history), "item")
    if st.session_state.source == state.USER:
        return f"User {st.session_state.user}, {items}"
    if st.session_state.origin is not None:
        return f"User {st.session_state.origin}, edited, {items}"
    return f"A history of {items}"


def show_summary(
    dataset: Dataset,
    sides: list[Side],
    history: list[int],
    target: int,
    why: str,
    rival: int | None,
) -> None:
    """One line: whose history, the target and its rival, their ranks in both models."""

    left_out = excluded(dataset, history)

    def ranks(item: int) -> str:
        return ", in ".join(
            f"{side.key.upper()} **{rank_of(side.trace.item_scores, item, left_out):,}**"
            for side in sides
        )

    candidates = dataset.n_items - len(set(left_out) - {target})
    title = plain(dataset.titles([target])[0])
    rather = ""
    if rival is not None:
        rather = (
            f" \u00b7 rather than \u25c7 **{plain(dataset.titles([rival])[0])}**, in {ranks(rival)}"
        )
    st.markdown(
        f"**{plain(history_title(history))}** \u00b7 target \u25c6 **{title}** ({plain(why)}) "
        f"\u00b7 rank in {ranks(target)} of {candidates:,}{rather}",
        help=f"1 is best. Among {among(dataset)}.",
    )


def show_notes(dataset: Dataset, sides: list[Side], history: list[int]) -> None:
    """What else is to be known of the history."""
    if planted := planted_causes(dataset, history):
        st.caption(f":material/park: {planted}")
    for length in sorted({len(side.trace.items) for side in sides if side.trace.dropped}):
        who = " and ".join(
            f"model {side.key.upper()}" for side in sides if len(side.trace.items) == length
        )
        verb = "see" if " and " in who else "sees"
        rule = f" Recommendations leave out all {len(history):,}."
        st.caption(
            f":material/content_cut: The history has {counted(len(history), 'item')}; {who} {verb} "
            f"the newest {length:,}.{rule if excluded(dataset, history) else ''}"
        )


def planted_causes(dataset: Dataset, history: list[int]) -> str:
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
    dataset: Dataset, sides: list[Side], history: list[int], held_out: int | None
) -> tuple[int, str]:
    """The item whose rank and attributions are shown, one for both models, and why that one."""
    if held_out is not None:
        automatic, why = held_out, "held out"
    elif len(first := ranked_catalogue(sides[0].trace.item_scores, excluded(dataset, history))):
        automatic, why = (
            int(first["item"].iloc[0]),
            f"first recommendation of {sides[0].key.upper()}",
        )
    else:  # the whole catalogue is in the history
        automatic, why = history[-1], "newest item"
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
