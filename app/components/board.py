"""The attention board on the page: mounts the library's script as a Streamlit component."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypedDict

import streamlit as st

from app import cache
from app.case import Case
from app.questions import attribution_question
from app.sides import Side
from awrsr import board
from awrsr.attribution import METHODS
from awrsr.errors import AwrsrError


class Locked(TypedDict):
    """A locked cell or row: places on the board's axis, and the maps on view."""

    query: int
    key: int | None
    panels: list[dict[str, Any]]


class Asked(TypedDict):
    """What the board asks for: the flow of the score, and the effect of a cut."""

    signature: str
    flow: bool
    cut: board.Band | None


NO_MODEL = "Only the weights are recorded here. The flow needs the model: see Inspect."
LONGEST = 40
"""Characters of a source's title that fit into a selector above a map."""

_mount = st.components.v2.component(
    "attention_board", html="<div></div>", js=board.script(), isolate_styles=True
)
# A component of its own: data added to the board's would send the maps again with every answer.
_answer = st.components.v2.component(
    "attention_board_answer",
    html="<div></div>",
    js="""
export default function ({ data }) {
  window.attentionBoardAnswer = data;
  document.dispatchEvent(new Event("attention-board-answer"));
}
""",
)


@st.fragment
def show_board(
    content: board.Payload,
    answer: Callable[[Locked | None, Asked | None], board.Answer] | None = None,
    below: Callable[[Locked | None], None] | None = None,
) -> None:
    """Draw the board.

    Everything on it happens in the browser except the answers about a locked cell, the flow of the
    score and a cut; these run this function again and nothing else of the page.

    Args:
        content: made by `board_content`.
        answer: computes what the board asks for; None if there is no model to ask.
        below: draws what is below the board and depends on the locked cell.
    """
    found = _mount(
        key="board",
        data=content,
        default={"lock": None, "asked": None},
        on_lock_change=lambda: None,
        on_asked_change=lambda: None,
    )
    if answer is None:
        reply = board.Answer(
            signature=content["signature"], whys=[], flows=[], refused=NO_MODEL, cut=None
        )
    else:
        reply = answer(found.lock, found.asked)
    with st.container(key="answer"):
        _answer(key="board-answer", data=reply)
    if below is not None:
        below(found.lock)


def title_on(model: str, variant: str) -> str:
    """A model on a variant, short enough for a selector to show both."""
    model = clipped(model, LONGEST - 6 - min(len(variant), 12))
    return f"{model} on '{clipped(variant, LONGEST - len(model) - 6)}'"


def clipped(text: str, length: int) -> str:
    """The text, or its beginning with an ellipsis."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "\u2026"


def evidence(case: Case, side: Side) -> list[board.Column]:
    """Values of each item that a model saw: the score of the target lost without it, and the first
    fast attribution among the chosen methods. There are none for a long history."""
    columns = []
    if not case.not_removed:
        found = cache.get_each_removed(
            side.directory, case.history, case.target, case.dataset.default_candidates
        )
        columns.append(
            board.Column(
                title="without it",
                about=f"score that the target (rank {found.rank:,}) loses without the item; "
                "\u2192 its rank without the item, = if it is the same",
                values=(found.score - found.scores)[side.trace.dropped :].tolist(),
                texts=[
                    ("=" if rank == found.rank else "\u2192") + f"{rank:,}"
                    for rank in found.ranks[side.trace.dropped :]
                ],
            )
        )
    for name, settings in case.methods.items():
        if METHODS[name].slow or case.is_long:
            continue
        question = attribution_question(
            side.directory, side.trace.items, case.target, name, case.rival, settings
        )
        with suppress(AwrsrError):  # the tab Attribution shows the reason
            values = cache.get_attribution(question).attribution.values
            title = METHODS[name].title
            about = f"{title} of the target's score"
            columns.append(board.Column(title=title, about=about, values=values.tolist(), texts=[]))
        break
    return columns


def board_content(case: Case) -> board.Payload:
    """The board's data: both models on this history and on the compared variant."""
    sources = [
        board.Source(
            name=side.key.upper(),
            title=side.model_name,
            trace=side.trace,
            columns=evidence(case, side),
        )
        for side in case.sides
    ]
    if case.compared is not None:
        sources += [
            board.Source(
                name=f"{side.key.upper()}\u2032",
                title=title_on(side.model_name, case.compared.name),
                trace=case.compared.traces[side.key],
            )
            for side in case.sides
        ]
    return board.payload(sources, cache.get_item_names(case.dataset), title=case.title)
