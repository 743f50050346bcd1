"""One value per item of a history, from attention, from attribution, or from neither.

What an explanation says of a recommendation is here only an order of the items: the higher the
value, the more the recommendation is said to rest on the item.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from torch import Tensor

from awrsr.attribution import METHODS, attribute
from awrsr.explain.rollout import rollout
from awrsr.models import SequentialModel, Trace

Values = npt.NDArray[np.float64]

ATTENTION = {
    "first_order": "First order",
    "second_order": "Second order",
    "refined": "Refined",
    "rollout": "Rollout",
    "weight_x_value_norm": "Weight x value norm",
}
"""Titles of the explanations read from a trace: the row of the position that makes the prediction.

first_order, second_order, refined: of the last layer, mean over its heads; the last two only where
the model has a second order. rollout: through all layers, of the weights that mix the values.
weight_x_value_norm: last layer, the weights that mix the values times the length of what they move,
mean over heads; for stosa of the means.
"""
RANDOM, NEWEST_FIRST = "random", "random_newest_first"
"""The shuffled orders, which are the floors of the others."""
NEITHER = {
    "recency": "Recency",
    "popularity": "Popularity",
    RANDOM: "Random",
    NEWEST_FIRST: "Random, newest first",
}
"""Titles of the orders that know nothing of the model: newest first, most frequent in the training
parts first, shuffled, and shuffled but for the newest item, which stands first."""
EXPLANATIONS = {
    **ATTENTION,
    **{name: method.title for name, method in METHODS.items()},
    **NEITHER,
}
"""All titles by name, in the order in which they are shown."""
STUDY_SETTINGS = {
    name: method.with_settings(method.in_studies).to_json() for name, method in METHODS.items()
}
"""Every setting of every attribution method, as explanations are compared over many users."""


def attention_values(trace: Trace) -> dict[str, Values]:
    """What each item weighs in the prediction's row, by each explanation of ATTENTION there is."""
    last = trace.layers[-1]
    found = {"first_order": _prediction_row(last.first_order)}
    if last.second_order is not None:
        found["second_order"] = _prediction_row(last.second_order)
        found["refined"] = _prediction_row(last.refined)
    rolled = rollout([layer.refined for layer in trace.layers])[-1]
    found["rollout"] = rolled[-1].double().cpu().numpy()
    norms = last.transformed_value_norm[:, None, :]
    found["weight_x_value_norm"] = _prediction_row(last.refined * norms)
    return found


def attribution_values(
    model: SequentialModel,
    trace: Trace,
    target: int,
    *,
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
) -> dict[str, Values]:
    """What each item adds to the target's score, by every method with `STUDY_SETTINGS`."""
    found = {}
    for done, name in enumerate(METHODS):
        if progress:
            progress(done / len(METHODS))
        result = attribute(model, trace.items, target, name, seed=seed, **STUDY_SETTINGS[name])
        found[name] = result.values.double().cpu().numpy()
    return found


def ranked(values: npt.ArrayLike) -> list[int]:
    """Places by falling value; of equal values the newer item first."""
    array = np.asarray(values, dtype=np.float64)
    return [int(place) for place in np.lexsort((-np.arange(len(array)), -array))]


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
    """Every explanation's order of the items the model saw, most decisive first.

    Args:
        model: in eval mode.
        trace: of the history.
        target: the item whose score is explained.
        popularity: how often every item occurs, item i at index i - 1; without it there is no order
            by popularity.
        seed: of the random orders, which are the same for every model that sees the same items, and
            of the randomised methods.
        n_random: how many random orders of either kind; all others are one.
        progress: told the share done, 0 to 1; may raise to end the work.
    """
    items = np.array(trace.items)
    values = attention_values(trace)
    values |= attribution_values(model, trace, target, seed=seed, progress=progress)
    values["recency"] = np.arange(len(items), dtype=np.float64)
    if popularity is not None:
        values["popularity"] = np.asarray(popularity, dtype=np.float64)[items - 1]
    shuffled = np.random.default_rng([seed, *trace.items])
    found = {name: [ranked(value)] for name, value in values.items()}
    newest = len(items) - 1
    found[RANDOM] = [shuffled.permutation(len(items)).tolist() for _ in range(n_random)]
    found[NEWEST_FIRST] = [
        [newest, *shuffled.permutation(newest).tolist()] for _ in range(n_random)
    ]
    return {name: found[name] for name in EXPLANATIONS if name in found}


def _prediction_row(heads: Tensor) -> Values:
    """The last row of (head, query, key) maps, mean over heads."""
    row: Values = heads[:, -1].mean(dim=0).double().cpu().numpy()
    return row
