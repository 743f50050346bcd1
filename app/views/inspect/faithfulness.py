"""Faithfulness of explanations for one history: deletion and insertion curves in both models."""

from collections.abc import Callable

import pandas as pd
import streamlit as st

from app import folders
from app.candidates import among
from app.case import Case
from app.escape import plain
from app.figures import faithfulness as figures
from app.panels import Measured
from app.sides import Side
from app.state import Session, session
from awrsr.data.batching import training_popularity
from awrsr.errors import AwrsrError
from awrsr.explain import (
    EXPLANATIONS,
    LOWER_IS_BETTER,
    MEASURES,
    Curves,
    explanation_orders,
    faithfulness_curves,
    faithfulness_measures,
)
from awrsr.figures import history_curves

STANDINGS = ["standard score", "rank"]


def show(case: Case) -> None:
    """Deletion and insertion curves of every explanation, computed on request."""
    if min(len(side.trace.items) for side in case.sides) < 2:
        st.info("The history has 1 item; a curve needs 2 or more.")
        return
    question = (
        tuple(folders.model_key(side.directory) for side in case.sides),
        case.history,
        case.target,
    )
    answer = session.measured
    if answer is None or answer.question != question:
        st.caption(
            "Removes and restores the history's items one by one, in the order of every attention "
            "map and attribution method. Takes a few seconds per model."
        )
        if not st.button("Measure", icon=":material/play_arrow:", key="faithfulness-run"):
            return
        try:
            answer = Measured(question=question, curves=measured(case))
        except AwrsrError as error:
            st.error(plain(error))
            return
        session.measured = answer
        st.rerun()  # the button is gone
    draw(case, answer)


def measured(case: Case) -> dict[str, dict[str, Curves]]:
    """The curves by side and explanation; a rerun of the page stops the computation."""
    bar = st.progress(0.0, "Measuring")
    popularity = training_popularity(case.dataset)
    found = {}
    for place, side in enumerate(case.sides):
        orders = explanation_orders(
            side.model,
            side.trace,
            case.target,
            popularity,
            progress=teller(bar, side, place, len(case.sides)),
        )
        found[side.key] = faithfulness_curves(
            side.model,
            case.history,
            case.target,
            orders,
            candidates=case.dataset.default_candidates,
        )
    bar.empty()
    return found


def teller(
    bar: "st.delta_generator.DeltaGenerator", side: Side, place: int, n_sides: int
) -> Callable[[float], None]:
    """The callback that moves the progress bar for one side."""

    def tell(share: float) -> None:
        bar.progress((place + share) / n_sides, plain(side.title))

    return tell


def draw(case: Case, answer: Measured) -> None:
    """Curves side by side, and the table of areas."""
    offered = [name for name in EXPLANATIONS if any(name in c for c in answer.curves.values())]
    chosen = st.multiselect(
        "Explanations",
        offered,
        default=[name for name in offered if EXPLANATIONS[name].shown_first],
        format_func=lambda name: EXPLANATIONS[name].title,
        key=Session.measured_chosen.name,
    )
    standing = st.segmented_control(
        "Height", STANDINGS, default=STANDINGS[0], required=True, key=Session.measured_standing.name
    )
    for column, side in zip(st.columns(len(case.sides)), case.sides, strict=True):
        with column:
            st.markdown(f"**{plain(side.title)}**")
            st.plotly_chart(
                history_curves(answer.curves[side.key], chosen, rank=standing == STANDINGS[1]),
                key=f"faithful-curves-{side.key}",
                config={"displayModeBar": False},
                alt=f"Deletion and insertion curves of {case.target_title}",
            )
    st.dataframe(
        table(answer),
        hide_index=True,
        key="faithfulness-table",
        height="content",
        column_config={
            heading(measure): st.column_config.NumberColumn(format="%.3f") for measure in MEASURES
        },
    )
    st.caption(
        f"{figures.HOW} Ranks and NDCG: among {among(case.dataset)}. One history is one "
        "observation; the page Faithfulness has many users."
    )


def table(answer: Measured) -> pd.DataFrame:
    """One row per explanation and model, one column per measure."""
    return pd.DataFrame(
        [
            {"explanation": EXPLANATIONS[name].title, "model": key.upper()}
            | {heading(measure): value for measure, value in faithfulness_measures(curves).items()}
            for name in EXPLANATIONS
            for key, by_name in answer.curves.items()
            if (curves := by_name.get(name)) is not None
        ]
    )


def heading(measure: str) -> str:
    """A measure with its better direction."""
    better = "\u2193" if measure in LOWER_IS_BETTER else "\u2191"
    return f"{MEASURES[measure].removeprefix('Area under ')} {better}"
