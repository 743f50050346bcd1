"""Switching off parts of a model, and the resulting list."""

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from app.case import Case
from app.escape import plain
from app.sides import Side
from app.state import Session
from app.views.inspect.recommendations import MARK, TARGET_ROW, arrow
from awrsr.explain import Ablation, Outcome
from awrsr.models import Trace
from awrsr.refinement import REFINEMENTS

LISTED = 10
Place = tuple[int, int]
"""Layer and head, from 0."""


@dataclass(frozen=True)
class Switched:
    """The chosen switches of one model.

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
        """The ablations in the order of application; the later one wins on the same head."""
        found = [Ablation(change="other")] if self.other else []
        found += [Ablation(change="first_order")] if self.off else []
        found += [
            Ablation(change="first_order", layer=at[0], head=at[1]) for at in self.first_order
        ]
        return found + [Ablation(change="uniform", layer=at[0], head=at[1]) for at in self.uniform]


def choose(side: Side, other: Side | None) -> Switched:
    """The switches of one model."""
    config = side.model.config
    places = [(layer, head) for layer in range(config.n_layers) for head in range(config.n_heads)]
    refinement = REFINEMENTS[config.refinement]
    unrefined = not refinement.has_second_order()
    which = side.key, side.run.name
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
        f"Maps of {other.key.upper()} instead of its own" if other else "Maps of the other model",
        key=Session.gains_other.named(*which),
        disabled=not swappable,
        help=why_not
        or "The other model's refined weights mix this model's values, layer by "
        "layer and head by head. Heads are matched only by their number. "
        "Cannot be combined with M = A.",
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
    """The picked heads."""
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
    """Why another trace's maps cannot replace this trace's maps; None if they can."""
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


def show_common(first: list[Outcome], second: list[Outcome]) -> None:
    """The number of items in both lists, with and without the switches."""
    before, after = (len({*a.best} & {*b.best}) for a, b in zip(first, second, strict=True))
    st.markdown(
        f"In both lists of {LISTED}: **{after}**, in the full models {before}",
    )


def show_outcome(case: Case, side: Side, before: Outcome, after: Outcome) -> None:
    """One model's list under the switches, with the ranks of its items in the full model."""
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
                "before", width=60, help="Rank in the full model"
            ),
            "moved": st.column_config.TextColumn(
                "\u25b2\u25bc", width=58, help="Ranks gained or lost by the switches"
            ),
        },
    )
    gone = [item for item in before.best if item not in after.best]
    if gone:
        st.caption(f"No longer listed: {plain(', '.join(case.dataset.titles(gone)))}")
