"""What a prediction gains from its attention: the target with some weights put in others' place.

The refined weights of chosen layers and heads are replaced in a forward pass of its own; nothing of
the model is changed, and every layer above sees what then comes out. A score changes in item-score
units, which differ between models. A weight that is replaced is not a proof of what caused what:
uniform weights are no more natural than any others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
from torch import Tensor

from awrsr.config import Candidates
from awrsr.errors import ConfigError, DataError, check_choice, counted
from awrsr.models import Intervention, SequentialModel, Trace
from awrsr.ranking.recommendation import check_item, check_items, excluded_items
from awrsr.ranking.scoring import target_standings
from awrsr.refinement import REFINEMENTS

Change = Literal["uniform", "first_order", "other"]


@dataclass(frozen=True, kw_only=True)
class Ablation:
    """One replacement of refined weights.

    Args:
        change: what takes their place: uniform, equal weights on all items that a query may attend
            to; first_order, the first-order weights of the same layer and head, which undoes the
            refinement; other, the refined weights of another model on the same history.
        layer: 0-based; None for every layer.
        head: 0-based; None for every head.
    """

    change: Change
    layer: int | None = None
    head: int | None = None


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a model makes of a history with some weights replaced.

    Args:
        score: the target's item score.
        rank: its rank, 1 = best, under the rule of `awrsr.ranking.metrics.target_ranks`.
        best: the k candidates with the highest scores, best first.
        best_scores: theirs.
    """

    score: float
    rank: int
    best: list[int]
    best_scores: list[float]


@dataclass(frozen=True, kw_only=True)
class Contributions:
    """What the target's score loses when one part of the attention is taken away at a time.

    A contribution is the score with everything minus the score without the part, in item-score
    units: above 0 where the part raises the target. Contributions do not add up to the score.

    Args:
        score: the target's item score with everything.
        rank: its rank with everything.
        uniform: (layer, head + 1) contribution of the head's weights against uniform ones; the
            last column is the layer's, all its heads replaced at once.
        uniform_ranks: (layer, head + 1) the target's rank then.
        refinement: (layer, head + 1) contribution of the head's refinement, refined weights against
            first-order ones, the last column the layer's; None without a second order.
        refinement_ranks: (layer, head + 1) the target's rank then, or None.
        second_order: contribution of the refinement of all heads at once; None without one.
        second_order_rank: the target's rank then, or None.
    """

    score: float
    rank: int
    uniform: npt.NDArray[np.float64]
    uniform_ranks: npt.NDArray[np.int64]
    refinement: npt.NDArray[np.float64] | None
    refinement_ranks: npt.NDArray[np.int64] | None
    second_order: float | None
    second_order_rank: int | None


def contributions(
    model: SequentialModel,
    items: Sequence[int],
    target: int,
    *,
    candidates: Candidates = "unseen",
) -> Contributions:
    """What heads, layers, their refinement and the whole second order add to a target.

    One batch with a row for each; costs as many forward passes of the history.

    Args:
        model: in eval mode.
        items: the history, oldest first.
        target: the item whose score and rank are asked for.
        candidates: unseen leaves the items of the whole history out, unless the target; all leaves
            them in; see `awrsr.Dataset.default_candidates`.

    Raises:
        DataError: the history is empty, or something is not an item.
    """
    shape = model.config.n_layers, model.config.n_heads + 1
    heads: list[int | None] = [*range(model.config.n_heads), None]
    places = [(layer, head) for layer in range(model.config.n_layers) for head in heads]
    changes: list[Change] = ["uniform"]
    variants: list[list[Ablation]] = [[]]
    refines = REFINEMENTS[model.config.refinement].has_second_order()
    if refines:
        changes.append("first_order")
        variants.append([Ablation(change="first_order")])
    for change in changes:
        variants += [[Ablation(change=change, layer=at[0], head=at[1])] for at in places]
    found = ablate(model, items, target, variants, k=0, candidates=candidates)
    gains = np.array([found[0].score - outcome.score for outcome in found])
    ranks = np.array([outcome.rank for outcome in found])
    start = len(variants) - len(changes) * len(places)
    uniform = slice(start, start + len(places))
    refined = slice(start + len(places), None)
    return Contributions(
        score=found[0].score,
        rank=found[0].rank,
        uniform=gains[uniform].reshape(shape),
        uniform_ranks=ranks[uniform].reshape(shape),
        refinement=gains[refined].reshape(shape) if refines else None,
        refinement_ranks=ranks[refined].reshape(shape) if refines else None,
        second_order=float(gains[1]) if refines else None,
        second_order_rank=int(ranks[1]) if refines else None,
    )


def ablate(
    model: SequentialModel,
    items: Sequence[int],
    target: int,
    variants: Sequence[Sequence[Ablation]],
    *,
    other: Trace | None = None,
    k: int = 10,
    candidates: Candidates = "unseen",
) -> list[Outcome]:
    """What the model makes of the history under each variant.

    Args:
        model: in eval mode; it stays as it is.
        items: the history, oldest first.
        target: the item whose score and rank are asked for.
        variants: each a list of replacements, done in order: a later one wins where both touch a
            head. An empty one is the model as it is.
        other: gives the weights of the change "other": a trace of the same items through a model
            that has the layers and heads asked for.
        k: length of the lists of best items, 0 or more.
        candidates: unseen leaves the items of the whole history out, unless the target; all leaves
            them in; see `awrsr.Dataset.default_candidates`.

    Raises:
        DataError: the history is empty, something is not an item, or the other trace does not fit.
        ConfigError: a change, a layer, a head or k is not there.
    """
    history, target = check_items(model, items), check_item(model, target, "target ")
    if k < 0:
        raise ConfigError(f"k must be 0 or more; received {k!r}")
    kept = history[-model.config.max_length :]
    for ablation in (each for variant in variants for each in variant):
        _check(model, ablation, kept, other)
    found = target_standings(
        model,
        [kept] * len(variants),
        target,
        [excluded_items(history, candidates)] * len(variants),
        listed=k,
        interventions=lambda block: _interventions(model, variants[block], other),
    )
    columns = found.scores, found.ranks, found.best, found.best_scores
    return [
        Outcome(score=float(score), rank=int(rank), best=best, best_scores=best_scores)
        for score, rank, best, best_scores in zip(*columns, strict=True)
    ]


@dataclass(frozen=True)
class _Replacement:
    """Of one row of the batch, in one layer."""

    row: int
    heads: slice
    change: Change


def _interventions(
    model: SequentialModel, variants: Sequence[Sequence[Ablation]], other: Trace | None
) -> dict[int, Intervention]:
    """By layer, what replaces the weights of each variant's row of the batch."""
    found: dict[int, Intervention] = {}
    for layer in range(model.config.n_layers):
        replacements = [
            _Replacement(
                row,
                slice(None) if each.head is None else slice(each.head, each.head + 1),
                each.change,
            )
            for row, variant in enumerate(variants)
            for each in variant
            if each.layer in (None, layer)
        ]
        if replacements:
            given = None
            if other is not None and layer < len(other.layers):
                given = other.layers[layer].refined
            found[layer] = partial(_replace, replacements, given)
    return found


def _replace(
    replacements: list[_Replacement],
    given: Tensor | None,
    first_order: Tensor,
    refined: Tensor,
    allowed: Tensor,
) -> Tensor:
    """The refined weights with the replacements; the tensor given in stays as it is."""
    weights = refined.clone()
    keys = allowed.to(refined.dtype)
    uniform = keys / keys.sum(dim=-1, keepdim=True).clamp(min=1)
    for each in replacements:
        if each.change == "uniform":
            new = uniform[each.row]  # (1, query, key): for all heads
        elif each.change == "first_order":
            new = first_order[each.row, each.heads]
        else:
            assert given is not None, "checked before"
            new = given[each.heads].to(weights)
        weights[each.row, each.heads] = new
    return weights


def _check(
    model: SequentialModel, ablation: Ablation, kept: list[int], other: Trace | None
) -> None:
    """Raise unless the model, and the other trace where it is needed, have what is asked for."""
    check_choice("change", ablation.change, get_args(Change))
    config = model.config
    for noun, asked, there in (
        ("layer", ablation.layer, config.n_layers),
        ("head", ablation.head, config.n_heads),
    ):
        if asked is not None and not 0 <= asked < there:
            raise ConfigError(
                f"asked for {noun} {asked!r}; the model has {counted(there, noun)}, the first is 0"
            )
    if ablation.change != "other":
        return
    if other is None:
        raise DataError("the change 'other' needs the trace of another model; received none")
    if other.items != kept:
        raise DataError(
            f"the other trace is of {counted(len(other.items), 'item')}, the model sees "
            f"{counted(len(kept), 'item')}; they must be the same items"
        )
    layers, heads = len(other.layers), len(other.layers[0].refined)
    has_layer = layers == config.n_layers if ablation.layer is None else ablation.layer < layers
    has_head = heads == config.n_heads if ablation.head is None else ablation.head < heads
    if not (has_layer and has_head):
        raise DataError(
            f"the other model has {counted(layers, 'layer')} of "
            f"{counted(heads, 'head')}, this one {counted(config.n_layers, 'layer')} of "
            f"{counted(config.n_heads, 'head')}; asked for layer {_asked(ablation.layer)}, head "
            f"{_asked(ablation.head)}"
        )


def _asked(number: int | None) -> str:
    return "all" if number is None else str(number)
