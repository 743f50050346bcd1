"""The board in a notebook's cell."""

import html
import string
from dataclasses import dataclass

from awrsr.board.names import ItemNames, item_names
from awrsr.board.page import page
from awrsr.board.payload import Source, payload
from awrsr.data.dataset import Dataset
from awrsr.errors import DataError
from awrsr.models import Trace, model_title

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
    return Shown(page(payload(sources, names, title=title or " and ".join(titles))))
