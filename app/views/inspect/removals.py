"""Each item left out in turn, and the smallest removal that takes the target off the list."""

from collections.abc import Sequence
from functools import partial

import pandas as pd
import streamlit as st

from app import cache, pinned
from app.case import Case
from app.escape import plain
from app.forms import MAX_HISTORY
from app.sides import Side
from app.state import Session, session
from app.views.inspect.ablation import shade
from app.views.inspect.editing import pin
from app.views.inspect.variants import LISTED, difference
from awrsr.data.dataset import Dataset
from awrsr.errors import AwrsrError
from awrsr.explain import removal


def show(case: Case) -> None:
    """Each item left out in turn, and the smallest removal, on request."""
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
        for name, shown, toggle, label, icon, note in (
            (
                Session.each_removed.name,
                session.each_removed,
                toggle_each_removed,
                "Leave each item out",
                "playlist_remove",
                "The target's score and rank after removing each item in turn",
            ),
            (
                Session.smallest.name,
                session.smallest,
                toggle_smallest,
                "Smallest removal",
                "content_cut",
                f"The smallest set of items whose removal takes the target out of the top {LISTED}",
            ),
        ):
            st.button(
                f"Hide: {label}" if shown else label,
                key=f"{name}_button",
                icon=f":material/{icon}:",
                on_click=toggle,
                help=note,
            )
    if session.smallest:
        for side in case.sides:
            show_smallest(case, side)
    if session.each_removed:
        show_each_removed(case)


def toggle_each_removed() -> None:
    """Show or hide the table."""
    session.each_removed = not session.each_removed


def toggle_smallest() -> None:
    """Show or hide the smallest removals."""
    session.smallest = not session.smallest


def show_smallest(case: Case, side: Side) -> None:
    """One model's smallest removal in a sentence, with a button to pin the result."""
    dataset, history = case.dataset, case.history
    found = cache.get_smallest_removal(
        side.directory, history, case.target, LISTED, dataset.default_candidates
    )
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.markdown(f"**{plain(side.title)}**: {smallest_in_words(dataset, found, history)}")
        if found.outcome == "found":
            st.button(
                "Pin",
                key=f"pin_smallest_{side.key}",
                icon=":material/push_pin:",
                on_click=pin_without,
                args=(case, tuple(found.entries)),
            )


def smallest_in_words(
    dataset: Dataset, found: removal.SmallestRemoval, history: Sequence[int]
) -> str:
    """The smallest removal found, its proof or bound, and the number of histories scored."""
    tried = f"{found.scored:,} histor{'y' if found.scored == 1 else 'ies'} scored"
    if found.outcome == "already out":
        return f"the target has rank {found.rank:,}, so it is already outside the top {LISTED}."
    proof = (
        "every smaller set was tried"
        if found.proven
        else f"greedy search, an upper bound: all sets of fewer than {found.at_least} were tried"
        if found.at_least > 1
        else "greedy search, an upper bound"
    )
    if found.outcome == "none":
        sure = "every set was tried" if found.proven else proof
        return f"no removal tried takes the target out of the top {LISTED} ({sure}; {tried})."
    titles = dataset.titles([history[entry] for entry in found.entries])
    named = ", ".join(
        f"#{entry + 1} {plain(title)}" for entry, title in zip(found.entries, titles, strict=True)
    )
    count = found.alternatives
    others = f", {count} other set{'s' * (count > 1)} of this size do{'es' * (count == 1)} too"
    others = others if count else ""
    return (
        f"without {len(found.entries)} item{'s' * (len(found.entries) > 1)} the target falls from "
        f"rank {found.rank} to {found.rank_after:,}: {named} ({proof}{others}; {tried})."
    )


def show_each_removed(case: Case) -> None:
    """A table of the history: the target's score and rank without each item."""
    dataset, history = case.dataset, case.history
    table = pd.DataFrame({"place": range(1, len(history) + 1), "title": dataset.titles(history)})
    columns = {
        "place": st.column_config.NumberColumn("#", width=40),
        "title": st.column_config.TextColumn("without", width=230),
    }
    facts = []
    shades: dict[str, float] = {}
    for side in case.sides:
        name = side.key.upper()
        try:
            result = cache.get_each_removed(
                side.directory, history, case.target, dataset.default_candidates
            )
        except AwrsrError as error:
            st.info(f"{plain(error)}.")
            return
        lost = result.score - result.scores
        shades[f"score {side.key}"] = float(abs(lost).max()) or 1.0
        table[f"score {side.key}"] = lost
        table[f"rank {side.key}"] = result.ranks
        table[f"change {side.key}"] = result.ranks - result.rank
        columns |= {
            f"score {side.key}": st.column_config.NumberColumn(
                f"score lost {name}",
                width=95,
                help="Score with the item minus score without it; + if the item helps the "
                "target, as on the board",
            ),
            f"rank {side.key}": st.column_config.NumberColumn(f"rank {name}", width=75),
            f"change {side.key}": st.column_config.NumberColumn(
                f"\u0394 rank {name}", width=80, help="+ is worse"
            ),
        }
        facts.append(f"{name} score {result.score:+.3f}, rank {result.rank:,}")
    st.markdown(
        f"**Each item left out** \u00b7 {plain(case.target_title)} with the whole "
        f"history: {plain('; '.join(facts))}"
    )
    styled = table.style.format(
        lambda lost: f"{lost:+.3f}" if lost else "=", subset=list(shades)
    ).format(difference, subset=[f"change {side.key}" for side in case.sides])
    for column, largest in shades.items():
        styled = styled.map(partial(shade, largest=largest), subset=[column])
    selected = st.dataframe(
        styled,
        hide_index=True,
        column_config=columns,
        key=Session.each.named(".".join(map(str, history))),
        on_select="rerun",
        selection_mode="multi-row",
    )["selection"]["rows"]
    chosen = tuple(sorted(row for row in selected if row < len(history)))
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.button(
            "Pin without the selected",
            icon=":material/push_pin:",
            disabled=not chosen or len(chosen) == len(history),
            on_click=pin_without,
            args=(case, chosen),
        )
        st.caption(
            "Each row is a forward pass of the history without that item. If the history is longer "
            "than the model's input, an older item enters the input. "
            + (
                "All items of the whole history stay excluded from the candidates."
                if case.left_out
                else "No item is excluded from the candidates."
            )
        )


def pin_without(case: Case, entries: Sequence[int]) -> None:
    """Pin the history without these entries."""
    items = removal.without(case.history, entries)
    original = case.rows[0].items[-MAX_HISTORY:]
    pin(pinned.describe(original, items[-MAX_HISTORY:], case.dataset.titles), items)
