"""How far attention and attribution put a history's items into the same order."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from awrsr.errors import DataError
from awrsr.models import Trace

KINDS = ("first_order", "second_order", "refined")
FEWEST = 3
"""Items; of two, every order is perfect agreement or perfect disagreement."""


@dataclass(frozen=True, kw_only=True)
class AttentionRow:
    """What the prediction position attends to in one map: its last row.

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
    """The last row of every map there is: layer by layer, its heads, then their mean."""
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


def spearman(first: npt.ArrayLike, second: npt.ArrayLike) -> float | None:
    """Pearson correlation of the ranks; equal values share the mean of their ranks.

    Returns:
        -1 to 1; None where it is not defined: fewer than 3 values, or a side whose values are all
        equal.

    Raises:
        DataError: not two rows of equal length, or a value is not finite.

    Source: Spearman 1904; ties as in Kendall 1945.
    """
    a, b = _pair(first, second)
    if not _defined(a, b):
        return None
    a, b = (ranks - ranks.mean() for ranks in (_ranks(a), _ranks(b)))
    return _bounded(float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum())))


def kendall_tau_b(first: npt.ArrayLike, second: npt.ArrayLike) -> float | None:
    """(concordant - discordant pairs) / sqrt(pairs untied in the first * untied in the second).

    Quadratic in the number of values.

    Returns:
        -1 to 1; None where it is not defined: fewer than 3 values, or a side whose values are all
        equal.

    Raises:
        DataError: not two rows of equal length, or a value is not finite.

    Source: Kendall 1945, The Treatment of Ties in Ranking Problems.
    """
    a, b = _pair(first, second)
    if not _defined(a, b):
        return None
    later = np.triu_indices(len(a), k=1)
    a, b = (np.sign(values[:, None] - values[None, :])[later] for values in (a, b))
    return _bounded(float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum())))


STATISTICS = {"Spearman's rho": spearman, "Kendall's tau-b": kendall_tau_b}


def _pair(
    first: npt.ArrayLike, second: npt.ArrayLike
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if a.ndim != 1 or a.shape != b.shape:
        raise DataError(
            f"a rank correlation needs two rows of equal length; received shapes {a.shape} "
            f"and {b.shape}"
        )
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise DataError("a rank correlation needs finite values")
    return a, b


def _defined(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> bool:
    return len(a) >= FEWEST and bool(np.ptp(a) > 0 and np.ptp(b) > 0)


def _ranks(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (counts.cumsum() - (counts - 1) / 2)[inverse]


def _bounded(value: float) -> float:
    return min(1.0, max(-1.0, value))
