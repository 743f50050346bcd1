"""Losses: functions of states and targets, means over the real positions of a batch."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, logsigmoid

from awrsr.config import PADDING, TrainConfig
from awrsr.data.batching import Unseen
from awrsr.errors import ConfigError
from awrsr.models import SequentialModel


def training_loss(
    model: SequentialModel,
    config: TrainConfig,
    states: Float[Tensor, "batch slot state"],
    targets: Int[Tensor, "batch slot"],
    users: Int[Tensor, " batch"],
    unseen: Unseen,
) -> Float[Tensor, ""]:
    """The configured loss of predicting `targets` at every slot that holds an item.

    Args:
        model: what the states are of.
        config: the loss and its settings.
        states: of every slot.
        targets: padding where there is nothing to predict.
        users: whose sequences they are.
        unseen: gives the negatives of bce and bpr_pvn.

    Raises:
        ConfigError: bpr_pvn with a backbone whose states are not Gaussians.
    """
    real = targets != PADDING
    match config.loss:
        case "ce":
            return full_softmax(model, states[real], targets[real])
        case "sampled_ce":
            return sampled_softmax(model, states, targets, real, config.negatives)
        case "bce":
            negatives = unseen.draw(users, targets.shape[1])
            return binary(model, states[real], targets[real], negatives[real])
        case "bpr_pvn":
            if model.config.backbone != "stosa":
                raise ConfigError(
                    f"loss 'bpr_pvn' needs backbone 'stosa'; received {model.config.backbone!r}"
                )
            negatives = unseen.draw(users, targets.shape[1])
            return bpr_pvn(model, states[real], targets[real], negatives[real], config.pvn_weight)


def full_softmax(
    model: SequentialModel,
    states: Float[Tensor, "position state"],
    targets: Int[Tensor, " position"],
) -> Float[Tensor, ""]:
    """Cross-entropy of the target among the whole catalogue.

    Source: no one paper; the training of GRU4Rec's and RecBole's softmax variants.
    """
    return cross_entropy(model.item_scores(states), targets - 1)


def sampled_softmax(
    model: SequentialModel,
    states: Float[Tensor, "batch slot state"],
    targets: Int[Tensor, "batch slot"],
    real: Bool[Tensor, "batch slot"],
    n_negatives: int,
) -> Float[Tensor, ""]:
    """Cross-entropy of the target among itself and uniform negatives, drawn once per sequence.

    A negative that happens to be a position's target is left out at that position. Uniform sampling
    needs no correction for the sampling probability, which is one constant.

    Source: the sampled softmax of eSASRec (arXiv 2508.06450). differs: negatives are shared by the
    positions of a sequence.
    """
    batch, slots = targets.shape
    negatives = torch.randint(
        1, model.catalogue.n_items + 1, (batch, n_negatives), device=targets.device
    )
    candidates = negatives[:, None, :].expand(batch, slots, n_negatives)
    positive = model.item_scores_at(states, targets[..., None])
    # As rows of the comparison the many negatives get a gradient in the order of their table, which
    # spares a transposed copy of it.
    negative = model.compare(model.as_states(model.embed(negatives)), states).transpose(-2, -1)
    negative = negative.masked_fill(candidates == targets[..., None], -torch.inf)
    logits = torch.cat([positive, negative], dim=-1)[real]
    return cross_entropy(logits, torch.zeros(len(logits), dtype=torch.long, device=logits.device))


def binary(
    model: SequentialModel,
    states: Float[Tensor, "position state"],
    targets: Int[Tensor, " position"],
    negatives: Int[Tensor, " position"],
) -> Float[Tensor, ""]:
    """Binary cross-entropy of the target against one negative, an item that the user was not
    trained on.

    Source: Kang and McAuley 2018, SASRec, arXiv 1808.09781, section III-E.
    """
    scores = model.item_scores_at(states, torch.stack([targets, negatives], dim=-1))
    labels = torch.zeros_like(scores)
    labels[:, 0] = 1
    return 2 * binary_cross_entropy_with_logits(scores, labels)


def bpr_pvn(
    model: SequentialModel,
    states: Float[Tensor, "position state"],
    targets: Int[Tensor, " position"],
    negatives: Int[Tensor, " position"],
    pvn_weight: float,
) -> Float[Tensor, ""]:
    """BPR on distances, plus a hinge that keeps the target nearer to the sequence than to the
    negative, an item that the user was not trained on.

    Source: Fan et al. 2022, STOSA, arXiv 2201.06035, section 4.4 and its published code. differs:
    that code keeps negatives off the held-out items too, which tells the model what they are.
    """
    scores = model.item_scores_at(states, torch.stack([targets, negatives], dim=-1))
    positive, negative = scores.unbind(dim=-1)
    between = model.item_scores_at(model.as_states(model.embed(targets)), negatives[:, None])[:, 0]
    hinge = (between - positive).clamp(min=0)  # d(state, target) - d(target, negative)
    return -logsigmoid(positive - negative).mean() + pvn_weight * hinge.mean()
