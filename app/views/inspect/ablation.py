"""What the prediction gains from its attention: heads made uniform, the refinement taken off."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import streamlit as st

from app.candidates import among
from app.case import Case
from app.escape import plain
from app.sides import Side
from app.state import Session
from app.views.inspect.recommendations import MARK, TARGET_ROW, arrow
from awrsr.errors import AwrsrError
from awrsr.explain import Ablation, Contributions, Outcome, ablate, contributions
from awrsr.models import Trace
from awrsr.refinement import REFINEMENTS

LISTED = 10
HELPS, HINDERS = "59, 111, 212", "217, 122, 30"
UNIFORM, FIRST_ORDER = "equal weights", "first order"
Place = tuple[int, int]
"""Layer and head, from 0."""


@dataclass(frozen=True)
class Switched:
    """What a person has switched in one model.

    Args:
        other: the other model's refined weights in place of its own, all layers and heads.
        off: no refinement anywhere.
        first_order: heads without refinement.
        uniform: heads with equal weights.
    """

    other: bool
    off: bool
    first_order: tuple[Place, ...]
    uniform: tuple[Place, ...]

    @property
    def ablations(self) -> list[Ablation]:
        """In the order in which they are done: the later one wins where both touch a head."""
        found = [Ablation(change="other")] if self.other else []
        found += [Ablation(change="first_order")] if self.off else []
        found += [
            Ablation(change="first_order", layer=at[0], head=at[1]) for at in self.first_order
        ]
        return found + [Ablation(change="uniform", layer=at[0], head=at[1]) for at in self.uniform]


def show(case: Case) -> None:
    """A section that computes nothing until it is opened."""
    st.markdown("#### What the prediction gains")
    st.fragment(lambda: _show(case), key="gains-section")()


def _show(case: Case) -> None:
    section = st.expander(
        "Take attention away, head by head, and see what becomes of the target and of both lists",
        key=Session.gains.name,
        on_change="rerun",
    )
    if not section.open:
        return
    with section:
        st.markdown(
            f"What {plain(case.target_title)} loses in item score when the weights "
            "of one head, or of all heads of a layer, are replaced",
            help="Score with everything minus score with the replacement, in item-score units of "
            "each model: above 0 (blue) where the part raises the target. Each cell is a forward "
            "pass of its own. Parts do not add up to the score, and layers above react to what "
            "changes below.",
        )
        show_tables(case)
        st.markdown("**Switch parts off, alone or together**")
        columns = st.columns(len(case.sides), gap="medium")
        chosen = {}
        for side, column in zip(case.sides, columns, strict=True):
            with column:
                chosen[side.key] = choose(side, case.other(side))
        if not any(switched.ablations for switched in chosen.values()):
            st.caption("Nothing is switched: both lists are those above.")
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
            f"Scores are item scores of each model; ranks among {among(case.dataset)}. Replaced "
            "weights are none that the model has learned to work with: this shows what it relies "
            "on, not what it would do had it been trained that way."
        )


# --- contributions --------------------------------------------------------------------------------


def show_tables(case: Case) -> None:
    """One small table a model."""
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
    """The largest contribution in size among the models that share this one's unit."""
    backbone = side.model.config.backbone
    largest = [
        float(abs(table).max())
        for each in sides
        if each.key in found and each.model.config.backbone == backbone
        for table in (found[each.key].uniform, found[each.key].refinement)
        if table is not None
    ]
    return max(largest) or 1.0


def show_contributions(side: Side, found: Contributions, most: float) -> None:
    """Layers and what is replaced down, heads across; and the second order as a whole."""
    rows, gains = [], []
    kinds = [(UNIFORM, found.uniform, found.uniform_ranks)]
    if found.refinement is not None and found.refinement_ranks is not None:
        kinds.append((FIRST_ORDER, found.refinement, found.refinement_ranks))
    for layer in range(len(found.uniform)):
        for name, values, ranks in kinds:
            rows.append(
                {"layer": str(layer + 1), "in its place": name} | cells(values, ranks, layer)
            )
            gains.append(["", ""] + [shade(value, most) for value in values[layer]])
    table = pd.DataFrame(rows)
    colors = pd.DataFrame(gains, columns=table.columns)
    st.markdown(
        f"**{plain(side.title)}** \u00b7 score {found.score:+.3f}, rank **{found.rank:,}** "
        "with everything"
    )
    st.dataframe(
        table.style.apply(lambda _: colors, axis=None),
        hide_index=True,
        height="content",
        key=f"gains-{side.key}",
        column_config={
            "layer": st.column_config.TextColumn(width=45),
            "in its place": st.column_config.TextColumn(width=105),
        },
    )
    if found.second_order is None:
        st.caption(
            f"{REFINEMENTS[side.model.config.refinement].no_second_order} "
            "There is no second order to take away."
        )
    else:
        st.markdown(
            f"The second order as a whole: **{found.second_order:+.3f}**, rank {found.rank:,} "
            f"with it, {found.second_order_rank:,} without"
        )


def cells(
    values: npt.NDArray[np.float64], ranks: npt.NDArray[np.int64], layer: int
) -> dict[str, str]:
    """What is lost, and the rank then, of each head of a layer and of all of them at once."""
    names = [f"head {head + 1}" for head in range(values.shape[1] - 1)] + ["all heads"]
    return {
        name: f"{value:+.3f}, rank {rank:,}"
        for name, value, rank in zip(names, values[layer], ranks[layer], strict=True)
    }


def shade(value: float, most: float) -> str:
    """Blue where the part helps the target, orange where it hinders, the stronger the deeper."""
    rgb = HELPS if value > 0 else HINDERS
    return f"background-color: rgba({rgb}, {0.6 * min(1.0, abs(value) / most):.3f})"


# --- switches -------------------------------------------------------------------------------------


def choose(side: Side, other: Side | None) -> Switched:
    """The switches of one model."""
    config = side.model.config
    places = [(layer, head) for layer in range(config.n_layers) for head in range(config.n_heads)]
    refinement = REFINEMENTS[config.refinement]
    unrefined = not refinement.has_second_order()
    which = side.key, side.directory.name
    st.markdown(f"**{plain(side.title)}**")
    off = st.checkbox(
        "No refinement: M = A everywhere",
        key=Session.gains_off.named(*which),
        disabled=unrefined,
        help=refinement.no_second_order or "First-order weights mix the values.",
    )
    off = off and not unrefined
    why_not = reason_against(side.trace, other.trace if other else None)
    swappable = why_not is None and not off
    swapped = st.checkbox(
        f"Maps of {other.key.upper()} in place of its own" if other else "Maps of the other model",
        key=Session.gains_other.named(*which),
        disabled=not swappable,
        help=why_not
        or "The other model's refined weights mix this model's values, layer by "
        "layer and head by head. Heads of two models are matched by their number only. "
        "Not together with M = A.",
    )
    uniform: tuple[Place, ...] = ()
    first_order: tuple[Place, ...] = ()
    if not refinement.even:
        uniform = heads(
            "Heads with equal weights (layer, head)", places, Session.gains_uniform.named(*which)
        )
    if not unrefined:
        first_order = heads(
            "Heads without refinement (layer, head)",
            places,
            Session.gains_first.named(*which),
            disabled=off,
        )
    return Switched(
        other=swapped and swappable,
        off=off,
        first_order=() if off else first_order,
        uniform=uniform,
    )


def heads(
    label: str, places: list[Place], key: str, *, disabled: bool = False
) -> tuple[Place, ...]:
    """The heads that a person picks."""
    picked = st.pills(
        label,
        places,
        selection_mode="multi",
        key=key,
        disabled=disabled,
        format_func=lambda at: f"L{at[0] + 1} H{at[1] + 1}",
    )
    return tuple(at for at in places if at in picked)


def reason_against(trace: Trace, other: Trace | None) -> str | None:
    """Why another trace's maps can not stand in this one's place, or None where they can."""
    if other is None:
        return "There is no other model."
    if other.items != trace.items:
        return "The two models see different numbers of items of this history."
    shape, others = ((len(each.layers), len(each.layers[0].refined)) for each in (trace, other))
    if shape != others:
        return (
            f"The other model has {others[0]} layers of {others[1]} heads, this one {shape[0]} of "
            f"{shape[1]}."
        )
    return None


# --- what becomes of the lists --------------------------------------------------------------------


def show_common(first: list[Outcome], second: list[Outcome]) -> None:
    """How many items both lists share, before and after."""
    before, after = (len({*a.best} & {*b.best}) for a, b in zip(first, second, strict=True))
    st.markdown(
        f"In both lists of {LISTED}: **{after}**, with everything {before}",
    )


def show_outcome(case: Case, side: Side, before: Outcome, after: Outcome) -> None:
    """One model's list under the switches, and where its items stood with everything."""
    st.markdown(
        f"{MARK} {plain(side.key.upper())}: score {before.score:+.3f} \u2192 "
        f"**{after.score:+.3f}** ({after.score - before.score:+.3f}), rank {before.rank:,} \u2192 "
        f"**{after.rank:,}**"
    )
    ranks = [side.ranking.rank_of(item) for item in after.best]
    table = pd.DataFrame(
        {
            "rank": range(1, len(after.best) + 1),
            "title": [
                f"{MARK} {title}" if item == case.target else title
                for item, title in zip(after.best, case.dataset.titles(after.best), strict=True)
            ],
            "score": after.best_scores,
            "before": ranks,
            "moved": [arrow(old - new) for new, old in enumerate(ranks, start=1)],
        }
    )
    st.dataframe(
        table.style.apply(
            lambda row: [TARGET_ROW if after.best[row.name] == case.target else ""] * len(row),
            axis=1,
        ).format({"score": "{:.3f}"}),
        hide_index=True,
        key=f"gains-list-{side.key}",
        column_config={
            "rank": st.column_config.NumberColumn("#", width=34),
            "title": st.column_config.TextColumn("title", width=230),
            "score": st.column_config.NumberColumn("score", width=62),
            "before": st.column_config.NumberColumn(
                "before", width=60, help="Rank with everything"
            ),
            "moved": st.column_config.TextColumn(
                "\u25b2\u25bc", width=58, help="Ranks gained or lost by the switches"
            ),
        },
    )
    gone = [item for item in before.best if item not in after.best]
    if gone:
        st.caption(f"No longer listed: {plain(', '.join(case.dataset.titles(gone)))}")
