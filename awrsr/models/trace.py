"""The record of one forward pass: the attention of every layer and head, before dropout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor

from awrsr.config import ModelConfig
from awrsr.display import Card, Displayed, item_table

KINDS = ("first_order", "second_order", "refined")
"""The kinds of maps."""
BEST = 3
"""Items with the highest scores that are displayed."""


@dataclass(frozen=True, kw_only=True)
class LayerTrace:
    """One layer's attention; axes (head, query, key), with a batch axis first if a batch is traced.

    Every row of weights sums to one over the allowed items and is exactly 0 on later items.
    Second-order maps are None if the mechanism has none. An `Adapter` gives weights alone: all else
    is None, except norms of values if it knows them.

    Args:
        query: the queries, (head, query, head_dim); for stosa Gaussians in the form of
            `awrsr.attention.gaussian`, means and then standard deviations.
        key: the keys, (head, key, head_dim), in the same form.
        first_order: weights A, from comparing items.
        first_order_scores: A before its softmax (later items included; they are masked afterwards).
        second_order: weights S, from comparing rows of A, or None.
        second_order_scores: S before its softmax, or None.
        refined: weights M, which mixed the values.
        value: the values that M mixes, (head, key, head_dim); for stosa the values of the means.
        value_covariance: for stosa the covariances, mixed by the squares of M; None for sasrec.
        transformed_value_norm: (head, key), norm of each value after its head's part of the output
            projection; a weight times this norm is how far it moves the query. For stosa: of means.
        mixed: M value, (head, query, head_dim), before the output projection. In training mode it
            includes dropout; all other fields never do.
        on_padding: (head, query), the share of attention on the empty slots before the oldest item;
            their value replaces that share of `mixed` before the projection; None if the model
            ignores padding.
    """

    query: Tensor | None = None
    key: Tensor | None = None
    first_order: Tensor
    first_order_scores: Tensor | None = None
    second_order: Tensor | None = None
    second_order_scores: Tensor | None = None
    refined: Tensor
    value: Tensor | None = None
    value_covariance: Tensor | None = None
    transformed_value_norm: Tensor | None = None
    mixed: Tensor | None = None
    on_padding: Tensor | None = None

    def of_sequence(self, row: int) -> LayerTrace:
        """The trace of one sequence of the batch, without the batch axis."""
        values: dict[str, Any] = {}
        for field in fields(self):
            recorded = getattr(self, field.name)
            values[field.name] = None if recorded is None else recorded[row]
        return LayerTrace(**values)


@dataclass(frozen=True, kw_only=True, repr=False)
class Trace(Displayed):
    """One sequence through one model.

    Args:
        items: the m items that the model saw, oldest first.
        dropped: number of older items left out because the sequence was longer than n.
        layers: one LayerTrace per layer, first layer first.
        item_scores: (n_items,) score of every item as the next item; item i at index i - 1.
        config: the settings of the model.
    """

    items: list[int]
    dropped: int
    layers: list[LayerTrace]
    item_scores: Tensor
    config: ModelConfig

    def maps(self, kind: str) -> list[Tensor | None]:
        """One kind of map (first_order, second_order, refined) of every layer."""
        return [getattr(layer, kind) for layer in self.layers]

    def padding_share(self) -> float:
        """The share of the prediction's attention on empty slots, mean over layers and heads; 0 if
        the model ignores padding."""
        shares = [share[:, -1] for share in self._on_padding()]
        return float(torch.stack(shares).mean()) if shares else 0.0

    def _on_padding(self) -> list[Tensor]:
        return [layer.on_padding for layer in self.layers if layer.on_padding is not None]

    def table(self, titles: Sequence[str] | None = None) -> pd.DataFrame:
        """The attention of the prediction: the last row of the last layer's maps, mean over heads.

        Args:
            titles: the titles of `items`, see `Dataset.titles`.

        Returns:
            One row per item, newest first: place (0 is the oldest item), item, title if given, and
            the weight in every kind of map.
        """
        weights = {
            kind: maps[-1][:, -1].double().mean(dim=0).cpu().numpy()
            for kind in KINDS
            if (maps := [heads for heads in self.maps(kind) if heads is not None])
        }
        return item_table(self.items, titles, weights)

    def card(self) -> Card:
        table = self.table()
        best = self.item_scores.topk(min(BEST, len(self.item_scores)))
        items = zip((best.indices + 1).tolist(), best.values.tolist(), strict=True)
        return Card(
            title="Trace",
            facts={
                "model": f"{self.config.backbone}-{self.config.refinement}",
                "items": len(self.items),
                **({"older items left out": self.dropped} if self.dropped else {}),
                "layers": len(self.layers),
                "heads": self.config.n_heads,
                "highest scores": ", ".join(f"item {item}: {score:.2f}" for item, score in items),
            },
            table=table,
            bars=tuple(name for name in KINDS if name in table),
            note="Attention of the prediction, last layer, mean over heads; newest item first",
        )

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """As numpy arrays: items, item_scores, every kind of map of the model, norms of values if
        the model records them, and on_padding if the model attends to padding.

        Maps are (layer, head, query, key), transformed_value_norm is (layer, head, key), on_padding
        (layer, head, query).
        """
        found = {"items": np.array(self.items), "item_scores": self.item_scores.cpu().numpy()}
        for kind in KINDS:
            maps = [heads.cpu().numpy() for heads in self.maps(kind) if heads is not None]
            if maps:
                found[kind] = np.stack(maps)
        if shares := self._on_padding():
            found["on_padding"] = torch.stack(shares).cpu().numpy()
        norms = [layer.transformed_value_norm for layer in self.layers]
        known = [values.cpu().numpy() for values in norms if values is not None]
        if known and len(known) == len(norms):
            found["transformed_value_norm"] = np.stack(known)
        return found
