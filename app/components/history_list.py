"""The history as a list with drag and edit: the component, and how its edits are applied."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from app.state import Session

HERE = Path(__file__).resolve().parent
OPERATIONS = ("move", "remove", "repeat", "replace")
HINT = (
    "Drag to reorder. Keys: arrows choose an item, Alt + arrows move it, Delete removes it, "
    "Tab reaches its buttons."
)
_mount = st.components.v2.component(
    "history_list",
    html=f"""<div class="history">
<ol class="list" aria-label="History, older to newer"></ol>
<p class="hint" id="history-hint">{HINT}</p>
<div class="said" role="status" aria-live="polite"></div>
</div>""",
    css="".join((HERE / name).read_text("utf-8") for name in ("said.css", "history_list.css")),
    js=(HERE / "history_list.js").read_text(encoding="utf-8"),
)


@dataclass(frozen=True)
class Edit:
    """One change of a list.

    Args:
        number: counts the edits of a session; an applied edit is not applied again.
        op: one of OPERATIONS.
        at: the row, 0 = oldest.
        to: the new row; equal to `at` except for a move.
        item: the item in the row, so that an edit of another list is recognised.
    """

    number: int
    op: str
    at: int
    to: int
    item: int


def read_edits(value: Any) -> list[Edit]:
    """The edits in a browser's message; empty if the message is invalid."""
    sent = value.get("edits") if isinstance(value, dict) else None
    edits = []
    for one in sent if isinstance(sent, list) else []:
        if not isinstance(one, dict) or one.get("op") not in OPERATIONS:
            continue
        numbers: list[Any] = [one.get(name) for name in ("number", "at", "to", "item")]
        if all(type(number) is int for number in numbers):
            number, at, to, item = numbers
            edits.append(Edit(number, one["op"], at, to, item))
    return edits


def edited(items: Sequence[int], edit: Edit, limit: int) -> list[int]:
    """The list after an edit; unchanged if the edit belongs to another list or there is no room."""
    items = list(items)
    last = len(items) - 1
    if not (0 <= edit.at <= last and items[edit.at] == edit.item and 0 <= edit.to <= last):
        return items
    if edit.op == "move":
        items.insert(edit.to, items.pop(edit.at))
    elif edit.op == "remove":
        items.pop(edit.at)
    elif edit.op == "repeat" and len(items) < limit:
        items.append(items[edit.at])
    return items


def history_list(
    items: Sequence[int],
    titles: Sequence[str],
    *,
    first: int,
    limit: int,
    applied: int,
    replacing: int | None,
    on_edit: Callable[[], None],
) -> None:
    """Draw the list.

    Args:
        items: older to newer.
        titles: one per item.
        first: the number of the first row.
        limit: maximum number of rows.
        applied: number of the newest edit applied.
        replacing: the row to be replaced, or None.
        on_edit: called when the list has sent edits; they are `edit` of the session's
            `history_list`, see `read_edits`.
    """
    data = {
        "rows": [[item, title] for item, title in zip(items, titles, strict=True)],
        "first": first,
        "limit": limit,
        "applied": applied,
        "replacing": replacing,
    }
    _mount(key=Session.history_list.name, data=data, on_edit_change=on_edit)
