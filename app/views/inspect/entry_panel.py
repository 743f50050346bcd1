"""Entering one's own history by paste or upload, with messages until the next edit."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from app.escape import clipped, plain
from app.reading import Reading, Unknown
from app.state import Session, session
from app.users import dismiss
from app.views.inspect.entries import (
    MAX_PASTED,
    NAMED,
    SUGGESTED,
    decided,
    read_file,
    read_otherwise,
    read_pasted,
)
from app.views.inspect.entry_table import COLUMNS, TABLES
from awrsr.data.dataset import Dataset
from awrsr.errors import DataError, counted

Use = Callable[[Reading], None]
"""Makes the items of a reading the current history."""
MANY_HEIGHT = 220
"""Height in pixels of a long list of unknown entries; it scrolls."""
FORMS = (
    f"Also a JSON list of titles and ids, or a table with a column {', '.join(COLUMNS[:-1])} or "
    f"{COLUMNS[-1]}, sorted by its column timestamp if it has one. A single line of numbers is "
    "read as ids. Its first number is read as a user id if no item has that id or if the user's "
    "first items follow; one click reads it the other way."
)


def show_entry(dataset: Dataset, use: Use) -> bool:
    """Paste lines or upload a file; while it is open, it also shows the messages.

    Returns:
        Whether it is open.
    """
    entry = st.popover(
        "Paste, upload",
        icon=":material/upload:",
        width="stretch",
        key=Session.entry.named(session.entries_closed),
        on_change="rerun",  # the messages move out when it closes
    )
    with entry:
        # No max_chars: with it the browser silently drops a longer paste.
        st.text_area(
            "Titles or ids, one per line, oldest first",
            key=Session.pasted.name,
            height=180,
            placeholder="Toy Story (1995)\nHeat (1995)\n1 608 296",
            help=FORMS,
        )
        st.button("Use these", on_click=paste, args=(dataset, use), type="primary")
        if entry.open:  # next to the button and the file
            show_reading(dataset, use)
        st.file_uploader(
            "Or a file",
            type=[*(ending.removeprefix(".") for ending in TABLES), "txt", "json"],
            max_upload_size=1,
            key=Session.uploaded.name,
            on_change=upload,
            args=(dataset, use),
            help=f"One title or id per line, oldest first. {FORMS} UTF-8, at most 1 MB.",
        )
    return bool(entry.open)


def paste(dataset: Dataset, use: Use) -> None:
    """The pasted text replaces the history."""
    text = session.pasted
    if len(text) > MAX_PASTED:
        session.pasted = ""  # or the browser sends it again with every later action
    take(use, read_pasted, dataset, text)


def upload(dataset: Dataset, use: Use) -> None:
    """The uploaded file replaces the history."""
    file = session.uploaded
    if file is not None:  # None if the file was removed: its reading stays
        take(use, read_file, dataset, file.name, file.getvalue())


def take(use: Use, read: Callable[..., Reading], *args: Any) -> None:
    """Use what is read, or store in one sentence why it is refused."""
    try:
        reading = read(*args)
    except DataError as error:
        session.refused = f"{error}. The history is unchanged."
    else:
        take_reading(reading, use)


def take_reading(reading: Reading, use: Use) -> None:
    """Use a reading and close the entry; without any item, the history stays and it stays open."""
    if reading.items:
        use(reading)
        session.entries_closed += 1
    else:
        dismiss()
        session.reading = reading


def show_reading(dataset: Dataset, use: Use) -> None:
    """The messages about the last entry, until dismissed or until the history changes."""
    reading, refused = session.reading, session.refused
    if not reading and not refused:
        return
    with st.container(gap="xsmall"):
        if refused:
            st.warning(plain(refused), icon=":material/search_off:")
        elif reading:
            show_items(dataset, reading, use)
            show_unknown(dataset, reading, use)
        if refused or (reading and (reading.unknown or reading.skipped)):
            st.button("Dismiss", on_click=dismiss, type="tertiary", icon=":material/close:")


def show_items(dataset: Dataset, reading: Reading, use: Use) -> None:
    """How many items the history has now, and the other reading of a line of numbers."""
    if reading.items:
        made = counted(len(reading.items), "item")
        verb = "is" if len(reading.items) == 1 else "are"
        st.caption(f":material/check: {made} {verb} the history now.")
    if reading.user:
        one, other = ("a user", "an item") if reading.of_user else ("an item", "a user")
        st.caption(f"The first number, {plain(reading.user)}, was read as {one}.")
        if reading.user_item is not None:
            st.button(
                f"Read it as {other}",
                type="tertiary",
                icon=":material/swap_horiz:",
                on_click=read_again,
                args=(dataset, use),
            )


def show_unknown(dataset: Dataset, reading: Reading, use: Use) -> None:
    """The entries that could not be used; the first few with suggestions."""
    unknown = reading.unknown
    problems = []
    if reading.skipped:
        total = reading.skipped + len(reading.slots)
        problems.append(f"Only the last {len(reading.slots)} of {total:,} entries were read.")
    if not reading.items:
        problems.append("No entry names an item. The history is unchanged.")
    elif unknown:
        problems.append(f"{len(unknown)} of {len(reading.slots)} entries could not be used.")
    if problems:
        st.warning(" ".join(problems), icon=":material/search_off:")
    with st.container(
        gap="xsmall", height="content" if len(unknown) < 3 else MANY_HEIGHT, border=False
    ):
        for place, entry in unknown[:SUGGESTED]:
            st.caption(plain(entry.why + " Did you mean" * bool(entry.near)))
            if entry.near:
                st.pills(
                    "Suggested items",
                    entry.near,
                    key=Session.meant.named(place),
                    format_func=lambda item: plain(clipped(dataset.titles([item])[0], 80)),
                    on_change=decide,
                    args=(dataset, use, place),
                    label_visibility="collapsed",
                )
        if rest := unknown[SUGGESTED:]:
            named = "; ".join(clipped(entry.text, 60) for _, entry in rest[:NAMED])
            more = "; \u2026" * (len(rest) > NAMED)
            st.caption(plain(f"And {len(rest):,} more: {named}{more}"))


def read_again(dataset: Dataset, use: Use) -> None:
    """Read the first number of the last entry the other way."""
    if reading := session.reading:
        take_reading(read_otherwise(dataset, reading), use)


def decide(dataset: Dataset, use: Use, place: int) -> None:
    """Put the chosen item in the place of the unknown entry."""
    reading, item = session.reading, session.meant[place]
    if reading and item and isinstance(reading.slots[place], Unknown):  # not decided already
        take_reading(decided(dataset, reading, place, item), use)
