"""Choosing a history: a user's, or one's own by search, paste, upload or edit."""

from functools import partial
from pathlib import Path

import streamlit as st

from app import pinned
from app.case import History
from app.components.history_list import history_list
from app.components.item_search import item_search
from app.escape import clipped, plain
from app.forms import MAX_HISTORY
from app.state import OWN, USER, Session, session
from app.users import browse_users, dismiss, no_test_item, show_user
from app.views.inspect.editing import (
    apply_list_edits,
    automatic_name,
    change,
    chosen_history,
    current_history,
    newest_of,
    pin,
    redo,
    shuffled,
    undo,
    use_reading,
)
from app.views.inspect.entry_panel import show_entry, show_reading
from awrsr.data.dataset import Dataset
from awrsr.errors import AwrsrError


def choose_history(dataset: Dataset, models: dict[str, Path]) -> History:
    """Draw the inputs; the history after the edits that came with this run."""
    forget_other_dataset(dataset)
    apply_list_edits(dataset)  # a browser's edit already came by callback
    if session.picked_user in dataset.user_ids:
        show_user(str(session.picked_user))
    del session.picked_user
    st.segmented_control(
        "History",
        [USER, OWN],
        key=Session.source.name,
        required=True,
        format_func=lambda source: "A user's" if source == USER else "My own",
        on_change=dismiss,  # the messages of an entry are about another history
        width="stretch",
    )
    if session.source == USER:
        show_user_picker(dataset)
    with st.container(horizontal=True, gap="xsmall"):
        if session.source == USER and st.button(
            "Browse", icon=":material/table_rows:", help="All users in a table"
        ):
            browse_users(dataset, models)
        entry_is_open = show_entry(dataset, use_reading)
    if not entry_is_open:
        show_reading(dataset, use_reading)
    show_search(dataset)
    history = chosen_history(dataset)
    show_editor(dataset, history)
    return history


def forget_other_dataset(dataset: Dataset) -> None:
    """Clear once what refers to the items of another dataset."""
    if session.history_of not in ("", dataset.fingerprint):
        session.origin, session.variants, session.compare = None, [], None
        del session.undo, session.redo, session.replacing, session.picked_user
        del session.reading, session.refused
    session.history_of = dataset.fingerprint
    session.hold(Session.pasted, Session.typed_user)


# --- a user's -------------------------------------------------------------------------------------


def show_user_picker(dataset: Dataset) -> None:
    """A user by id, with buttons for the previous and the next user."""
    if not session.wrong_user:
        session.typed_user = session.user
    place = dataset.user_index(session.user)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall"):
        st.text_input("User", key=Session.typed_user.name, on_change=type_user, args=(dataset,))
        for key, icon, other in (
            ("previous", "chevron_left", place - 1),
            ("next", "chevron_right", place + 1),
        ):
            exists = 0 <= other < dataset.n_users
            st.button(
                f"{key.capitalize()} user",
                key=f"{key}_user",
                icon=f":material/{icon}:",
                help=f"{key.capitalize()} user",
                disabled=not exists,
                on_click=show_user,
                args=(dataset.user_ids[other] if exists else session.user,),
            )
    if session.wrong_user:
        st.error(plain(session.wrong_user))


def type_user(dataset: Dataset) -> None:
    """Show the user with the typed id, or say why there is none and keep the input."""
    try:
        user = dataset.user_ids[dataset.user_index(session.typed_user.strip())]
    except AwrsrError as error:
        session.wrong_user = f"{clipped(str(error), 300)}; user {session.user} is still shown."
    else:
        show_user(user)


# --- search ---------------------------------------------------------------------------------------


def show_search(dataset: Dataset) -> None:
    """Search for an item to add, or to replace another."""
    history = current_history(dataset)[-MAX_HISTORY:]
    replacing = session.replacing
    if replacing is not None and replacing >= len(history):
        session.replacing = replacing = None
    item_search(
        dataset,
        "added",
        "Add an item" if replacing is None else f"Replace item {replacing + 1} by",
        value=None,
        choose=partial(add_item, dataset),
        placeholder="Search by title or id",
        asked=replacing,
    )
    if replacing is not None:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            title = dataset.titles([history[replacing]])[0]
            st.caption(
                f":material/swap_horiz: The chosen item replaces {plain(title)}.",
                width="stretch",
            )
            st.button("Cancel", on_click=stop_replacing, type="tertiary")


def add_item(dataset: Dataset, item: int | None) -> None:
    """Add an item as the newest, or put it in the place of the item to be replaced."""
    place = session.replacing
    if item is None:
        return
    if place is None:
        change(dataset, lambda items: [*items, item][-MAX_HISTORY:])
    else:
        change(dataset, lambda items: [*items[:place], item, *items[place + 1 :]])
    session.replacing = None


def stop_replacing() -> None:
    """Cancel the replacement."""
    session.replacing = None


# --- the list and its buttons ---------------------------------------------------------------------


def show_editor(dataset: Dataset, chosen: History) -> None:
    """The history as a list, its owner, and the buttons that change the whole list."""
    history, owner = list(chosen.items), chosen.owner
    count = f"**{len(history):,} item{'s' * (len(history) != 1)}**, older to newer"
    if owner is not None:
        count += f", edited from user {plain(owner)}'s" if chosen.edited else ""
        if chosen.held_out is not None:
            count += f"; then came {plain(dataset.titles([chosen.held_out])[0])}"
        else:
            count += f"; {no_test_item(dataset, owner)}"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(count, width="stretch")
        if owner is not None and chosen.edited:
            st.button(
                "Original",
                icon=":material/restart_alt:",
                type="tertiary",
                help="Back to the user's own history; the edited one stays under My own",
                on_click=show_user,
                args=(owner,),
            )
    if history:
        shown = history[-MAX_HISTORY:]
        if len(shown) < len(history):
            st.caption(f"Only the newest {len(shown)} are listed; an edited copy has only these.")
        history_list(
            shown,
            dataset.titles(shown),
            first=1 + len(history) - len(shown),
            limit=MAX_HISTORY,
            applied=session.edits_applied,
            replacing=session.replacing,
            on_edit=lambda: apply_list_edits(dataset),
        )
    with st.container(horizontal=True, gap="xsmall"):
        for name, stack, go in (("undo", session.undo, undo), ("redo", session.redo, redo)):
            st.button(
                name.capitalize(),
                key=f"{name}_button",
                icon=f":material/{name}:",
                help=name.capitalize(),
                disabled=not stack,
                on_click=go,
            )
        st.button(
            "Clear",
            icon=":material/delete_sweep:",
            disabled=not history,
            on_click=change,
            args=(dataset, lambda _: []),
        )
        show_pin(dataset, history)
        st.button(
            "Shuffle",
            icon=":material/shuffle:",
            disabled=len(set(history)) < 2,
            on_click=change,
            args=(dataset, shuffled),
            help="The same history always gets the same order",
        )
        with st.popover("Newest", icon=":material/content_cut:", disabled=len(history) < 2):
            longest = max(1, min(len(history), MAX_HISTORY))
            session.newest = min(session.newest, longest)
            newest = st.number_input("Keep the newest", 1, longest, key=Session.newest.name)
            st.button("Keep", type="primary", on_click=change, args=(dataset, newest_of(newest)))
    if problem := session.pin_problem:
        st.warning(plain(problem), icon=":material/push_pin:")


def show_pin(dataset: Dataset, history: list[int]) -> None:
    """Pin the history as a variant with a name."""
    with st.popover("Pin", icon=":material/push_pin:", disabled=not history, type="primary"):
        name = automatic_name(dataset, history)
        st.text_input(
            "Name of the variant",
            key=Session.pin_name.name,
            placeholder=name,
            max_chars=pinned.MAX_NAME,
            help="If empty, the name shown is used",
        )
        st.button("Pin this history", type="primary", on_click=pin_current, args=(dataset, history))


def pin_current(dataset: Dataset, history: list[int]) -> None:
    """Pin the history under the typed name, or else the automatic one."""
    name = pinned.clean_name(session.pin_name)
    if pin(name or automatic_name(dataset, history), history):
        session.pin_name = ""
