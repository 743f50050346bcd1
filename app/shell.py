"""The frame of every page: dataset and models in the sidebar, and the address."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import streamlit as st
import torch
from streamlit.delta_generator import DeltaGenerator

from app import address, cache, folders, offered, upload_form
from app.epochs import FINAL
from app.escape import plain, with_commands
from app.sides import SIDES, model_note, model_title
from app.state import EVERY, INSPECT, MODELS, Session, choices, session
from app.users import offer
from awrsr.data.dataset import Dataset
from awrsr.errors import AwrsrError
from awrsr.training.checkpoint import resolve_device


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The chosen dataset and models of a page.

    Args:
        name: name of the dataset.
        directory: its directory.
        dataset: the dataset.
        models: all model directories of the dataset, by name.
        a: name of model A, empty without models.
        b: name of model B, likewise.
        sidebar: a container in the sidebar, below the models.
    """

    name: str
    directory: Path
    dataset: Dataset
    models: dict[str, Path]
    a: str
    b: str
    sidebar: DeltaGenerator


def run(show: Callable[[Chosen], None], page: str, *, without_models: bool = False) -> None:
    """Run a page: restore the choices from the address, draw sidebar and page, write the address.

    Args:
        show: draws the content of the page.
        page: the page whose choices are in the address, see `app.state`.
        without_models: whether the page can show a dataset without models.
    """
    torch.set_num_threads(1)  # more threads speed up one session and slow down several
    directories = offered.dataset_directories()
    for problem in offered.problems():
        st.warning(with_commands(problem))
    if not directories:
        st.info(with_commands(folders.no_datasets()))
        return
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
    models, given = offered.models_of(directory, dataset)
    problems += address.other_weights(models)
    on_offer = offer(dataset, models, given)
    in_address = choices(on_offer, EVERY, page)
    problems += address.restore(in_address)
    # The widgets of Inspect exist only on Inspect; their choices are kept.
    session.restore({}, choices(on_offer, INSPECT))
    with st.container():  # always present, so that elements below keep their place
        address.show_problems(problems)
    with st.sidebar:
        choose_models(directory, models, session.epoch if page == INSPECT else FINAL)
        below = st.container()
        if page in (INSPECT, MODELS):
            upload_form.show(dataset, list(models))
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
    address.write(address.link(name, models, in_address))


# --- parts of it ----------------------------------------------------------------------------------


def choose_models(directory: Path, models: dict[str, Path], epoch: int) -> None:
    """Choose the two models of a dataset directory; list what is not offered.

    Args:
        directory: the dataset directory.
        models: the model directories by name.
        epoch: the epoch asked for on the page.
    """
    sides = zip((Session.a, Session.b), (session.a, session.b), SIDES, strict=True)
    for key, name, side in sides if models else ():
        # The choice is in the session before the widget is drawn, so its help can describe it.
        note, protocol = model_note(models[name or ""], epoch)
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
    """Show device and dataset."""
    st.divider()
    st.caption(f":material/memory: {device_name()}")
    st.caption(
        f"{plain(dataset.name)}: {dataset.n_users:,} users, {dataset.n_items:,} items, "
        f"{dataset.n_interactions:,} interactions. {plain(dataset.about.get('citation', ''))}"
    )


def device_name() -> str:
    """The device of the models, in words."""
    device = resolve_device("auto")
    if device.type == "cuda":
        return f"GPU: {torch.cuda.get_device_name(device)}"
    return "CPU (no GPU found)"
