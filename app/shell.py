"""What surrounds every page: the sidebar's dataset and models, and the address."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import streamlit as st
import torch

from app import cache, folders, state
from app.escape import plain, with_commands
from app.sides import SIDES, model_note, model_title
from app.users import offered_choices
from awrsr.data.dataset import Dataset
from awrsr.errors import AwrsrError, DataError
from awrsr.training.checkpoint import read_config


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """What a page is about.

    Args:
        name: of the dataset on offer.
        directory: of the dataset.
        dataset: read.
        models: all model directories of the dataset, by name.
        a: name of model A.
        b: name of model B.
    """

    name: str
    directory: Path
    dataset: Dataset
    models: dict[str, Path]
    a: str
    b: str


def begin(own: list[state.Choice]) -> Chosen | None:
    """The sidebar, and every choice restored from the address; None where there is nothing to show.

    Args:
        own: the choices of this page alone.
    """
    torch.set_num_threads(1)  # more threads help one person and slow down several
    directories = folders.dataset_directories()
    if not directories:
        st.error(f"No dataset in {folders.ASSETS}. Make one with `python -m awrsr prepare`.")
        return None
    if problem := folders.assets_problem():
        st.warning(with_commands(problem))
    problems = restore_dataset(directories)
    with st.sidebar:
        st.markdown("### :material/grid_on: AWRSR Inspector")
        name = st.selectbox("Dataset", list(directories), key="dataset", on_change=forget_choices)
    directory = directories[name]
    try:
        dataset = cache.get_dataset(directory)
    except AwrsrError as error:
        st.error(plain(error))
        return None
    models = folders.model_directories(directory)
    problems += other_weights(models)
    # Inspect's choices too: its widgets are not drawn here, and what was chosen there stays.
    shared = offered_choices(dataset, models)
    url = st.query_params
    problems += state.restore(st.session_state, {k: url[k] for k in url if k in "ab"}, shared)
    problems += state.restore(st.session_state, url, own)
    show_problems(problems)
    with st.sidebar:
        choose_models(directory, models)
        show_about(dataset)
    if not models:
        st.info(with_commands(folders.no_models(name, directory)))
        return None
    chosen = Chosen(
        name=name,
        directory=directory,
        dataset=dataset,
        models=models,
        a=st.session_state.a,
        b=st.session_state.b,
    )
    remember(chosen, own)
    return chosen


def remember(chosen: Chosen, own: list[state.Choice]) -> None:
    """Put the choices into the address."""
    url = {"dataset": chosen.name}
    url |= {
        side: with_weights(side, name, chosen.models)
        for side, name in (("a", chosen.a), ("b", chosen.b))
    }
    url |= state.to_url(st.session_state, own)
    if dict(st.query_params) != url:
        st.query_params.from_dict(url)


def check_model(directory: Path, dataset: Dataset) -> None:
    """Refuse a model directory that cannot be read or is of another dataset, without its weights.

    Raises:
        AwrsrError: saying which and why.
    """
    _, catalogue, _ = read_config(directory)
    if catalogue.fingerprint != dataset.fingerprint:
        raise DataError(
            f"{directory.name} belongs to {catalogue.name!r} (fingerprint "
            f"{catalogue.fingerprint}), the dataset is {dataset.name!r} (fingerprint "
            f"{dataset.fingerprint})"
        )


# --- parts of it ----------------------------------------------------------------------------------


def restore_dataset(directories: dict[str, Path]) -> list[str]:
    """The dataset of the URL, before anything that depends on it."""
    choice = state.Choice("dataset", next(iter(directories)), state.one_of(list(directories)))
    return state.restore(st.session_state, st.query_params, [choice])


def forget_choices() -> None:
    """Another dataset has other users, items and models."""
    for key in ("a", "b", "user", "items", "target", "rival", state.ASKED, state.KEPT):
        st.session_state.pop(key, None)
    st.session_state["left"] = dict(st.query_params)


def other_weights(models: dict[str, Path]) -> list[str]:
    """A sentence for each model that a link asked for with other weights than it has here.

    It stands, and the address keeps what the link asked for, until another model is chosen.
    """
    problems = []
    asked_of: dict[str, tuple[str, str]] = st.session_state.setdefault(state.ASKED, {})
    url = state.unless_left(st.session_state, st.query_params)
    for key in SIDES:
        name, asked = state.name_and_weights(url.get(key, ""), models)
        if key not in st.session_state and asked and name in models:  # a link just opened
            with suppress(OSError, AwrsrError):
                if cache.fingerprint(models[name]) != asked:
                    asked_of[key] = name, state.clipped(asked)
        name, asked = asked_of.get(key, ("", ""))
        if name not in models or st.session_state.get(key, name) != name:
            asked_of.pop(key, None)
            continue
        with suppress(OSError, AwrsrError):
            problems.append(
                f"The link was made with other weights of {name}: {asked}; here they are "
                f"{cache.fingerprint(models[name])}, so numbers differ from those its sender saw"
            )
    return problems


def with_weights(key: str, name: str, models: dict[str, Path]) -> str:
    """A side's model as the address has it, with what tells its weights apart."""
    _, asked = st.session_state[state.ASKED].get(key, ("", ""))
    with suppress(OSError, AwrsrError):
        return f"{name}@{asked or cache.fingerprint(models[name])}"
    return name


def show_problems(problems: list[str]) -> None:
    """What of the address could not be used, in one box."""
    if not problems:
        return
    shown = "\n".join(f"- {plain(problem.rstrip('.'))}" for problem in problems)
    st.warning(
        f"Not everything in the address could be used; the rest is.\n\n{shown}",
        icon=":material/link_off:",
    )


def address(name: str, models: dict[str, Path], offered: list[state.Choice]) -> dict[str, str]:
    """The choices as the page's address has them, models with what tells their weights apart."""
    url = {"dataset": name} | state.to_url(st.session_state, offered)
    for key in SIDES:
        if key in url:
            url[key] = with_weights(key, url[key], models)
    return url


def choose_models(directory: Path, models: dict[str, Path]) -> None:
    """Which models of a dataset directory stand side by side, and what of it is not on offer."""
    for key, label in zip(SIDES, ("Model A", "Model B"), strict=True) if models else ():
        # The choice is in the session before its widget is drawn, so that its help can follow it.
        note, protocol = model_note(models[st.session_state[key]])
        st.selectbox(label, list(models), key=key, format_func=model_title, help=protocol)
        st.caption(note)
    for words in folders.passed_over(directory):
        st.caption(f":material/visibility_off: {plain(words)}")


def show_about(dataset: Dataset) -> None:
    """Device and dataset."""
    st.divider()
    st.caption(f":material/memory: {cache.device_name()}")
    st.caption(
        f"{plain(dataset.name)}: {dataset.n_users:,} users, {dataset.n_items:,} items, "
        f"{dataset.n_interactions:,} interactions. {plain(dataset.about.get('citation', ''))}"
    )
