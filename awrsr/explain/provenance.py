"""Provenance of one cell of a map: exact sums over its inputs, never an estimate.

Everything is computed in float64 from the recorded trace and the learned weights, so a sum equals
the recorded value up to rounding in the model's precision.
"""

import copy
import math

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from awrsr.attention import allowed_keys
from awrsr.errors import ConfigError, DataError, counted
from awrsr.explain.cells import Cell, DistanceSplit, PairMap, RefinedParts
from awrsr.models import BACKBONES, LayerTrace, SequentialModel, Trace, model_title
from awrsr.refinement import REFINEMENTS, Refinement, SecondOrder


def first_order_split(trace: Trace, cell: Cell) -> DistanceSplit:
    """The first-order score of a Gaussian model, split into a mean part and a covariance part.

    Raises:
        DataError: the cell is not in the trace, or the model does not compare items by distance.
    """
    layer = _layer(trace, cell)
    refinement = REFINEMENTS[trace.config.refinement]
    if not refinement.learns_attention:
        raise DataError(
            f"asked for mean and covariance of a first-order score; {_title(trace)} compares no "
            f"items; its weights are fixed: {refinement.formula_of(trace.config)}"
        )
    if not BACKBONES[trace.config.backbone].gaussian:
        accepted = [name for name, kind in BACKBONES.items() if kind.gaussian]
        if layer.first_order_scores is None:
            raise DataError(
                f"asked for mean and covariance of a first-order score; {_title(trace)} records "
                f"attention weights alone; accepted: {', '.join(accepted)}"
            )
        raise DataError(
            f"asked for mean and covariance of a first-order score; {_title(trace)} compares items "
            f"by a dot product; only {', '.join(accepted)} by a distance between Gaussians"
        )
    assert layer.query is not None and layer.key is not None  # Gaussian models record them
    assert layer.first_order_scores is not None
    return _split(
        layer.query[cell.head, cell.query],
        layer.key[cell.head, cell.key],
        _at(layer.first_order_scores, cell),
        _at(layer.first_order, cell),
        gain=1.0,
    )


@torch.no_grad()
def second_order_provenance(
    model: SequentialModel, trace: Trace, cell: Cell
) -> PairMap | DistanceSplit:
    """The terms of a second-order score: pairs of attended items, or a distance of Gaussians.

    Args:
        model: the traced model.
        trace: a trace of one history.
        cell: a cell of its second-order maps.

    Raises:
        DataError: the cell is not in the trace, the trace comes from a model with other settings,
            or the model has no second order.
        ConfigError: the refinement does not describe how it compares rows.
    """
    layer = _layer(trace, cell)
    refinement = _of_trace(model, trace, cell)
    if layer.second_order is None or layer.second_order_scores is None:
        raise DataError(
            f"asked for a second-order score; {_title(trace)} has no second order; its first-order "
            "weights mix the values"
        )
    if not isinstance(refinement, SecondOrder):
        raise _unknown(trace)
    score, weight = _at(layer.second_order_scores, cell), _at(layer.second_order, cell)
    rows = refinement.rows(*_first_order(layer))
    if gaussians := refinement.gaussians(rows):
        query, key = (sides[0, cell.head] for sides in gaussians)
        gains = refinement.times_gain(torch.ones(refinement.n_heads, 1, 1, dtype=torch.float64))
        gain = float(gains[cell.head])
        return _split(query[cell.query], key[cell.key], score, weight, gain=gain)
    matrices = refinement.pair_matrix(rows.shape[-1])
    if matrices is None:
        raise _unknown(trace)
    query_row = _array(rows[0, cell.head, cell.query, : cell.query + 1])
    key_row = _array(rows[0, cell.head, cell.key, : cell.key + 1])
    coupling = _array(matrices[cell.head])[: cell.query + 1, : cell.key + 1]
    return PairMap(
        score=score,
        weight=weight,
        rows=trace.config.rows,
        query_row=query_row,
        key_row=key_row,
        coupling=coupling,
        pairs=query_row[:, None] * coupling * key_row[None, :],
    )


@torch.no_grad()
def refined_parts(model: SequentialModel, trace: Trace, cell: Cell) -> RefinedParts:
    """The terms of a refined weight.

    Args:
        model: the traced model.
        trace: a trace of one history.
        cell: a cell of its refined maps.

    Raises:
        DataError: the cell is not in the trace, or the trace comes from a model with other
            settings.
    """
    layer = _layer(trace, cell)
    refinement = _of_trace(model, trace, cell)
    kind = refinement.terms_of(trace.config)
    first = _array(layer.first_order[cell.head])
    second = first if layer.second_order is None else _array(layer.second_order[cell.head])
    query, key = cell.query, cell.key
    share = factor = query_row = key_column = None
    if kind == "first order":
        terms = first[query, [key]]
    elif kind == "second order":
        terms = second[query, [key]]
    elif kind == "shares":
        share = float(refinement.shares()[cell.head])
        terms = np.array([(1 - share) * first[query, key], share * second[query, key]])
    elif kind == "product" and layer.second_order_scores is not None:
        scores = _array(layer.second_order_scores[cell.head, query, : query + 1])
        raised = np.exp(scores - scores.max())
        factor = float(raised[key] / (first[query, : query + 1] @ raised))
        terms = first[query, [key]] * factor
    elif kind == "intermediate items":
        values = _array(refinement.values(*_first_order(layer))[0, cell.head])
        query_row, key_column = second[query, : query + 1], values[: query + 1, key]
        terms = query_row * key_column
    else:
        terms = np.array([_at(layer.refined, cell)])
    squares = None
    if BACKBONES[trace.config.backbone].gaussian:
        squares = np.square(_array(layer.refined[cell.head, query]))
    return RefinedParts(
        weight=_at(layer.refined, cell),
        kind=kind,
        terms=terms,
        share=share,
        factor=factor,
        query_row=query_row,
        key_column=key_column,
        squared_weight=None if squares is None else float(squares[key]),
        squared_sum=None if squares is None else float(squares.sum()),
    )


def _of_trace(model: SequentialModel, trace: Trace, cell: Cell) -> Refinement:
    """The refinement of the cell's layer, in 64 bits on the CPU."""
    if model.config != trace.config:
        raise DataError(
            f"the model is {model_title(model.config.backbone, model.config.refinement)}, "
            f"the trace comes from {_title(trace)} with other settings; give the traced model"
        )
    return copy.deepcopy(model.refinement(cell.layer)).double().cpu().eval()


def _unknown(trace: Trace) -> ConfigError:
    return ConfigError(
        f"refinement {trace.config.refinement!r} does not say how it compares rows of weights"
    )


def _first_order(layer: LayerTrace) -> tuple[Tensor, Tensor]:
    """First-order weights in 64 bits, as a batch of one, and the allowed keys."""
    first = layer.first_order[None].double().cpu()
    return first, allowed_keys(torch.ones(1, first.shape[-1], dtype=torch.bool))


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


def _split(
    query: Tensor, key: Tensor, score: float, weight: float, *, gain: float
) -> DistanceSplit:
    difference = _array(query) - _array(key)
    scale = gain / math.sqrt(len(difference) // 2)
    mean, deviation = np.split(-np.square(difference) * scale, 2)
    return DistanceSplit(
        score=score, weight=weight, gain=gain, mean_terms=mean, covariance_terms=deviation
    )
