"""Figures of recorded results: tables in, Plotly figure out; no Streamlit."""

import textwrap
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from awrsr.experiments.averages import epoch_means
from awrsr.experiments.comparison import MARGIN, MIN_SEEDS, MODEL, records
from awrsr.experiments.verdict import Row, mechanism_name
from awrsr.figures import GRID
from awrsr.models import BACKBONES, model_title
from awrsr.refinement import REFINEMENTS

ZERO = "rgba(128, 128, 128, 0.9)"
MARGINS = {"l": 0, "r": 8, "t": 8, "b": 0}
LABELS = 104
"""Width in pixels of the names beside the verdict's figure."""


def interval_figure(intervals: pd.DataFrame, metric: str) -> go.Figure:
    """A dot with interval per model, and small marks for the lowest and highest seed.

    Args:
        intervals: rows of `Results.intervals` of one dataset and loss.
        metric: the metric to draw.
    """
    figure = go.Figure()
    names = []
    for row in records(intervals[intervals["metric"] == metric]):
        name = model_title(row["backbone"], row["refinement"])
        names.append(name)
        figure.add_scatter(
            x=[row["difference"]],
            y=[name],
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [row["high"] - row["difference"]],
                "arrayminus": [row["difference"] - row["low"]],
                "thickness": 2,
                "width": 6,
            },
            mode="markers",
            marker={"size": 10, "color": REFINEMENTS[row["refinement"]].color},
            name=name,
            customdata=[[row["low"], row["high"], row["seeds"], row["vanilla"]]],
            hovertemplate="%{y}<br>%{x:+.4f} [%{customdata[0]:+.4f}, %{customdata[1]:+.4f}]<br>"
            "vanilla %{customdata[3]:.4f}, seeds: %{customdata[2]}<extra></extra>",
        )
        if row["seeds"] > 1:
            figure.add_scatter(
                x=[row["lowest_seed"], row["highest_seed"]],
                y=[name, name],
                mode="markers",
                marker={
                    "symbol": "line-ns-open",
                    "size": 12,
                    "color": REFINEMENTS[row["refinement"]].color,
                },
                name=f"{name}, seeds",
                hovertemplate="%{y}, one seed: %{x:+.4f}<extra></extra>",
            )
    figure.update_xaxes(
        rangemode="tozero",
        zeroline=True,
        zerolinewidth=2,
        zerolinecolor=ZERO,
        gridcolor=GRID,
        tickformat="+.4~f",
        nticks=6,
        fixedrange=True,
    )
    figure.update_yaxes(
        categoryorder="array", categoryarray=names[::-1], showgrid=False, fixedrange=True
    )
    figure.update_layout(height=46 * len(names) + 44, margin=MARGINS, showlegend=False)
    return figure


def verdict_figure(rows: list[Row]) -> go.Figure:
    """The gain of attention and of each mechanism as shares of vanilla, row by row.

    Dots with corrected intervals, hollow if there are too few seeds; the range that counts as no
    gain is shaded.
    """
    figure = go.Figure()
    height = 0.0
    ticks: dict[float, str] = {}
    for row in rows:
        label = f"{row.name}, {BACKBONES[row.backbone].title}, {row.loss}: {row.verdict}"
        lines = textwrap.wrap(label, 50)
        height += len(lines)
        figure.add_annotation(
            text="<br>".join(f"<b>{line}</b>" for line in lines),
            align="left",
            x=0,
            xref="paper",
            xanchor="left",
            xshift=-LABELS,
            y=height - 0.5,
            yanchor="bottom",
            showarrow=False,
        )
        attention = [] if row.attention is None else [("attention", row.attention)]
        for name, gain in [*attention, *((mechanism_name(one), one) for one in row.mechanisms)]:
            ticks[height] = name
            _add_share(figure, gain, name, height)
            height += 1
        # Only beside these rows, so that no line crosses a title.
        ends = {"y0": height - len(attention) - len(row.mechanisms) - 0.5, "y1": height - 0.5}
        figure.add_shape(x0=0, x1=MARGIN, **ends, fillcolor=GRID, line_width=0, layer="below")
        figure.add_shape(type="line", x0=0, x1=0, **ends, line={"color": ZERO, "width": 2})
        height += 0.5
    figure.update_xaxes(
        rangemode="tozero",
        zeroline=False,
        gridcolor=GRID,
        tickformat="+.0%",
        nticks=12,
        fixedrange=True,
    )
    figure.update_yaxes(
        range=[height - 0.5, -0.5],
        tickvals=list(ticks),
        ticktext=list(ticks.values()),
        showgrid=False,
        zeroline=False,
        fixedrange=True,
    )
    figure.update_layout(
        height=round(20 * height) + 40, margin=MARGINS | {"l": LABELS}, showlegend=False
    )
    return figure


def _add_share(figure: go.Figure, row: dict[str, Any], name: str, y: float) -> None:
    mean, low, high = (
        row[column] / row["vanilla"] for column in ("difference", "corrected_low", "corrected_high")
    )
    figure.add_scatter(
        x=[mean],
        y=[y],
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [high - mean],
            "arrayminus": [mean - low],
            "thickness": 2,
            "width": 4,
        },
        mode="markers",
        marker={
            "size": 10 if name == "attention" else 8,
            "color": REFINEMENTS[row["refinement"]].color,
            "symbol": ("diamond" if name == "attention" else "circle")
            + "-open" * (row["seeds"] < MIN_SEEDS),
        },
        name=name,
        customdata=[[low, high, row["seeds"], row["corrected_p"]]],
        hovertemplate="%{fullData.name}: %{x:+.1%} [%{customdata[0]:+.1%}, %{customdata[1]:+.1%}]"
        "<br>corrected p %{customdata[3]:.2g}, seeds: %{customdata[2]}<extra></extra>",
    )


def cutoff_figure(
    table: pd.DataFrame, cutoffs: tuple[int, ...], *, differences: bool = False
) -> go.Figure:
    """NDCG@N against N, one line per model, with bars from the lowest to the highest seed.

    Args:
        table: rows of `awrsr.experiments.record.means` of one dataset, loss and backbone.
        cutoffs: the values of N; the columns NDCG@N, their min and max must exist.
        differences: whether the columns are differences to vanilla.
    """
    figure = go.Figure()
    for row in records(table):
        values = [row[f"NDCG@{cutoff}"] for cutoff in cutoffs]
        figure.add_scatter(
            x=list(cutoffs),
            y=values,
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [row[f"NDCG@{n} max"] - row[f"NDCG@{n}"] for n in cutoffs],
                "arrayminus": [row[f"NDCG@{n}"] - row[f"NDCG@{n} min"] for n in cutoffs],
                "thickness": 1,
                "width": 3,
                "visible": row["seeds"] > 1,
            },
            mode="lines+markers",
            name=REFINEMENTS[row["refinement"]].title,
            line=_line(row["refinement"]),
            hovertemplate=f"N = %{{x}}: %{{y:{'+' * differences}.4f}}"
            "<extra>%{fullData.name}</extra>",
        )
    figure.update_xaxes(tickvals=list(cutoffs), title="N", gridcolor=GRID, fixedrange=True)
    return _with_legend(figure, differences=differences)


def trend_figure(history: pd.DataFrame, column: str, *, differences: bool = False) -> go.Figure:
    """A column of the training histories by epoch: a thin line per run, a thick line for the mean.

    Args:
        history: rows of `Results.history` of one dataset, loss and backbone, in the refinements'
            order.
        column: NDCG@5, NDCG@10, grad_norm, ...
        differences: whether the column is the difference to vanilla.
    """
    figure = go.Figure()
    form = ("+" if differences else "") + (".4f" if "@" in column else ".2f")
    for key, group in history.groupby(MODEL, sort=False):
        refinement = str(key[-1])
        runs = group.groupby("seed")
        line = _line(refinement)
        if len(runs) > 1:
            for seed, run in runs:
                figure.add_scatter(
                    x=run["epoch"],
                    y=run[column],
                    mode="lines",
                    line=line | {"width": 1},
                    opacity=0.45,
                    legendgroup=refinement,
                    showlegend=False,
                    name=f"{REFINEMENTS[refinement].title}, seed {seed}",
                    hovertemplate=f"epoch %{{x}}: %{{y:{form}}}<extra>%{{fullData.name}}</extra>",
                )
        mean = epoch_means(group, [column])
        mean = mean[mean["seeds"] == len(runs)]
        figure.add_scatter(
            x=mean["epoch"],
            y=mean[column],
            mode="lines",
            line=line,
            legendgroup=refinement,
            name=REFINEMENTS[refinement].title,
            hovertemplate=f"epoch %{{x}}: %{{y:{form}}}<extra>%{{fullData.name}}</extra>",
        )
    figure.update_xaxes(title="epoch", gridcolor=GRID, fixedrange=True)
    return _with_legend(figure, from_zero="@" in column, differences=differences)


def _with_legend(
    figure: go.Figure, *, from_zero: bool = True, differences: bool = False
) -> go.Figure:
    figure.update_yaxes(
        gridcolor=GRID, rangemode="tozero" if from_zero else "normal", nticks=6, fixedrange=True
    )
    if differences:
        figure.update_yaxes(tickformat="+.3~g", zeroline=True, zerolinewidth=2, zerolinecolor=ZERO)
    figure.update_layout(
        height=340,
        margin=MARGINS,
        legend={"orientation": "h", "y": -0.2, "yanchor": "top", "x": 0, "title": None},
    )
    return figure


def _line(refinement: str) -> dict[str, object]:
    kind = REFINEMENTS[refinement]
    dash = "solid" if kind.has_second_order() else "dot" if kind.learns_attention else "dash"
    return {"color": kind.color, "width": 2.5, "dash": dash}
