"""Styles of the page."""

import streamlit as st


def add_style(css: str) -> None:
    """Apply CSS rules.

    Streamlit loads the script of `st.html` later than that of `st.markdown`, and a late style moves
    elements that are already drawn. The element itself takes no space, see style.css.
    """
    st.markdown(f"<style>{css}</style>", unsafe_allow_html=True)
