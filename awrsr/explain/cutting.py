"""The effect of one connection on a prediction: the target's score after it is cut.

A connection is the refined weight of one query and one key in one layer, in all heads. Cutting it
sets the weight to 0 and leaves the other weights as they are, so the row then sums to less than
one; all higher layers receive the changed output. This is an intervention, not an estimate.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, get_args

from torch import Tensor

from awrsr.config import Candidates
from awrsr.errors import DataError, check_choice, counted
from awrsr.explain.ablation import Outcome
from awrsr.models import Intervention, SequentialModel
from awrsr.ranking.recommendation import check_item, check_items, excluded_items
from awrsr.ranking.scoring import target_standings

Part = Literal["attention", "refinement"]
PARTS: tuple[Part, ...] = get_args(Part)


@dataclass(frozen=True, kw_only=True)
class Connection:
    """A connection between two items in one layer; indices are 0-based.

    Args:
        layer: index of the layer.
        query: place of the query in the items that the model sees, 0 = oldest.
        key: place of the key, not later than the query.
        part: attention, the whole weight is set to 0; refinement, the refined weight is replaced by
            the first-order weight.
    """

    layer: int
    query: int
    key: int
    part: Part = "attention"


def cut_connections(
    model: SequentialModel,
    items: Sequence[int],
    target: int,
    connections: Sequence[Connection],
    *,
    candidates: Candidates = "unseen",
) -> list[Outcome]:
    """The output of the model with each connection cut, one at a time, in one batch.

    Args:
        model: in eval mode; it is not changed.
        items: the history, oldest first.
        target: the item whose score and rank are computed.
        connections: the connections to cut.
        candidates: unseen excludes the items of the whole history, except the target; all excludes
            nothing; see `awrsr.Dataset.default_candidates`.

    Raises:
        DataError: the history is empty, an entry is not an item, or there is no such connection.
        ConfigError: the part does not exist.
    """
    history, target = check_items(model, items), check_item(model, target, "target ")
    kept = history[-model.config.max_length :]
    for connection in connections:
        _check(model, connection, len(kept))
    found = target_standings(
        model,
        [kept] * len(connections),
        target,
        [excluded_items(history, candidates)] * len(connections),
        listed=0,
        interventions=lambda block: _interventions(connections[block]),
    )
    return [
        Outcome(score=float(score), rank=int(rank), best=[], best_scores=[])
        for score, rank in zip(found.scores, found.ranks, strict=True)
    ]


def _interventions(connections: Sequence[Connection]) -> dict[int, Intervention]:
    """By layer, a function that cuts the connections of its rows of the batch."""
    layers = {connection.layer for connection in connections}
    return {
        layer: partial(
            _cut, [(row, one) for row, one in enumerate(connections) if one.layer == layer]
        )
        for layer in layers
    }


def _cut(
    cuts: list[tuple[int, Connection]], first_order: Tensor, refined: Tensor, allowed: Tensor
) -> Tensor:
    """A copy of the refined weights with the connections cut; the batch has no padding."""
    weights = refined.clone()
    for row, one in cuts:
        at = row, slice(None), one.query, one.key
        weights[at] = 0.0 if one.part == "attention" else first_order[at]
    return weights


def _check(model: SequentialModel, connection: Connection, seen: int) -> None:
    check_choice("part", connection.part, PARTS)
    layers = model.config.n_layers
    if not 0 <= connection.layer < layers:
        raise DataError(
            f"asked for layer {connection.layer!r}; the model has {counted(layers, 'layer')}, the "
            "first is 0"
        )
    if not 0 <= connection.key <= connection.query < seen:
        raise DataError(
            f"asked for query {connection.query!r} and key {connection.key!r}; the model sees "
            f"{counted(seen, 'item')}, the oldest is 0, and a key is not later than its query"
        )
