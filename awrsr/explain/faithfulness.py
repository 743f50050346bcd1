"""Faithfulness: does an explanation find the items that a recommendation depends on?

Deletion removes items in the order of the explanation, most important first. Insertion starts
without items and adds them in that order. A removed item leaves the history: newer items keep their
slots, older ones move up, see `awrsr.explain.removal`. Both use only the items that the model saw,
the newest n; older items never come into view. The candidates remain those of the whole history.

Empty histories are not scored: models are never trained on them. So deletion ends with one item,
and insertion starts with one.

Two measures describe the target:

    standard score  the target's item score minus the mean of the catalogue's scores after the same
                    history, divided by their standard deviation; comparable between models
    NDCG            1 / log2(rank + 1)

The area under a curve is its mean height, by the trapezoid rule over the items removed or added, so
it has the curve's unit for any length of history. An explanation that finds the important items has
a small area under deletion and a large area under insertion.

Source: Samek et al. 2017, arXiv 1509.06321, and Petsiuk, Das and Saenko 2018, arXiv 1806.07421, for
the curves; DeYoung et al. 2020, arXiv 1911.03429, section 4, for comprehensiveness and sufficiency;
differs: standard scores instead of probabilities, and shares of 10, 20 and 50%.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
import pandas as pd

from awrsr.config import Candidates
from awrsr.display import Card, Displayed
from awrsr.errors import DataError
from awrsr.models import SequentialModel
from awrsr.ranking.recommendation import check_item, check_items, excluded_items
from awrsr.ranking.scoring import target_standings

Floats = npt.NDArray[np.float64]

SHARES = (0.1, 0.2, 0.5)
"""Shares of the items for comprehensiveness and sufficiency, rounded up; one item always stays."""
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
    """The target's scores and ranks at every step; means over an explanation's orders.

    Args:
        kept: number of items in the history.
        scores: the target's item score.
        standard_scores: see the module's docstring.
        ranks: 1 = best.
        ndcg: see the module's docstring.
    """

    kept: npt.NDArray[np.int64]
    scores: Floats
    standard_scores: Floats
    ranks: Floats
    ndcg: Floats


@dataclass(frozen=True, kw_only=True, repr=False)
class Curves(Displayed):
    """Both curves of one explanation of one history of m items.

    Args:
        deletion: with m, m - 1, ..., 1 items.
        insertion: with 1, 2, ..., m items.
    """

    deletion: Curve
    insertion: Curve

    def card(self) -> Card:
        found = faithfulness_measures(self)
        return Card(
            title="Faithfulness",
            facts={MEASURES[name]: value for name, value in found.items()},
            table=pd.DataFrame(
                {
                    "items removed": self.deletion.kept.max() - self.deletion.kept,
                    "deletion, standard score": self.deletion.standard_scores,
                    "items added": self.insertion.kept,
                    "insertion, standard score": self.insertion.standard_scores,
                }
            ),
            note="The target after removing, or adding, items in the order of the explanation",
        )


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
        items: the history, oldest first; items older than the newest n affect only the candidates.
        target: the item whose score and rank are computed.
        orders: by explanation, one or more orders of the places 0 to m - 1 of the newest m items,
            most important first; the curves of several orders are averaged.
        candidates: unseen excludes the items of the whole history, except the target; all excludes
            nothing; see `awrsr.Dataset.default_candidates`.

    Raises:
        DataError: fewer than two items, an entry is not an item, or an order lacks a place.
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
    means = {name: values[rows].mean(axis=0) for name, values in standing.items()}
    return Curve(kept=kept, **means)


def area(heights: Floats) -> float:
    """Mean height of a curve with equal steps, by the trapezoid rule."""
    return float((heights[:-1] + heights[1:]).mean() / 2)


def faithfulness_measures(found: Curves) -> dict[str, float]:
    """The numbers of MEASURES.

    comprehensiveness = mean over SHARES of: standard score with the whole history - standard score
    without the items ranked highest. sufficiency = mean over SHARES of: standard score with the
    whole history - standard score with only the items ranked highest. Higher comprehensiveness is
    better; lower sufficiency is better.
    """
    deletion, insertion = found.deletion.standard_scores, found.insertion.standard_scores
    m = len(deletion)
    counts = [min(m - 1, math.ceil(share * m)) for share in SHARES]
    return {
        "deletion": area(deletion),
        "insertion": area(insertion),
        "deletion_ndcg": area(found.deletion.ndcg),
        "insertion_ndcg": area(found.insertion.ndcg),
        "comprehensiveness": float(np.mean([deletion[0] - deletion[k] for k in counts])),
        "sufficiency": float(np.mean([deletion[0] - insertion[k - 1] for k in counts])),
    }


def at_shares(found: Curve, shares: Floats) -> Curve:
    """A curve at these shares of the items, 0 to 1, with linear interpolation between its steps.

    The result is NaN below the share of one item.
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
    """How well orders find known causes; means over the orders.

    average_precision: mean over the causes of the precision at the cause's rank; 1 if all causes
    come first. hits: the share of the c causes that are among the first c places.

    Args:
        several: orders of places, most important first.
        causes: the places of the causes, one or more.

    Raises:
        DataError: there are no causes, or an order lacks one of them.
    """
    if not causes or any(cause not in order for order in several for cause in causes):
        raise DataError(f"causes must be places of the history; received {list(causes)}")
    ranks = np.sort([[order.index(cause) + 1 for cause in causes] for order in map(list, several)])
    found = np.arange(1, len(causes) + 1)
    return {
        "average_precision": float((found / ranks).mean()),
        "hits": float((ranks <= len(causes)).mean()),
    }
