"""The explanations: one value per item of a history, from attention, from attribution, or from
neither, in the order of display. A new one is a file and a line here.

Only the order of the values is used: the higher the value, the more the recommendation depends on
the item, according to the explanation.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from awrsr.attribution import METHODS
from awrsr.explain.explanations.attributed import attributed
from awrsr.explain.explanations.base import Explained, Explanation, Kind, Values, ranked
from awrsr.explain.explanations.decomposition import Decomposition
from awrsr.explain.explanations.maps import FirstOrder, RefinedWeights, SecondOrder
from awrsr.explain.explanations.popular import Popularity
from awrsr.explain.explanations.recency import Recency
from awrsr.explain.explanations.rolled_out import Rollout
from awrsr.explain.explanations.shuffled import NewestFirst, Random
from awrsr.explain.explanations.value_norm import WeightTimesValueNorm
from awrsr.family import Family
from awrsr.models import SequentialModel, Trace

__all__ = [
    "EXPLANATIONS",
    "NEWEST_FIRST",
    "RANDOM",
    "RECENCY",
    "Explained",
    "Explanation",
    "Values",
    "explanation_orders",
    "ranked",
    "study_settings",
]

KINDS: tuple[Kind, ...] = ("attention", "attribution", "neither")


class Explanations(Family[Explanation]):
    """The family, which includes every attribution method: attention first, then attribution, then
    orders that do not use the model."""

    def members(self) -> dict[str, type[Explanation]]:
        """All explanations by name, in order."""
        methods = {name: attributed(method) for name, method in METHODS.items()}
        found = super().members() | methods
        return dict(sorted(found.items(), key=lambda item: KINDS.index(item[1].kind)))


EXPLANATIONS = Explanations(
    "explanation",
    Explanation,
    group="awrsr.explanations",
    members=(
        *(FirstOrder, SecondOrder, RefinedWeights, Rollout, WeightTimesValueNorm, Decomposition),
        *(Recency, Popularity, Random, NewestFirst),
    ),
    facts=("title",),
)
RANDOM, NEWEST_FIRST, RECENCY = Random.name, NewestFirst.name, Recency.name
"""The random orders, which are the baselines of the others, and the order by age."""


def study_settings() -> dict[str, dict[str, Any]]:
    """All settings of all attribution methods, as used in studies of many users."""
    return {
        name: method.with_settings(method.in_studies).to_json() for name, method in METHODS.items()
    }


def explanation_orders(
    model: SequentialModel,
    trace: Trace,
    target: int,
    popularity: npt.ArrayLike | None = None,
    *,
    seed: int = 0,
    n_random: int = 4,
    progress: Callable[[float], None] | None = None,
) -> dict[str, list[list[int]]]:
    """Every explanation's order of the items that the model saw, most important first.

    Args:
        model: in eval mode.
        trace: the trace of the history.
        target: the item whose score is explained.
        popularity: number of occurrences of every item, item i at index i - 1; without it there is
            no order by popularity.
        seed: seed of the random orders, which are the same for every model that sees the same
            items, and of the randomised methods.
        n_random: number of random orders of each kind; other explanations have one order.
        progress: called with the share of work done, 0 to 1; may raise to end the work.
    """
    recommendation = Explained(
        model=model,
        trace=trace,
        target=target,
        popularity=None if popularity is None else np.asarray(popularity, dtype=np.float64),
        seed=seed,
        n_random=n_random,
    )
    found = {}
    explanations = EXPLANATIONS.members()
    for done, (name, explanation) in enumerate(explanations.items()):
        if progress:
            progress(done / len(explanations))
        if orders := explanation.orders(recommendation):
            found[name] = orders
    return found
