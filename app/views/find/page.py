"""Find: sort, filter and plot all users in two models; a row opens on Inspect."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from app import cache, finding, folders, seeds
from app.candidates import among, target_words
from app.escape import plain
from app.finding import KINDS
from app.sentences import find_sentence
from app.shell import Chosen
from app.sides import model_title
from app.state import Session, session
from app.views.find.limits import choose_limits, forget_limits
from app.views.find.slices import choose_slice, metrics_table, show_slices
from app.views.find.users import show_plot, show_table
from awrsr.errors import AwrsrError
from awrsr.studies import Scan, stale
from awrsr.training.checkpoint import read_config

MAX_COMPUTED = 5_000
"""Maximum number of users scanned while a person waits; more need the command."""


def show(chosen: Chosen, inspector: Any) -> None:
    """The page.

    Args:
        chosen: the dataset and the models.
        inspector: the page that opens a user.
    """
    st.markdown("#### Which users to look at")
    found = find_scan(chosen)
    if found is None:
        return
    scan, noise, key = found
    opening, choices = st.container(), st.container(horizontal=True, vertical_alignment="bottom")
    with choices:
        st.segmented_control(
            "Map", list(KINDS), key=Session.map.name, format_func=KINDS.__getitem__, required=True
        )
    kind = session.map
    table = finding.pair_table(scan, noise, chosen.dataset, chosen.a, chosen.b, kind)
    named = finding.named_slices(table, max_length(chosen))
    if session.slice not in named:
        session.slice = next(iter(named))
    with choices:
        choose_slice(named)
    metrics = cache.get_slice_metrics((*key, kind), table, named)
    with opening:
        say_what_is_compared(chosen, table, noise, kind, metrics)
    show_users(chosen, table[named[session.slice].chosen], named, inspector)
    show_slices(metrics)
    show_protocol(chosen, table, noise, kind)


def show_users(
    chosen: Chosen, part: pd.DataFrame, named: dict[str, finding.Slice], inspector: Any
) -> None:
    """The users of a slice within the limits, as points and as rows."""
    if part.empty:
        st.info(
            f"No user is in the slice \u201c{plain(named[session.slice].title)}\u201d: "
            "choose another slice above."
        )
        return
    fitting = choose_limits(part)
    if fitting.empty:
        st.info(f"None of the {len(part):,} users is within the limits: widen or remove one.")
        st.button("Remove all limits", on_click=forget_limits)
        return
    if len(fitting) < len(part):
        inside = np.ones(len(fitting), dtype=bool)
        limited = {"limits": finding.Slice("Within the limits", inside)}
        metrics_table(finding.slice_metrics(fitting, limited), "within-limits")
    show_plot(chosen, fitting, inspector)
    show_table(chosen, fitting, len(part), inspector)


# --- scans ----------------------------------------------------------------------------------------


def find_scan(chosen: Chosen) -> tuple[Scan, Scan | None, tuple[Any, ...]] | None:
    """A scan with both models, a scan with two seeds, and a key for caching; or None, with the
    reason on the page."""
    names = list(dict.fromkeys((chosen.a, chosen.b)))
    command = (
        f"`python -m awrsr scan {folders.in_command(chosen.directory)} --attribution` scans all "
        "its models, including those in its seeds/ folder"
    )
    written, why = None, "there is no scan of this dataset"
    try:
        for name in names:
            folders.check_model(chosen.models[name], chosen.dataset)
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
            f"Nothing to show: {plain(why)}. With {chosen.dataset.n_users:,} users a "
            f"scan takes too long for the page: {command}."
        )
        return None
    try:
        pair = [chosen.models[name] for name in names]
        again = seeds.seed_pair(pair[0], pair[-1]) or ()
        scan = cache.compute_scan(chosen.dataset, list(dict.fromkeys([*pair, *again])))
    except AwrsrError as error:
        st.error(plain(error))
        return None
    st.caption(
        f":material/calculate: {plain(why[0].upper() + why[1:])}, so these two models were scanned "
        f"now, without attributions. {command}."
    )
    return scan, noise or scan, key


def max_length(chosen: Chosen) -> int:
    """The longest input of the two models."""
    return max(read_config(chosen.models[name])[0].max_length for name in (chosen.a, chosen.b))


def say_what_is_compared(
    chosen: Chosen, table: pd.DataFrame, noise: Scan | None, kind: str, metrics: pd.DataFrame
) -> None:
    """What was found over all users, or why nothing can be compared."""
    if chosen.a == chosen.b:
        st.info("A and B are the same model: choose two models to compare.")
        return
    st.markdown(find_sentence(metrics.iloc[0].to_dict()))
    if table["divergence"].isna().all():
        lacking = [
            f"{side.upper()}, {model_title(getattr(chosen, side))}"
            for side in "ab"
            if table.get(f"entropy_{side}", pd.Series(dtype=float)).isna().all()
        ]
        st.info(
            f"No {KINDS[kind].lower()} map in {plain(' and in '.join(lacking))}: nothing to "
            "compare. First order and Refined exist in every model."
        )


def show_protocol(chosen: Chosen, table: pd.DataFrame, noise: Scan | None, kind: str) -> None:
    """The rows, the protocol, and the two seeds used as a noise level."""
    st.caption(
        f"{len(table):,} users, {target_words(chosen.dataset)}, ranked among "
        f"{among(chosen.dataset)}. "
        "Attention: last row of the last layer (the position that makes the prediction), mean over "
        "heads."
    )
    seeds = finding.noise_pair(noise, chosen.a, chosen.b, kind) if noise is not None else None
    st.caption(f":material/graphic_eq: {what_seeds_say(chosen, noise, seeds, kind)}")


def what_seeds_say(
    chosen: Chosen, noise: Scan | None, seeds: tuple[str, str] | None, kind: str
) -> str:
    """What the columns of seeds compare, and how to read them."""
    if noise is None or seeds is None:
        backbones = {model_title(name).partition(" ")[0] for name in (chosen.a, chosen.b)}
        return (
            "No noise level: there are no two seeds of one "
            f"{' or '.join(sorted(map(plain, backbones)))} model. Train one with another "
            "`--train.seed` into the dataset's seeds/ folder and scan again."
        )
    words = (
        f"The columns of seeds compare {plain(seeds[0])} with {plain(seeds[1])}, two trainings "
        "that differ only in the seed. This is one pair: a difference between A and B that is not "
        "clearly larger may be due to the seed. Smoother maps differ less in any case."
    )
    if not {chosen.a, chosen.b} & {*seeds}:
        words += " There is no second seed with the settings of A or B."
    if kind == "second_order" and not finding.has_second_order(noise, seeds[0]):
        words += " These two have no second order, so their refined maps are compared."
    return words
