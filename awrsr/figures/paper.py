"""Figures of a trace and of an attribution, for a paper."""

import html
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from awrsr.attribution import METHODS, Attribution
from awrsr.board import KINDS
from awrsr.errors import ConfigError, DataError, check_choice
from awrsr.figures.bars import BarPanel, attribution_bars
from awrsr.figures.theme import MODEL_COLORS, label_axis
from awrsr.models import Trace

SCALE = [[0.0, "rgba(59, 111, 212, 0)"], [1.0, "rgba(59, 111, 212, 1)"]]
"""From transparent to a colour: the map can be read on light and on dark."""


def map_figure(
    trace: Trace,
    kind: str = "refined",
    *,
    layer: int = -1,
    head: int | None = None,
    titles: Sequence[str] | None = None,
) -> go.Figure:
    """A map of one layer as a heat map: queries go down and keys across, older to newer.

    Args:
        trace: the trace.
        kind: first_order, second_order or refined.
        layer: 0-based; -1 is the last.
        head: 0-based; None is the mean over heads.
        titles: titles of the trace's items; without them items are shown by number.

    Raises:
        ConfigError: there is no such kind, layer or head, or the model has no such map.
        DataError: there are not as many titles as items.
    """
    check_choice("kind", kind, KINDS)
    layers, heads = len(trace.layers), trace.config.n_heads
    if layer not in range(-layers, layers) or head not in (None, *range(heads)):
        raise ConfigError(
            f"layer {layer}, head {head}; accepted: layers 0 to {layers - 1}, heads 0 to "
            f"{heads - 1} or None"
        )
    weights = trace.maps(kind)[layer]
    if weights is None:
        raise ConfigError(f"this model has no map of the kind {kind!r}")
    chosen = weights.mean(dim=0) if head is None else weights[head]
    values = chosen.cpu().numpy().astype(np.float64)
    values[np.triu_indices(len(values), k=1)] = np.nan  # later items are no keys
    labels = _labels(trace.items, titles, trace.dropped)
    names = [html.escape(label, quote=False) for label in labels]
    figure = go.Figure(
        go.Heatmap(
            z=values,
            x=names,
            y=names,
            zmin=0,
            colorscale=SCALE,
            colorbar={"title": "weight", "thickness": 10, "nticks": 5},
            hovertemplate="%{y}<br>attends to %{x}<br>%{z:.4f}<extra></extra>",
        )
    )
    size = max(8, min(11, 500 // len(names)))
    label_axis(figure.layout.yaxis, names, labels, size)
    label_axis(figure.layout.xaxis, names, labels, size)
    figure.update_yaxes(autorange="reversed", title="query")
    figure.update_xaxes(tickangle=-90, title="key")
    return figure.update_layout(
        title=KINDS[kind], width=640, height=600, plot_bgcolor="rgba(0, 0, 0, 0)"
    )


def attribution_figure(found: Attribution, *, titles: Sequence[str] | None = None) -> go.Figure:
    """The value of every item as a bar, with its standard error if there is one; older items above.

    Args:
        found: the attribution.
        titles: titles of its items; without them items are shown by number.

    Raises:
        DataError: there are not as many titles as items.
    """
    named = _titles(found.items, titles)
    slots = list(range(1, len(named) + 1))
    errors = found.standard_errors
    panel = BarPanel(
        title=METHODS[found.method].title,
        model="",
        slots=slots,
        values=found.values.detach().cpu().numpy(),
        errors=None if errors is None else errors.cpu().numpy(),
        scale="values",
        color=MODEL_COLORS[0],
    )
    return attribution_bars([panel], dict(zip(slots, named, strict=True)))


def _labels(items: Sequence[int], titles: Sequence[str] | None, dropped: int) -> list[str]:
    """Unique labels: the slot and the title."""
    numbered = enumerate(_titles(items, titles), start=dropped + 1)
    return [f"{slot}. {title}" for slot, title in numbered]


def _titles(items: Sequence[int], titles: Sequence[str] | None) -> list[str]:
    if titles is None:
        return [f"item {item}" for item in items]
    if len(titles) != len(items):
        raise DataError(f"{len(titles)} titles for {len(items)} items; accepted: one for each")
    return list(titles)
