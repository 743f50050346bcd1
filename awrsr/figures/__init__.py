"""Figures as Plotly objects that can be restyled: numbers in, figures out."""

from awrsr.figures.bars import PANELS_A_ROW, BarPanel, attribution_bars, split_bars
from awrsr.figures.curves import GRID, KINDS, add_curve, history_curves, laid_out, two_panels
from awrsr.figures.paper import attribution_figure, map_figure
from awrsr.figures.theme import (
    FAINT_LINE,
    LINE,
    MODEL_COLORS,
    MOST_TITLES,
    NARROW_LABEL,
    WHISKER,
    FloatArray,
    clip,
    label_axis,
)

__all__ = [
    "FAINT_LINE",
    "GRID",
    "KINDS",
    "LINE",
    "MODEL_COLORS",
    "MOST_TITLES",
    "NARROW_LABEL",
    "PANELS_A_ROW",
    "WHISKER",
    "BarPanel",
    "FloatArray",
    "add_curve",
    "attribution_bars",
    "attribution_figure",
    "clip",
    "history_curves",
    "label_axis",
    "laid_out",
    "map_figure",
    "split_bars",
    "two_panels",
]
