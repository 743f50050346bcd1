"""A field to search for an item: the browser sends what is typed, and gets a few titles back.

No list of all items is sent. Titles are untrusted text: the script enters them only as text.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from app.state import Session, session
from awrsr.data.dataset import Dataset

HERE = Path(__file__).resolve().parent
LISTED = 20
"""Maximum number of items listed."""
_mount = st.components.v2.component(
    "item_search",
    html="""<div class="search">
<label class="label" for="search-input"></label>
<div class="box">
<input id="search-input" role="combobox" aria-autocomplete="list" aria-controls="search-list"
  aria-expanded="false" autocomplete="off" spellcheck="false">
<button type="button" class="clear" tabindex="-1">
<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M6 6l12 12M18 6L6 18"></path></svg>
</button>
</div>
<ul class="found" id="search-list" role="listbox" popover="manual"></ul>
<div class="said" role="status" aria-live="polite"></div>
</div>""",
    css="".join((HERE / name).read_text("utf-8") for name in ("said.css", "item_search.css")),
    js=(HERE / "item_search.js").read_text(encoding="utf-8"),
)


def item_search(
    dataset: Dataset,
    name: str,
    label: str,
    *,
    value: int | None,
    choose: Callable[[int | None], None],
    placeholder: str,
    explanation: str = "",
    asked: int | None = None,
) -> None:
    """Draw the field. Typing runs only this field again, a choice the whole page.

    Args:
        dataset: the dataset whose items are searched.
        name: distinguishes the fields of a page.
        label: what the item is chosen for.
        value: the chosen item, whose title is in the field; None for none.
        choose: called with the item that is chosen, or with None if the field is cleared.
        placeholder: what the empty field shows.
        explanation: shown beside the label on request.
        asked: another number moves the focus to the field.
    """
    data = {
        "label": label,
        "explanation": explanation,
        "placeholder": placeholder,
        "value": "" if value is None else dataset.titles([value])[0],
        "applied": session.searches[name],
        "asked": asked,
    }
    _field(dataset, name, data, partial(take_choice, name, dataset.n_items, choose))


@st.fragment
def _field(dataset: Dataset, name: str, data: dict[str, Any], take: Callable[[], None]) -> None:
    said = session.search[name] or {}
    _mount(
        key=Session.search.named(name),
        data={**data, "answer": answer(dataset, said.get("sought"))},
        on_sought_change=lambda: None,
        on_chosen_change=take,
    )
    if session.searches[name] != data["applied"]:
        st.rerun()


def take_choice(name: str, n_items: int, choose: Callable[[int | None], None]) -> None:
    """Apply the choice that the browser has sent, once; an invalid message is none."""
    number, item = read_choice((session.search[name] or {}).get("chosen"), n_items)
    if number > session.searches[name]:
        session.searches[name] = number
        choose(item)


def answer(dataset: Dataset, sought: Any) -> dict[str, Any] | None:
    """The items for a text that the browser has sent; None if the message is invalid."""
    if not isinstance(sought, dict) or not isinstance(sought.get("text"), str):
        return None
    hits = dataset.search(sought["text"], LISTED)
    titles = dataset.titles(hits.items)
    return {
        "number": sought.get("number"),
        "found": [[item, title] for item, title in zip(hits.items, titles, strict=True)],
        "total": hits.total,
        "near": hits.near,
    }


def read_choice(chosen: Any, n_items: int) -> tuple[int, int | None]:
    """The number of a choice, and its item or None; number 0 if the message is invalid."""
    if isinstance(chosen, dict) and type(chosen.get("number")) is int:
        item = chosen.get("item")
        if item is None or (type(item) is int and 1 <= item <= n_items):
            return chosen["number"], item
    return 0, None
