"""Numbers in, Plotly figure out; no Streamlit.

Item titles are untrusted: every label is escaped, since Plotly reads a subset of HTML.
"""

import html
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from awrsr.board import clipped

MODEL_COLORS = ("#3b6fd4", "#d97a1e")
LABEL_LENGTH = 26
PANELS_A_ROW = 6
LINE, FAINT_LINE = "rgba(128, 128, 128, 0.8)", "rgba(128, 128, 128, 0.16)"
WHISKER = "rgba(128, 128, 128, 1)"
HEADING, TICKS = 44, 34
"""Pixels of a row of panels, above its bars and below them."""

FloatArray = npt.NDArray[np.floating]


def clip(title: str, length: int = LABEL_LENGTH) -> str:
    """A title cut to a length, escaped."""
    return html.escape(clipped(title, length), quote=False)


@dataclass(frozen=True, kw_only=True)
class BarPanel:
    """The attribution of one history by one method in one model.

    Args:
        title: of the method.
        model: the letter of the model.
        slots: of the items the model saw, counted from 1 at the oldest of the history.
        values: one per slot, in item score units.
        errors: the standard error of each, drawn as a whisker, or None.
        scale: panels of equal scale share the range of their axes.
        color: of the bars.
    """

    title: str
    model: str
    slots: list[int]
    values: FloatArray
    errors: FloatArray | None = None
    scale: str
    color: str


def attribution_bars(panels: list[BarPanel], titles: dict[int, str]) -> go.Figure:
    """Signed bars per item, older items above, one panel a method and model.

    Args:
        panels: one or more, in reading order.
        titles: of the items by slot; a panel that lacks a slot leaves it empty.
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
            showgrid=True,  # leads the eye from a title to the panels far from it
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
    """From the lowest to the highest end of a bar or whisker of a scale, 0 included."""
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


# --- what a cell is made of -----------------------------------------------------------------------

DIVERGING = [
    [0.0, "rgba(217, 122, 30, 1)"],
    [0.5, "rgba(217, 122, 30, 0)"],  # nothing: right on a light and on a dark page
    [0.5, "rgba(59, 111, 212, 0)"],
    [1.0, "rgba(59, 111, 212, 1)"],
]
PATH_RGB = "59, 111, 212"
MEAN_COLOR, COVARIANCE_COLOR = "#2a9d8f", "#9467bd"
MOST_TITLES = 60
"""Rows of a map beyond which titles would be too small to read; the hover still has them."""
NARROW_LABEL = 18


def pair_map(terms: FloatArray, query_labels: list[str], key_labels: list[str]) -> go.Figure:
    """Signed terms over pairs, 0 without colour.

    Args:
        terms: (row, column).
        query_labels: of the rows, each once.
        key_labels: of the columns, each once.
    """
    rows, columns = (
        [html.escape(label, quote=False) for label in labels]
        for labels in (query_labels, key_labels)
    )
    most = float(np.abs(terms).max()) or 1.0
    figure = go.Figure(
        go.Heatmap(
            z=terms,
            x=columns,
            y=rows,
            zmin=-most,
            zmax=most,
            colorscale=DIVERGING,
            colorbar={"thickness": 10, "len": 1, "nticks": 5, "tickformat": "+.2~g"},
            hovertemplate="%{y}<br>with %{x}<br>%{z:+.5f}<extra></extra>",
        )
    )
    size = max(8, min(11, 500 // max(len(rows), len(columns))))
    _label(figure.layout.yaxis, rows, query_labels, size)
    _label(figure.layout.xaxis, columns, key_labels, size)
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
    """Query to intermediate item to key, a path an item, and a bar for what each path brings.

    The two halves of a path are as wide as their weights, and the path as strong as its term.

    Args:
        terms: the products first * second.
        first: weight of the query on the intermediate item.
        second: weight of the intermediate item on the key.
        labels: of the intermediate items, oldest first, each once.
        ends: what the query and the key are called below the picture.
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


def split_bars(means: FloatArray, covariances: FloatArray, axis: str) -> go.Figure:
    """Two stacked bars per dimension, counted from 1.

    Args:
        means: one term per dimension, none above 0.
        covariances: likewise.
        axis: what the dimensions are.
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


def _label(axis: go.layout.XAxis, names: list[str], labels: list[str], size: int) -> None:
    """Names as categories, of which clipped labels are read."""
    axis.update(
        type="category",
        categoryorder="array",
        categoryarray=names,
        tickmode="array",
        tickvals=names,
        ticktext=[clip(label, NARROW_LABEL) for label in labels],
        tickfont_size=size,
        showgrid=False,
        fixedrange=True,
    )
    if len(names) > MOST_TITLES:
        step = -(-len(names) // MOST_TITLES) * 2
        axis.update(tickvals=names[::step], ticktext=[clip(label, 8) for label in labels[::step]])
