"""Rows of attention maps for comparison with attributions."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from awrsr.models import Trace

KINDS = ("first_order", "second_order", "refined")


@dataclass(frozen=True, kw_only=True)
class AttentionRow:
    """The attention of the prediction position in one map: its last row.

    Args:
        kind: one of KINDS.
        layer: 0-based.
        head: 0-based, or None for the mean over the layer's heads.
        weights: (m,), one per item, oldest first; sums to one.
    """

    kind: str
    layer: int
    head: int | None
    weights: npt.NDArray[np.floating]


def prediction_rows(trace: Trace) -> Iterator[AttentionRow]:
    """The last row of every map: layer by layer, first the heads, then their mean."""
    for layer, maps in enumerate(trace.layers):
        last = {
            kind: getattr(maps, kind)[:, -1].cpu().numpy()
            for kind in KINDS
            if getattr(maps, kind) is not None
        }
        for head in [*range(maps.first_order.shape[0]), None]:
            for kind, rows in last.items():
                weights = rows.mean(axis=0) if head is None else rows[head]
                yield AttentionRow(kind=kind, layer=layer, head=head, weights=weights)
