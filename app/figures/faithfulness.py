"""Figures of faithfulness: numbers in, Plotly figure out; no Streamlit.

Names come from folders: every label is escaped.
"""

import html
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from awrsr.experiments.comparison import records
from awrsr.explain import EXPLANATIONS, NEWEST_FIRST, RANDOM
from awrsr.figures import GRID, KINDS, add_curve, laid_out, two_panels
from awrsr.studies import FORCED_SHARE, difference_column

HOW = (
    "Items are removed from the model's input; older ones move up. Empty histories are not scored: "
    "deletion ends and insertion begins with one item. Standard score: the target's item score "
    "minus the mean over the catalogue, divided by the standard deviation. Area: mean height of a "
    "curve."
)
ZERO = "rgba(128, 128, 128, 0.9)"


def safe(text: object) -> str:
    """Text that Plotly shows literally; it interprets a subset of HTML."""
    return html.escape(str(text), quote=False)


def mean_curves(
    curves: pd.DataFrame, model: str, chosen: Sequence[str], standing: str
) -> go.Figure:
    """Deletion above insertion for one model, means over users with their intervals.

    Args:
        curves: rows of curves.parquet of one sort; all models share one scale.
        model: the model to draw.
        chosen: the explanations to draw.
        standing: standard_score or ndcg.
    """
    drawn = curves[curves["explanation"].isin(chosen)]
    curves = drawn[drawn["model"] == model]
    figure = two_panels(
        "NDCG" if standing == "ndcg" else "standard score",
        "share of the items remaining",
        "share of the items restored",
    )
    for name in chosen:
        for row, kind in enumerate(KINDS, start=1):
            part = curves[(curves["explanation"] == name) & (curves["curve"] == kind)]
            if part.empty:
                continue
            add_curve(
                figure,
                name,
                row,
                "%{x:.0%}, %{y:.3f}",
                x=part["share"],
                y=part[standing],
                error_y={
                    "type": "data",
                    "symmetric": False,
                    "array": part[f"{standing}_high"] - part[standing],
                    "arrayminus": part[standing] - part[f"{standing}_low"],
                    "thickness": 0.8,
                    "width": 0,
                },
            )
    figure.update_xaxes(tickformat=".0%")
    figure.update_xaxes(autorange="reversed", row=1)
    if len(drawn):
        low, high = drawn[f"{standing}_low"].min(), drawn[f"{standing}_high"].max()
        margin = 0.05 * (high - low)
        figure.update_yaxes(range=[low - margin, high + margin])
    return laid_out(figure, len(chosen))


def has_own_floor(row: Mapping[str, Any]) -> bool:
    """Whether a row of a study's summary has a floor of random orders with a forced place."""
    return "floor" in row and row["newest_first"] >= FORCED_SHARE


def less_floor(rows: pd.DataFrame, models: Mapping[str, str], colors: Sequence[str]) -> go.Figure:
    """Every explanation's mean minus its floor, one dot with interval per model.

    Args:
        rows: rows of summary.csv of one sort and measure.
        models: titles by name, in the order of the colours.
        colors: colours of the models.
    """
    figure, column = go.Figure(), difference_column(rows)
    recorded = set(rows["explanation"]) - {RANDOM, NEWEST_FIRST}
    names = [name for name in EXPLANATIONS if name in recorded]
    starred = {row["explanation"] for row in records(rows) if has_own_floor(row)}
    for place, (model, title) in enumerate(models.items()):
        part = rows[rows["model"] == model].set_index("explanation")
        part = part.loc[[name for name in names if name in part.index]]
        heights = [
            names.index(name) + 0.28 * (place - (len(models) - 1) / 2) for name in part.index
        ]
        figure.add_scatter(
            x=part[column],
            y=heights,
            error_x={
                "type": "data",
                "symmetric": False,
                "array": part[f"{column}_high"] - part[column],
                "arrayminus": part[column] - part[f"{column}_low"],
                "thickness": 2,
                "width": 4,
            },
            mode="markers",
            marker={"size": 8, "color": colors[place]},
            name=safe(title),
            customdata=np.stack(
                [part[f"{column}_low"], part[f"{column}_high"], part["mean"]], axis=-1
            ),
            text=[EXPLANATIONS[name].title for name in part.index],
            hovertemplate="%{text}<br>%{x:+.4f} [%{customdata[0]:+.4f}, %{customdata[1]:+.4f}]"
            "<br>mean %{customdata[2]:.4f}<extra>%{fullData.name}</extra>",
        )
    figure.update_xaxes(
        zeroline=True,
        zerolinewidth=2,
        zerolinecolor=ZERO,
        gridcolor=GRID,
        nticks=6,
        fixedrange=True,
    )
    figure.update_yaxes(
        tickvals=list(range(len(names))),
        ticktext=[EXPLANATIONS[name].title + " *" * (name in starred) for name in names],
        range=[len(names) - 0.5, -0.5],
        gridcolor=GRID,
        zeroline=False,
        fixedrange=True,
    )
    figure.update_layout(
        height=27 * len(names) + 90,
        margin={"l": 0, "r": 8, "t": 8, "b": 0},
        legend={"orientation": "h", "y": -0.12, "x": 0, "yanchor": "top"},
    )
    return figure
