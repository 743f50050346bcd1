"""Choosing a history: a user's or one's own, entered in four ways and edited in place."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import streamlit as st

from app import cache, pinned, state
from app.components.history_list import KEY, edited, history_list, read_edits
from app.escape import plain
from app.pinned import Variant
from app.users import browse_users, dismiss, show_user
from app.views.inspect.entries import Reading
from app.views.inspect.entry_panel import show_entry, show_reading
from awrsr.data.batching import history_and_target
from awrsr.data.dataset import Dataset
from awrsr.errors import AwrsrError

MAX_UNDO = 50


@dataclass(frozen=True)
class Situation:
    """All that an edit of the history may change, for undo."""

    source: str
    user: str
    origin: str | None
    items: tuple[int, ...]
    reading: Reading | None


def choose_history(dataset: Dataset, models: dict[str, Path]) -> tuple[list[int], int | None]:
    """Draw the inputs of a history.

    Returns:
        The history, oldest first, and the held-out item where it is a user's or an edited copy.
    """
    session = st.session_state
    forget_other_dataset(dataset)
    apply_list_edits(dataset)  # a browser's came by callback already
    if (picked := session.pop("picked_user", None)) in dataset.user_ids:
        show_user(picked)
    st.segmented_control(
        "History",
        [state.USER, state.OWN],
        key="source",
        required=True,
        format_func=lambda source: "A user's" if source == state.USER else "My own",
        on_change=dismiss,  # what could not be used of an entry is about another history now
        width="stretch",
    )
    if session.source == state.USER:
        show_user_picker(dataset)
    with st.container(horizontal=True, gap="xsmall"):
        if session.source == state.USER:
            if st.button("Browse", icon=":material/table_rows:", help="All users in a table"):
                browse_users(dataset, models)
        entry_is_open = show_entry(dataset, use_reading)
    if not entry_is_open:
        show_reading(dataset, use_reading)
    show_search(dataset)
    history, held_out = current_history(dataset), None
    if (owner := history_owner()) is not None:
        held_out = held_out_item(dataset, owner)
    show_editor(dataset, history, held_out)
    return history, held_out


def forget_other_dataset(dataset: Dataset) -> None:
    """What belongs to another dataset's items goes, once."""
    session = st.session_state
    before = session.setdefault("history_of", dataset.fingerprint)
    if before != dataset.fingerprint:
        session["history_of"] = dataset.fingerprint
        session["origin"], session["variants"], session["compare"] = None, [], None
        for key in ("undo", "redo", "replacing", "reading", "refused", "picked_user"):
            session.pop(key, None)
    for key in ("pasted", "typed_user"):  # Streamlit drops what is typed where it is not drawn
        if key in session:
            session[key] = session[key]


# --- what the history is --------------------------------------------------------------------------


def user_history(dataset: Dataset, user: str) -> list[int]:
    """What a user had seen before the held-out item."""
    items, _ = history_and_target(dataset, dataset.user_index(user), "test")
    return [int(item) for item in items]


def held_out_item(dataset: Dataset, user: str) -> int:
    """What a user chose next."""
    return history_and_target(dataset, dataset.user_index(user), "test")[1]


def history_owner() -> str | None:
    """The user whose history this is, as it was or edited."""
    session = st.session_state
    owner: str | None = session.user if session.source == state.USER else session.origin
    return owner


def current_history(dataset: Dataset) -> list[int]:
    """The history of the session's choices."""
    session = st.session_state
    if session.source == state.USER:
        return user_history(dataset, session.user)
    return list(session["items"])


def original_history(dataset: Dataset) -> list[int] | None:
    """The user's history that this one is or came from."""
    owner = history_owner()
    return None if owner is None else user_history(dataset, owner)


# --- changing it, with undo -----------------------------------------------------------------------


def situation() -> Situation:
    """The choices as they are."""
    session = st.session_state
    return Situation(
        session.source,
        session.user,
        session.origin,
        tuple(session["items"]),
        session.get("reading"),
    )


def set_history(items: Sequence[int], origin: str | None, reading: Reading | None = None) -> None:
    """Make these items the history, with a way back.

    Args:
        items: oldest first.
        origin: the user whose edited history it is.
        reading: the entry they were read from.
    """
    session = st.session_state
    keep_for_undo()
    dismiss()  # what was said of the last entry is about another history now
    session["items"] = list(items)
    session["origin"] = origin
    session["source"] = state.OWN
    session["replacing"] = None
    session["reading"] = reading


def use_reading(reading: Reading) -> None:
    """Make the items of an entry the history."""
    set_history(reading.items, None, reading)


def keep_for_undo() -> None:
    """Put the present situation on the stack of those to come back to."""
    session = st.session_state
    session["undo"] = [*session.get("undo", []), situation()][-MAX_UNDO:]
    session["redo"] = []


def change(dataset: Dataset, edit: Callable[[list[int]], list[int]]) -> None:
    """Edit the history; a user's becomes an edited copy, which remembers whose it was."""
    before = current_history(dataset)[-state.MAX_HISTORY :]
    after = edit(list(before))
    if after != before:
        set_history(after, history_owner())


def step(back: str, forth: str) -> None:
    """Go to the last situation of one stack; the present one goes to the other."""
    session = st.session_state
    if not session.get(back):
        return
    *session[back], to = session[back]
    session[forth] = [*session.get(forth, []), situation()][-MAX_UNDO:]
    session["source"], session["user"], session["origin"] = to.source, to.user, to.origin
    session["items"] = list(to.items)
    session["replacing"] = None
    dismiss()
    session["reading"] = to.reading


def shuffled(items: list[int]) -> list[int]:
    """The same items in another order, always the same one."""
    for seed in range(20):  # of two items, every other shuffle changes nothing
        other = random.Random(seed).sample(items, len(items))
        if other != items:
            return other
    return items


def apply_list_edits(dataset: Dataset) -> None:
    """What was dragged, moved or removed in the list, each edit once."""
    session = st.session_state
    for edit in read_edits((session.get(KEY) or {}).get("edit")):
        if edit.number <= session.get("edits_applied", 0):
            continue
        session["edits_applied"] = edit.number
        if edit.op == "replace":
            rows = current_history(dataset)[-state.MAX_HISTORY :]
            here = 0 <= edit.at < len(rows) and rows[edit.at] == edit.item
            session["replacing"] = edit.at if here else None
        else:
            change(dataset, partial(edited, edit=edit, limit=state.MAX_HISTORY))


# --- a user's -------------------------------------------------------------------------------------


def show_user_picker(dataset: Dataset) -> None:
    """A user by id, and the ones before and after."""
    session = st.session_state
    if not session.get("wrong_user"):
        session["typed_user"] = session.user
    place = dataset.user_index(session.user)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall"):
        st.text_input("User", key="typed_user", on_change=type_user, args=(dataset,))
        for key, icon, other in (
            ("previous", "chevron_left", place - 1),
            ("next", "chevron_right", place + 1),
        ):
            there = 0 <= other < dataset.n_users
            st.button(
                f"{key.capitalize()} user",
                key=f"{key}_user",
                icon=f":material/{icon}:",
                help=f"{key.capitalize()} user",
                disabled=not there,
                on_click=show_user,
                args=(dataset.user_ids[other] if there else session.user,),
            )
    if session.get("wrong_user"):
        st.error(plain(session["wrong_user"]))


def type_user(dataset: Dataset) -> None:
    """The user typed, or why it is none; what was typed stays."""
    session = st.session_state
    try:
        user = dataset.user_ids[dataset.user_index(session.typed_user.strip())]
    except AwrsrError as error:
        session["wrong_user"] = (
            f"{state.clipped(str(error), 300)}; user {session.user} is still shown."
        )
    else:
        show_user(user)


# --- search ---------------------------------------------------------------------------------------


def show_search(dataset: Dataset) -> None:
    """Search for an item to be added, or to take the place of another."""
    session = st.session_state
    labels = cache.get_item_names(dataset).titles
    history = current_history(dataset)[-state.MAX_HISTORY :]
    replacing = session.get("replacing")
    if replacing is not None and replacing >= len(history):
        session["replacing"] = replacing = None
    st.selectbox(
        "Add an item" if replacing is None else f"Replace {replacing + 1}. by",
        range(1, dataset.n_items + 1),
        index=None,
        key="added",
        placeholder="Search by title",
        format_func=lambda item: labels[item - 1],
        on_change=add_item,
        args=(dataset,),
    )
    if replacing is not None:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            title = dataset.titles([history[replacing]])[0]
            st.caption(
                f":material/swap_horiz: The item you choose takes the place of {plain(title)}.",
                width="stretch",
            )
            st.button("Cancel", on_click=stop_replacing, type="tertiary")


def add_item(dataset: Dataset) -> None:
    """The chosen item becomes the newest, or takes the place of the one to be replaced."""
    session = st.session_state
    item, place = session.added, session.get("replacing")
    session.added = None
    if item is None:
        return
    if place is None:
        change(dataset, lambda items: [*items, item][-state.MAX_HISTORY :])
    else:
        change(dataset, lambda items: [*items[:place], item, *items[place + 1 :]])
    session["replacing"] = None


def stop_replacing() -> None:
    """No item is replaced after all."""
    st.session_state["replacing"] = None


# --- the list and what is done to it --------------------------------------------------------------


def show_editor(dataset: Dataset, history: list[int], held_out: int | None) -> None:
    """The history as a list, whose it is, and the buttons that change all of it."""
    session = st.session_state
    owner = history_owner()
    count = f"**{len(history):,} item{'s' * (len(history) != 1)}**, older to newer"
    if owner is not None and held_out is not None:
        whose = "" if session.source == state.USER else f", edited from user {plain(owner)}'s"
        count += f"{whose}; then came {plain(dataset.titles([held_out])[0])}"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(count, width="stretch")
        if owner is not None and session.source == state.OWN:
            st.button(
                "Original",
                icon=":material/restart_alt:",
                type="tertiary",
                help="Back to the user's own history; the edited one stays under My own",
                on_click=show_user,
                args=(owner,),
            )
    if history:
        shown = history[-state.MAX_HISTORY :]
        if len(shown) < len(history):
            st.caption(f"The newest {len(shown)} are listed; an edited copy holds these.")
        history_list(
            shown,
            dataset.titles(shown),
            first=1 + len(history) - len(shown),
            limit=state.MAX_HISTORY,
            applied=session.get("edits_applied", 0),
            replacing=session.get("replacing"),
            on_edit=lambda: apply_list_edits(dataset),
        )
    with st.container(horizontal=True, gap="xsmall"):
        for back, forth in (("undo", "redo"), ("redo", "undo")):
            st.button(
                back.capitalize(),
                key=f"{back}_button",
                icon=f":material/{back}:",
                help=back.capitalize(),
                disabled=not session.get(back),
                on_click=step,
                args=(back, forth),
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
            help="The same order each time for the same history",
        )
        with st.popover("Newest", icon=":material/content_cut:", disabled=len(history) < 2):
            most = max(1, min(len(history), state.MAX_HISTORY))
            session["newest"] = min(session.get("newest", 5), most)
            newest = st.number_input("Keep the newest", 1, most, key="newest")
            st.button("Keep", type="primary", on_click=change, args=(dataset, newest_of(newest)))
    if problem := session.get("pin_problem"):
        st.warning(plain(problem), icon=":material/push_pin:")


def newest_of(count: int) -> Callable[[list[int]], list[int]]:
    """An edit that keeps only the newest items."""
    return lambda items: items[-count:]


def show_pin(dataset: Dataset, history: list[int]) -> None:
    """Keep the history as a variant, under a name."""
    with st.popover("Pin", icon=":material/push_pin:", disabled=not history, type="primary"):
        name = automatic_name(dataset, history)
        st.text_input(
            "Name of the variant",
            key="pin_name",
            placeholder=name,
            max_chars=pinned.MAX_NAME,
            help="Left empty, it is the one shown",
        )
        st.button("Pin this history", type="primary", on_click=pin_current, args=(dataset, history))


def automatic_name(dataset: Dataset, history: Sequence[int]) -> str:
    """What a variant is called unless it is named: how it differs from the user's history."""
    original = (original_history(dataset) or [])[-state.MAX_HISTORY :]
    if original and list(history) == shuffled(original):
        return "shuffled"
    return pinned.clean_name(pinned.describe(original, history, dataset.titles)) or "variant"


def pin_current(dataset: Dataset, history: list[int]) -> None:
    """Pin the history under the name typed, or else the automatic one."""
    name = pinned.clean_name(st.session_state.get("pin_name", ""))
    if pin(name or automatic_name(dataset, history), history):
        st.session_state["pin_name"] = ""


def pin(name: str, items: Sequence[int]) -> bool:
    """Keep a history as a variant; where there is no room, say so."""
    session = st.session_state
    variants = session["variants"]
    name = pinned.free_name(name, [variant.name for variant in variants])
    added = [*variants, Variant(name, tuple(items[-state.MAX_HISTORY :]))]
    try:
        pinned.check_variants(added)
    except ValueError as error:
        session["pin_problem"] = f"Not pinned: {error}. Remove one first."
        return False
    session["variants"] = added
    session.pop("pin_problem", None)
    return True


def open_items(items: Sequence[int]) -> None:
    """Make a variant the current history; whose it was stays."""
    set_history(items, history_owner())
