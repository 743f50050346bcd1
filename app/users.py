"""The users of a dataset as a searchable table, with each model's rank of the held-out item."""

from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from app import cache
from app.candidates import among
from app.epochs import kept_epochs
from app.escape import with_commands
from app.examples import recorded_examples
from app.keys import Offer
from app.opening import Opening
from app.state import USER, Session, session
from awrsr.data.batching import known_history
from awrsr.data.dataset import Dataset
from awrsr.data.splits import moment
from awrsr.data.texts import Texts

MAX_ROWS = 1_000
"""Maximum number of users sent to the browser."""
LAST_TITLES = 3
FOUND_TITLES = 2


def offer(dataset: Dataset, models: dict[str, Path], given: str = "") -> Offer:
    """The options of choices in a dataset; its first recorded example is the initial choice.

    Args:
        dataset: read from a directory.
        models: the offered models by name.
        given: the model that the app was started with; then it is the initial model B.
    """
    examples, _ = recorded_examples(dataset, models)
    opening = next((Opening(first.user_id, first.a, first.b) for first in examples), Opening())
    opening = opening._replace(b=given or opening.b)
    return Offer(dataset, list(models), opening, tuple(kept_epochs(models.values())))


def matching_users(dataset: Dataset, text: str) -> np.ndarray:
    """Indices of users whose id or an item's title contains the text, case-insensitive."""
    sought = " ".join(text.split()).casefold()
    if not sought:
        return np.arange(dataset.n_users)
    places = np.flatnonzero(dataset.titled_with(sought)[dataset.flat_items - 1])
    found = Texts.of(dataset.user_ids).mapped(str.casefold).containing(sought)
    found[np.searchsorted(dataset.offsets, places, side="right") - 1] = True
    return np.flatnonzero(found)


def reasons_found(dataset: Dataset, users: np.ndarray, text: str) -> list[str]:
    """For each of these users, where the text was found: in the id, or in which titles."""
    sought = " ".join(text.split()).casefold()
    found = []
    for index in users:
        items = dict.fromkeys(dataset.sequence(int(index)).tolist())
        titles = [title for title in dataset.titles(items) if sought in title.casefold()]
        named = titles[:FOUND_TITLES]
        if sought in dataset.user_ids[int(index)].casefold():
            named.insert(0, "the id")
        more = len(titles) - FOUND_TITLES
        found.append(" \u00b7 ".join(named) + (f" and {more} more" if more > 0 else ""))
    return found


def no_test_item(dataset: Dataset, user: str) -> str:
    """Why a user has no held-out item, in words."""
    if dataset.time_split is None:
        return "no test item"
    start = moment(dataset.time_split.test_from)
    has_history = dataset.parts.training[dataset.user_index(user)] > 0
    return f"no test item: all are {'before' if has_history else 'after'} the cut at {start}"


def user_table(
    dataset: Dataset, users: np.ndarray, ranks: dict[str, dict[str, int]]
) -> pd.DataFrame:
    """One row per user: id, length, last titles, held-out item and its rank in each model."""
    rows = []
    for index in users:
        user = dataset.user_ids[int(index)]
        history, target = known_history(dataset, int(index))
        rows.append(
            {
                "user": user,
                "items": len(history),
                "last": " \u00b7 ".join(dataset.titles(history[: -LAST_TITLES - 1 : -1])),
                "then": "none" if target is None else dataset.titles([target])[0],
                **{side: found.get(user) for side, found in ranks.items()},
            }
        )
    columns = ["user", "items", "last", "then", *ranks]
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(ranks, "Int64"))


@st.dialog("Choose a user", width="large")
def browse_users(dataset: Dataset, models: dict[str, Path]) -> None:
    """Search and sort the users; selecting a row shows that user's history."""
    text = st.text_input(
        "Search",
        key=Session.user_search.name,
        placeholder="A user id, or words of a title",
        help="Searches the user ids and the titles of all items, including the held-out item. "
        "The words must occur together; upper and lower case are equal.",
    )
    users = matching_users(dataset, text)
    ranks, reasons = {}, []
    for side, name in (("a", session.a), ("b", session.b)):
        directory = models.get(name or "")
        ranks[side], why = cache.get_ranks(directory, dataset) if directory else ({}, "no model")
        if why:
            reasons.append(f"No ranks in {side.upper()}: {why}.")
    shown = users[:MAX_ROWS]
    table = user_table(dataset, shown, ranks)
    if text.strip():
        table.insert(2, "found", reasons_found(dataset, shown, text))
    selected = st.dataframe(
        table,
        hide_index=True,
        height=420,
        key=Session.users.named(session.user_picks, text),
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            "user": st.column_config.TextColumn("user", width=60),
            "items": st.column_config.NumberColumn("items", width=50),
            "found": st.column_config.TextColumn("found in", width=180),
            "last": st.column_config.TextColumn(
                "last items, newest first", width=200 if text.strip() else 330
            ),
            "then": st.column_config.TextColumn("held-out item", width=180),
            **{
                side: st.column_config.NumberColumn(
                    f"rank in {side.upper()}",
                    width=75,
                    help="Recorded rank of the held-out item with the final weights, by default "
                    f"among {among(dataset)}",
                )
                for side in ranks
            },
        },
    )["selection"]["rows"]
    counted = f"{len(users):,} of {dataset.n_users:,} users"
    if len(users) > MAX_ROWS:
        counted += f"; the first {MAX_ROWS:,} are shown"
    st.caption(f"{counted}. Select a row to see its history; click a column heading to sort.")
    for reason in reasons:
        st.caption(with_commands(reason))
    if selected and selected[0] < len(table):
        session.picked_user = table["user"].iloc[selected[0]]
        session.user_picks += 1
        st.rerun()


def show_user(user: str) -> None:
    """Show this user's unchanged history."""
    session.user = user
    session.source = USER
    session.replacing = None
    dismiss()


def dismiss() -> None:
    """Clear the messages about the last entry and the last typed user."""
    del session.reading, session.refused, session.wrong_user
