"""Attention maps as a static picture for a paper: PNG or SVG, drawn by Matplotlib.

The board is interactive; this module draws many maps at once, without a browser.
"""

import io
import math
import re
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import numpy.typing as npt

from awrsr.board.payload import Drawn

if TYPE_CHECKING:  # imported where it is used: most pages and verbs draw no such picture
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Map = npt.NDArray[np.floating]
Format = Literal["png", "svg"]
FORMATS: tuple[Format, ...] = get_args(Format)

WIDTH = 7.0
"""Inches: a page of two columns."""
POINTS = 72
DPI = 300
"""Resolution of a PNG."""
LABEL_SIZE, TITLE_SIZE = 6.0, 7.5
LABEL_LENGTH = 25
ID = re.compile(r" \[[^\[\]]+\]$")
"""The id that distinguishes items with the same title, see `Dataset.titles`."""
LABELS_WIDTH, SCALE_WIDTH, HEADING, FOOT = 1.55, 0.6, 0.42, 0.32
"""Inches beside, above and below the maps."""
GAP = 0.12
TICKS = (0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 1)
"""Ticks of the colour scale, up to its upper end."""
SMALLEST, LARGEST = 0.9, 2.7
"""Bounds of a map's edge in inches."""


def map_grid(
    maps: Sequence[Sequence[Map | None]],
    *,
    rows: Sequence[str],
    columns: Sequence[str],
    titles: Sequence[str],
    title: str,
    first_slot: int = 1,
    top: float | None = None,
) -> "Figure":
    """Maps of one history in rows and columns, on one colour scale: the square root of the weight.

    On a linear scale a second-order map, whose rows are long and flat, would have only one colour.
    Queries go down and keys across, older to newer. Cells of keys later than the query stay white;
    a place without a map says "none".

    Args:
        maps: by row and column, each (query, key) weights over the same items, or None.
        rows: titles of the rows.
        columns: titles of the columns.
        titles: titles of the items, oldest first; long titles are shortened, and titles that do not
            fit are left out.
        title: title of the figure.
        first_slot: number of the oldest item.
        top: weight at the upper end of the scale; default: the largest weight drawn.
    """
    from matplotlib.colors import PowerNorm
    from matplotlib.figure import Figure

    found = [m for row in maps for m in row if m is not None]
    top = top or max(float(m.max()) for m in found)
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
    colours = PowerNorm(0.5, vmin=0, vmax=top)
    drawn = None
    for line, (row_title, row) in enumerate(zip(rows, maps, strict=True)):
        for column, weights in enumerate(row):
            x = LABELS_WIDTH + column * (edge + GAP)
            y = height - HEADING - (line + 1) * edge - line * GAP
            axes = figure.add_axes((x / width, y / height, edge / width, edge / height))
            if line == 0:
                axes.set_title(columns[column], size=TITLE_SIZE, pad=3, parse_math=False)
            axes.tick_params(size=0, pad=2, labelsize=LABEL_SIZE)
            axes.spines[:].set_visible(False)
            axes.set(xticks=[], yticks=[])
            if weights is None:
                axes.text(0.5, 0.5, "none", size=TITLE_SIZE, ha="center", va="center", color="0.4")
            else:
                hidden = np.triu(np.ones_like(weights, dtype=bool), k=1)
                drawn = axes.imshow(
                    np.ma.array(weights, mask=hidden), norm=colours, interpolation="nearest"
                )
            if column == 0:
                if weights is not None:
                    _label(axes, titles, first_slot, edge)
                figure.text(
                    0.06 / width,
                    (y + edge / 2) / height,
                    row_title,
                    size=TITLE_SIZE,
                    rotation=90,
                    va="center",
                    parse_math=False,
                )
            if line == len(rows) - 1:
                axes.set_xlabel("keys, older to newer", size=LABEL_SIZE, labelpad=2)
                if weights is not None:
                    _number(axes, len(titles), first_slot, edge)
    if drawn is not None:
        x = (width - SCALE_WIDTH + 0.05) / width
        span = min(1.6, height - HEADING - FOOT)
        scale = figure.add_axes((x, (height - HEADING - span) / height, 0.1 / width, span / height))
        ticks = [tick for tick in TICKS if tick <= top]
        figure.colorbar(drawn, cax=scale, ticks=ticks, format="%g")
        scale.tick_params(labelsize=LABEL_SIZE, size=2, pad=1)
        scale.set_title("weight\n(square root)", size=LABEL_SIZE, pad=3)
    return figure


KINDS = {"first_order": "first order A", "second_order": "second order S", "refined": "refined M"}


def layer_figures(
    trace: Drawn, *, title: str, titles: Sequence[str], top: float | None = None
) -> "list[Figure]":
    """The maps of every layer, kinds down and heads across; one row if all kinds are equal.

    Args:
        trace: the trace of one history.
        title: title of the model.
        titles: titles of the trace's items.
        top: see `map_grid`.
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
            titles=titles,
            first_slot=trace.dropped + 1,
            title=f"{title}, layer {layer + 1}",
            top=top,
        )
        for layer in range(layers)
    ]


def save(figure: "Figure", form: Format) -> bytes:
    """A figure as a file. Characters that the font lacks are drawn as boxes."""
    import matplotlib as mpl

    mpl.rcParams["svg.hashsalt"] = "awrsr"  # the same figure gives the same file
    memory = io.BytesIO()
    metadata = {"Date": None} if form == "svg" else {}
    with warnings.catch_warnings(action="ignore", category=UserWarning):  # about missing characters
        figure.savefig(memory, format=form, dpi=DPI, metadata=metadata)
    return memory.getvalue()


def clipped(text: str, length: int = LABEL_LENGTH) -> str:
    """Text as one printable line, shortened to a length; an id at its end, "Emma [838]", stays."""
    line = "".join(c if c.isprintable() else " " for c in text)
    if len(line) <= length:
        return line
    found = ID.search(line)
    kept = found[0] if found and len(found[0]) < length - 1 else ""
    return f"{line[: length - len(kept) - 1].rstrip()}\u2026{kept}"


def _places(n: int, edge: float, points: float) -> list[int]:
    """Evenly spaced places whose labels fit along a map's edge, including the newest."""
    step = math.ceil(n / max(1, int(edge * POINTS / points)))
    return list(range(n - 1, -1, -step))[::-1]


def _number(axes: "Axes", n: int, first_slot: int, edge: float) -> None:
    """Slots below a map."""
    places = _places(n, edge, LABEL_SIZE * (0.6 * len(str(first_slot + n - 1)) + 0.6))
    axes.set_xticks(places, [str(first_slot + place) for place in places])


def _label(axes: "Axes", titles: Sequence[str], first_slot: int, edge: float) -> None:
    """Slots and titles beside a map."""
    places = _places(len(titles), edge, LABEL_SIZE * 1.15)
    axes.set_yticks(places, [clipped(f"{first_slot + p}. {titles[p]}") for p in places])
    for tick in axes.get_yticklabels():
        tick.set_parse_math(False)
