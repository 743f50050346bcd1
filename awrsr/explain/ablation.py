"""The effect of attention on a prediction: the target's score after some weights are replaced.

The refined weights of chosen layers and heads are replaced during one forward pass. The model does
not change, and all higher layers receive the changed output. Score differences are in item-score
units, which differ between models. Replacing weights does not prove causation: uniform weights are
no more natural than any others.
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
        change: the replacement: uniform, equal weights on all allowed items; first_order, the
            first-order weights of the same layer and head, which undoes the refinement; other, the
            refined weights of another model for the same history.
        layer: 0-based; None for every layer.
        head: 0-based; None for every head.
    """

    change: Change
    layer: int | None = None
    head: int | None = None


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The output of a model for a history with some weights replaced.

    Args:
        score: the target's item score.
        rank: its rank, 1 = best, by the rule of `awrsr.ranking.metrics.target_ranks`.
        best: the k candidates with the highest scores, best first.
        best_scores: the scores of these candidates.
    """

    score: float
    rank: int
    best: list[int]
    best_scores: list[float]


@dataclass(frozen=True, kw_only=True)
class Contributions:
    """The contributions of parts of the attention to the target's score, one part at a time.

    A contribution is the score of the unchanged model minus the score without the part, in
    item-score units; it is above 0 if the part raises the target. Contributions do not add up to
    the score.

    Args:
        score: the target's item score in the unchanged model.
        rank: its rank in the unchanged model.
        uniform: (layer, head + 1) contribution of a head's weights compared with uniform weights;
            the last column is for the whole layer, with all heads replaced at once.
        uniform_ranks: (layer, head + 1) the target's rank after that replacement.
        refinement: (layer, head + 1) contribution of a head's refinement: refined weights compared
            with first-order weights; the last column is for the whole layer; None without a second
            order.
        refinement_ranks: (layer, head + 1) the target's rank after that replacement, or None.
        second_order: contribution of the refinement of all heads at once; None without a second
            order.
        second_order_rank: the target's rank after that replacement, or None.
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
    """The contributions of heads, layers, their refinement and the whole second order to a target.

    All variants form one batch; the cost is one forward pass of the history per variant.

    Args:
        model: in eval mode.
        items: the history, oldest first.
        target: the item whose score and rank are computed.
        candidates: unseen excludes the items of the whole history, except the target; all excludes
            nothing; see `awrsr.Dataset.default_candidates`.

    Raises:
        DataError: the history is empty, or an entry is not an item.
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
        variants += [[Ablation(change=change, layer=layer, head=head)] for layer, head in places]
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
    """The output of the model for the history under each variant.

    Args:
        model: in eval mode; it is not changed.
        items: the history, oldest first.
        target: the item whose score and rank are computed.
        variants: lists of replacements. Within a list they are applied in order, so the last one
            for a head counts. An empty list is the unchanged model.
        other: the source of weights for the change "other": a trace of the same items through a
            model that has the layers and heads of the replacements.
        k: length of the lists of best items, 0 or more.
        candidates: unseen excludes the items of the whole history, except the target; all excludes
            nothing; see `awrsr.Dataset.default_candidates`.

    Raises:
        DataError: the history is empty, an entry is not an item, or the other trace does not fit.
        ConfigError: a change, a layer or a head does not exist, or k is negative.
    """
    history, target = check_items(model, items), check_item(model, target, "target ")
    if k < 0:
        raise ConfigError(f"k must be 0 or more; received {k!r}")
    kept = history[-model.config.max_length :]
    for ablation in (ablation for variant in variants for ablation in variant):
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
    """A replacement in one row of the batch, in one layer."""

    row: int
    heads: slice
    change: Change


def _interventions(
    model: SequentialModel, variants: Sequence[Sequence[Ablation]], other: Trace | None
) -> dict[int, Intervention]:
    """By layer, a function that replaces the weights in the rows of all variants."""
    found: dict[int, Intervention] = {}
    for layer in range(model.config.n_layers):
        replacements = [
            _Replacement(
                row,
                slice(None) if ablation.head is None else slice(ablation.head, ablation.head + 1),
                ablation.change,
            )
            for row, variant in enumerate(variants)
            for ablation in variant
            if ablation.layer in (None, layer)
        ]
        if replacements:
            borrowed = None
            if other is not None and layer < len(other.layers):
                borrowed = other.layers[layer].refined
            found[layer] = partial(_replace, replacements, borrowed)
    return found


def _replace(
    replacements: list[_Replacement],
    borrowed: Tensor | None,
    first_order: Tensor,
    refined: Tensor,
    allowed: Tensor,
) -> Tensor:
    """A copy of the refined weights with the replacements."""
    weights = refined.clone()
    keys = allowed.to(refined.dtype)
    uniform = keys / keys.sum(dim=-1, keepdim=True).clamp(min=1)
    for replacement in replacements:
        row, heads = replacement.row, replacement.heads
        if replacement.change == "uniform":
            new = uniform[row]  # (1, query, key): for all heads
        elif replacement.change == "first_order":
            new = first_order[row, heads]
        else:
            assert borrowed is not None, "checked before"
            new = borrowed[heads].to(weights)
        weights[row, heads] = new
    return weights


def _check(
    model: SequentialModel, ablation: Ablation, kept: list[int], other: Trace | None
) -> None:
    """Raise unless the model and, if needed, the other trace have the requested layer and head."""
    check_choice("change", ablation.change, get_args(Change))
    config = model.config
    for noun, number, count in (
        ("layer", ablation.layer, config.n_layers),
        ("head", ablation.head, config.n_heads),
    ):
        if number is not None and not 0 <= number < count:
            raise ConfigError(
                f"asked for {noun} {number!r}; the model has {counted(count, noun)}, the first is 0"
            )
    if ablation.change != "other":
        return
    if other is None:
        raise DataError("the change 'other' needs the trace of another model; received none")
    if other.items != kept:
        raise DataError(
            f"the other trace has {counted(len(other.items), 'item')}, the model sees "
            f"{counted(len(kept), 'item')}; they must be the same items"
        )
    layers, heads = len(other.layers), len(other.layers[0].refined)
    has_layer = layers == config.n_layers if ablation.layer is None else ablation.layer < layers
    has_head = heads == config.n_heads if ablation.head is None else ablation.head < heads
    if not (has_layer and has_head):
        raise DataError(
            f"the other model has {counted(layers, 'layer')} of "
            f"{counted(heads, 'head')}, this model {counted(config.n_layers, 'layer')} of "
            f"{counted(config.n_heads, 'head')}; asked for layer {_asked(ablation.layer)}, head "
            f"{_asked(ablation.head)}"
        )


def _asked(number: int | None) -> str:
    return "all" if number is None else str(number)
