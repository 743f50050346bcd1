"""Maps."""

import streamlit as st

from app import figures
from app.sides import Side
from app.text import plain
from awrsr.dataset import Dataset
from awrsr.refinement import REFINEMENTS

PLOT_CONFIG = {"displayModeBar": False}
MAPS = {"first_order": "First order", "second_order": "Second order", "refined": "Refined"}


def show_maps(dataset: Dataset, sides: list[Side]) -> None:
    """First-order, second-order and refined map of one layer and head, model beside model."""
    st.divider()
    layers = max(side.model.config.n_layers for side in sides)
    heads = max(side.model.config.n_heads for side in sides)
    for name, most in (("layer", layers), ("head", heads)):
        if st.session_state[name] > most:
            st.warning(f"There is no {name} {st.session_state[name]}; {name} {most} is shown.")
            st.session_state[name] = most
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        st.markdown("#### Attention", width="content")
        for name, most in (("layer", layers), ("head", heads)):
            st.segmented_control(name.capitalize(), range(1, most + 1), key=name, required=True)
        st.segmented_control(
            "Colour scale",
            list(figures.SCALES),
            key="scale",
            required=True,
            help="How a weight becomes a colour, the same for all maps. Read-outs are weights.",
        )
    st.caption(
        "Each row is one item attending to itself and to older ones; it sums to 1. Rows run "
        "downwards and keys to the right, from older to newer. The last row of the last layer "
        "makes the prediction. "
        "Later items can hold no weight and are left out."
    )
    for kind, title in MAPS.items():
        columns = st.columns(len(sides), gap="medium")
        for side, column in zip(sides, columns, strict=True):
            with column:
                show_map(dataset, side, kind, title)


def show_map(dataset: Dataset, side: Side, kind: str, title: str) -> None:
    """One map, or why there is none."""
    layer, head = st.session_state.layer - 1, st.session_state.head - 1
    where = f"layer {layer + 1}, head {head + 1}"
    refinement = REFINEMENTS[side.model.config.refinement]
    formula = f" \u00b7 {refinement.formula}" if kind == "refined" else ""
    st.markdown(f"**{title}** \u00b7 {plain(side.title)}, {where}{plain(formula)}")
    if layer >= side.model.config.n_layers or head >= side.model.config.n_heads:
        st.info(f"This model has no {where}.")
        return
    weights = getattr(side.trace.layers[layer], kind)
    if weights is None:
        st.info("The vanilla model has no second order: its first-order weights mix the values.")
        return
    st.plotly_chart(
        figures.attention_map(
            weights[head].cpu().numpy(),
            dataset.titles(side.trace.items),
            name=f"{title}, {side.title}, {where}",
            scale=st.session_state.scale,
        ),
        config=PLOT_CONFIG,
        key=f"map-{side.key}-{kind}",
        alt=f"{title} attention weights of {side.title}, {where}",
    )
