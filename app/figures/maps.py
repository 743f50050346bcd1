"""Figures of the decomposition of a cell: pairs of items, and paths through items."""

import html

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from awrsr.figures import (
    FAINT_LINE,
    LINE,
    MODEL_COLORS,
    MOST_TITLES,
    NARROW_LABEL,
    FloatArray,
    clip,
    label_axis,
)

DIVERGING = [
    [0.0, "rgba(217, 122, 30, 1)"],
    [0.5, "rgba(217, 122, 30, 0)"],  # transparent: works on light and dark pages
    [0.5, "rgba(59, 111, 212, 0)"],
    [1.0, "rgba(59, 111, 212, 1)"],
]
PATH_RGB = "59, 111, 212"


def pair_map(terms: FloatArray, query_labels: list[str], key_labels: list[str]) -> go.Figure:
    """Signed terms over pairs; 0 has no colour.

    Args:
        terms: (row, column).
        query_labels: labels of the rows, unique.
        key_labels: labels of the columns, unique.
    """
    rows, columns = (
        [html.escape(label, quote=False) for label in labels]
        for labels in (query_labels, key_labels)
    )
    largest = float(np.abs(terms).max()) or 1.0
    figure = go.Figure(
        go.Heatmap(
            z=terms,
            x=columns,
            y=rows,
            zmin=-largest,
            zmax=largest,
            colorscale=DIVERGING,
            colorbar={"thickness": 10, "len": 1, "nticks": 5, "tickformat": "+.2~g"},
            hovertemplate="%{y}<br>with %{x}<br>%{z:+.5f}<extra></extra>",
        )
    )
    size = max(8, min(11, 500 // max(len(rows), len(columns))))
    label_axis(figure.layout.yaxis, rows, query_labels, size)
    label_axis(figure.layout.xaxis, columns, key_labels, size)
    figure.update_yaxes(autorange="reversed")
    figure.update_xaxes(tickangle=-90 if len(columns) > 2 else 0)
    figure.update_layout(
        height=max(70, min(620, (size + 5) * len(rows))) + 125,
        margin={"l": 0, "r": 0, "t": 8, "b": 115},
        plot_bgcolor="rgba(128, 128, 128, 0.09)",
    )
    return figure


def paths(
    terms: FloatArray, first: FloatArray, second: FloatArray, labels: list[str], ends: list[str]
) -> go.Figure:
    """Paths from query to intermediate item to key, and a bar for the term of each path.

    The width of each half of a path shows its weight, and the opacity of the path its term.

    Args:
        terms: the products first * second.
        first: weight of the query on the intermediate item.
        second: weight of the intermediate item on the key.
        labels: labels of the intermediate items, oldest first, unique.
        ends: labels of the query and the key below the picture.
    """
    names = [html.escape(label, quote=False) for label in labels]
    figure = make_subplots(
        rows=1, cols=2, shared_yaxes=True, column_widths=[0.55, 0.45], horizontal_spacing=0.03
    )
    middle = (len(names) - 1) / 2
    strengths = terms / (float(terms.max()) or 1.0)
    for weights, ends_at in ((first, 0), (second, 1)):
        widest = float(weights.max()) or 1.0
        for place, weight in enumerate(weights):
            figure.add_scatter(
                x=[ends_at, 0.5],
                y=[middle, place],
                mode="lines",
                line={
                    "width": 0.5 + 7.5 * weight / widest,
                    "color": f"rgba({PATH_RGB}, {0.08 + 0.82 * strengths[place]:.3f})",
                },
                hoverinfo="skip",
                row=1,
                col=1,
            )
    figure.add_scatter(
        x=[0.5] * len(names),
        y=np.arange(len(names)),
        mode="markers",
        marker={"size": 7, "color": MODEL_COLORS[0]},
        text=names,
        customdata=np.stack([first, second, terms], axis=1),
        hovertemplate="%{text}<br>%{customdata[0]:.4f} \u00d7 %{customdata[1]:.4f} = "
        "%{customdata[2]:.5f}<extra></extra>",
        row=1,
        col=1,
    )
    figure.add_scatter(
        x=[0, 1],
        y=[middle, middle],
        mode="markers",
        marker={"size": 11, "color": LINE, "symbol": "square"},
        text=[html.escape(end, quote=False) for end in ends],
        hovertemplate="%{text}<extra></extra>",
        row=1,
        col=1,
    )
    figure.add_bar(
        x=terms,
        y=np.arange(len(names)),
        orientation="h",
        marker_color=MODEL_COLORS[0],
        text=names,
        textposition="none",
        hovertemplate="%{text}<br>%{x:.5f}<extra></extra>",
        row=1,
        col=2,
    )
    size = max(8, min(11, 500 // len(names)))
    step = -(-len(names) // MOST_TITLES)
    figure.update_yaxes(
        range=[len(names) - 0.4, -0.6], showgrid=False, zeroline=False, fixedrange=True
    )
    figure.update_yaxes(
        tickvals=list(range(0, len(names), step)),
        ticktext=[clip(label, NARROW_LABEL) for label in labels[::step]],
        tickfont_size=size,
        col=1,
    )
    figure.update_xaxes(fixedrange=True, tickangle=0, zeroline=False, showgrid=False)
    figure.update_xaxes(
        tickvals=[0, 0.5, 1],
        ticktext=["query", "item k", "key"],
        range=[-0.12, 1.12],
        title="weights S, then A",
        col=1,
    )
    figure.update_xaxes(
        nticks=4, rangemode="tozero", title="their product", gridcolor=FAINT_LINE, col=2
    )
    figure.update_xaxes(title_font_size=11, title_standoff=4)
    figure.update_layout(
        height=(size + 5) * max(len(names), 6) + 60,
        margin={"l": 0, "r": 8, "t": 8, "b": 44},
        bargap=0.25,
        showlegend=False,
    )
    return figure
