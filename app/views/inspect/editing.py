"""Editing the history: its current state, changes, undo and redo, pinned variants."""

import random
from collections.abc import Callable, Sequence
from functools import partial

from app import pinned
from app.case import History
from app.components.history_list import edited, read_edits
from app.forms import MAX_HISTORY
from app.pinned import Variant
from app.reading import Reading
from app.state import OWN, USER, Situation, session
from app.users import dismiss
from awrsr.data.batching import known_history
from awrsr.data.dataset import Dataset

MAX_UNDO = 50


# --- the current history --------------------------------------------------------------------------


def user_history(dataset: Dataset, user: str) -> list[int]:
    """A user's items before the held-out item; all of them if there is none."""
    items, _ = known_history(dataset, dataset.user_index(user))
    return [int(item) for item in items]


def history_owner() -> str | None:
    """The user whose history this is, unchanged or edited; None if there is none."""
    return session.user if session.source == USER else session.origin


def current_history(dataset: Dataset) -> list[int]:
    """The items of the current history, oldest first."""
    if session.source == USER:
        return user_history(dataset, session.user)
    return list(session.items)


def chosen_history(dataset: Dataset) -> History:
    """The current history with its owner and held-out item."""
    items, owner = current_history(dataset), history_owner()
    original, held_out = None, None
    if owner is not None:
        seen, held_out = known_history(dataset, dataset.user_index(owner))
        original = tuple(map(int, seen))
    return History(
        items=tuple(items),
        owner=owner,
        edited=session.source == OWN,
        original=original,
        held_out=held_out,
    )


def original_history(dataset: Dataset) -> list[int] | None:
    """The user's history that this one is, or was edited from."""
    owner = history_owner()
    return None if owner is None else user_history(dataset, owner)


# --- changing it, with undo -----------------------------------------------------------------------


def situation() -> Situation:
    """The current choices, for undo."""
    return Situation(
        session.source,
        session.user,
        session.origin,
        tuple(session.items),
        session.reading,
    )


def set_history(items: Sequence[int], origin: str | None, reading: Reading | None = None) -> None:
    """Make these items the history; can be undone.

    Args:
        items: oldest first.
        origin: the user whose edited history it is.
        reading: the entry they were read from.
    """
    keep_for_undo()
    dismiss()  # the messages about the last entry are about another history
    session.items = list(items)
    session.origin = origin
    session.source = OWN
    session.replacing = None
    session.reading = reading


def use_reading(reading: Reading) -> None:
    """Make the items of an entry the history."""
    set_history(reading.items, None, reading)


def keep_for_undo() -> None:
    """Put the current situation on the undo stack."""
    session.undo = [*session.undo, situation()][-MAX_UNDO:]
    session.redo = []


def change(dataset: Dataset, edit: Callable[[list[int]], list[int]]) -> None:
    """Edit the history; a user's history becomes an edited copy that remembers its owner."""
    before = current_history(dataset)[-MAX_HISTORY:]
    after = edit(list(before))
    if after != before:
        set_history(after, history_owner())


def undo() -> None:
    """Go back to the previous situation; the current one can be redone."""
    if session.undo:
        *session.undo, before = session.undo
        session.redo = [*session.redo, situation()][-MAX_UNDO:]
        return_to(before)


def redo() -> None:
    """Return to the situation that was undone last."""
    if session.redo:
        *session.redo, after = session.redo
        session.undo = [*session.undo, situation()][-MAX_UNDO:]
        return_to(after)


def return_to(past: Situation) -> None:
    """Restore the choices of a situation."""
    session.source, session.user, session.origin = past.source, past.user, past.origin
    session.items = list(past.items)
    session.replacing = None
    dismiss()
    session.reading = past.reading


def shuffled(items: list[int]) -> list[int]:
    """The same items in another order, the same for the same items."""
    for seed in range(20):  # half of the shuffles of two items change nothing
        other = random.Random(seed).sample(items, len(items))
        if other != items:
            return other
    return items


def apply_list_edits(dataset: Dataset) -> None:
    """Apply the edits made in the list (drag, move, remove), each once."""
    for edit in read_edits((session.history_list or {}).get("edit")):
        if edit.number <= session.edits_applied:
            continue
        session.edits_applied = edit.number
        if edit.op == "replace":
            rows = current_history(dataset)[-MAX_HISTORY:]
            valid = 0 <= edit.at < len(rows) and rows[edit.at] == edit.item
            session.replacing = edit.at if valid else None
        else:
            change(dataset, partial(edited, edit=edit, limit=MAX_HISTORY))


def newest_of(count: int) -> Callable[[list[int]], list[int]]:
    """An edit that keeps only the newest items."""
    return lambda items: items[-count:]


def open_items(items: Sequence[int]) -> None:
    """Make a variant the current history; its owner stays the same."""
    set_history(items, history_owner())


# --- pinning --------------------------------------------------------------------------------------


def automatic_name(dataset: Dataset, history: Sequence[int]) -> str:
    """The default name of a variant: its difference from the user's history."""
    original = (original_history(dataset) or [])[-MAX_HISTORY:]
    if original and list(history) == shuffled(original):
        return "shuffled"
    return pinned.clean_name(pinned.describe(original, history, dataset.titles)) or "variant"


def pin(name: str, items: Sequence[int]) -> bool:
    """Keep a history as a variant; if there is no room, store the reason and return False."""
    variants = session.variants
    name = pinned.free_name(name, [variant.name for variant in variants])
    added = [*variants, Variant(name, tuple(items[-MAX_HISTORY:]))]
    try:
        pinned.check_variants(added)
    except ValueError as error:
        session.pin_problem = f"Not pinned: {error}. Remove one first."
        return False
    session.variants = added
    del session.pin_problem
    return True
