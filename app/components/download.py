"""The download button; a click sends the board's view in the address."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from app.escape import plain
from app.state import Session, session
from awrsr.errors import AwrsrError

LONGEST_VIEW = 400
"""Maximum length of a board's view in an address, in characters."""
_mount = st.components.v2.component(
    "take_away",
    html="""<button type="button">Download everything</button>
<span role="status" aria-live="polite"></span>""",
    css="""
button { font: inherit; color: inherit; padding: 0.35rem 0.9rem; cursor: pointer;
  background: var(--st-background-color); border: 1px solid var(--st-border-color);
  border-radius: var(--st-button-radius, 0.5rem); }
button:hover, button:focus-visible { border-color: var(--st-primary-color); }
button:disabled { cursor: progress; opacity: 0.7; }
span { margin-left: 0.75rem; opacity: 0.85; }
""",
    js=Path(__file__).with_suffix(".js").read_text(encoding="utf-8"),
)


@st.fragment
def take_away(write: Callable[[str], bytes]) -> None:
    """Draw the button; a click reruns only this function.

    Args:
        write: makes the file for a board view, "#left=A.1.1.first&..." or empty.
    """
    view = session.take_away_view
    del session.take_away_view
    content = b""
    if view is not None:
        try:
            content = write(view)
        except AwrsrError as error:
            st.error(plain(error))
    _mount(key=Session.take_away.name, data=content, on_asked_change=note_view)


def note_view() -> None:
    """Keep the requested view until the file is made."""
    session.take_away_view = view_of(session.take_away.get("asked"))


def view_of(sent: Any) -> str:
    """The view that a browser sent, or the default view if it is invalid."""
    view = sent.get("view") if isinstance(sent, dict) else None
    if isinstance(view, str) and view.startswith("#") and len(view) <= LONGEST_VIEW:
        return view
    return ""
