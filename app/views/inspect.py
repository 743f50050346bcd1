"""Inspect: one history through two models side by side."""

from pathlib import Path

import streamlit as st
import torch

from app import loaders, state
from app.attributions import show_attributions
from app.history import choose_history, show_history
from app.maps import show_maps
from app.recommendations import show_recommendations
from app.sides import SIDES, Side, model_note, model_title, run_model
from app.text import item_labels, plain
from awrsr.dataset import Dataset
from awrsr.errors import AwrsrError
from awrsr.recommendation import ranked_catalogue


def show() -> None:
    """The page."""
    torch.set_num_threads(1)  # more threads help one person and slow down several
    directories = loaders.dataset_directories()
    if not directories:
        st.error(f"No dataset in {loaders.ASSETS}. Make one with `python -m awrsr prepare`.")
        return
    problems = restore_dataset(directories)
    with st.sidebar:
        st.markdown("### :material/grid_on: AWRSR Inspector")
        name = st.selectbox("Dataset", list(directories), key="dataset", on_change=forget_choices)
    try:
        dataset = loaders.get_dataset(directories[name])
    except AwrsrError as error:
        st.error(plain(error))
        return
    models = loaders.model_directories(directories[name])
    offered = state.choices(dataset, list(models))
    problems += state.restore(st.session_state, st.query_params, offered)
    for problem in problems:
        st.warning(f"{plain(problem)}. The default is shown.", icon=":material/link_off:")
    show_sidebar(dataset, models)
    history, held_out = choose_history(dataset)
    if history and models:
        show_results(dataset, models, history, held_out)
    elif not history:
        st.info("The history is empty: search for an item to add, or paste titles or ids.")
    else:
        st.info(f"{plain(name)} has no models yet: `python -m awrsr train {directories[name]}`.")
    remember(name, directories, offered)


def show_results(
    dataset: Dataset, models: dict[str, Path], history: list[int], held_out: int | None
) -> None:
    """Everything that follows from a history: lists, maps, attributions."""
    outcomes = [run_model(key, models[st.session_state[key]], dataset, history) for key in SIDES]
    sides = [outcome for outcome in outcomes if isinstance(outcome, Side)]
    target = choose_target(dataset, sides, history, held_out) if sides else None
    left, *columns = st.columns([1.15, 1, 1], gap="medium")
    with left:
        show_history(dataset, history)
    for outcome, column in zip(outcomes, columns, strict=True):
        with column:
            if isinstance(outcome, AwrsrError):
                st.error(plain(outcome))
            elif target is not None:
                other = next((side for side in sides if side is not outcome), None)
                show_recommendations(dataset, outcome, other, history, target)
    if target is None:
        return
    for side in sides:
        if side.trace.dropped:
            st.caption(
                f":material/content_cut: The history has {len(history)} items; {plain(side.title)} "
                f"sees the newest {len(side.trace.items)}. Its recommendations leave out all "
                f"{len(history)}."
            )
    show_maps(dataset, sides)
    show_attributions(dataset, sides, target)


# --- choices --------------------------------------------------------------------------------------


def restore_dataset(directories: dict[str, Path]) -> list[str]:
    """The dataset of the URL, before anything that depends on it."""
    choice = state.Choice("dataset", next(iter(directories)), state.one_of(list(directories)))
    return state.restore(st.session_state, st.query_params, [choice])


def forget_choices() -> None:
    """Another dataset has other users, items and models."""
    for key in ("a", "b", "user", "items", "target", "rival"):
        st.session_state.pop(key, None)
    st.query_params.clear()


def remember(name: str, directories: dict[str, Path], offered: list[state.Choice]) -> None:
    """Put the choices into the URL."""
    url = state.to_url(st.session_state, offered)
    if name != next(iter(directories)):
        url["dataset"] = name
    if dict(st.query_params) != url:
        st.query_params.from_dict(url)


def show_sidebar(dataset: Dataset, models: dict[str, Path]) -> None:
    """Models, list length, device, and what the numbers are."""
    with st.sidebar:
        if models:
            for key, label in zip(SIDES, ("Model A", "Model B"), strict=True):
                st.selectbox(label, list(models), key=key, format_func=model_title)
                st.caption(model_note(models[st.session_state[key]]))
        st.slider("Recommendations shown", 1, state.MAX_LISTED, key="k")
        st.divider()
        st.caption(f":material/memory: {loaders.device_name()}")
        st.caption(
            f"{plain(dataset.name)}: {dataset.n_users:,} users, {dataset.n_items:,} items, "
            f"{dataset.n_interactions:,} interactions. {plain(dataset.about.get('citation', ''))}"
        )


def choose_target(
    dataset: Dataset, sides: list[Side], history: list[int], held_out: int | None
) -> int:
    """The item whose rank and attributions are shown, one for both models."""
    if held_out is not None:
        automatic, why = held_out, "Held out"
    elif len(first := ranked_catalogue(sides[0].trace.item_scores, history)):
        automatic, why = (
            int(first["item"].iloc[0]),
            f"First recommendation of {sides[0].key.upper()}",
        )
    else:  # the whole catalogue is in the history
        automatic, why = history[-1], "Newest item"
    labels = item_labels(dataset)

    def label(item: int) -> str:
        if item == state.AUTOMATIC:
            return f"{why}: {labels[automatic - 1]}"
        return labels[item - 1]

    st.selectbox(
        "Target",
        range(state.AUTOMATIC, dataset.n_items + 1),
        key="target",
        format_func=label,
        help="Whose rank and attributions are shown, for both models. Any item of the catalogue.",
    )
    return automatic if st.session_state.target == state.AUTOMATIC else st.session_state.target
