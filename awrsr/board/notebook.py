"""The board in a notebook's cell."""

import html
import string
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from awrsr.board.names import ItemNames, item_names
from awrsr.board.page import page
from awrsr.board.payload import Source, payload
from awrsr.board.schema import Payload
from awrsr.data.dataset import Dataset
from awrsr.errors import AwrsrError, DataError
from awrsr.models import Trace, model_title

if TYPE_CHECKING:
    from awrsr.board.live import LiveBoard

MAX_TRACES = 2
"""Traces that the board shows side by side."""


@dataclass(frozen=True)
class Shown:
    """The board as a notebook displays it.

    Args:
        page: a self-contained HTML page; saved to a file, it opens in any browser.
    """

    page: str

    def _repr_html_(self) -> str:
        """The page in a separate frame, isolated from the notebook."""
        return (
            f'<iframe srcdoc="{html.escape(self.page)}" sandbox="allow-scripts allow-downloads" '
            'style="width: 100%; height: 60rem; border: 0" title="Attention board"></iframe>'
        )


def show(*traces: Trace, dataset: Dataset | None = None, title: str = "") -> Shown:
    """The attention board of one trace, or of two side by side.

    Args:
        traces: traces of one history in one or two models, or of a history and a variant of it, see
            `awrsr.trace`.
        dataset: the source of item titles; without it items are shown by number.
        title: title of the page; if empty, the titles of the models.

    Raises:
        DataError: there is no trace or more than two, or the dataset or the models have different
            numbers of items.
    """
    return Shown(page(_content(traces, dataset, title)))


def widget(*traces: Trace, dataset: Dataset | None = None, title: str = "") -> "LiveBoard":
    """The attention board as a widget; its `selection` is the cell that is locked by a click.

    Needs anywidget: `pip install 'awrsr[notebook]'`.

    Args:
        traces: see `show`.
        dataset: see `show`.
        title: see `show`.

    Raises:
        AwrsrError: anywidget is not installed.
        DataError: see `show`.
    """
    try:
        from awrsr.board.live import LiveBoard
    except ModuleNotFoundError as error:
        raise AwrsrError(
            f"the board as a widget needs anywidget, and {error.name} is not installed: pip "
            "install 'awrsr[notebook]'; awrsr.board.show shows the board without it"
        ) from error
    return LiveBoard(_content(traces, dataset, title))


def _content(traces: Sequence[Trace], dataset: Dataset | None, title: str) -> Payload:
    if not 1 <= len(traces) <= MAX_TRACES:
        raise DataError(f"the board shows 1 or {MAX_TRACES} traces; received {len(traces)}")
    n_items = {len(trace.item_scores) for trace in traces}
    if len(n_items | ({dataset.n_items} if dataset is not None else set())) > 1:
        known = "" if dataset is None else f"; {dataset.name} has {dataset.n_items:,}"
        received = " and ".join(f"{number:,}" for number in sorted(n_items))
        raise DataError(f"traces and dataset have different catalogues: {received} items{known}")
    if dataset is None:
        names = ItemNames(titles=[f"item {item}" for item in range(1, n_items.pop() + 1)])
    else:
        names = item_names(dataset)
    titles = [model_title(trace.config.backbone, trace.config.refinement) for trace in traces]
    sources = [
        Source(name=name, title=title, trace=trace)
        for name, title, trace in zip(string.ascii_uppercase, titles, traces, strict=False)
    ]
    return payload(sources, names, title=title or " and ".join(titles))
