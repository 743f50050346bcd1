"""The attention of the prediction position, over many users.

A row is the last row of a map: the weights that the newest item's query gives to every item that
the model saw. It sums to one. Rows of a batch are right-aligned, newest item last, and 0 where a
shorter history has no item.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from awrsr.config import PADDING
from awrsr.data.batching import batches, training_popularity, users_with_target
from awrsr.data.dataset import Dataset
from awrsr.errors import ConfigError
from awrsr.explain import KINDS
from awrsr.models import LayerTrace, SequentialModel
from awrsr.ranking.recommendation import check_same_catalogue
from awrsr.refinement import SecondOrder

LAGS = {"lag_1": (1, 1), "lag_2_3": (2, 3), "lag_4_7": (4, 7), "lag_8_15": (8, 15), "lag_16": (16,)}
"""Bins of the lag, the number of places from an item to the newest; the last bin is open."""
MEASURES = ("entropy", "entropy_share", "reach", "itself", *LAGS, "first", "repeats")
"""The names of the measures of `row_measures`."""
POPULAR = 0.1
"""Share of the catalogue that counts as popular: the most frequent items."""


class PredictionRows(list[LayerTrace]):
    """A recording that keeps only the last row of each layer's maps.

    `layers` holds the kinds of map of every layer, each (batch, head, slot).
    """

    def __init__(self) -> None:
        super().__init__()
        self.layers: list[dict[str, Tensor]] = []

    def append(self, layer: LayerTrace) -> None:
        """Keep the last rows of a layer; the model calls this after each layer."""
        maps = {kind: getattr(layer, kind) for kind in KINDS}
        self.layers.append(
            {
                kind: weights[:, :, -1].detach().clone()
                for kind, weights in maps.items()
                if weights is not None
            }
        )


def row_measures(
    rows: Float[Tensor, "*axes batch slot"], sequences: Int[Tensor, "batch slot"]
) -> dict[str, Float[Tensor, "*axes batch"]]:
    """Measures of rows of weights, one number per row, by the names of MEASURES.

    The entropy in nats, and as a share of the log of the number of items (1 = even; not defined for
    one item); reach, the mean lag of the weight; and the weight on the newest item, in bins of the
    lag, on the oldest item that the model saw, and on items that occur more than once.

    Args:
        rows: weights, 0 on padding.
        sequences: the items of the rows.
    """
    present = sequences != PADDING
    count = present.sum(-1)
    lag = torch.arange(rows.shape[-1] - 1, -1, -1, device=rows.device)
    bins = [lag == 0] + [
        (lag >= low[0]) & (lag <= (low[1] if len(low) > 1 else len(lag))) for low in LAGS.values()
    ]
    by_lag = rows @ torch.stack([lag, *bins], dim=-1).to(rows.dtype)  # (..., batch, 1 + bins)
    entropy = torch.special.entr(rows).sum(-1)
    reach, itself, *in_bins = by_lag.unbind(-1)
    first = present & (present.cumsum(-1) == 1)
    found = {
        "entropy": entropy,
        "entropy_share": entropy / count.to(rows.dtype).log(),  # 0 / 0 for one item
        "reach": reach,
        "itself": itself,
        **dict(zip(LAGS, in_bins, strict=True)),
        "first": (rows * first).sum(-1),
        "repeats": (rows * repeated(sequences)).sum(-1),
    }
    empty = count == 0
    return {name: values.masked_fill(empty, torch.nan) for name, values in found.items()}


def repeated(sequences: Int[Tensor, "batch slot"]) -> Bool[Tensor, "batch slot"]:
    """Slots of items that occur more than once in their sequence."""
    ordered, places = sequences.sort(dim=-1)
    equal = ordered[:, 1:] == ordered[:, :-1]
    edge = equal.new_zeros(len(sequences), 1)
    in_run = torch.cat([edge, equal], dim=-1) | torch.cat([equal, edge], dim=-1)
    return torch.zeros_like(in_run).scatter(-1, places, in_run) & (sequences != PADDING)


def popular_items(dataset: Dataset) -> npt.NDArray[np.bool_]:
    """Whether each item, at index item - 1, is among the 10% of the catalogue that occur most often
    in the training parts of the sequences."""
    chosen = np.argsort(-training_popularity(dataset), kind="stable")[
        : max(1, round(POPULAR * dataset.n_items))
    ]
    popular = np.zeros(dataset.n_items, dtype=bool)
    popular[chosen] = True
    return popular


@torch.inference_mode()
def head_profile(
    model: SequentialModel,
    dataset: Dataset,
    users: npt.ArrayLike | None = None,
    *,
    groups: Sequence[str] | None = None,
    batch_size: int | None = None,
) -> pd.DataFrame:
    """Measures of each head's attention at the prediction position, as means over users.

    Args:
        model: in eval mode.
        dataset: the model's dataset.
        users: indices of users with a test item; default: all of them.
        groups: the group of every item, at index item - 1, such as its genre.
        batch_size: users per batch; affects only the speed.

    Returns:
        A row per layer, kind of map and head (1-based), and a last row of kind "even": the measures
        of weights spread evenly over each history. Columns: users, those of MEASURES, popular
        (weight on the 10% of the catalogue that occur most often) and, with groups, group (weight
        on other items of the newest item's group).

    Raises:
        ConfigError: no users, or one without a test item.
        DataError: the model belongs to another catalogue.
    """
    check_same_catalogue(model, dataset)
    users = users_with_target(dataset, users)
    if len(users) == 0:
        raise ConfigError("a head's profile needs one user or more; the slice is empty")
    device, n = model.device, model.config.max_length
    popular = torch.from_numpy(np.concatenate([[False], popular_items(dataset)])).to(device)
    codes = None
    if groups is not None:
        numbers = pd.factorize(np.asarray(groups, dtype=object))[0]
        codes = torch.from_numpy(np.concatenate([[-1], numbers])).to(device)
    sums: dict[tuple[int, str, int], dict[str, Any]] = {}
    for batch in batches(dataset, users, n, batch_size=batch_size):
        sequences = batch.sequences(n).to(device)
        rows = PredictionRows()
        model(sequences, recording=rows)
        present = sequences != PADDING
        even = present.double() / present.sum(-1, keepdim=True).clamp(min=1)
        maps = [
            (layer, kind, head, weights[:, head].double())
            for layer, kinds in enumerate(rows.layers, start=1)
            for kind, weights in kinds.items()
            for head in range(weights.shape[1])
        ]
        stacked = torch.stack([*(weights for *_, weights in maps), even])
        measures = row_measures(stacked, sequences)
        measures["popular"] = (stacked * popular[sequences]).sum(-1)
        if codes is not None:
            item_codes = codes[sequences]
            same_group = item_codes == item_codes[:, -1:]
            same_group[:, -1] = False
            measures["group"] = (stacked * same_group).sum(-1)
        names = [*((layer, kind, head + 1) for layer, kind, head, _ in maps), (0, "even", 0)]
        for place, name in enumerate(names):
            found = sums.setdefault(name, {})
            for measure, values in measures.items():
                known = values[place][~values[place].isnan()]
                total, number = found.get(measure, (0.0, 0))
                found[measure] = (total + float(known.sum()), number + len(known))
    return pd.DataFrame(
        [
            {"layer": layer, "kind": kind, "head": head, "users": len(users)}
            | {name: total / n if n else np.nan for name, (total, n) in found.items()}
            for (layer, kind, head), found in sums.items()
        ]
    )


@dataclass(frozen=True, kw_only=True)
class CorrelationMatrix:
    """The learned matrix with which a layer, or a head, compares rows of attention weights.

    Args:
        layer: 1-based.
        head: 1-based; None if all heads of the layer share the matrix.
        formula: the formula of the matrix.
        values: (n, n); slot n - 1, the last row and column, belongs to the newest item.
    """

    layer: int
    head: int | None
    formula: str
    values: npt.NDArray[np.float64]


@torch.no_grad()
def correlation_matrices(model: SequentialModel) -> list[CorrelationMatrix]:
    """The learned matrix G of every layer, or of every head if heads differ; an empty list if the
    refinement learns no such matrix.

    For scaled dot products, G = W_Q W_K^T / sqrt(r), times the gain if there is one. The
    second-order score of (i, j) is the sum over p, q of A_ip G_pq A_jq, with standardised rows in
    place of A where they are used. In the stochastic form, G describes only the part of the means.
    With G = 2 W_muQ W_muK^T / sqrt(r) that sum is the joint term of the two rows; each row also has
    a term of its own. If tied, G = W_mu W_mu^T / sqrt(r), and the part of the means is minus the
    sum over p, q of D_p G_pq D_q, where D is the difference of the rows i and j. The part of the
    covariances passes through ELU and a square root and has no such matrix.
    """
    config = model.config
    differ = config.gain or config.matrices == "head"
    found = []
    for layer in range(config.n_layers):
        refinement = model.refinement(layer)
        if not isinstance(refinement, SecondOrder):
            continue
        exact = copy.deepcopy(refinement).double().cpu()
        matrices = exact.pair_matrix(config.max_length)
        if matrices is None:
            continue
        shown = matrices.numpy() if differ else matrices[:1].numpy()
        for head, values in enumerate(shown, start=1):
            found.append(
                CorrelationMatrix(
                    layer=layer + 1,
                    head=head if differ else None,
                    formula=exact.pair_formula(),
                    values=values,
                )
            )
    return found
