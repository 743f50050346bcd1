"""How Inspect arrives: the first screen before the rest."""

import streamlit as st

from app.state import session

REST_AFTER = 1.5
"""Seconds after the first screen until the browser asks for the rest. The tables and figures of the
rest load several megabytes of Streamlit's scripts, which would delay the board."""


def only_first_screen() -> bool:
    """Whether the page must end after its first screen: at the first run of a session. The rest
    follows when the browser asks for it, or at a person's first action."""
    if not session.first_screen_sent:
        _ask_for_the_rest()
        session.first_screen_sent = True
        return True
    return False


@st.fragment(run_every=REST_AFTER)
def _ask_for_the_rest() -> None:
    if session.first_screen_sent:  # this is not the first run, so the browser's timer called
        session.rest_asked = True
        st.rerun()
