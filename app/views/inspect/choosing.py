"""The case of Inspect, made once per run of the page."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

import awrsr
from app.case import Case, Compared, History
from app.components.item_search import item_search
from app.escape import plain
from app.shell import Chosen
from app.sides import SIDES, Side, run_model
from app.state import AUTOMATIC, session
from app.views.inspect import variants
from awrsr.attribution import METHODS
from awrsr.data.dataset import Dataset


def make_case(chosen: Chosen, history: History, problems: DeltaGenerator) -> Case | None:
    """The case on the page; None if no model can be run, with the reason in `problems`."""
    dataset, names = chosen.dataset, (chosen.a, chosen.b)
    sides = []
    for key, name in zip(SIDES, names, strict=True):
        outcome = run_model(key, chosen.models[name], dataset, history.items, session.epoch)
        if isinstance(outcome, Side):
            sides.append(outcome)
        else:
            problems.error(f"Model {key.upper()}, {plain(name)}: {plain(outcome)}")
    if not sides:
        return None
    with chosen.sidebar:
        target, why = choose_target(dataset, sides[0], history)
        rival = choose_rival(dataset, target)
    rows = variants.table_rows(history, session.variants)
    compare, compared = session.compare, None
    if (row := variants.compared_row(rows, compare, history.items)) is not None:
        traces = {side.key: awrsr.trace(side.model, list(row.items)) for side in sides}
        compared = Compared(name=row.name, traces=traces)
    return Case(
        dataset=dataset,
        sides=tuple(sides),
        chosen=history,
        target=target,
        why=why,
        rival=rival,
        listed=session.k,
        rows=rows,
        compare=compare,
        compared=compared,
        methods={
            name: session.settings.get(name, {}) for name in METHODS if name in session.methods
        },
    )


def choose_rival(dataset: Dataset, target: int) -> int | None:
    """The item whose score is subtracted; None if no item, or the target itself, is chosen."""
    item_search(
        dataset,
        "rival",
        "Rather than (optional)",
        value=session.rival,
        choose=set_rival,
        placeholder="No rival",
        explanation="Explain the target's score minus this item's score.",
    )
    rival = session.rival
    if rival == target:
        st.warning("The rival is the target; choose another item.")
        return None
    return rival


def choose_target(dataset: Dataset, first: Side, history: History) -> tuple[int, str]:
    """The item whose rank and attributions are shown for both models, and the reason."""
    best = first.ranking.best(1)["item"]
    if history.held_out is not None:
        automatic, why = history.held_out, "held out"
    elif len(best):
        automatic, why = int(best.iloc[0]), f"first recommendation of {first.key.upper()}"
    else:  # the whole catalogue is in the history
        automatic, why = history.items[-1], "newest item"
    item_search(
        dataset,
        "target",
        "Target",
        value=session.target or None,
        choose=set_target,
        placeholder="Automatic: held-out item, else A's first",
        explanation="The item whose rank and attributions are shown. Automatic: the held-out item "
        "of the user, or else A's first recommendation. Any item of the catalogue can be chosen.",
    )
    chosen = session.target
    if chosen == AUTOMATIC:
        return automatic, why
    return chosen, "held out" if chosen == history.held_out else "chosen"


def set_target(item: int | None) -> None:
    """Make an item the target; None is the automatic one."""
    session.target = AUTOMATIC if item is None else item


def set_rival(item: int | None) -> None:
    """Make an item the rival; None is none."""
    session.rival = item
