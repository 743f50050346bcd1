"""Contribution of attention to the prediction: uniform heads, heads without refinement."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import streamlit as st

from app.candidates import among
from app.case import Case
from app.escape import plain
from app.sides import Side
from app.state import Session
from app.views.inspect.switches import LISTED, choose, show_common, show_outcome
from awrsr.errors import AwrsrError
from awrsr.explain import Contributions, ablate, contributions
from awrsr.refinement import REFINEMENTS

HELPS, HURTS = "59, 111, 212", "217, 122, 30"
UNIFORM, FIRST_ORDER = "equal weights", "first order"


def show(case: Case) -> None:
    """A section; nothing is computed before it is opened."""
    st.markdown("#### Contribution of heads")
    st.fragment(lambda: _show(case), key="gains-section")()


def _show(case: Case) -> None:
    section = st.expander(
        "Replace the attention of single heads: effect on the target and on both lists",
        key=Session.gains.name,
        on_change="rerun",
    )
    if not section.open:
        return
    with section:
        st.markdown(
            f"Loss in the score of {plain(case.target_title)} when the weights of one "
            "head, or of all heads of a layer, are replaced",
            help="Score of the full model minus score with the replacement, in item-score units "
            "of each model. Above 0 (blue): the part raises the target's score. Each cell is a "
            "separate forward pass. The values do not add up to the score, because higher layers "
            "react to changes in lower ones.",
        )
        show_tables(case)
        st.markdown("**Switch off one or more parts**")
        columns = st.columns(len(case.sides), gap="medium")
        chosen = {}
        for side, column in zip(case.sides, columns, strict=True):
            with column:
                chosen[side.key] = choose(side, case.other(side))
        if not any(switched.ablations for switched in chosen.values()):
            st.caption("Nothing is switched off: both lists are those above.")
            return
        outcomes = {}
        for side in case.sides:
            other = case.other(side)
            try:
                outcomes[side.key] = ablate(
                    side.model,
                    case.history,
                    case.target,
                    [[], chosen[side.key].ablations],
                    other=other.trace if other else None,
                    k=LISTED,
                    candidates=case.dataset.default_candidates,
                )
            except AwrsrError as error:
                st.error(f"{plain(side.title)}: {plain(error)}")
                return
        if len(case.sides) == 2:
            show_common(*outcomes.values())
        columns = st.columns(len(case.sides), gap="medium")
        for side, column in zip(case.sides, columns, strict=True):
            with column:
                show_outcome(case, side, *outcomes[side.key])
        st.caption(
            f"Scores are item scores of each model; ranks among {among(case.dataset)}. The model "
            "was not trained with the replaced weights: this shows what it relies on, not what it "
            "would do if it had been trained that way."
        )


# --- contributions --------------------------------------------------------------------------------


def show_tables(case: Case) -> None:
    """One small table per model."""
    found = {}
    for side in case.sides:
        try:
            found[side.key] = contributions(
                side.model,
                case.history,
                case.target,
                candidates=case.dataset.default_candidates,
            )
        except AwrsrError as error:
            st.error(f"{plain(side.title)}: {plain(error)}")
    columns = st.columns(len(case.sides), gap="medium")
    for side, column in zip(case.sides, columns, strict=True):
        if side.key in found:
            with column:
                show_contributions(side, found[side.key], scale(case.sides, found, side))


def scale(sides: Sequence[Side], found: dict[str, Contributions], side: Side) -> float:
    """The largest absolute contribution among the models with the same unit as this one."""
    backbone = side.model.config.backbone
    largest = [
        float(abs(table).max())
        for each in sides
        if each.key in found and each.model.config.backbone == backbone
        for table in (found[each.key].uniform, found[each.key].refinement)
        if table is not None
    ]
    return max(largest) or 1.0


def show_contributions(side: Side, found: Contributions, largest: float) -> None:
    """Rows: layers and replacements. Columns: heads. Below: the second order as a whole."""
    rows, gains = [], []
    kinds = [(UNIFORM, found.uniform, found.uniform_ranks)]
    if found.refinement is not None and found.refinement_ranks is not None:
        kinds.append((FIRST_ORDER, found.refinement, found.refinement_ranks))
    for layer in range(len(found.uniform)):
        for name, values, ranks in kinds:
            rows.append(
                {"layer": str(layer + 1), "replaced by": name} | cells(values, ranks, layer)
            )
            gains.append(["", ""] + [shade(value, largest) for value in values[layer]])
    table = pd.DataFrame(rows)
    colors = pd.DataFrame(gains, columns=table.columns)
    st.markdown(
        f"**{plain(side.title)}** \u00b7 score {found.score:+.3f}, rank **{found.rank:,}** "
        "in the full model"
    )
    st.dataframe(
        table.style.apply(lambda _: colors, axis=None),
        hide_index=True,
        height="content",
        key=f"gains-{side.key}",
        column_config={
            "layer": st.column_config.TextColumn(width=45),
            "replaced by": st.column_config.TextColumn(width=105),
        },
    )
    if found.second_order is None:
        st.caption(
            f"{REFINEMENTS[side.model.config.refinement].no_second_order} "
            "There is no second order to remove."
        )
    else:
        st.markdown(
            f"The second order as a whole: **{found.second_order:+.3f}**, rank {found.rank:,} "
            f"with it, {found.second_order_rank:,} without"
        )


def cells(
    values: npt.NDArray[np.float64], ranks: npt.NDArray[np.int64], layer: int
) -> dict[str, str]:
    """Score lost and resulting rank, for each head of a layer and for all heads together."""
    names = [f"head {head + 1}" for head in range(values.shape[1] - 1)] + ["all heads"]
    return {
        name: f"{value:+.3f}, rank {rank:,}"
        for name, value, rank in zip(names, values[layer], ranks[layer], strict=True)
    }


def shade(value: float, largest: float) -> str:
    """Blue where the part helps the target, orange where it hurts it; deeper for larger values."""
    rgb = HELPS if value > 0 else HURTS
    return f"background-color: rgba({rgb}, {0.6 * min(1.0, abs(value) / largest):.3f})"
