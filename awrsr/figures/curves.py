"""Curves of faithfulness of one history, and the layout of deletion above insertion."""

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from awrsr.explain import EXPLANATIONS, Curves

KINDS = {"deletion": "Deletion", "insertion": "Insertion"}
DASHES = {"attention": "solid", "attribution": "dash", "neither": "dot"}
"""Line styles by kind of explanation."""
GRID = "rgba(128, 128, 128, 0.22)"
LEGEND_LINE = 22
"""Height of a legend line in pixels."""


def history_curves(found: Mapping[str, Curves], chosen: Sequence[str], *, rank: bool) -> go.Figure:
    """Deletion above insertion for one history in one model, one line per explanation.

    Args:
        found: curves by explanation.
        chosen: the explanations to draw.
        rank: draw the target's rank, 1 on top, instead of its standard score.
    """
    figure = two_panels("rank" if rank else "standard score", "items removed", "items restored")
    for name in (name for name in chosen if name in found):
        for row, kind in enumerate(KINDS, start=1):
            curve = getattr(found[name], kind)
            m = int(curve.kept.max())
            add_curve(
                figure,
                name,
                row,
                "%{x} items, %{y:.3~f}",
                x=m - curve.kept if kind == "deletion" else curve.kept,
                y=curve.ranks if rank else curve.standard_scores,
            )
    if rank:
        figure.update_yaxes(type="log", autorange="reversed", nticks=5)
    return laid_out(figure, len(chosen))


def two_panels(height: str, below_first: str, below_second: str) -> go.Figure:
    """An empty panel for deletion above one for insertion, with the titles of their axes."""
    figure = make_subplots(
        rows=2,
        cols=1,
        vertical_spacing=0.2,
        subplot_titles=[f"{kind}, {height}" for kind in KINDS.values()],
    )
    figure.update_annotations(font_size=13)
    figure.update_xaxes(title_text=below_first, row=1)
    figure.update_xaxes(title_text=below_second, row=2)
    figure.update_xaxes(title_font_size=11, title_standoff=4)
    return figure


def add_curve(figure: go.Figure, name: str, row: int, values: str, **points: Any) -> None:
    """Add the curve of an explanation to the panel of a row, from 1.

    Args:
        figure: see `two_panels`.
        name: the explanation.
        row: the row.
        values: the template of a point's values next to the pointer.
        points: x, y and more of Plotly's scatter.
    """
    explanation = EXPLANATIONS[name]
    figure.add_scatter(
        mode="lines",
        line={"color": explanation.color, "dash": DASHES[explanation.kind], "width": 2},
        name=explanation.title,
        legendgroup=name,
        showlegend=row == 1,
        hovertemplate=f"{explanation.title}<br>{values}<extra></extra>",
        row=row,
        col=1,
        **points,
    )


def laid_out(figure: go.Figure, lines: int) -> go.Figure:
    """The figure with its axes and its legend of so many lines laid out."""
    figure.update_xaxes(gridcolor=GRID, zeroline=False, fixedrange=True)
    figure.update_yaxes(gridcolor=GRID, zerolinecolor=GRID, fixedrange=True)
    legend = LEGEND_LINE * -(-lines // 2)
    figure.update_layout(
        height=460 + legend,
        margin={"l": 0, "r": 8, "t": 28, "b": 56 + legend},
        legend={
            "orientation": "h",
            "yref": "container",
            "y": 0,
            "yanchor": "bottom",
            "x": 0,
            "font_size": 11,
        },
    )
    return figure
