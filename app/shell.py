"""What surrounds every page: the sidebar's dataset and models, and the address."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import streamlit as st
import torch
from streamlit.delta_generator import DeltaGenerator

from app import address, cache, folders
from app.escape import plain, with_commands
from app.sides import SIDES, model_note, model_title
from app.state import EVERY, INSPECT, Session, choices, session
from app.users import offer
from awrsr.data.dataset import Dataset
from awrsr.errors import AwrsrError, DataError
from awrsr.training.checkpoint import read_config, resolve_device


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """What a page is about.

    Args:
        name: of the dataset on offer.
        directory: of the dataset.
        dataset: read.
        models: all model directories of the dataset, by name.
        a: name of model A, empty where there are no models.
        b: name of model B, likewise.
        sidebar: a place in the sidebar, below the models.
    """

    name: str
    directory: Path
    dataset: Dataset
    models: dict[str, Path]
    a: str
    b: str
    sidebar: DeltaGenerator


def run(show: Callable[[Chosen], None], page: str, *, without_models: bool = False) -> None:
    """A page: the sidebar, with every choice restored from the address; what the page shows; and
    the choices put into the address.

    Args:
        show: draws what is the page's own.
        page: in whose address the choices stand, see `app.state`.
        without_models: whether the page shows something of a dataset without models.
    """
    torch.set_num_threads(1)  # more threads help one person and slow down several
    directories = folders.dataset_directories()
    if not directories:
        st.error(f"No dataset in {folders.ASSETS}. Make one with `python -m awrsr prepare`.")
        return
    if problem := folders.assets_problem():
        st.warning(with_commands(problem))
    address.follow(EVERY, page)
    problems = address.restore([Session.dataset.among(list(directories))])
    with st.sidebar:
        st.markdown("### :material/grid_on: AWRSR Inspector")
        name = st.selectbox(
            "Dataset",
            list(directories),
            key=Session.dataset.name,
            on_change=address.leave_dataset,
        )
    directory = directories[name]
    try:
        dataset = cache.get_dataset(directory)
    except AwrsrError as error:
        st.error(plain(error))
        return
    models = folders.model_directories(directory)
    problems += address.other_weights(models)
    on_offer = offer(dataset, models)
    offered = choices(on_offer, EVERY, page)
    problems += address.restore(offered)
    # Inspect's widgets are drawn there alone, and what was chosen there stays.
    session.restore({}, choices(on_offer, INSPECT))
    with st.container():  # always there: what stands below never moves in the page's tree
        address.show_problems(problems)
    with st.sidebar:
        choose_models(directory, models)
        below = st.container()
        show_about(dataset)
    if models or without_models:
        show(
            Chosen(
                name=name,
                directory=directory,
                dataset=dataset,
                models=models,
                a=session.a or "",
                b=session.b or "",
                sidebar=below,
            )
        )
    else:
        st.info(with_commands(folders.no_models(name, directory)))
    address.write(address.link(name, models, offered))


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


def choose_models(directory: Path, models: dict[str, Path]) -> None:
    """Which models of a dataset directory stand side by side, and what of it is not on offer."""
    sides = zip((Session.a, Session.b), (session.a, session.b), SIDES, strict=True)
    for key, name, side in sides if models else ():
        # The choice is in the session before its widget is drawn, so that its help can follow it.
        note, protocol = model_note(models[name or ""])
        st.selectbox(
            f"Model {side.upper()}",
            list(models),
            key=key.name,
            format_func=model_title,
            help=protocol,
        )
        st.caption(note)
    for words in folders.passed_over(directory):
        st.caption(f":material/visibility_off: {plain(words)}")


def show_about(dataset: Dataset) -> None:
    """Device and dataset."""
    st.divider()
    st.caption(f":material/memory: {device_name()}")
    st.caption(
        f"{plain(dataset.name)}: {dataset.n_users:,} users, {dataset.n_items:,} items, "
        f"{dataset.n_interactions:,} interactions. {plain(dataset.about.get('citation', ''))}"
    )


def device_name() -> str:
    """Where models run, in words."""
    device = resolve_device("auto")
    if device.type == "cuda":
        return f"GPU: {torch.cuda.get_device_name(device)}"
    return "CPU (no GPU found)"
