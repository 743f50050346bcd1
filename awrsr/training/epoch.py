"""One epoch of training: its windows in batches, a step for each batch, one validation."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from awrsr.config import PADDING, TrainConfig
from awrsr.data.batching import Unseen
from awrsr.data.dataset import Dataset
from awrsr.data.windows import Numbers, bucketed, training_batches, training_windows
from awrsr.errors import AwrsrError
from awrsr.models import SequentialModel
from awrsr.processes import summed, this_process
from awrsr.ranking.evaluation import evaluate
from awrsr.training.losses import Predictions, training_loss
from awrsr.training.optimizers import total_norm
from awrsr.training.unfinished import HISTORY_METRICS

if TYPE_CHECKING:
    from lightning_fabric import Fabric


@dataclass(frozen=True, kw_only=True)
class Progress:
    """The progress of training, reported to the caller.

    Args:
        epoch: the current epoch, from 1.
        batch: completed batches of this epoch.
        n_batches: all batches of this epoch.
        history: the rows of the completed epochs.
    """

    epoch: int
    batch: int
    n_batches: int
    history: list[dict[str, float]]


class Objective(nn.Module):
    """The loss of a batch as a module, because Fabric wraps modules."""

    def __init__(self, model: SequentialModel, config: TrainConfig, unseen: Unseen) -> None:
        super().__init__()
        self.model = model
        self.config = config
        self.unseen = unseen

    def forward(
        self,
        windows: Int[Tensor, "batch slot_and_one"],
        users: Int[Tensor, " batch"],
        n_targets: int | None = None,
    ) -> Float[Tensor, ""]:
        """Mean loss of predicting each target of these windows from the items before it.

        Args:
            windows: left-padded.
            users: the user of each window.
            n_targets: number of items after the first of their window, if it is known: then nothing
                waits for the device.
        """
        inputs, targets = windows[:, :-1], windows[:, 1:]
        targets = targets.masked_fill(inputs == PADDING, PADDING)
        if self.config.targets == "last":
            targets[:, :-1] = PADDING
            n_targets = len(windows)
        predictions = Predictions(
            model=self.model,
            config=self.config,
            states=self.model(inputs),
            targets=targets,
            users=users,
            unseen=self.unseen,
            n_real=n_targets,
        )
        return training_loss(predictions)


@dataclass(frozen=True, kw_only=True)
class Training:
    """What all epochs of a run share.

    Args:
        fabric: of this process.
        objective: the loss, wrapped by Fabric.
        optimizer: the optimizer, wrapped by Fabric.
        model: the model that is trained.
        dataset: the training data.
        flat_items: its items on the device.
        config: the settings of training.
        report: see `train`.
    """

    fabric: "Fabric"
    objective: nn.Module
    optimizer: Any
    model: SequentialModel
    dataset: Dataset
    flat_items: Int[Tensor, " interaction"]
    config: TrainConfig
    report: Callable[[Progress], None]


def run_epoch(training: Training, history: list[dict[str, float]]) -> dict[str, float]:
    """One pass over the training windows and one validation; returns a row of the history."""
    start = time.perf_counter()
    config, model, epoch = training.config, training.model, len(history) + 1
    process, processes = this_process()
    generator = np.random.default_rng([config.seed, epoch])
    # Dropout and negatives; each process draws its own.
    torch.manual_seed(int(generator.integers(2**31)) + process)

    windows = training_windows(training.dataset, model.config.max_length, generator)
    whole = list(bucketed(windows.lengths, config.batch_size, generator))

    def positions(batches: list[Numbers]) -> npt.NDArray[np.float64]:
        lengths = np.full(len(windows), 2) if config.targets == "last" else windows.lengths
        return np.array([(lengths[batch] - 1).sum() for batch in batches], dtype=float)

    # Batches hold windows of similar length. With one mean per batch, a position in a batch of
    # short windows would weigh many times as much as a position in a batch of long ones.
    shares = [batch[process::processes] for batch in whole]
    weights = positions(shares) * processes / positions(whole).mean()
    # A process without a window of a small batch computes one, with weight 0: all wait for it.
    shares = [
        share if len(share) else batch[:1] for share, batch in zip(shares, whole, strict=True)
    ]
    losses: list[Tensor] = []
    norms: list[Tensor] = []
    model.train()
    batches = training_batches(training.flat_items, windows, shares)
    for number, (batch, weight) in enumerate(zip(batches, weights, strict=True), start=1):
        loss = training.objective(*batch) * float(weight)
        training.optimizer.zero_grad()
        training.fabric.backward(loss)
        norms.append(total_norm(model))
        training.optimizer.step()
        losses.append(loss.detach())
        training.report(Progress(epoch=epoch, batch=number, n_batches=len(whole), history=history))
    mean_loss = float(summed(torch.stack(losses).mean())) / processes
    if not math.isfinite(mean_loss):
        raise AwrsrError(
            f"training diverged: the loss of epoch {epoch} is {mean_loss}. The weights of the best "
            f"epoch before it are kept; a learning rate below {config.learning_rate:g} may help"
        )
    model.eval()
    metrics = evaluate(model, training.dataset, "validation").metrics
    return {
        "epoch": epoch,
        "loss": mean_loss,
        **{name: metrics[name] for name in HISTORY_METRICS},
        "grad_norm": float(torch.stack(norms).mean()),
        "seconds": time.perf_counter() - start,
    }
