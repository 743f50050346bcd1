"""The board as a page: one HTML file that needs no server and no network."""

import functools
import html
import json
from pathlib import Path

from awrsr.board.schema import Payload
from awrsr.io.templates import render

TEMPLATE = Path(__file__).with_name("page.html.j2")
SCRIPT = Path(__file__).with_name("dist") / "board.js"
"""The script built from src/, see CONTRIBUTING.md."""


@functools.cache
def template() -> str:
    """The template of the page; the board's script fills the same template in the browser."""
    return TEMPLATE.read_text(encoding="utf-8")


@functools.cache
def script() -> str:
    """The board's script, an ES module without dependencies."""
    return SCRIPT.read_text(encoding="utf-8")


def page(content: Payload, *, view: str = "") -> str:
    """A self-contained HTML page that shows the board.

    Args:
        content: the result of `payload`.
        view: the view to open with, as in the app's address; if empty, the first view.
    """
    shown: Payload = {**content, "view": view}
    return render(
        TEMPLATE,
        # Inside <title>, browsers interpret only the end tag and entities.
        title=html.escape(content["title"] or "Attention board"),
        # "<" occurs only inside JSON strings, where \u003c means the same: no tag can end.
        data=json.dumps(shown).replace("<", "\\u003c"),
        script=script(),
    )
