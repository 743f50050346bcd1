"""Pinned variants side by side.

In every row, the candidates exclude the items of the reference (and of the variant), but never the
target. So a rank changes because the model's scores change, not because a removed item became a
candidate again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from app import cache, pinned
from app.cache import Items
from app.candidates import excluded
from app.case import Case, History, Row
from app.escape import plain
from app.pinned import Variant
from app.sides import Side
from app.state import Session, session
from app.users import show_user
from app.views.inspect.editing import open_items
from awrsr.data.dataset import Dataset

LISTED = 10
"""Length of the compared lists, and of the list in the smallest removal."""


@dataclass(frozen=True)
class Outcome:
    """One model's result for one history: the target's rank and the best items."""

    rank: int
    best: Items


# --- rows -----------------------------------------------------------------------------------------


def table_rows(chosen: History, variants: Sequence[Variant]) -> tuple[Row, ...]:
    """The reference first: the user's history, or the current one if it has no owner."""
    current = chosen.items
    rows = []
    if chosen.original is None:
        rows.append(Row(name="current", items=current, compare=None))
    else:
        rows.append(Row(name="original", items=chosen.original, compare=0))
        if current != rows[0].items and all(current != variant.items for variant in variants):
            rows.append(Row(name="current, not pinned", items=current, compare=None))
    return (
        *rows,
        *(
            Row(name=variant.name, items=variant.items, compare=place)
            for place, variant in enumerate(variants, start=1)
        ),
    )


def compared_row(rows: Sequence[Row], compare: int | None, history: Items) -> Row | None:
    """The row to compare with the current history, or None."""
    row = next((row for row in rows if compare is not None and row.compare == compare), None)
    return None if row is None or row.items == history else row


# --- on the page ----------------------------------------------------------------------------------


def show(case: Case) -> None:
    """The table of variants, with actions on the selected row."""
    st.markdown("#### Variants of the history")
    if len(case.rows) > 1:
        show_table(case)
    else:
        st.caption(
            "Edit the history and pin it, or pin one from the tables below. All variants are "
            "compared here with this history, in both models."
        )
    if case.compare is not None and case.compare not in {row.compare for row in case.rows}:
        st.warning(
            f"There is no variant {case.compare} to compare with; nothing is compared."
            if case.compare
            else "This history belongs to no user, so there is no original to compare with."
        )
        session.compare = None


def show_table(case: Case) -> None:
    """One row per history: ranks and lists compared with the first row."""
    rows = case.rows
    table = pd.DataFrame(
        {
            "shown": [_mark(case, row) for row in rows],
            "name": [row.name for row in rows],
            "items": [len(row.items) for row in rows],
        }
    )
    columns = {
        "shown": st.column_config.TextColumn(
            "", width=30, help="\u25cf current history, \u21c4 compared with it"
        ),
        "name": st.column_config.TextColumn("variant", width=150),
        "items": st.column_config.NumberColumn("items", width=44),
    }
    changes = {}
    for side in case.sides:
        name = side.key.upper()
        found = row_outcomes(case, side)
        first = found[0]
        table[f"rank {side.key}"] = [one.rank for one in found]
        table[f"change {side.key}"] = [one.rank - first.rank for one in found]
        table[f"kept {side.key}"] = [len(set(one.best) & set(first.best)) for one in found]
        changes[f"moves {side.key}"] = [_moves(case.dataset, first.best, one.best) for one in found]
        columns |= {
            f"rank {side.key}": st.column_config.NumberColumn(
                f"rank {name}", width=56, help=f"Rank of the target in {name}, 1 = best"
            ),
            f"change {side.key}": st.column_config.NumberColumn(
                f"\u0394 {name}", width=46, help=f"Change of the rank in {name}; + is worse"
            ),
            f"kept {side.key}": st.column_config.NumberColumn(
                f"kept {name}",
                width=52,
                help=f"Items of the first row's top {LISTED} in {name} that are also in this row's",
            ),
            f"moves {side.key}": st.column_config.TextColumn(
                f"in {name}: + enters, \u2212 leaves", width=205
            ),
        }
    for column, values in changes.items():  # the wide columns last
        table[column] = values
    selected = st.dataframe(
        table.style.format(difference, subset=[f"change {side.key}" for side in case.sides]),
        hide_index=True,
        column_config=columns,
        key=Session.variant_rows.named(session.variant_edits),
        on_select="rerun",
        selection_mode="single-row",
    )["selection"]["rows"]
    place = selected[0] if selected and selected[0] < len(rows) else None
    row = rows[place] if place is not None else None
    show_actions(case, row)
    st.caption(
        f"Target: {plain(case.target_title)}. Changes are relative to the first row"
        + (
            ". Candidates exclude the items of the first row and of the row itself."
            if case.left_out
            else ". No item is excluded from the candidates."
        )
    )


def row_outcomes(case: Case, side: Side) -> list[Outcome]:
    """One model's result for every row. If candidates exclude the history, they exclude the first
    row's items in all rows."""
    first = case.rows[0].items
    left_out = tuple(
        tuple(sorted({*excluded(case.dataset, (*first, *row.items))})) for row in case.rows
    )
    found = cache.get_standings(
        side.directory, tuple(row.items for row in case.rows), left_out, case.target, LISTED
    )
    return [
        Outcome(rank=int(rank), best=tuple(best))
        for rank, best in zip(found.ranks, found.best, strict=True)
    ]


def difference(ranks: Any) -> str:
    """A change of rank as text."""
    return f"{ranks:+,d}" if ranks else "="


def _mark(case: Case, row: Row) -> str:
    compared = case.compare is not None and row.compare == case.compare
    return "\u25cf" * (row.items == case.history) + "\u21c4" * compared


def _moves(dataset: Dataset, before: Items, after: Items) -> str:
    """The items that entered the list, and those that left it."""
    entered = [item for item in after if item not in before]
    left = [item for item in before if item not in after]
    return " ".join(
        f"{sign} {', '.join(dataset.titles(items))}"
        for sign, items in (("+", entered), ("\u2212", left))
        if items
    )


def show_actions(case: Case, row: Row | None) -> None:
    """Actions on the selected row."""
    is_variant = row is not None and row.compare not in (None, 0)
    is_current = row is not None and row.items == case.history
    compared = row is not None and row.compare is not None and row.compare == case.compare
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
        st.button(
            "Open",
            icon=":material/open_in_browser:",
            disabled=row is None or is_current,
            on_click=open_row,
            args=(row, case.chosen.owner),
            help="Make it the current history",
        )
        st.button(
            "Stop comparing" if compared else "Compare",
            icon=":material/compare_arrows:",
            disabled=row is None or row.compare is None or (is_current and not compared),
            on_click=compare_with,
            args=(None if compared or row is None else row.compare,),
            help="Compare it with the current history in the attention maps",
        )
        st.button(
            "Remove variant",
            icon=":material/delete:",
            disabled=not is_variant,
            on_click=remove_variant,
            args=(row.compare if row is not None else None,),
        )
        with st.popover("Rename", icon=":material/edit:", disabled=not is_variant):
            st.text_input(
                "New name",
                key=Session.new_name.name,
                max_chars=pinned.MAX_NAME,
                placeholder=row.name if row is not None else "",
            )
            st.button(
                "Rename it",
                type="primary",
                on_click=rename_variant,
                args=(row.compare if row is not None else None,),
            )
        if row is None:
            st.caption("Select a row first.")


def open_row(row: Row, owner: str | None) -> None:
    """Make a row's history the current one; the original returns to its user."""
    if row.compare == 0 and owner is not None:
        show_user(owner)
    else:
        open_items(row.items)
    new_table()


def compare_with(compare: int | None) -> None:
    """Compare this history with the current one; None stops comparing."""
    session.compare = compare


def remove_variant(number: int) -> None:
    """Unpin a variant; the comparison stays with the variant that it was about."""
    session.variants = [v for place, v in enumerate(session.variants, 1) if place != number]
    compared = session.compare
    if compared == number:
        session.compare = None
    elif compared is not None and compared > number:
        session.compare = compared - 1
    del session.pin_problem
    new_table()


def rename_variant(number: int) -> None:
    """Give a variant the typed name."""
    name = pinned.clean_name(session.new_name)
    if not name:
        return
    others = [v.name for place, v in enumerate(session.variants, 1) if place != number]
    renamed = list(session.variants)
    renamed[number - 1] = Variant(pinned.free_name(name, others), renamed[number - 1].items)
    session.variants = renamed
    session.new_name = ""


def new_table() -> None:
    """Give the table a new key, because its rows changed: none is selected."""
    session.variant_edits += 1
