"""The attention that an adapter records: checked, and put together for a batch with padding."""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from awrsr.attention import allowed_keys
from awrsr.errors import ConfigError, counted
from awrsr.models.base import Intervention
from awrsr.models.trace import LayerTrace

TOLERANCE = 1e-3
"""Largest accepted distance of a row's sum from one, so that half precision is accepted."""


class Recorded(NamedTuple):
    """One layer: first-order weights, the weights that mix the values, norms of values."""

    first_order: Tensor
    used: Tensor
    value_norms: Tensor | None


class Recorder:
    """The `record` of `Adapter.encode_items`, which calls it once per attention layer, in order.

    Args:
        adapter: the name of the adapter, for messages.
        shape: the number of histories and the number of items in each.
        checked: whether weights are checked and kept.
        interventions: see `SequentialModel.encode`.
    """

    def __init__(
        self,
        adapter: str,
        shape: tuple[int, int],
        *,
        checked: bool,
        interventions: Mapping[int, Intervention] | None = None,
    ) -> None:
        self.adapter = adapter
        self.shape = shape
        self.checked = checked
        self.interventions = interventions or {}
        self.layers: list[Recorded] = []
        self._seen = 0

    def __call__(self, weights: Tensor, value_norms: Tensor | None = None) -> Tensor:
        """Record the attention of a layer.

        Args:
            weights: (batch, head, query, key), the attention weights after the softmax and without
                dropout; every row sums to one, and later items have weight 0.
            value_norms: (batch, head, key), the norm of each value after its head's part of the
                output projection, see `awrsr.LayerTrace`; only if it is known.

        Returns:
            The weights that should mix the values: those that were given, or others where a part of
            the attention is replaced, see `Adapter.replaceable`.

        Raises:
            ConfigError: the weights are not as described.
        """
        number, used = self._seen, weights
        self._seen += 1
        if not self.checked and number not in self.interventions:
            return weights
        self._check(weights, value_norms)
        if number in self.interventions:
            batch, items = self.shape
            present = torch.ones(batch, items, dtype=torch.bool, device=weights.device)
            used = self.interventions[number](weights, weights, allowed_keys(present))
        if self.checked:
            self.layers.append(Recorded(weights, used, value_norms))
        return used

    @property
    def _numbers_of_heads(self) -> list[int]:
        return sorted({layer.first_order.shape[1] for layer in self.layers})

    @property
    def heads(self) -> int | None:
        """The number of heads of every layer; None if layers differ or there is none."""
        found = self._numbers_of_heads
        return found[0] if len(found) == 1 else None

    @property
    def words(self) -> str:
        """What was recorded, in words."""
        if not self.layers:
            return "no attention"
        heads = " and ".join(map(str, self._numbers_of_heads))
        return f"{counted(len(self.layers), 'layer')} of {heads} heads"

    def _check(self, weights: Tensor, value_norms: Tensor | None) -> None:
        batch, items = self.shape
        where = f"{self.adapter}.encode_items, layer {self._seen - 1}"
        if weights.dim() != 4 or (weights.shape[0], *weights.shape[2:]) != (batch, items, items):
            raise ConfigError(
                f"{where}: attention weights must be (batch, head, query, key), here ({batch}, "
                f"heads, {items}, {items}); received {tuple(weights.shape)}. Weights without an "
                "axis of heads, such as a mean over them, are recorded as weights[:, None]"
            )
        if value_norms is not None and value_norms.shape != weights.shape[:3]:
            raise ConfigError(
                f"{where}: norms of values must be (batch, head, key), here "
                f"{tuple(weights.shape[:3])}; received {tuple(value_norms.shape)}"
            )
        found = weights.detach()
        if float(found.triu(1).abs().max()) > 0:
            raise ConfigError(
                f"{where}: an item attends to a later one, with weight {float(found.triu(1).max())}"
                "; accepted: causal attention. Maps here are lower triangles, so models with "
                "attention in both directions are not supported"
            )
        gap = float((found.sum(-1) - 1).abs().max())
        if not (gap <= TOLERANCE and float(found.min()) >= 0):
            raise ConfigError(
                f"{where}: rows of attention weights must be 0 or more and sum to one, after the "
                f"softmax and without dropout; received a smallest weight of {float(found.min()):g}"
                f" and a sum that differs from one by {gap:g}"
            )


class Recording:
    """The layers of a batch, whose rows are added by length; padding has weight 0.

    Args:
        batch: number of histories.
        slots: length of the longest.
    """

    def __init__(self, batch: int, slots: int) -> None:
        self.batch = batch
        self.slots = slots
        self._layers: list[Recorded] = []

    def add(self, recorder: Recorder, rows: Tensor) -> None:
        """Put the layers of some rows, histories of one length, where their items stand."""
        start = self.slots - recorder.shape[1]
        if not self._layers:
            self._layers = [self._empty(layer) for layer in recorder.layers]
        for whole, part in zip(self._layers, recorder.layers, strict=True):
            whole.first_order[rows, :, start:, start:] = part.first_order
            whole.used[rows, :, start:, start:] = part.used
            if whole.value_norms is not None and part.value_norms is not None:
                whole.value_norms[rows, :, start:] = part.value_norms

    def _empty(self, layer: Recorded) -> Recorded:
        heads, slots = layer.first_order.shape[1], self.slots
        first, used = (
            layer.first_order.new_zeros(self.batch, heads, slots, slots) for _ in range(2)
        )
        norms = layer.value_norms
        return Recorded(
            first, used, None if norms is None else norms.new_zeros(self.batch, heads, slots)
        )

    def layers(self) -> list[LayerTrace]:
        """The layers, first layer first."""
        return [
            LayerTrace(
                first_order=layer.first_order,
                refined=layer.used,
                transformed_value_norm=layer.value_norms,
            )
            for layer in self._layers
        ]
