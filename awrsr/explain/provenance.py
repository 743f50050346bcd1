"""Why one cell of a map is what it is: exact sums over what went into it, never an estimate.

Everything is computed in float64 from what the trace recorded and what the model learned; so a sum
equals the recorded value up to the rounding of the model's own precision.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn.functional import elu

from awrsr.attention import dot_product_scores, gaussian
from awrsr.config import model_title
from awrsr.errors import ConfigError, DataError, counted
from awrsr.models import SequentialModel
from awrsr.refinement import REFINEMENTS, Terms
from awrsr.tracing import LayerTrace, Trace


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One cell of a layer's maps; all counted from 0.

    Args:
        layer: the first layer is 0.
        head: of that layer.
        query: place in the trace's items, 0 = oldest.
        key: likewise; not later than the query.
    """

    layer: int
    head: int
    query: int
    key: int


@dataclass(frozen=True, kw_only=True)
class PairMap:
    """A second-order score as a sum over pairs of attended items: A_ip G_pq A_jq.

    i is the query, p what it attends to; j the key, q what it attends to; G = W_Q W_K^T / sqrt(r).

    Args:
        score: the recorded score, S before its softmax; no unit.
        weight: the recorded weight S_ij.
        query_row: (i + 1,) first-order weights A_ip; they sum to one.
        key_row: (j + 1,) first-order weights A_jq; they sum to one.
        coupling: (i + 1, j + 1) G_pq, learned; depends on the slots alone, not on the items.
        pairs: (i + 1, j + 1) the terms, in the unit of the score; they sum to it.
    """

    score: float
    weight: float
    query_row: npt.NDArray[np.float64]
    key_row: npt.NDArray[np.float64]
    coupling: npt.NDArray[np.float64]
    pairs: npt.NDArray[np.float64]

    def table(self, k: int | None = None) -> pd.DataFrame:
        """The k pairs with the largest terms in size, or all: p, q, and the factors of the term."""
        order = np.argsort(-np.abs(self.pairs), axis=None, kind="stable")[:k]
        p, q = np.unravel_index(order, self.pairs.shape)
        return pd.DataFrame(
            {
                "p": p,
                "q": q,
                "term": self.pairs[p, q],
                "query_weight": self.query_row[p],
                "coupling": self.coupling[p, q],
                "key_weight": self.key_row[q],
            }
        )


@dataclass(frozen=True, kw_only=True)
class DistanceSplit:
    """A score that is minus a squared Wasserstein distance, dimension by dimension.

    Args:
        score: the recorded score, minus squared distance / sqrt(width); 0 is nearest.
        weight: the recorded weight that its softmax gave.
        mean_terms: (width,) - (mean - mean')^2 / sqrt(width), none above 0.
        covariance_terms: (width,) the same of the standard deviations; all terms sum to the score.
    """

    score: float
    weight: float
    mean_terms: npt.NDArray[np.float64]
    covariance_terms: npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class RefinedParts:
    """A refined weight as the sum of what its mechanism makes it of.

    Args:
        weight: the recorded weight M_ij.
        kind: what the terms are.
        terms: they sum to the weight. First order: (1,) A_ij. Second order: (1,) S_ij. Halves: (2,)
            A_ij / 2 and S_ij / 2. Intermediate items: (i + 1,) S_ik A_kj for every k, which is 0
            where k is older than j.
        query_row: intermediate items: (i + 1,) S_ik, else None.
        key_column: intermediate items: (i + 1,) A_kj, else None.
        squared_weight: stosa: M_ij squared, what mixes the covariances; None for sasrec.
        squared_sum: stosa: what the squares of the query's row sum to; None for sasrec.
    """

    weight: float
    kind: Terms
    terms: npt.NDArray[np.float64]
    query_row: npt.NDArray[np.float64] | None
    key_column: npt.NDArray[np.float64] | None
    squared_weight: float | None
    squared_sum: float | None


def first_order_split(trace: Trace, cell: Cell) -> DistanceSplit:
    """The first-order score of a STOSA model as its mean part and its covariance part.

    Raises:
        DataError: the cell is not in the trace, or the model compares items by one dot product or
            not at all.
    """
    layer = _layer(trace, cell)
    refinement = REFINEMENTS[trace.config.refinement]
    if not refinement.learns_attention:
        raise DataError(
            f"asked for mean and covariance of a first-order score; {_title(trace)} compares no "
            f"items, its weights are fixed: {refinement.formula_of(trace.config)}"
        )
    if trace.config.backbone != "stosa":
        raise DataError(
            f"asked for mean and covariance of a first-order score; {_title(trace)} compares items "
            "by a dot product, only stosa by a distance of Gaussians"
        )
    return _split(
        layer.query[cell.head, cell.query],
        layer.key[cell.head, cell.key],
        _at(layer.first_order_scores, cell),
        _at(layer.first_order, cell),
    )


@torch.no_grad()
def second_order_provenance(
    model: SequentialModel, trace: Trace, cell: Cell
) -> PairMap | DistanceSplit:
    """What makes a second-order score: pairs of attended items, or of stochastic, two distances.

    Args:
        model: the one that was traced.
        trace: of one history.
        cell: of its second-order maps.

    Raises:
        DataError: the cell is not in the trace, the trace is of another kind of model, or the model
            has no second order.
        ConfigError: it is not known how its refinement compares rows.
    """
    layer = _layer(trace, cell)
    if model.config != trace.config:
        raise DataError(
            f"the model is {model_title(model.config.backbone, model.config.refinement)}, "
            f"the trace is of {_title(trace)} with other settings; give the model that was traced"
        )
    if layer.second_order is None or layer.second_order_scores is None:
        raise DataError(
            f"asked for a second-order score; {_title(trace)} has no second order, its first-order "
            "weights mix the values"
        )
    score, weight = _at(layer.second_order_scores, cell), _at(layer.second_order, cell)
    rows = layer.first_order[cell.head].double().cpu()
    parts = dict(model.refinement(cell.layer).named_children())
    if "second_order" in parts:
        compared = dict(parts["second_order"].named_children())
        query, key = (_matrix(compared[name], rows) for name in ("query", "key"))
        query_row = _array(rows[cell.query, : cell.query + 1])
        key_row = _array(rows[cell.key, : cell.key + 1])
        slots = _array(dot_product_scores(query[None, None], key[None, None])[0, 0])
        coupling = slots[: cell.query + 1, : cell.key + 1]
        return PairMap(
            score=score,
            weight=weight,
            query_row=query_row,
            key_row=key_row,
            coupling=coupling,
            pairs=query_row[:, None] * coupling * key_row[None, :],
        )
    if {"mean", "covariance"} <= parts.keys():
        mean, covariance = (rows @ _matrix(parts[name], rows) for name in ("mean", "covariance"))
        gaussians = gaussian(mean, elu(covariance) + 1)
        return _split(gaussians[cell.query], gaussians[cell.key], score, weight)
    raise ConfigError(
        f"it is not known how refinement {trace.config.refinement!r} compares rows of weights"
    )


def refined_parts(trace: Trace, cell: Cell) -> RefinedParts:
    """What makes a refined weight.

    Raises:
        DataError: the cell is not in the trace.
    """
    layer = _layer(trace, cell)
    kind = REFINEMENTS[trace.config.refinement].terms_of(trace.config)
    first = _array(layer.first_order[cell.head])
    second = first if layer.second_order is None else _array(layer.second_order[cell.head])
    query, key = cell.query, cell.key
    query_row = key_column = None
    if kind == "first order":
        terms = first[query, [key]]
    elif kind == "second order":
        terms = second[query, [key]]
    elif kind == "shares":
        terms = np.array([first[query, key], second[query, key]]) / 2
    else:
        query_row, key_column = second[query, : query + 1], first[: query + 1, key]
        terms = query_row * key_column
    squares = None
    if trace.config.backbone == "stosa":
        squares = np.square(_array(layer.refined[cell.head, query]))
    return RefinedParts(
        weight=_at(layer.refined, cell),
        kind=kind,
        terms=terms,
        query_row=query_row,
        key_column=key_column,
        squared_weight=None if squares is None else float(squares[key]),
        squared_sum=None if squares is None else float(squares.sum()),
    )


def _layer(trace: Trace, cell: Cell) -> LayerTrace:
    if not 0 <= cell.layer < len(trace.layers):
        raise DataError(
            f"asked for layer {cell.layer!r}; the trace has {counted(len(trace.layers), 'layer')}, "
            "the first is 0"
        )
    layer = trace.layers[cell.layer]
    heads, m = layer.first_order.shape[:2]
    if not 0 <= cell.head < heads:
        raise DataError(
            f"asked for head {cell.head!r}; the layer has {counted(heads, 'head')}, the first is 0"
        )
    if not 0 <= cell.query < m:
        raise DataError(
            f"asked for query {cell.query!r}; the trace has {counted(m, 'item')}, the oldest is 0"
        )
    if not 0 <= cell.key <= cell.query:
        raise DataError(
            f"asked for key {cell.key!r}; query {cell.query} attends to keys 0 to {cell.query}"
        )
    return layer


def _title(trace: Trace) -> str:
    return model_title(trace.config.backbone, trace.config.refinement)


def _at(maps: Tensor, cell: Cell) -> float:
    return float(maps[cell.head, cell.query, cell.key])


def _array(values: Tensor) -> npt.NDArray[np.float64]:
    array: npt.NDArray[np.float64] = values.double().cpu().numpy()
    return array


def _matrix(projection: nn.Module, rows: Tensor) -> Tensor:
    """What a projection adds for each key: the rows of its matrix that a history this long meets,
    read off by projecting one key at a time."""
    parameter = next(projection.parameters())
    keys = torch.eye(len(rows), dtype=parameter.dtype, device=parameter.device)
    matrix: Tensor = projection(keys[None, None])[0, 0]
    return matrix.double().cpu()


def _split(query: Tensor, key: Tensor, score: float, weight: float) -> DistanceSplit:
    difference = _array(query) - _array(key)
    mean, deviation = np.split(-np.square(difference) / math.sqrt(len(difference) // 2), 2)
    return DistanceSplit(score=score, weight=weight, mean_terms=mean, covariance_terms=deviation)
