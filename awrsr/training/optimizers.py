"""The optimizers: AdamW, and lazy Adam, whose steps cost the same for a catalogue of any size."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from awrsr.config import TrainConfig
from awrsr.errors import ConfigError
from awrsr.models import SequentialModel


class LazyAdam(torch.optim.AdamW):
    """Adam that changes, in tables with sparse gradients, only the rows of the batch.

    A row with a gradient is updated exactly as by Adam: its moments decay by one step, and the bias
    corrections count all steps. A row without one keeps its value and its moments; Adam would decay
    its moments and move it on by its momentum. So a row that occurs in every step is trained as by
    Adam, and a rarer one moves less: after one gradient Adam moves a row by up to 32 learning
    rates over the following steps, this by 3 at once.

    torch.optim.SparseAdam does the same, but its epsilon has another place than Adam's, and its
    count of steps is no tensor, as the file of an unfinished run needs.

    Args:
        parameters: all parameters, those of the tables included.
        tables: parameters with sparse gradients.
        learning_rate: Adam's learning rate.
    """

    def __init__(
        self, parameters: list[nn.Parameter], tables: list[Tensor], learning_rate: float
    ) -> None:
        super().__init__(parameters, lr=learning_rate, weight_decay=0.0, fused=True)
        self.tables = tables

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> Any:
        """One step.

        Raises:
            ConfigError: a table has a dense gradient.
        """
        gradients = [table.grad for table in self.tables]
        for table, gradient in zip(self.tables, gradients, strict=True):
            if gradient is None:
                continue
            if not gradient.is_sparse:
                raise ConfigError(
                    "optimizer 'lazy_adam' needs sparse gradients of the item table; this loss or "
                    "this backbone uses every row of it in every step"
                )
            self._update(table, coalesced(gradient))
            table.grad = None  # so that AdamW leaves it out
        try:
            return super().step(closure)
        finally:
            for table, gradient in zip(self.tables, gradients, strict=True):
                table.grad = gradient

    def _update(self, table: Tensor, gradient: Tensor) -> None:
        """Adam's update of the rows that have a gradient."""
        state, group = self.state[table], self.param_groups[0]
        if not state:
            state["step"] = torch.zeros((), dtype=torch.float32)
            state["exp_avg"], state["exp_avg_sq"] = torch.zeros_like(table), torch.zeros_like(table)
        state["step"] = state["step"].cpu() + 1  # on the device its value would have to be awaited
        step, (beta1, beta2) = float(state["step"]), group["betas"]
        rows, values = gradient.indices()[0], gradient.values()
        mean = state["exp_avg"].index_select(0, rows).lerp_(values, 1 - beta1)
        square = state["exp_avg_sq"].index_select(0, rows).mul_(beta2)
        square.addcmul_(values, values, value=1 - beta2)
        state["exp_avg"].index_copy_(0, rows, mean)
        state["exp_avg_sq"].index_copy_(0, rows, square)
        spread = square.sqrt_().div_((1 - beta2**step) ** 0.5).add_(group["eps"])
        table.index_add_(0, rows, mean.div_(spread), alpha=-group["lr"] / (1 - beta1**step))


def build_optimizer(model: SequentialModel, config: TrainConfig) -> torch.optim.Optimizer:
    """The configured optimizer; for lazy_adam the gradients of the item tables become sparse.

    Raises:
        ConfigError: the optimizer does not work with the model's backbone.
    """
    parameters = list(model.parameters())
    if config.optimizer == "adamw":
        return torch.optim.AdamW(
            parameters, lr=config.learning_rate, weight_decay=config.weight_decay, fused=True
        )
    tables = model.item_tables()
    if not tables:
        raise ConfigError(
            f"optimizer 'lazy_adam' needs a backbone with item tables that are looked up; "
            f"{model.config.backbone!r} names none; accepted: 'adamw'"
        )
    for table in tables:
        table.sparse = True
    return LazyAdam(parameters, [table.weight for table in tables], config.learning_rate)


def coalesced(gradient: Tensor) -> Tensor:
    """A sparse gradient with each row once, rising; torch.coalesce takes twice the time."""
    if gradient.is_coalesced():
        return gradient
    rows, places = torch.unique(gradient._indices()[0], return_inverse=True)
    given = gradient._values()
    values = given.new_zeros(len(rows), given.shape[1]).index_add_(0, places, given)
    return torch.sparse_coo_tensor(
        rows[None], values, gradient.shape, check_invariants=False, is_coalesced=True
    )


def total_norm(model: nn.Module) -> Tensor:
    """The global norm of the gradients; sparse ones are coalesced in place."""
    gradients: list[Tensor] = []
    for parameter in model.parameters():
        if parameter.grad is None:
            continue
        if parameter.grad.is_sparse:
            parameter.grad = coalesced(parameter.grad)
            gradients.append(parameter.grad.values())
        else:
            gradients.append(parameter.grad)
    return nn.utils.get_total_norm(gradients)
