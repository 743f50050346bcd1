"""The softmax over a large catalogue in blocks of items, so that its scores never exist at once."""

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.autograd.function import once_differentiable

from awrsr.models import SequentialModel


def cross_entropy_in_blocks(
    model: SequentialModel,
    states: Float[Tensor, "position state"],
    targets: Int[Tensor, " position"],
    block: int,
) -> Float[Tensor, ""]:
    """The mean cross-entropy of the targets among the whole catalogue, in blocks of items.

    The scores of a block are computed for its log-sum-exp, forgotten, and computed again for the
    gradient: memory does not grow with positions x items, and a step computes scores twice.

    Args:
        model: scores the items; `compare` may have parameters, which get their gradients too.
        states: the states that predict.
        targets: the item after each state.
        block: items per block.
    """
    learned = [parameter for parameter in model.parameters() if parameter.requires_grad]
    sums: Tensor = _LogSumExp.apply(  # type: ignore[no-untyped-call]
        model, block, states, model.catalogue_embeddings(), *learned
    )
    return (sums - model.item_scores_at(states, targets[:, None])[:, 0]).mean()


class _LogSumExp(torch.autograd.Function):
    """The log-sum-exp of every state's scores; its gradient is their softmax."""

    @staticmethod
    def forward(
        ctx: Any,
        model: SequentialModel,
        block: int,
        states: Tensor,
        embeddings: Tensor,
        *parameters: Tensor,
    ) -> Tensor:
        wide = torch.promote_types(states.dtype, torch.float32)
        sums = states.new_full((len(states),), -torch.inf, dtype=wide)
        for part in torch.split(embeddings, block):
            torch.logaddexp(sums, _scores(model, states, part, wide).logsumexp(-1), out=sums)
        ctx.save_for_backward(states, embeddings, sums)
        ctx.model, ctx.block, ctx.parameters = model, block, parameters
        kind = states.device.type
        ctx.autocast = (kind, torch.get_autocast_dtype(kind), torch.is_autocast_enabled(kind))
        return sums

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        states, embeddings, sums = ctx.saved_tensors
        leaf = states.detach().requires_grad_()
        totals: list[Tensor | None] = [None] * (1 + len(ctx.parameters))
        of_items = torch.empty_like(embeddings)
        for start in range(0, len(embeddings), ctx.block):
            place = slice(start, start + ctx.block)
            part = embeddings[place].detach().requires_grad_()
            with torch.enable_grad(), torch.autocast(*ctx.autocast):
                scores = _scores(ctx.model, leaf, part, sums.dtype)
            with torch.no_grad():
                shares = (scores - sums[:, None]).exp_().mul_(gradient[:, None])
            of_items[place], *found = torch.autograd.grad(
                scores, (part, leaf, *ctx.parameters), shares, allow_unused=True
            )
            for index, each in enumerate(found):
                if each is not None:
                    known = totals[index]
                    totals[index] = each if known is None else known.add_(each)
        return (None, None, totals[0], of_items, *totals[1:])


def _scores(model: SequentialModel, states: Tensor, items: Tensor, wide: torch.dtype) -> Tensor:
    return model.compare(states, model.as_states(items)).to(wide)
