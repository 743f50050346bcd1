"""How a recommendation came to be: the target's rank and the validation metric by epoch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from awrsr.figures import FAINT_LINE, MODEL_COLORS, WHISKER

HEIGHT = 190
"""Height of the figure in pixels."""
TITLES = ("rank of the target", "NDCG@10, validation")


@dataclass(frozen=True, kw_only=True)
class Forming:
    """One model's training.

    Args:
        name: the model's letter.
        color: place in MODEL_COLORS.
        ranks: the target's rank by epoch, in order of epochs.
        final: the epoch of the final weights, or None.
        ndcg: validation NDCG@10 by epoch.
        shown: the epoch on the page.
    """

    name: str
    color: int
    ranks: Mapping[int, int]
    final: int | None
    ndcg: pd.Series
    shown: int | None


def curves(models: Sequence[Forming]) -> go.Figure:
    """Both numbers against the epoch, one line per model; diamonds are final weights, rings the
    epochs on the page."""
    figure = make_subplots(rows=1, cols=2, subplot_titles=TITLES, horizontal_spacing=0.12)
    for model in models:
        color = MODEL_COLORS[model.color]
        kept = list(model.ranks)
        known = [epoch for epoch in kept if epoch in model.ndcg.index]
        curve = {"x": model.ndcg.index.tolist(), "y": model.ndcg.tolist()}
        points = (
            (1, {"x": kept, "y": list(model.ranks.values())}, kept),
            (2, {"x": known, "y": model.ndcg.loc[known].tolist()}, known),
        )
        figure.add_scatter(
            **curve,
            mode="lines",
            line={"color": color, "width": 1.5},
            hoverinfo="skip",
            row=1,
            col=2,
        )
        for column, values, epochs in points:
            number = "rank %{y:,}" if column == 1 else "NDCG@10 %{y:.4f}"
            figure.add_scatter(
                **values,
                mode="lines+markers" if column == 1 else "markers",
                line={"color": color, "width": 1.5},
                marker={
                    "color": color,
                    "size": [11 if epoch == model.shown else 7 for epoch in epochs],
                    "symbol": ["diamond" if e == model.final else "circle" for e in epochs],
                    "line": {
                        "color": WHISKER,
                        "width": [2 if epoch == model.shown else 0 for epoch in epochs],
                    },
                },
                hovertemplate=f"{model.name}, epoch %{{x}}: {number}<extra></extra>",
                row=1,
                col=column,
            )
    last = max([1, *(epoch for m in models for epoch in [*m.ndcg.index, *m.ranks])])
    figure.update_xaxes(
        title_text="epoch",
        range=[0, 1.03 * last],
        gridcolor=FAINT_LINE,
        zeroline=False,
        fixedrange=True,
    )
    figure.update_yaxes(gridcolor=FAINT_LINE, zeroline=False, fixedrange=True)
    figure.update_yaxes(type="log", autorange="reversed", dtick=1, row=1, col=1)
    figure.update_annotations(font_size=12)
    figure.update_layout(
        height=HEIGHT,
        margin={"l": 0, "r": 8, "t": 24, "b": 0},
        showlegend=False,
        paper_bgcolor="rgba(0, 0, 0, 0)",
        plot_bgcolor="rgba(0, 0, 0, 0)",
    )
    return figure
