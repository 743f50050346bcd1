"""Whether an explanation finds what a recommendation rests on: items really removed in its order.

Deletion takes away the items that an explanation ranks highest, one after the other; insertion
restores them one after the other from nothing. A removed item is gone: newer items keep their
slots, older ones move up, see `awrsr.explain.removal`. Both work on the items the model saw, the
newest n; none from before comes into view. Candidates stay what they are for the whole history.

Of nothing there is no score: no model here has ever seen an empty history. So deletion ends with
one item left, and insertion begins with one.

Two measures of how the target stands:

    standard score  the target's item score, minus the mean of the catalogue's scores after the same
                    history, over their standard deviation; comparable between models
    NDCG            1 / log2(rank + 1)

The area under a curve is its mean height by the trapezoid rule over the items removed or restored,
so it has the curve's unit whatever the length of the history. An explanation that finds what
matters has a low area under deletion and a high one under insertion.

Source: Samek et al. 2017, arXiv 1509.06321, and Petsiuk, Das and Saenko 2018, arXiv 1806.07421, for
the curves; DeYoung et al. 2020, arXiv 1911.03429, section 4, for comprehensiveness and sufficiency;
differs: standard scores in the place of probabilities, and shares of 10, 20 and 50%.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from awrsr.config import Candidates
from awrsr.errors import DataError
from awrsr.models import SequentialModel
from awrsr.ranking.recommendation import check_item, check_items, excluded_items
from awrsr.ranking.scoring import target_standings

Floats = npt.NDArray[np.float64]

SHARES = (0.1, 0.2, 0.5)
"""Of the items, rounded up, one left at least: what comprehensiveness and sufficiency take."""
MEASURES = {
    "deletion": "Area under deletion, standard score",
    "insertion": "Area under insertion, standard score",
    "deletion_ndcg": "Area under deletion, NDCG",
    "insertion_ndcg": "Area under insertion, NDCG",
    "comprehensiveness": "Comprehensiveness",
    "sufficiency": "Sufficiency",
}
"""Titles of the measures by name, see `faithfulness_measures`."""
LOWER_IS_BETTER = ("deletion", "deletion_ndcg", "sufficiency")
CAUSE_MEASURES = {
    "average_precision": "Average precision of the causes",
    "hits": "Causes among the first",
}
"""Titles of the measures that need known causes, see `cause_measures`."""


@dataclass(frozen=True, kw_only=True)
class Curve:
    """How the target stands at every step; means over an explanation's orders.

    Args:
        kept: how many items are there.
        scores: the target's item score.
        standard_scores: see above.
        ranks: 1 = best.
        ndcg: see above.
    """

    kept: npt.NDArray[np.int64]
    scores: Floats
    standard_scores: Floats
    ranks: Floats
    ndcg: Floats


@dataclass(frozen=True, kw_only=True)
class Curves:
    """Both curves of one explanation of one history of m items.

    Args:
        deletion: m, m - 1, ..., 1 items are there.
        insertion: 1, 2, ..., m items are there.
    """

    deletion: Curve
    insertion: Curve


def faithfulness_curves(
    model: SequentialModel,
    items: Sequence[int],
    target: int,
    orders: Mapping[str, Sequence[Sequence[int]]],
    *,
    candidates: Candidates = "unseen",
) -> dict[str, Curves]:
    """Deletion and insertion curves of every explanation, all histories scored together.

    Args:
        model: in eval mode.
        items: the history, oldest first; what is older than the newest n matters to the candidates
            alone.
        target: the item whose standing is asked for.
        orders: by explanation, one order or more of the places 0 to m - 1 of the newest m items,
            most decisive first; the curves of several are averaged.
        candidates: unseen leaves the items of the whole history out, unless the target; all leaves
            them in; see `awrsr.Dataset.default_candidates`.

    Raises:
        DataError: fewer than two items, something is not an item, or an order lacks a place.
    """
    history, target = check_items(model, items), check_item(model, target, "the target ")
    seen = history[-model.config.max_length :]
    m = len(seen)
    if m < 2:
        raise DataError("the history has 1 item; a curve needs 2 or more")
    for name, several in orders.items():
        if not several or any(sorted(order) != list(range(m)) for order in several):
            raise DataError(f"{name} must order the places 0 to {m - 1}, each once")

    rows: dict[tuple[int, ...], int] = {}

    def row(places: Sequence[int]) -> int:
        return rows.setdefault(tuple(sorted(places)), len(rows))

    wanted = {
        name: (
            np.array([[row(order[gone:]) for gone in range(m)] for order in several]),
            np.array([[row(order[:kept]) for kept in range(1, m + 1)] for order in several]),
        )
        for name, several in orders.items()
    }
    histories = [[seen[p] for p in places] for places in rows]
    standing = _standing(model, histories, target, excluded_items(history, candidates))
    falling = np.arange(m, 0, -1)
    return {
        name: Curves(
            deletion=_curve(falling, standing, deleted),
            insertion=_curve(falling[::-1].copy(), standing, inserted),
        )
        for name, (deleted, inserted) in wanted.items()
    }


def _standing(
    model: SequentialModel, histories: list[list[int]], target: int, excluded: Sequence[int]
) -> dict[str, Floats]:
    """The target's score, standard score, rank and NDCG after each history."""
    found = target_standings(model, histories, target, [excluded] * len(histories), standard=True)
    return {
        "scores": found.scores,
        "standard_scores": found.standard_scores,
        "ranks": found.ranks.astype(np.float64),
        "ndcg": 1 / np.log2(found.ranks + 1),
    }


def _curve(
    kept: npt.NDArray[np.int64], standing: dict[str, Floats], rows: npt.NDArray[np.int64]
) -> Curve:
    return Curve(kept=kept, **{name: each[rows].mean(axis=0) for name, each in standing.items()})


def area(heights: Floats) -> float:
    """Mean height of a curve of equal steps, by the trapezoid rule."""
    return float((heights[:-1] + heights[1:]).mean() / 2)


def faithfulness_measures(found: Curves) -> dict[str, float]:
    """The numbers of MEASURES.

    comprehensiveness = mean over SHARES of: standard score of the whole history - without the items
    ranked highest. sufficiency = mean over SHARES of: standard score of the whole history - with
    the items ranked highest alone. Comprehensiveness is better when higher, sufficiency when lower.
    """
    deletion, insertion = found.deletion.standard_scores, found.insertion.standard_scores
    m = len(deletion)
    taken = [min(m - 1, math.ceil(share * m)) for share in SHARES]
    return {
        "deletion": area(deletion),
        "insertion": area(insertion),
        "deletion_ndcg": area(found.deletion.ndcg),
        "insertion_ndcg": area(found.insertion.ndcg),
        "comprehensiveness": float(np.mean([deletion[0] - deletion[k] for k in taken])),
        "sufficiency": float(np.mean([deletion[0] - insertion[k - 1] for k in taken])),
    }


def at_shares(found: Curve, shares: Floats) -> Curve:
    """A curve at these shares of the items, 0 to 1, straight lines between its steps.

    A share below that of one item is where no score is: not a number.
    """
    have = found.kept / found.kept.max()
    step = np.argsort(have)
    heights = {
        field.name: np.interp(shares, have[step], getattr(found, field.name)[step], left=np.nan)
        for field in fields(Curve)
        if field.name != "kept"
    }
    return Curve(kept=(shares * found.kept.max()).round().astype(np.int64), **heights)


def cause_measures(several: Sequence[Sequence[int]], causes: Sequence[int]) -> dict[str, float]:
    """How well orders find known causes, means over the orders.

    average_precision: over the causes, how much of what is ranked as high as it are causes; 1 when
    all stand first. hits: the share of the c causes that is among the first c.

    Args:
        several: orders of places, most decisive first.
        causes: the places that decide, one or more.

    Raises:
        DataError: no causes, or one that is not in an order.
    """
    if not causes or any(cause not in order for order in several for cause in causes):
        raise DataError(f"causes must be places of the history; received {list(causes)}")
    ranks = np.sort([[order.index(cause) + 1 for cause in causes] for order in map(list, several)])
    found = np.arange(1, len(causes) + 1)
    return {
        "average_precision": float((found / ranks).mean()),
        "hits": float((ranks <= len(causes)).mean()),
    }
