"""Inspect without items: what to do, and examples to start with."""

from itertools import cycle

import streamlit as st

from app.escape import plain
from app.examples import recorded_examples
from app.shell import Chosen
from app.state import USER, session
from app.users import dismiss
from app.views.inspect.start_here import start_with
from awrsr.studies import TITLES, line_of, sentence_of

COLUMNS = 3


def show(chosen: Chosen) -> None:
    """One sentence, the recorded examples, and the way to a user's history."""
    st.subheader("The history is empty")
    st.markdown(
        "The models rank, trace and explain a history of one item or more. In the sidebar, search "
        "for an item, or paste titles or ids; or open the history of a user:"
    )
    examples, _ = recorded_examples(chosen.dataset, chosen.models)
    columns = st.columns(COLUMNS) if examples else ()
    for column, example in zip(cycle(columns), examples):  # noqa: B905  (rows of columns)
        with column.container(border=True):
            st.button(
                f"**{TITLES[example.sort]}**  \n{plain(line_of(example))}",
                key=f"empty_{example.sort}",
                width="stretch",
                on_click=start_with,
                args=(example,),
            )
            st.caption(plain(sentence_of(example, chosen.dataset)))
    st.button("A user's history", icon=":material/person:", on_click=open_user)


def open_user() -> None:
    """Show the history of the last user, or of the first one that the page would open."""
    dismiss()
    session.source = USER
