"""The entries of a history that a recommendation depends on, and whether attention shows them.

The dependence is measured: the target is scored again without each entry of the history. Then the
prediction's rows of attention are compared with the entries that matter most.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from awrsr.explain.agreement import KINDS, prediction_rows
from awrsr.explain.removal import RemovedOnce
from awrsr.models import Trace
from awrsr.ranking.statistics import spearman

Judgement = Literal["shows it", "shows it in part", "no more than age", "does not", "unknown"]

HALF = 0.5
"""A second entry counts as decisive if its effect is this share of the largest, or more."""
TOP = 3
"""A row shows an entry if its weight is among this many largest ones and above an even share."""
FEWEST = 6
"""With fewer entries three of them are more than half of the history, and nothing is judged."""
STANDARD_ERROR = 1.06
"""Standard error of Fisher's transform of a rank correlation, times sqrt(entries - 3) (Fieller,
Hartley and Pearson 1957)."""
QUANTILE = 1.96


@dataclass(frozen=True, kw_only=True)
class Decisive:
    """An entry whose removal moves the target most.

    Args:
        entry: place in the history, 0 = oldest.
        effect: the score lost without it; positive helps the target.
        rank: the target's rank without it.
    """

    entry: int
    effect: float
    rank: int


@dataclass(frozen=True, kw_only=True)
class RowEvidence:
    """The decisive entries in a row of the prediction (last layer, mean over heads).

    Args:
        kind: one of `awrsr.explain.KINDS`.
        places: the ranks of the decisive entries among the row's weights, 1 = largest; equal
            weights share the better rank. None for an entry that the model does not see.
        times: their weights divided by an even share.
        rho: Spearman's correlation of the weights with the magnitudes of the effects, over the
            entries that the model sees; None where it is not defined.
        interval: its 95% interval by Fisher's transform; None if rho is None, or with 3 entries.
        judgement: whether the row shows the decisive entries, see `judged`.
    """

    kind: str
    places: list[int | None]
    times: list[float | None]
    rho: float | None
    interval: tuple[float, float] | None
    judgement: Judgement


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """The entries that the target's rank in one model depends on, and their attention weights.

    Args:
        rank: the target's rank, 1 = best.
        decisive: one or two entries; empty if the history has one entry.
        moved: whether the removal of any entry changes the rank.
        rows: one for every kind of map of the last layer; the last one mixes the values.
        recency_rho: rank correlation of the effects with the slot, to compare with that of a row;
            None if it cannot be computed.
    """

    rank: int
    decisive: list[Decisive]
    moved: bool
    rows: list[RowEvidence]
    recency_rho: float | None


def find_evidence(trace: Trace, removed: RemovedOnce | None) -> Evidence:
    """The evidence of one history in one model.

    Args:
        trace: the trace of the history.
        removed: the target without each entry, see `remove_each`; None if that is not known, as
            for a history of one entry: then there is no evidence.
    """
    if removed is None:
        return Evidence(rank=0, decisive=[], moved=False, rows=[], recency_rho=None)
    effects = removed.score - removed.scores
    moved = removed.ranks != removed.rank
    decisive = [
        Decisive(entry=entry, effect=float(effects[entry]), rank=int(removed.ranks[entry]))
        for entry in _largest(effects, moved if moved.any() else np.ones_like(moved))
    ]
    last = len(trace.layers) - 1
    rows = {
        row.kind: row.weights
        for row in prediction_rows(trace)
        if row.layer == last and row.head is None
    }
    if "second_order" not in rows:  # the first-order weights mix the values
        rows = {"first_order": rows["first_order"]}
    seen = effects[trace.dropped :]
    entries = [found.entry - trace.dropped for found in decisive]
    judgeable = bool(moved.any()) and len(seen) >= FEWEST
    return Evidence(
        rank=removed.rank,
        decisive=decisive,
        moved=bool(moved.any()),
        rows=[
            _row(kind, np.asarray(rows[kind], dtype=np.float64), seen, entries, judgeable)
            for kind in KINDS
            if kind in rows
        ],
        recency_rho=_correlation(_by_age(len(seen)), seen)[0],
    )


def judged(
    weights: npt.NDArray[np.float64], effects: npt.NDArray[np.float64], entries: list[int]
) -> Judgement:
    """Whether a row shows the entries that matter.

    It does if each of them is among the `TOP` largest weights and above an even share; in part if
    one of two is, or if the interval of the correlation of weights and effects is above zero. Newer
    entries tend to matter more and to have larger weights: a row gets no credit for an entry or a
    correlation that weights which only increase with the slot would show too.

    Args:
        weights: (m,) the weights of the row.
        effects: (m,) score lost without each entry.
        entries: places of the decisive entries; negative if the model does not see the entry.
    """
    by_age = _by_age(len(weights))
    shown, shown_by_age = _shown(weights, entries), _shown(by_age, entries)
    if shown - shown_by_age:
        return "shows it" if shown == {*entries} else "shows it in part"
    correlated, correlated_by_age = _correlated(weights, effects), _correlated(by_age, effects)
    if correlated and not (shown_by_age or correlated_by_age):
        return "shows it in part"
    return "no more than age" if shown or correlated else "does not"


def _by_age(m: int) -> npt.NDArray[np.float64]:
    """Weights that only grow with the slot."""
    return np.arange(1.0, m + 1)


def _shown(weights: npt.NDArray[np.float64], entries: list[int]) -> set[int]:
    return {
        entry
        for entry in entries
        if entry >= 0 and _place(weights, entry) <= TOP and weights[entry] > weights.mean()
    }


def _correlated(weights: npt.NDArray[np.float64], effects: npt.NDArray[np.float64]) -> bool:
    _, interval = _correlation(weights, effects)
    return interval is not None and interval[0] > 0


def _row(
    kind: str,
    weights: npt.NDArray[np.float64],
    effects: npt.NDArray[np.float64],
    entries: list[int],
    judgeable: bool,
) -> RowEvidence:
    rho, interval = _correlation(weights, effects)
    even = weights.mean()
    return RowEvidence(
        kind=kind,
        places=[_place(weights, entry) if entry >= 0 else None for entry in entries],
        times=[float(weights[entry] / even) if entry >= 0 else None for entry in entries],
        rho=rho,
        interval=interval,
        judgement=judged(weights, effects, entries) if judgeable else "unknown",
    )


def _largest(effects: npt.NDArray[np.float64], among: npt.NDArray[np.bool_]) -> list[int]:
    """The entry with the largest effect, and the second if its effect is at least half as large;
    for equal effects the older entry comes first."""
    sizes = np.where(among, np.abs(effects), -1.0)
    first, *others = np.argsort(-sizes, kind="stable")[:2].tolist()
    return [first, *(other for other in others if sizes[other] >= HALF * sizes[first] > 0)]


def _place(weights: npt.NDArray[np.float64], entry: int) -> int:
    return 1 + int((weights > weights[entry]).sum())


def _correlation(
    weights: npt.NDArray[np.float64], effects: npt.NDArray[np.float64]
) -> tuple[float | None, tuple[float, float] | None]:
    rho = spearman(weights, np.abs(effects))
    if rho is None or len(weights) <= 3 or abs(rho) == 1:
        return rho, None
    half = QUANTILE * STANDARD_ERROR / np.sqrt(len(weights) - 3)
    low, high = np.tanh(np.arctanh(rho) + np.array([-half, half]))
    return rho, (float(low), float(high))
