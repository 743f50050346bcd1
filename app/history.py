"""Choosing a history: a user's, or one's own by search, paste and edits."""

from collections.abc import Callable

import pandas as pd
import streamlit as st

from app import state
from app.text import item_labels, plain
from awrsr.batching import history_and_target
from awrsr.dataset import Dataset
from awrsr.errors import AwrsrError

HISTORY_COLUMNS = {
    "position": st.column_config.NumberColumn("#", width=36),
    "title": st.column_config.TextColumn("title", width=190),
}
Edit = Callable[[list[int], list[int]], tuple[list[int], list[int]]]
"""A history and the chosen rows, in order, to the new history and where they are now."""


def choose_history(dataset: Dataset) -> tuple[list[int], int | None]:
    """The history to show, oldest first, and the held-out item where it is a user's."""
    head = st.columns([1.3, 2.4, 1.3], vertical_alignment="bottom")
    with head[0]:
        st.segmented_control(
            "History",
            [state.USER, state.OWN],
            key="source",
            required=True,
            format_func={state.USER: "A user's", state.OWN: "My own"}.get,
        )
    if st.session_state.source == state.OWN:
        labels = item_labels(dataset)
        with head[1]:
            st.selectbox(
                "Add an item",
                range(1, dataset.n_items + 1),
                index=None,
                key="added",
                placeholder="Search by title",
                format_func=lambda item: labels[item - 1],
                on_change=add_item,
            )
        with head[2], st.popover("Paste titles or ids", width="stretch"):
            st.text_area("One a line, oldest first", key="pasted", height=200)
            st.button("Use these", on_click=paste_items, args=(dataset,), type="primary")
        for problem in st.session_state.pop("unknown", []):
            st.warning(plain(problem), icon=":material/search_off:")
        return list(st.session_state["items"]), None

    with head[1]:
        st.selectbox(
            "User", dataset.user_ids, key="user", format_func=lambda user: user_title(dataset, user)
        )
    index = dataset.user_index(st.session_state.user)
    items, held_out = history_and_target(dataset, index, "test")
    history = [int(item) for item in items]
    with head[2]:
        st.button(
            "Edit a copy",
            icon=":material/edit:",
            width="stretch",
            on_click=edit_copy,
            args=(history[-state.MAX_HISTORY :], held_out),
            help="Make this history your own: add, remove and reorder items.",
        )
    return history, held_out


def user_title(dataset: Dataset, user: str) -> str:
    """A user in the list of users."""
    sequence = dataset.sequence(dataset.user_index(user))
    held_out = dataset.titles(sequence[-1:])[0]
    return f"User {user} \u00b7 {len(sequence) - 1} items \u00b7 then {held_out}"


def history_table(dataset: Dataset, history: list[int]) -> pd.DataFrame:
    """A history as rows, oldest first."""
    rows = dataset.items.iloc[[item - 1 for item in history]]
    rows = rows.drop(columns=["item", "position"], errors="ignore")
    further = [name for name in rows if name not in ("item_id", "title")]
    rows.insert(0, "position", range(1, len(history) + 1))
    return rows[["position", "title", *further, "item_id"]]


def add_item() -> None:
    """The chosen item becomes the newest."""
    if st.session_state.added is not None:
        history = [*st.session_state["items"], st.session_state.added]
        st.session_state["items"] = history[-state.MAX_HISTORY :]
        select_rows([])
        st.session_state.added = None


def paste_items(dataset: Dataset) -> None:
    """Pasted lines take the place of the history; unknown ones are named, the rest is kept."""
    found: list[int] = []
    problems: list[str] = []
    lines = [line for line in st.session_state.pasted.splitlines() if line.strip()]
    for line in lines[: state.MAX_HISTORY]:
        try:
            found.append(dataset.lookup(line))
        except AwrsrError as error:
            problems.append(state.clipped(str(error), 300))
    if len(lines) > state.MAX_HISTORY:
        problems.append(f"Only the first {state.MAX_HISTORY} of {len(lines)} lines were read.")
    if found:
        st.session_state["items"] = found
        select_rows([])
    st.session_state.unknown = problems[:5] + (
        [f"And {len(problems) - 5} more lines like these."] if len(problems) > 5 else []
    )


def edit_copy(history: list[int], held_out: int) -> None:
    """A user's history becomes one's own; the target stays what it was."""
    st.session_state["items"] = history
    select_rows([])
    st.session_state.source = state.OWN
    if st.session_state.target == state.AUTOMATIC:
        st.session_state.target = held_out


def show_history(dataset: Dataset, history: list[int]) -> None:
    """The history as a table; one's own can be edited: rows selected, moved, repeated, removed."""
    st.markdown(
        f"**History** \u00b7 {len(history)} item{'s' * (len(history) != 1)}, older to newer"
    )
    table = history_table(dataset, history)
    if st.session_state.source == state.USER:
        st.dataframe(table, hide_index=True, column_config=HISTORY_COLUMNS)
        return
    tools = st.container(horizontal=True, gap="xsmall")
    selected = st.dataframe(
        table,
        hide_index=True,
        column_config=HISTORY_COLUMNS,
        key=f"editor-{st.session_state.get('edits', 0)}",
        on_select="rerun",
        selection_mode="multi-row",
        selection_default={"selection": {"rows": st.session_state.get("edited_rows", [])}},
    )["selection"]["rows"]
    rows = sorted(row for row in selected if row < len(history))
    for label, icon, edit in EDITS:
        tools.button(
            label,
            icon=f":material/{icon}:",
            disabled=not rows,
            on_click=apply_edit,
            args=(edit, rows),
            help=None if rows else "Select rows in the table first",
        )


def apply_edit(edit: Edit, rows: list[int]) -> None:
    """Change one's own history; the same items stay selected, wherever they are now."""
    history, selected = edit(list(st.session_state["items"]), rows)
    st.session_state["items"] = history
    select_rows(selected)


def select_rows(rows: list[int]) -> None:
    """Select rows of the history's table, which is a new table to Streamlit from now on."""
    st.session_state["edits"] = st.session_state.get("edits", 0) + 1
    st.session_state["edited_rows"] = rows


def move_older(history: list[int], rows: list[int]) -> tuple[list[int], list[int]]:
    """Swap each chosen item with the one before it."""
    moved = []
    for row in rows:
        if row > 0 and row - 1 not in moved:
            history[row - 1], history[row] = history[row], history[row - 1]
            row -= 1
        moved.append(row)
    return history, moved


def move_newer(history: list[int], rows: list[int]) -> tuple[list[int], list[int]]:
    """Swap each chosen item with the one after it."""
    last = len(history) - 1
    mirrored, moved = move_older(history[::-1], [last - row for row in reversed(rows)])
    return mirrored[::-1], [last - row for row in reversed(moved)]


def repeat(history: list[int], rows: list[int]) -> tuple[list[int], list[int]]:
    """Put the chosen items once more, as the newest."""
    longer = [*history, *(history[row] for row in rows)][: state.MAX_HISTORY]
    return longer, list(range(len(history), len(longer)))


def remove(history: list[int], rows: list[int]) -> tuple[list[int], list[int]]:
    """Take the chosen items out."""
    return [item for row, item in enumerate(history) if row not in rows], []


EDITS: tuple[tuple[str, str, Edit], ...] = (
    ("Older", "arrow_upward", move_older),
    ("Newer", "arrow_downward", move_newer),
    ("Repeat", "content_copy", repeat),
    ("Remove", "delete", remove),
)
