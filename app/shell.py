"""How the pages about all users begin: dataset and models, chosen as on Inspect."""

from dataclasses import dataclass
from pathlib import Path

import streamlit as st
import torch

from app import loaders, state
from app.text import plain, with_commands
from app.users import offered_choices
from app.views.inspect import (
    choose_models,
    forget_choices,
    other_weights,
    restore_dataset,
    show_about,
    show_problems,
    with_weights,
)
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
    directories = loaders.dataset_directories()
    if not directories:
        st.error(f"No dataset in {loaders.ASSETS}. Make one with `python -m awrsr prepare`.")
        return None
    if problem := loaders.assets_problem():
        st.warning(with_commands(problem))
    problems = restore_dataset(directories)
    with st.sidebar:
        st.markdown("### :material/grid_on: AWRSR Inspector")
        name = st.selectbox("Dataset", list(directories), key="dataset", on_change=forget_choices)
    directory = directories[name]
    try:
        dataset = loaders.get_dataset(directory)
    except AwrsrError as error:
        st.error(plain(error))
        return None
    models = loaders.model_directories(directory)
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
        st.info(f"{plain(name)} has no models yet: `python -m awrsr train {directory}`.")
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
