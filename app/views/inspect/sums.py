"""The sums behind a locked cell: pairs of items, intermediate items, parts of a distance."""

from dataclasses import dataclass

import numpy as np
import streamlit as st

from app.escape import plain
from app.figures import maps
from awrsr import figures
from awrsr.experiments.comparison import records
from awrsr.explain import (
    Cell,
    DistanceSplit,
    PairMap,
    RefinedParts,
)
from awrsr.models import SequentialModel, Trace

PLOT_CONFIG = {"displayModeBar": False}
TOP = 4
"""Number of pairs and paths that are listed in words."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A source of the board: a model and its trace of one history.

    Args:
        name: on the board, "A", or "A" with a prime for a compared variant.
        title: the model's title.
        model: the traced model.
        trace: its trace of the history.
        places: places of the trace's items on the board's axis, increasing.
        where: for every place of the axis, the place where the trace has its item, or -1.
        labels: slot and title of every item of the trace.
    """

    name: str
    title: str
    model: SequentialModel
    trace: Trace
    places: list[int]
    where: list[int]
    labels: list[str]


def signed(value: float) -> str:
    """A score with the digits that are significant in single precision."""
    return f"{value:+.{4 if abs(value) < 10 else 3}f}"


def sum_of(total: float, score: float) -> str:
    """A float64 sum, with its difference from the model's float32 score if that is visible."""
    rounded = f" (float32 rounding of the model: {abs(total - score):.0e})"
    return f"**{signed(total)}**{rounded if signed(total) != signed(score) else ''}"


def show_pairs(source: Shown, cell: Cell, found: PairMap, key: str) -> None:
    """The map over pairs, its sum, and the largest pairs in words."""
    total = found.pairs.sum()
    standardised = found.rows == "standardised"
    st.markdown(
        f"S = **{found.weight:.4f}**, the softmax of the score **{signed(found.score)}**. The "
        f"pairs sum to {sum_of(total, found.score)}. Rows: items that the query attends to; "
        "columns: items that the key attends to."
        + (
            " Rows are standardised: above 0 is more attention than an even share, below 0 less; "
            "each row sums to 0."
            if standardised
            else ""
        )
    )
    labels = source.labels
    st.plotly_chart(
        maps.pair_map(found.pairs, labels[: cell.query + 1], labels[: cell.key + 1]),
        config=PLOT_CONFIG,
        key=key,
        alt="Terms of the second-order score by pairs of attended items",
    )
    form = "+.3f" if standardised else ".3f"
    verb = "weighs" if standardised else "attends to"
    st.markdown(
        "\n".join(
            f"- {plain(labels[row['p']])}, which the query {verb} ({row['of_query']:{form}}), with "
            f"{plain(labels[row['q']])}, which the key {verb} ({row['of_key']:{form}}): "
            f"**{row['term']:+.4f}**"
            for row in records(found.table(TOP))
        )
    )


def show_paths(source: Shown, cell: Cell, found: RefinedParts, key: str) -> None:
    """Paths and bars for the items from the key to the query; other items have terms of 0."""
    assert found.query_row is not None and found.key_column is not None  # see `RefinedParts`
    learned = source.trace.config.value_matrix
    value = "(A V)\u2096\u2c7c" if learned else "A\u2096\u2c7c"
    st.markdown(
        f"M = sum of S\u1d62\u2096 {value} over the items k between = "
        f"**{found.terms.sum():.4f}** (recorded {found.weight:.4f}): the query attends to k, "
        + (
            "and k attends to the key, directly or through a newer slot that V maps to it."
            if learned
            else "and k attends to the key."
        )
    )
    between = slice(cell.key, cell.query + 1)
    st.plotly_chart(
        maps.paths(
            found.terms[between],
            found.query_row[between],
            found.key_column[between],
            source.labels[between],
            [source.labels[cell.query], source.labels[cell.key]],
        ),
        config=PLOT_CONFIG,
        key=key,
        alt="Paths from query to key and the terms of the refined weight by intermediate item",
    )
    query, target = plain(source.labels[cell.query]), plain(source.labels[cell.key])
    largest = np.argsort(-found.terms[between], kind="stable")[:TOP] + cell.key
    st.markdown(
        "\n".join(
            f"- {query} \u2192 {plain(source.labels[k])} \u2192 {target}: "
            f"{found.query_row[k]:.3f} \u00d7 {found.key_column[k]:.3f} = **{found.terms[k]:.4f}**"
            for k in largest
        )
    )


def show_split(found: DistanceSplit, letter: str, between: str, axis: str, key: str) -> None:
    """Bars per dimension of the mean part and of the covariance part."""
    mean, covariance = found.mean_terms.sum(), found.covariance_terms.sum()
    st.markdown(
        f"{letter} = **{found.weight:.4f}**, the softmax of the score **{signed(found.score)}**, "
        f"minus the squared distance of {between}, / \u221a{len(found.mean_terms)}"
        f"{f', times the gain {found.gain:.3f}' if found.gain != 1 else ''}: means "
        f"{signed(mean)}, standard deviations {signed(covariance)}, together "
        f"{sum_of(mean + covariance, found.score)}. 0 means no distance."
    )
    st.plotly_chart(
        figures.split_bars(found.mean_terms, found.covariance_terms, axis),
        config=PLOT_CONFIG,
        key=key,
        alt=f"Mean and covariance terms of the score by {axis}",
    )
