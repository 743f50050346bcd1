"""Bars: attributions, and the terms of a sum."""

import html
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from awrsr.figures.theme import FAINT_LINE, LINE, WHISKER, FloatArray, clip

PANELS_A_ROW = 6
HEADING, TICKS = 44, 34
"""Pixels of a row of panels, above its bars and below them."""


@dataclass(frozen=True, kw_only=True)
class BarPanel:
    """The attribution of one history by one method in one model.

    Args:
        title: title of the method.
        model: letter of the model.
        slots: slots of the items that the model saw; slot 1 is the oldest item of the history.
        values: one per slot, in item score units.
        errors: standard error of each value, drawn as a whisker, or None.
        scale: panels of equal scale share the range of their axes.
        color: colour of the bars.
    """

    title: str
    model: str
    slots: list[int]
    values: FloatArray
    errors: FloatArray | None = None
    scale: str
    color: str


def attribution_bars(panels: list[BarPanel], titles: dict[int, str]) -> go.Figure:
    """Signed bars per item, older items above, one panel per method and model.

    Args:
        panels: at least one, in reading order.
        titles: item titles by slot; a panel without a slot leaves its row empty.
    """
    columns = min(len(panels), PANELS_A_ROW)
    rows = -(-len(panels) // columns)
    slots = sorted(titles)
    names = {slot: f"{slot}. {html.escape(titles[slot], quote=False)}" for slot in slots}
    labels = [f"{clip(titles[slot])} {slot}" for slot in slots]
    size = max(8, min(12, 520 // len(slots)))
    height = max(15 * len(slots), 60)
    bars = rows * height + (rows - 1) * (HEADING + TICKS)
    figure = make_subplots(
        rows=rows,
        cols=columns,
        specs=[
            [{} if row * columns + column < len(panels) else None for column in range(columns)]
            for row in range(rows)
        ],
        shared_yaxes=True,
        horizontal_spacing=0.15 / columns / columns,
        vertical_spacing=(HEADING + TICKS) / bars if rows > 1 else 0,
        subplot_titles=[f"{html.escape(panel.title)}<br><b>{panel.model}</b>" for panel in panels],
    )
    figure.update_annotations(font_size=12 if columns < 5 else 10)
    ranges = {panel.scale: value_range(panels, panel.scale) for panel in panels}
    for place, panel in enumerate(panels):
        where = {"row": place // columns + 1, "col": place % columns + 1}
        figure.add_bar(
            x=panel.values,
            y=[names[slot] for slot in panel.slots],
            orientation="h",
            marker_color=panel.color,
            name=f"{panel.model} {html.escape(panel.title)}",
            error_x=None
            if panel.errors is None
            else {"array": panel.errors, "color": WHISKER, "thickness": 1.2, "width": 2},
            customdata=panel.errors,
            hovertemplate="%{y}<br>%{x:+.4f}"
            + ("" if panel.errors is None else ", standard error %{customdata:.4f}")
            + "<extra>%{fullData.name}</extra>",
            **where,
        )
        figure.update_xaxes(
            range=ranges[panel.scale],
            nticks=5 if columns < 5 else 3,
            tickangle=0,
            zeroline=True,
            zerolinewidth=1,
            zerolinecolor=LINE,
            fixedrange=True,
            **where,
        )
        figure.update_yaxes(
            type="category",
            categoryorder="array",
            categoryarray=[names[slot] for slot in slots],
            tickmode="array",
            tickvals=[names[slot] for slot in slots],
            ticktext=labels,
            tickfont_size=size,
            showgrid=True,  # guides the eye from a title to distant panels
            gridcolor=FAINT_LINE,
            range=[len(slots) - 0.5, -0.5],
            fixedrange=True,
            **where,
        )
    figure.update_layout(
        height=bars + HEADING + TICKS,
        margin={"l": 0, "r": 8, "t": HEADING, "b": TICKS},
        showlegend=False,
        bargap=0.25,
    )
    return figure


def value_range(panels: list[BarPanel], scale: str) -> list[float]:
    """The lowest and the highest end of the bars and whiskers of a scale, including 0."""
    ends = np.concatenate(
        [
            panel.values + sign * (0 if panel.errors is None else panel.errors)
            for panel in panels
            if panel.scale == scale
            for sign in (-1, 1)
        ]
    )
    low, high = min(0.0, float(ends.min())), max(0.0, float(ends.max()))
    margin = 0.1 * (high - low) or 1.0
    return [low - margin, high + margin]


MEAN_COLOR, COVARIANCE_COLOR = "#2a9d8f", "#9467bd"


def split_bars(means: FloatArray, covariances: FloatArray, axis: str) -> go.Figure:
    """Two stacked bars per dimension, counted from 1.

    Args:
        means: one term per dimension, at most 0.
        covariances: likewise.
        axis: the name of the dimensions.
    """
    figure = go.Figure()
    for name, terms, color in (
        ("means", means, MEAN_COLOR),
        ("standard deviations", covariances, COVARIANCE_COLOR),
    ):
        figure.add_bar(
            x=np.arange(1, len(terms) + 1),
            y=terms,
            name=name,
            marker_color=color,
            hovertemplate="dimension %{x}: %{y:+.5f}<extra>%{fullData.name}</extra>",
        )
    figure.update_xaxes(title=axis, nticks=8, tickangle=0, fixedrange=True)
    figure.update_yaxes(nticks=5, fixedrange=True)
    figure.update_layout(
        barmode="stack",
        height=240,
        margin={"l": 0, "r": 8, "t": 34, "b": 40},
        legend={
            "orientation": "h",
            "x": 0,
            "y": 1.02,
            "yanchor": "bottom",
            "bgcolor": "rgba(0, 0, 0, 0)",
            "traceorder": "normal",
        },
        bargap=0.15,
    )
    return figure
