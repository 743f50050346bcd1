"""Models: settings, metrics, checks, training and heads of two models."""

from pathlib import Path

import streamlit as st

from app import cache
from app.escape import plain
from app.folders import check_model
from app.sentences import checks_sentence
from app.shell import Chosen
from app.sides import SIDES
from app.views.models.card import label, show_card
from app.views.models.checks import show_checks
from app.views.models.heads import show_heads
from app.views.models.training import show_curves, show_matrices
from awrsr.errors import AwrsrError


def show(chosen: Chosen) -> None:
    """The page."""
    directories: dict[str, Path] = {}
    for side in SIDES:
        name = getattr(chosen, side)
        try:
            check_model(chosen.models[name], chosen.dataset)
            cache.get_model(chosen.models[name])
        except AwrsrError as error:
            st.error(f"Model {side.upper()}, {plain(name)}: {plain(error)}")
            continue
        if chosen.models[name] not in directories.values():
            directories[side] = chosen.models[name]
    if not directories:
        return
    if len(directories) == 1 and chosen.a == chosen.b:
        st.caption("A and B are the same model; it is shown once.")
    opening = st.container()
    verdicts = {}
    for column, (side, directory) in zip(
        st.columns(len(directories)), directories.items(), strict=True
    ):
        with column:
            st.markdown(f"#### {label(side, directory)}")
            show_card(directory)
            verdicts[side.upper()] = show_checks(directory, chosen)
    opening.markdown(checks_sentence(verdicts))
    show_curves(directories, chosen.dataset)
    show_heads(directories, chosen)
    show_matrices(directories)
