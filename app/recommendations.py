"""Both models' recommendations for one history."""

import pandas as pd
import streamlit as st

from app.sides import Side
from app.text import plain
from awrsr.dataset import Dataset
from awrsr.recommendation import rank_of, ranked_catalogue

SCORE_UNITS = {
    "sasrec": "Item score: the state's dot product with the item",
    "stosa": "Item score: minus the squared Wasserstein distance of state and item",
}


def show_recommendations(
    dataset: Dataset, side: Side, other: Side | None, history: list[int], target: int
) -> None:
    """The model's list, each item with its rank in the other model, and the target's rank."""
    ranked = ranked_catalogue(side.trace.item_scores, history)
    top = ranked.head(st.session_state.k)
    place = rank_of(side.trace.item_scores, target, history)
    st.markdown(f"**{plain(side.title)}** \u00b7 recommendations")
    table = pd.DataFrame(
        {
            "rank": top["rank"],
            "title": [
                f"\u25c6 {title}" if item == target else title
                for item, title in zip(top["item"], dataset.titles(top["item"]), strict=True)
            ],
            "score": top["score"],
        }
    )
    if other is not None:
        scores = other.trace.item_scores
        table["other"] = [rank_of(scores, int(item), history) for item in top["item"]]
    mark = "background-color: rgba(240, 180, 40, 0.28)"
    st.dataframe(
        table.style.apply(
            lambda row: [mark if top["item"][row.name] == target else ""] * len(row), axis=1
        ).format({"score": "{:.3f}"}),
        hide_index=True,
        column_config={
            "rank": st.column_config.NumberColumn("#", width=36),
            "title": st.column_config.TextColumn("title", width=158),
            "score": st.column_config.NumberColumn(
                "score", width=58, help=SCORE_UNITS[side.model.config.backbone]
            ),
            "other": st.column_config.NumberColumn(
                f"in {other.key.upper()}" if other else None,
                width=46,
                help=f"Rank in {plain(other.title)}" if other else None,
            ),
        },
    )
    st.markdown(
        f"\u25c6 {plain(dataset.titles([target])[0])}: rank **{place:,}** of "
        f"{len(ranked) + (target in history):,}",
        help="Among the whole catalogue, items of the history left out unless the target; "
        "ties count against it.",
    )
