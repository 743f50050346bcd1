"""Figures of the pages Find and Models: numbers in, Plotly figure out; no Streamlit.

Names come from folders and titles from datasets: every label is escaped.
"""

import html

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from awrsr.figures import MODEL_COLORS

DIVERGING = [[0, "#d97a1e"], [0.5, "#a9a9a9"], [1, "#2a62c9"]]
A_TO_B = [[0, MODEL_COLORS[0]], [0.5, "#a9a9a9"], [1, MODEL_COLORS[1]]]
"""Colours of the better model for the held-out item; grey if the ranks are equal."""
SEQUENTIAL = "Viridis"
FULL = 3.0
"""Doublings of a rank for the full colour: eight times better."""
FAINT = "rgba(128, 128, 128, 0.2)"
CURVES = {
    "NDCG@5": "NDCG@5, validation",
    "NDCG@10": "NDCG@10, validation",
    "loss": "training loss",
    "grad_norm": "global gradient norm",
}


def safe(text: object) -> str:
    """Text that Plotly shows literally; it interprets a subset of HTML."""
    return html.escape(str(text), quote=False)


def scatter(table: pd.DataFrame, x: str, y: str, titles: dict[str, str]) -> go.Figure:
    """Users as points, coloured by log2 of rank in A / rank in B.

    Args:
        table: made by `app.finding.pair_table`, one row per point.
        x: a column.
        y: a column.
        titles: titles of the columns.
    """
    figure = go.Figure(
        go.Scattergl(
            x=table[x].to_numpy(dtype=float),
            y=table[y].to_numpy(dtype=float),
            mode="markers",
            marker={
                "size": 7,
                "opacity": 0.8,
                "color": table["doublings"].to_numpy(),
                "colorscale": A_TO_B,
                "cmin": -FULL,
                "cmax": FULL,
                "line": {"width": 0},
                "colorbar": {
                    "title": {"text": "rank", "side": "top"},
                    "tickvals": [-FULL, 0, FULL],
                    "ticktext": ["better in A", "equal", "better in B"],
                    "thickness": 10,
                    "len": 0.8,
                },
            },
            customdata=np.stack(
                [
                    np.array([safe(user) for user in table["user_id"]], dtype=object),
                    table["rank_a"].to_numpy(),
                    table["rank_b"].to_numpy(),
                ],
                axis=-1,
            )
            if len(table)
            else None,
            hovertemplate=(
                "user %{customdata[0]}<br>rank %{customdata[1]} in A, %{customdata[2]} in B<br>"
                f"{safe(titles[x])} %{{x:.4g}}<br>{safe(titles[y])} %{{y:.4g}}<extra></extra>"
            ),
        )
    )
    for axis, column in ((figure.update_xaxes, x), (figure.update_yaxes, y)):
        ranks = column in ("rank_a", "rank_b", "length")
        axis(
            title_text=safe(titles[column]),
            type="log" if ranks and len(table) and table[column].min() > 0 else "linear",
            gridcolor=FAINT,
            zerolinecolor=FAINT,
        )
    if {x, y} == {"rank_a", "rank_b"} and len(table):
        ends = [1, float(table[[x, y]].max().max())]
        figure.add_scatter(
            x=ends, y=ends, mode="lines", line={"color": FAINT, "dash": "dot"}, hoverinfo="skip"
        )
    figure.update_layout(
        height=420,
        margin={"l": 0, "r": 0, "t": 8, "b": 0},
        showlegend=False,
        dragmode="zoom",
        clickmode="event+select",
    )
    return figure


def training_curves(histories: dict[str, pd.DataFrame], best: dict[str, int]) -> go.Figure:
    """The columns of each model's history.csv, one panel per column, one line per model.

    Args:
        histories: tables by label, in the order of the models' colours.
        best: the epoch of the kept weights, by label.
    """
    shown = [name for name in CURVES if any(name in table for table in histories.values())]
    columns = 2
    figure = make_subplots(
        rows=-(-len(shown) // columns),
        cols=columns,
        subplot_titles=[CURVES[name] for name in shown],
        shared_xaxes=False,
        vertical_spacing=0.18,
        horizontal_spacing=0.1,
    )
    figure.update_annotations(font_size=13)
    for place, name in enumerate(shown):
        where = {"row": place // columns + 1, "col": place % columns + 1}
        for number, (label, table) in enumerate(histories.items()):
            if name not in table:
                continue
            color = MODEL_COLORS[number % len(MODEL_COLORS)]
            figure.add_scatter(
                x=table["epoch"],
                y=table[name],
                mode="lines",
                name=safe(label),
                legendgroup=label,
                showlegend=place == 0,
                line={"color": color, "width": 2},
                hovertemplate="epoch %{x}: %{y:.4f}<extra>%{fullData.name}</extra>",
                **where,
            )
            kept = table[table["epoch"] == best.get(label)]
            figure.add_scatter(
                x=kept["epoch"],
                y=kept[name],
                mode="markers",
                marker={"color": color, "size": 9, "symbol": "diamond"},
                showlegend=False,
                hovertemplate="kept: epoch %{x}, %{y:.4f}<extra></extra>",
                **where,
            )
        figure.update_xaxes(gridcolor=FAINT, zeroline=False, fixedrange=True, **where)
        figure.update_yaxes(gridcolor=FAINT, zeroline=False, fixedrange=True, **where)
    figure.update_layout(
        height=420,
        margin={"l": 0, "r": 8, "t": 54, "b": 8},
        legend={"orientation": "h", "y": 1.16, "x": 0},
    )
    return figure


def head_map(profile: pd.DataFrame, columns: dict[str, str], rows: list[str]) -> go.Figure:
    """Attention weight of each head by kind of key: one row per head, one column per kind.

    Args:
        profile: made by `awrsr.studies.head_profile`.
        columns: columns to show, with their titles.
        rows: titles of the rows of the profile.
    """
    values = profile[list(columns)].to_numpy(dtype=float)
    text = np.where(np.isnan(values), "\u2013", np.char.mod("%.2f", np.nan_to_num(values)))
    figure = go.Figure(
        go.Heatmap(
            z=values,
            x=[safe(title) for title in columns.values()],
            y=[safe(row) for row in rows],
            text=text,
            texttemplate="%{text}",
            textfont={"size": 11},
            colorscale=SEQUENTIAL,
            zmin=0,
            zmax=1,
            xgap=1,
            ygap=1,
            showscale=False,
            hovertemplate="%{y}<br>%{x}: %{z:.3f}<extra></extra>",
        )
    )
    figure.update_xaxes(side="top", tickangle=-45, fixedrange=True, tickfont_size=11)
    figure.update_yaxes(autorange="reversed", fixedrange=True, tickfont_size=11, type="category")
    figure.update_layout(
        height=95 + 24 * len(rows), margin={"l": 0, "r": 0, "t": 86, "b": 4}, dragmode=False
    )
    return figure


def matrix_map(values: np.ndarray, top: float) -> go.Figure:
    """The learned matrix of a layer; the newest item's slot, n - 1, is last.

    Args:
        values: (n, n).
        top: the end of the colour scale, shared by the matrices beside it.
    """
    n = len(values)
    ticks = sorted({0, *range(9, n, 10), n - 1})
    if len(ticks) > 1 and ticks[-1] - ticks[-2] < 4:
        ticks.pop(-2)
    names = [str(slot + 1) for slot in ticks]  # from 1, as on every screen
    figure = go.Figure(
        go.Heatmap(
            z=values.astype(np.float32),
            zmin=-top,
            zmax=top,
            colorscale=DIVERGING,
            x=np.arange(1, n + 1),
            y=np.arange(1, n + 1),
            hovertemplate="p: slot %{y}, q: slot %{x}<br>%{z:+.4f}<extra></extra>",
            colorbar={"thickness": 8, "len": 0.9},
        )
    )
    places = [slot + 1 for slot in ticks]
    figure.update_xaxes(
        tickvals=places,
        ticktext=names,
        fixedrange=True,
        tickangle=0,
        title={"text": f"slot q, of the key's row; {n} is the newest", "font_size": 12},
    )
    figure.update_yaxes(
        tickvals=places,
        ticktext=names,
        title={"text": "slot p, of the query's row", "font_size": 12},
        autorange="reversed",
        fixedrange=True,
        scaleanchor="x",
        constrain="domain",
    )
    figure.update_xaxes(constrain="domain")
    figure.update_layout(height=360, margin={"l": 0, "r": 0, "t": 8, "b": 0}, dragmode=False)
    return figure
