"""Attention maps as a still picture for a paper: PNG or SVG, drawn by Matplotlib.

The board draws what a person looks at; this draws many maps at once, without a browser.
"""

import io
import warnings
from collections.abc import Sequence
from typing import Literal, get_args

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from awrsr.board.payload import Drawn

mpl.rcParams["svg.hashsalt"] = "awrsr"  # the same figure gives the same file

Map = npt.NDArray[np.floating]
Format = Literal["png", "svg"]
FORMATS: tuple[Format, ...] = get_args(Format)

WIDTH = 7.0
"""Inches: a page of two columns."""
POINTS = 72
LABEL_SIZE, TITLE_SIZE = 6.0, 7.5
LABEL_LENGTH = 25
LABELS_WIDTH, SCALE_WIDTH, HEADING, FOOT = 1.55, 0.55, 0.42, 0.25
"""Inches beside, above and below the maps."""
GAP = 0.12
SMALLEST, LARGEST = 0.9, 2.7
"""Inches of a map's edge."""


def map_grid(
    maps: Sequence[Sequence[Map | None]],
    *,
    rows: Sequence[str],
    columns: Sequence[str],
    labels: Sequence[str],
    title: str,
    most: float | None = None,
) -> Figure:
    """Maps of one history in rows and columns on one colour scale.

    Queries go down and keys across, older to newer. What can never hold weight is left white; a
    place without a map says so.

    Args:
        maps: by row and column, each (query, key) weights over the same items, or None.
        rows: titles of the rows.
        columns: titles of the columns.
        labels: of the items, oldest first; long ones are clipped, every so many are drawn.
        title: above all.
        most: weight at the upper end of the scale; the largest drawn where not given.
    """
    found = [m for row in maps for m in row if m is not None]
    top = most or max(float(m.max()) for m in found)
    edge = (WIDTH - LABELS_WIDTH - SCALE_WIDTH - GAP * len(columns)) / len(columns)
    edge = min(LARGEST, max(SMALLEST, edge))
    width = LABELS_WIDTH + len(columns) * (edge + GAP) + SCALE_WIDTH
    height = HEADING + len(rows) * (edge + GAP) + FOOT
    figure = Figure(figsize=(width, height))
    figure.text(
        0.06 / width,
        1 - 0.06 / height,
        clipped(title, 110),
        size=TITLE_SIZE + 1,
        va="top",
        parse_math=False,
    )
    drawn = None
    for down, (row_title, row) in enumerate(zip(rows, maps, strict=True)):
        for across, weights in enumerate(row):
            left = LABELS_WIDTH + across * (edge + GAP)
            below = height - HEADING - (down + 1) * edge - down * GAP
            axes = figure.add_axes((left / width, below / height, edge / width, edge / height))
            if down == 0:
                axes.set_title(columns[across], size=TITLE_SIZE, pad=3, parse_math=False)
            axes.tick_params(size=0, pad=2, labelsize=LABEL_SIZE)
            axes.spines[:].set_visible(False)
            axes.set(xticks=[], yticks=[])
            if weights is None:
                axes.text(0.5, 0.5, "none", size=TITLE_SIZE, ha="center", va="center", color="0.4")
            else:
                hidden = np.triu(np.ones_like(weights, dtype=bool), k=1)
                drawn = axes.imshow(
                    np.ma.array(weights, mask=hidden), vmin=0, vmax=top, interpolation="nearest"
                )
            if across == 0:
                if weights is not None:
                    _label(axes, labels, edge)
                figure.text(
                    0.06 / width,
                    (below + edge / 2) / height,
                    row_title,
                    size=TITLE_SIZE,
                    rotation=90,
                    va="center",
                    parse_math=False,
                )
            if down == len(rows) - 1:
                axes.set_xlabel("keys, older to newer", size=LABEL_SIZE, labelpad=2)
    if drawn is not None:
        left = (width - SCALE_WIDTH + 0.05) / width
        span = min(1.6, height - HEADING - FOOT)
        scale = figure.add_axes(
            (left, (height - HEADING - span) / height, 0.1 / width, span / height)
        )
        figure.colorbar(drawn, cax=scale)
        scale.tick_params(labelsize=LABEL_SIZE, size=2, pad=1)
        scale.set_title("weight", size=LABEL_SIZE, pad=3)
    return figure


KINDS = {"first_order": "first order A", "second_order": "second order S", "refined": "refined M"}


def layer_figures(
    trace: Drawn, *, title: str, labels: Sequence[str], most: float | None = None
) -> list[Figure]:
    """Every layer's maps, kinds down and heads across; one row where all kinds are one.

    Args:
        trace: of one history.
        title: of the model.
        labels: of the trace's items.
        most: see `map_grid`.
    """
    found = trace.arrays()
    kinds = [kind for kind in KINDS if kind in found]
    if "second_order" not in kinds:
        kinds = ["refined"]
    layers, heads = found["refined"].shape[:2]
    return [
        map_grid(
            [[found[kind][layer, head] for head in range(heads)] for kind in kinds],
            rows=[KINDS[kind] for kind in kinds] if len(kinds) > 1 else ["weights A"],
            columns=[f"head {head + 1}" for head in range(heads)],
            labels=labels,
            title=f"{title}, layer {layer + 1}",
            most=most,
        )
        for layer in range(layers)
    ]


def save(figure: Figure, form: Format) -> bytes:
    """A figure as a file. Letters that the font lacks are drawn as boxes."""
    memory = io.BytesIO()
    metadata = {"Date": None} if form == "svg" else {}
    with warnings.catch_warnings(action="ignore", category=UserWarning):  # of such letters
        figure.savefig(memory, format=form, dpi=300, metadata=metadata)
    return memory.getvalue()


def clipped(text: str, length: int = LABEL_LENGTH) -> str:
    """Text of one printable line, cut to a length."""
    line = "".join(c if c.isprintable() else " " for c in text)
    return line if len(line) <= length else line[: length - 1].rstrip() + "\u2026"


def _label(axes: Axes, labels: Sequence[str], edge: float) -> None:
    """As many labels as can be read beside a map's edge, the newest among them."""
    room = max(1, int(edge * POINTS / (LABEL_SIZE * 1.15)))
    step = -(-len(labels) // room)
    places = list(range(len(labels) - 1, -1, -step))[::-1]
    axes.set_yticks(places, [clipped(labels[place]) for place in places])
    for tick in axes.get_yticklabels():
        tick.set_parse_math(False)
