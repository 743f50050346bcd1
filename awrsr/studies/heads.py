"""What the position that makes the prediction attends to, over many users at once.

A row is the last row of a map: the weights of the newest item's query on every item that the model
saw. It sums to one. Rows of a batch are right-aligned, newest item last, and 0 where a shorter
history has no item.
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
from awrsr.data.batching import batches, training_popularity
from awrsr.data.dataset import Dataset
from awrsr.errors import ConfigError
from awrsr.explain import KINDS
from awrsr.models import LayerTrace, SequentialModel
from awrsr.ranking.recommendation import check_same_catalogue
from awrsr.refinement import SecondOrder

LAGS = {"lag_1": (1, 1), "lag_2_3": (2, 3), "lag_4_7": (4, 7), "lag_8_15": (8, 15), "lag_16": (16,)}
"""Bins of the lag, how many places an item is older than the newest; the last has no end."""
MEASURES = ("entropy", "entropy_share", "reach", "itself", *LAGS, "first", "repeats")
"""What `row_measures` says of a row, by name."""
POPULAR = 0.1
"""Share of the catalogue that counts as popular: those items that occur most often."""


class PredictionRows(list[LayerTrace]):
    """A recording that keeps the last row of each layer's maps and lets go of all else.

    `layers` holds for every layer the kinds of map it has, each (batch, head, slot).
    """

    def __init__(self) -> None:
        super().__init__()
        self.layers: list[dict[str, Tensor]] = []

    def append(self, layer: LayerTrace) -> None:
        """Called by the model after each layer."""
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
    """What rows of weights say, one number a row, by the names of MEASURES.

    entropy in nats, and as a share of the log of the number of items (1 = even; not defined for one
    item); reach, the mean lag of the weight; the weight on the newest item itself, in bins of the
    lag, on the oldest item seen, and on items that stand in the row more than once.

    Args:
        rows: weights, 0 on padding.
        sequences: the items they weigh.
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
    """Where an item stands that stands in its sequence more than once."""
    ordered, places = sequences.sort(dim=-1)
    same = ordered[:, 1:] == ordered[:, :-1]
    edge = same.new_zeros(len(sequences), 1)
    twice = torch.cat([edge, same], dim=-1) | torch.cat([same, edge], dim=-1)
    return torch.zeros_like(twice).scatter(-1, places, twice) & (sequences != PADDING)


def popular_items(dataset: Dataset) -> npt.NDArray[np.bool_]:
    """Whether an item, at index item - 1, is among the tenth of the catalogue that occurs most
    often in the training parts of the sequences."""
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
    """What each head gives its weight to when it predicts, as means over users.

    Args:
        model: in eval mode.
        dataset: the one the model belongs to.
        users: indices; all where not given.
        groups: of every item, at index item - 1, such as its genre.
        batch_size: users of a batch; changes nothing but the speed.

    Returns:
        A row per layer, kind of map and head (1-based), and at the end one of kind "even", what
        the same weight spread evenly over each history would give. Columns: users, those of
        MEASURES, popular (weight on the tenth of the catalogue that occurs most often), and with
        groups, group (weight on other items of the newest item's group).

    Raises:
        ConfigError: no users.
        DataError: the model belongs to another catalogue.
    """
    check_same_catalogue(model, dataset)
    users = np.arange(dataset.n_users) if users is None else np.asarray(users, dtype=np.int64)
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
            of_items = codes[sequences]
            alike = of_items == of_items[:, -1:]
            alike[:, -1] = False
            measures["group"] = (stacked * alike).sum(-1)
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
    """How one layer, or one head of it, compares rows of attention weights.

    Args:
        layer: 1-based.
        head: 1-based; None where all heads of the layer have the same.
        formula: what the matrix is.
        values: (n, n); slot n - 1, the last row and column, is the newest item's.
    """

    layer: int
    head: int | None
    formula: str
    values: npt.NDArray[np.float64]


@torch.no_grad()
def correlation_matrices(model: SequentialModel) -> list[CorrelationMatrix]:
    """The learned matrix G of every layer, of every head where heads differ; none where the
    refinement learns none.

    For scores that are scaled dot products G = W_Q W_K^T / sqrt(r), times the gain where there is
    one, and the second-order score of (i, j) is the sum over p, q of A_ip G_pq A_jq, or so of the
    standardised rows. Of the stochastic form G is the means' part alone: 2 W_muQ W_muK^T / sqrt(r)
    gives in that way what the two rows add to it together, beside a term of each alone. Tied, G =
    W_mu W_mu^T / sqrt(r), and the part is minus the sum over p, q of D_p G_pq D_q, with D the
    difference of the rows i and j. The covariance's part goes through ELU and a square root and has
    no such matrix.
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
