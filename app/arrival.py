"""How Inspect arrives: the first screen before the rest."""

import streamlit as st

from app.state import session

REST_AFTER = 1.5
"""Seconds after the first screen until the browser asks for the rest. The tables and figures of the
rest load several megabytes of Streamlit's scripts, which would delay the board."""


def only_first_screen() -> bool:
    """Whether the page must end after its first screen: once per session, then it draws itself
    again, with the rest."""
    if not session.arrived:
        _ask_for_the_rest()
    return not session.arrived


@st.fragment(run_every=REST_AFTER)
def _ask_for_the_rest() -> None:
    if session.first_screen_sent:
        session.arrived = True
        st.rerun()
    session.first_screen_sent = True
