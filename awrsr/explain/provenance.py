"""Why one cell of a map is what it is: exact sums over what went into it, never an estimate.

Everything is computed in float64 from what the trace recorded and what the model learned; so a sum
equals the recorded value up to the rounding of the model's own precision.
"""

import copy
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor

from awrsr.attention import allowed_keys
from awrsr.config import Rows
from awrsr.errors import ConfigError, DataError, counted
from awrsr.models import BACKBONES, LayerTrace, SequentialModel, Trace, model_title
from awrsr.refinement import REFINEMENTS, Refinement, SecondOrder, Terms


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

    i is the query, p what it attends to; j the key, q what it attends to; G = W_Q W_K^T / sqrt(r)
    of the head, times its gain where there is one. Of standardised rows, these stand for A.

    Args:
        score: the recorded score, S before its softmax; no unit.
        weight: the recorded weight S_ij.
        rows: what is compared. A plain row holds weights, which sum to one. A standardised one says
            how far each weight is from the even one, in the row's own deviations, and sums to 0.
        query_row: (i + 1,) the row of the query, A_ip.
        key_row: (j + 1,) the row of the key, A_jq.
        coupling: (i + 1, j + 1) G_pq, learned; depends on the slots alone, not on the items.
        pairs: (i + 1, j + 1) the terms, in the unit of the score; they sum to it.
    """

    score: float
    weight: float
    rows: Rows
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
                "of_query": self.query_row[p],
                "coupling": self.coupling[p, q],
                "of_key": self.key_row[q],
            }
        )


@dataclass(frozen=True, kw_only=True)
class DistanceSplit:
    """A score that is minus a squared Wasserstein distance, dimension by dimension.

    Args:
        score: the recorded score, minus squared distance / sqrt(width), times the gain; 0 is
            nearest.
        weight: the recorded weight that its softmax gave.
        gain: of the head, 1 where none is learned.
        mean_terms: (width,) - (mean - mean')^2 / sqrt(width), times the gain; none above 0.
        covariance_terms: (width,) the same of the standard deviations; all terms sum to the score.
    """

    score: float
    weight: float
    gain: float
    mean_terms: npt.NDArray[np.float64]
    covariance_terms: npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class RefinedParts:
    """A refined weight, and what its mechanism makes it of.

    Args:
        weight: the recorded weight M_ij.
        kind: what it is made of.
        terms: they sum to the weight. Whole: (1,) M_ij. First order: (1,) A_ij. Second order: (1,)
            S_ij. Shares: (2,) (1 - g) A_ij and g S_ij. Product: (1,) A_ij times the factor.
            Intermediate items: (i + 1,) S_ik (A V)_kj for every k, which is 0 where k is older than
            j.
        share: shares: g, the second order's share, a half or learned; else None.
        factor: product: exp(s_ij) / sum over k of A_ik exp(s_ik), above 1 where the second order
            raises the first-order weight; else None.
        query_row: intermediate items: (i + 1,) S_ik, else None.
        key_column: intermediate items: (i + 1,) (A V)_kj, A_kj where no V is learned; else None.
        squared_weight: of Gaussians M_ij squared, what mixes the covariances; else None.
        squared_sum: of Gaussians what the squares of the query's row sum to; else None.
    """

    weight: float
    kind: Terms
    terms: npt.NDArray[np.float64]
    share: float | None
    factor: float | None
    query_row: npt.NDArray[np.float64] | None
    key_column: npt.NDArray[np.float64] | None
    squared_weight: float | None
    squared_sum: float | None


def first_order_split(trace: Trace, cell: Cell) -> DistanceSplit:
    """The first-order score of a model of Gaussians as its mean part and its covariance part.

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
    if not BACKBONES[trace.config.backbone].gaussian:
        accepted = [name for name, kind in BACKBONES.items() if kind.gaussian]
        raise DataError(
            f"asked for mean and covariance of a first-order score; {_title(trace)} compares items "
            f"by a dot product, only {', '.join(accepted)} by a distance of Gaussians"
        )
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
    """What makes a second-order score: pairs of attended items, or a distance of Gaussians.

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
    refinement = _of_trace(model, trace, cell)
    if layer.second_order is None or layer.second_order_scores is None:
        raise DataError(
            f"asked for a second-order score; {_title(trace)} has no second order, its first-order "
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
    """What makes a refined weight.

    Args:
        model: the one that was traced.
        trace: of one history.
        cell: of its refined maps.

    Raises:
        DataError: the cell is not in the trace, or the trace is of another kind of model.
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
            f"the trace is of {_title(trace)} with other settings; give the model that was traced"
        )
    return copy.deepcopy(model.refinement(cell.layer)).double().cpu().eval()


def _unknown(trace: Trace) -> ConfigError:
    return ConfigError(
        f"it is not known how refinement {trace.config.refinement!r} compares rows of weights"
    )


def _first_order(layer: LayerTrace) -> tuple[Tensor, Tensor]:
    """First-order weights in 64 bits, as a batch of one, and the keys they may fall on."""
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
