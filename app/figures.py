"""Numbers in, Plotly figure out; no Streamlit.

Item titles are untrusted: every label is escaped, since Plotly reads a subset of HTML.
"""

import html

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

COLORSCALE = "Viridis"
MODEL_COLORS = ("#3b6fd4", "#d97a1e")
LABEL_LENGTH = 26
SCALE_TICKS = (0.0, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0)
SCALES = {"square root": np.sqrt, "linear": lambda weights: weights}

FloatArray = npt.NDArray[np.floating]


def positioned(titles: list[str]) -> list[str]:
    """Whole titles, escaped, each with its position from 1: repeats of an item stay apart."""
    return [f"{i}. {html.escape(title, quote=False)}" for i, title in enumerate(titles, 1)]


def axis_labels(titles: list[str]) -> list[str]:
    """Clipped titles, escaped, each with its position from 1."""
    return [f"{clip(title)} {i}" for i, title in enumerate(titles, 1)]


def clip(title: str, length: int = LABEL_LENGTH) -> str:
    """A title cut to a length, escaped."""
    short = title if len(title) <= length else title[: length - 1].rstrip() + "\u2026"
    return html.escape(short, quote=False)


def attention_map(weights: FloatArray, titles: list[str], *, name: str, scale: str) -> go.Figure:
    """One map: queries downwards, keys to the right, both older to newer; later keys absent.

    Args:
        weights: (m, m), rows sum to one.
        titles: of the m items, oldest first.
        name: what the map is, for the read-out.
        scale: a name of SCALES, from weight to colour, 0 to 1 for all maps; the read-out is the
            weight.
    """
    m = len(titles)
    shape = SCALES[scale]
    seen = np.where(np.tri(m, dtype=bool), weights, np.nan)  # a later key is absent, not zero
    names = positioned(titles)
    heatmap = go.Heatmap(
        x=names,
        y=names,
        z=shape(seen),
        customdata=seen,  # the read-out is the weight, whatever the colour's scale
        zmin=0.0,
        zmax=1.0,
        colorscale=COLORSCALE,
        hoverongaps=False,
        hovertemplate=(
            f"<b>{html.escape(name)}</b><br>query %{{y}}<br>key %{{x}}"
            "<br>weight %{customdata:.4f}<extra></extra>"
        ),
        colorbar={
            "tickvals": [float(shape(np.float64(tick))) for tick in SCALE_TICKS],
            "ticktext": [f"{tick:g}" for tick in SCALE_TICKS],
            "thickness": 10,
            "outlinewidth": 0,
            "title": {"text": "weight", "side": "right"},
        },
    )
    axis = {
        "type": "category",
        "tickmode": "array",
        "tickvals": names,
        "ticktext": axis_labels(titles),
        "tickfont": {"size": max(7, min(11, 480 // m))},
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
    }
    return go.Figure(
        heatmap,
        layout={
            "xaxis": axis | {"tickangle": -90, "title": "key (attended to), older \u2192 newer"},
            "yaxis": axis
            | {"autorange": "reversed", "title": "query (attending), older \u2192 newer"},
            "height": int(220 + max(12 * m, 190)),
            "margin": {"l": 0, "r": 0, "t": 8, "b": 0},
        },
    )


def attribution_bars(values: FloatArray, titles: list[str], *, color: str) -> go.Figure:
    """Signed bars per item, older items above.

    Args:
        values: (m,) in item score units.
        titles: of the m items, oldest first.
        color: of the bars.
    """
    m = len(titles)
    names = positioned(titles)
    bars = go.Bar(
        x=values,
        y=names,
        orientation="h",
        marker_color=color,
        hovertemplate="%{y}<br>%{x:+.4f}<extra></extra>",
    )
    return go.Figure(
        bars,
        layout={
            "xaxis": {
                "title": "item score",
                "zeroline": True,
                "zerolinewidth": 1,
                "fixedrange": True,
            },
            "yaxis": {
                "type": "category",
                "tickmode": "array",
                "tickvals": names,
                "ticktext": axis_labels(titles),
                "tickfont": {"size": max(8, min(12, 520 // m))},
                "autorange": "reversed",
                "fixedrange": True,
            },
            "height": int(90 + max(15 * m, 60)),
            "margin": {"l": 0, "r": 0, "t": 4, "b": 0},
            "showlegend": False,
            "bargap": 0.25,
        },
    )
