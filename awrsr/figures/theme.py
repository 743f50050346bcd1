"""Colours, lines and labels of all figures.

Item titles are untrusted: every label is escaped, because Plotly interprets a subset of HTML.
"""

import html

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from awrsr.board import clipped

MODEL_COLORS = ("#3b6fd4", "#d97a1e")
LABEL_LENGTH = 26
MOST_TITLES = 60
"""Maximum number of rows of a map with readable titles; the hover text always has them."""
NARROW_LABEL = 18
LINE, FAINT_LINE = "rgba(128, 128, 128, 0.8)", "rgba(128, 128, 128, 0.16)"
WHISKER = "rgba(128, 128, 128, 1)"
FloatArray = npt.NDArray[np.floating]


def clip(title: str, length: int = LABEL_LENGTH) -> str:
    """A title cut to a length and escaped."""
    return html.escape(clipped(title, length), quote=False)


def label_axis(axis: go.layout.XAxis, names: list[str], labels: list[str], size: int) -> None:
    """Set the names as categories, shown with clipped labels."""
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
