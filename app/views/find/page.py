"""Find: all users in two models, to be sorted, limited and plotted; a row opens on Inspect."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from app import cache, finding, folders
from app.candidates import among
from app.escape import plain
from app.finding import KINDS
from app.shell import Chosen, check_model
from app.sides import model_title
from app.state import Session, session
from app.views.find.limits import choose_limits, forget_limits
from app.views.find.slices import metrics_table, show_slices
from app.views.find.users import show_plot, show_table
from awrsr.errors import AwrsrError
from awrsr.studies import Scan, stale
from awrsr.training.checkpoint import read_config

MAX_COMPUTED = 5_000
"""Users that are scanned while a person waits; more need the command."""


def show(chosen: Chosen, inspector: Any) -> None:
    """The page.

    Args:
        chosen: the dataset and the models.
        inspector: the page on which a user is opened.
    """
    st.markdown("#### Which users to look at")
    found = find_scan(chosen)
    if found is None:
        return
    scan, noise, key = found
    st.segmented_control(
        "Map", list(KINDS), key=Session.map.name, format_func=KINDS.__getitem__, required=True
    )
    kind = session.map
    table = finding.pair_table(scan, noise, chosen.dataset, chosen.a, chosen.b, kind)
    say_what_is_compared(chosen, table, noise, kind)
    named = finding.named_slices(table, max_length(chosen))
    if session.slice not in named:
        session.slice = next(iter(named))
    show_slices(table, named, (*key, kind))
    part = table[named[session.slice].chosen]
    if part.empty:
        st.info(
            f"No user is in the slice \u201c{plain(named[session.slice].title)}\u201d: "
            "choose another one above."
        )
        return
    fitting = choose_limits(part)
    if fitting.empty:
        st.info(
            f"None of the slice's {len(part):,} users fits the filter. Widen a limit, or remove it."
        )
        st.button("Remove all limits", on_click=forget_limits)
        return
    if len(fitting) < len(part):
        inside = np.ones(len(fitting), dtype=bool)
        limited = {"limits": finding.Slice("Within the limits", inside)}
        metrics_table(finding.slice_metrics(fitting, limited), "within-limits")
    show_plot(chosen, fitting, inspector)
    show_table(chosen, fitting, len(part), inspector)


# --- what is read ---------------------------------------------------------------------------------


def find_scan(chosen: Chosen) -> tuple[Scan, Scan | None, tuple[Any, ...]] | None:
    """A scan that holds both models, one that holds two seeds, and what identifies them; or None,
    and the page says why."""
    names = list(dict.fromkeys((chosen.a, chosen.b)))
    command = (
        f"`python -m awrsr scan {folders.in_command(chosen.directory)} --attribution` scans all "
        "its models, and those in its seeds/ folder to see what a seed does"
    )
    written, why = None, "there is no scan of this dataset"
    try:
        for name in names:
            check_model(chosen.models[name], chosen.dataset)
        marks = {name: cache.fingerprint(chosen.models[name]) for name in names}
    except AwrsrError as error:
        st.error(plain(error))
        return None
    try:
        written = cache.get_scan(chosen.directory)
    except AwrsrError as error:
        why = str(error)
    if written is not None:
        why = stale(written, chosen.dataset, marks)
    noise = None
    if written is not None and not stale(written, chosen.dataset, {}):
        noise = written
    key = tuple(folders.model_key(chosen.models[name]) for name in names)
    if written is not None and not why:
        return written, noise, key
    if chosen.dataset.n_users > MAX_COMPUTED:
        st.warning(
            f"Nothing to show: {plain(why)}. With {chosen.dataset.n_users:,} users it is not "
            f"computed while you wait: {command}."
        )
        return None
    try:
        own = [chosen.models[name] for name in names]
        again = cache.seed_pair(own[0], own[-1]) or ()
        scan = cache.compute_scan(chosen.dataset, list(dict.fromkeys([*own, *again])))
    except AwrsrError as error:
        st.error(plain(error))
        return None
    st.caption(
        f":material/calculate: {plain(why[0].upper() + why[1:])}, so these two models were scanned "
        f"just now, without attributions. {command}."
    )
    return scan, noise or scan, key


def max_length(chosen: Chosen) -> int:
    """The longest history that either model sees whole."""
    return max(read_config(chosen.models[name])[0].max_length for name in (chosen.a, chosen.b))


def say_what_is_compared(
    chosen: Chosen, table: pd.DataFrame, noise: Scan | None, kind: str
) -> None:
    """Which rows, which protocol, and which two seeds the comparison is set against."""
    st.caption(
        f"{len(table):,} users, leave one out: the last item is the target, ranked among "
        f"{among(chosen.dataset)}. "
        "Attention is the last layer's last row, heads averaged: what the position that makes the "
        "prediction attends to."
    )
    seeds = finding.noise_pair(noise, chosen.a, chosen.b, kind) if noise is not None else None
    st.caption(f":material/graphic_eq: {what_seeds_say(chosen, noise, seeds, kind)}")
    if chosen.a == chosen.b:
        st.info("A and B are the same model: choose two to see how they differ.")
    elif table["divergence"].isna().all():
        lacking = [
            f"{side.upper()}, {model_title(getattr(chosen, side))}"
            for side in "ab"
            if table.get(f"entropy_{side}", pd.Series(dtype=float)).isna().all()
        ]
        st.info(
            f"No {KINDS[kind].lower()} map in {plain(' and in '.join(lacking))}: nothing to "
            "compare. First order and Refined exist in every model."
        )


def what_seeds_say(
    chosen: Chosen, noise: Scan | None, seeds: tuple[str, str] | None, kind: str
) -> str:
    """What the columns of seeds compare, and what they can and cannot tell."""
    if noise is None or seeds is None:
        backbones = {model_title(name).partition(" ")[0] for name in (chosen.a, chosen.b)}
        return (
            f"There are no two seeds of one {' or '.join(sorted(map(plain, backbones)))} to set "
            "this against: train one with another `--train.seed` into the dataset's seeds/ folder "
            "and scan again. Until then nobody can tell how much of a difference is noise."
        )
    words = (
        f"The columns of seeds compare {plain(seeds[0])} with {plain(seeds[1])}, two trainings "
        "that differ by their seed alone. It is one pair: a difference of A and B that is not "
        "clearly larger may be the seed's. A smoother map differs less by nature."
    )
    if not {chosen.a, chosen.b} & {*seeds}:
        words += " Of A's and B's own settings there is no second seed."
    if kind == "second_order" and not finding.has_second_order(noise, seeds[0]):
        words += " These two have no second order, so it is their refined maps that are compared."
    return words
