"""What each item of the history adds to the target's score, in both models."""

import streamlit as st

from app import figures, loaders
from app.sides import SIDES, Side
from app.text import item_labels, plain
from awrsr.attribution import METHODS
from awrsr.dataset import Dataset

PLOT_CONFIG = {"displayModeBar": False}


def show_attributions(dataset: Dataset, sides: list[Side], target: int) -> None:
    """What each item adds to the target's score, in both models, by one method."""
    st.divider()
    labels = item_labels(dataset)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        st.markdown("#### Attribution", width="content")
        st.selectbox(
            "Method",
            list(METHODS),
            key="method",
            format_func=lambda name: METHODS[name].title,
            width=260,
        )
        st.selectbox(
            "Rather than (optional)",
            range(1, dataset.n_items + 1),
            index=None,
            key="rival",
            placeholder="No rival",
            format_func=lambda item: labels[item - 1],
            help="Explain the target's score less this item's score.",
            width=340,
        )
    method, rival = METHODS[st.session_state.method], st.session_state.rival
    question = f"score of {dataset.titles([target])[0]}"
    if rival:
        question += f" less score of {dataset.titles([rival])[0]}"
    st.caption(
        f"{plain(method.title)} of the {plain(question)}, in item score units, each panel on its "
        f"own scale. "
        f"Baseline: {plain(method.baseline)}. {plain(method.source)}."
    )
    results = [
        loaders.get_attribution(side.directory, tuple(side.trace.items), target, method.name, rival)
        for side in sides
    ]
    for side, result, column in zip(sides, results, st.columns(len(sides)), strict=True):
        with column:
            st.markdown(f"**{plain(side.title)}**")
            st.plotly_chart(
                figures.attribution_bars(
                    result.attribution.values.cpu().numpy(),
                    dataset.titles(side.trace.items),
                    color=figures.MODEL_COLORS[SIDES.index(side.key)],
                ),
                config=PLOT_CONFIG,
                key=f"attribution-{side.key}",
                alt=f"{method.title} of {side.title} per item of the history",
            )
            st.caption(attribution_facts(result))


def attribution_facts(timed: loaders.TimedAttribution) -> str:
    """Sum, score, baseline score, gap and time of one attribution."""
    result = timed.attribution
    facts = [f"sum {float(result.values.sum()):+.3f}", f"score {result.score:+.3f}"]
    if result.baseline_score is not None:
        facts.append(f"baseline score {result.baseline_score:+.3f}")
    if result.delta is not None:
        facts.append(f"completeness gap {result.delta:+.4f}")
    else:
        facts.append("no sum is promised by this method")
    facts += [f"{name} {value}" for name, value in result.settings.items()]
    return plain(" \u00b7 ".join([*facts, f"computed in {timed.seconds * 1000:.0f} ms"]))
