"""One training loop: seeds, early stopping, a checkpoint every epoch, resume.

A run is a model directory from the start. After every epoch it holds the best weights so far
(model.safetensors), the history (history.csv) and, until the run has ended, the state needed to
resume (resume.safetensors). Each file is replaced in one step, so a run killed at any moment can be
loaded and resumed. The randomness of an epoch depends only on the seed and the epoch: on the CPU a
resumed run ends with the same weights as an uninterrupted one.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from awrsr.config import PADDING, ModelConfig, TrainConfig
from awrsr.data.batching import Unseen, bucketed, left_pad, training_windows
from awrsr.data.dataset import Dataset
from awrsr.errors import AwrsrError, ConfigError, DataError, counted
from awrsr.io.files import new_directory
from awrsr.io.lock import only_process
from awrsr.models import SequentialModel, build_model
from awrsr.ranking.evaluation import evaluate
from awrsr.training.checkpoint import (
    read_config,
    resolve_device,
    save_config,
    save_weights,
)
from awrsr.training.losses import Predictions, check_loss, training_loss
from awrsr.training.optimizers import build_optimizer, total_norm
from awrsr.training.snapshots import (
    check_not_past,
    check_snapshots,
    save_snapshot,
    snapshot_epochs,
)
from awrsr.training.unfinished import (
    HISTORY_FILE,
    HISTORY_METRICS,
    RESUME_FILE,
    finished_history,
    first_difference,
    restore,
    save_progress,
)

if TYPE_CHECKING:
    from lightning_fabric import Fabric

SELECTION_METRIC = "NDCG@10"


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
        self, windows: Int[Tensor, "batch slot_and_one"], users: Int[Tensor, " batch"]
    ) -> Float[Tensor, ""]:
        """Mean loss of predicting each target of these windows from the items before it."""
        inputs, targets = windows[:, :-1], windows[:, 1:]
        targets = targets.masked_fill(inputs == PADDING, PADDING)
        if self.config.targets == "last":
            targets[:, :-1] = PADDING
        predictions = Predictions(
            model=self.model,
            config=self.config,
            states=self.model(inputs),
            targets=targets,
            users=users,
            unseen=self.unseen,
        )
        return training_loss(predictions)


def train(
    dataset: Dataset,
    directory: str | Path,
    model_config: ModelConfig,
    config: TrainConfig,
    *,
    device: str = "auto",
    resume: bool = False,
    snapshots: Sequence[int] = (),
    report: Callable[[Progress], None] = lambda progress: None,
) -> pd.DataFrame:
    """Train a model into a directory; keeps the weights with the best validation NDCG@10.

    Args:
        dataset: the training data; only the training items of its split are trained on.
        directory: the model directory to create; it must not exist, unless `resume`.
        model_config: the settings of the model.
        config: the settings of training.
        device: auto, cpu, cuda, ...
        resume: continue an unfinished run with the same settings, or start it if there is none; a
            finished run is not changed.
        snapshots: epochs whose weights are kept too, rising, from 1 to `config.epochs`; see
            `awrsr.training.snapshots`. They change nothing else, and those after the last epoch of
            a run that stops early are left out.
        report: called after every batch and every epoch.

    Returns:
        The history, one row per epoch: epoch, loss (mean over training positions), HR@10,
        NDCG@5, NDCG@10 (validation, see `evaluate`), grad_norm (mean over steps of the global
        gradient norm), seconds.

    Raises:
        DataError: the directory exists, or no sequence is long enough to train on.
        ConfigError: settings contradict each other, or differ from those of the run to resume; or
            the snapshots are not epochs of the run, or are too large together.
        CheckpointError: the directory to resume is damaged.
        AwrsrError: the loss is no longer finite, a file could not be written, or another process
            is training this run.
    """
    from lightning_fabric import Fabric  # takes seconds to import and only training needs it

    directory = Path(directory)
    catalogue = dataset.catalogue
    check_loss(config.loss, model_config.backbone)
    if dataset.parts.training.max() < 2:
        longest = f"the longest sequence has {counted(int(dataset.lengths().max()), 'item')}"
        raise DataError(
            f"no user of {dataset.name} has items to train on: "
            + (
                f"{longest}, 4 or more are needed"
                if dataset.time_split is None
                else f"under the split {dataset.split_rule} none has two training items"
            )
        )
    torch_device = resolve_device(device)
    fabric = Fabric(
        accelerator=torch_device.type,
        devices=[torch_device.index or 0] if torch_device.type == "cuda" else 1,
        precision=config.precision,
    )
    torch.manual_seed(config.seed)
    model = build_model(model_config, catalogue, config.initial_weights)
    if config.precision == "64-true":
        model.double()
    model.to(torch_device)  # before the optimizer: restored moments must be on the same device
    optimizer = build_optimizer(model, config)

    history: list[dict[str, float]] = []
    # A run that was killed before it wrote anything starts again.
    started = directory.exists() and not (directory.is_dir() and not any(directory.iterdir()))
    kept = snapshot_epochs(directory) if resume else []
    check_snapshots(snapshots, model, config.epochs, kept)
    if not (resume and started):
        if started and directory.is_dir():
            with only_process(directory, "training the run in"):
                pass  # its error says more than that the directory exists
        with new_directory(directory) as temporary:
            save_config(temporary, model_config, catalogue, config)
            save_weights(temporary, model)
            save_progress(temporary, model, optimizer, history)

    with only_process(directory, "training the run in"):
        if resume and started:
            settings = (model_config, catalogue, config)
            if read_config(directory) != settings:
                raise ConfigError(
                    f"{directory} was started with other settings: "
                    f"{first_difference(directory, settings)}"
                )
            if not (directory / RESUME_FILE).is_file():
                finished = finished_history(directory / HISTORY_FILE)
                check_not_past(snapshots, directory, len(finished))
                return finished
            history = restore(directory, model, optimizer)
            check_not_past(snapshots, directory, len(history))
        objective, fabric_optimizer = fabric.setup(
            Objective(model, config, Unseen(dataset, torch_device)), optimizer
        )
        while len(history) < config.epochs and not _out_of_patience(history, config.patience):
            row = _run_epoch(
                fabric, objective, fabric_optimizer, model, dataset, config, history, report
            )
            history.append(row)
            if _best_epoch(history) == len(history):
                save_weights(directory, model)
            if len(history) in snapshots:
                save_snapshot(directory, model, len(history))
            save_progress(directory, model, optimizer, history)
            report(Progress(epoch=len(history), batch=0, n_batches=0, history=history))

        (directory / RESUME_FILE).unlink()
    return pd.DataFrame(history)


def _run_epoch(
    fabric: "Fabric",
    objective: nn.Module,
    optimizer: Any,
    model: SequentialModel,
    dataset: Dataset,
    config: TrainConfig,
    history: list[dict[str, float]],
    report: Callable[[Progress], None],
) -> dict[str, float]:
    """One pass over the training windows and one validation; returns a row of the history."""
    start = time.perf_counter()
    epoch = len(history) + 1
    generator = np.random.default_rng([config.seed, epoch])
    torch.manual_seed(int(generator.integers(2**31)))  # dropout and negatives

    windows = training_windows(dataset, model.config.max_length, generator)
    batches = list(bucketed([len(w.items) for w in windows], config.batch_size, generator))
    # Batches hold windows of similar length. With one mean per batch, a position in a batch of
    # short windows would weigh many times as much as a position in a batch of long ones.
    last = config.targets == "last"
    positions = np.array(
        [sum(1 if last else len(windows[i].items) - 1 for i in batch) for batch in batches]
    )
    weights = positions / positions.mean()
    losses: list[Tensor] = []
    norms: list[Tensor] = []
    model.train()
    for number, (batch, weight) in enumerate(zip(batches, weights, strict=True), start=1):
        users, items = zip(*(windows[i] for i in batch), strict=True)
        inputs = fabric.to_device((left_pad(items), torch.tensor(users)))
        loss = objective(*inputs) * float(weight)
        optimizer.zero_grad()
        fabric.backward(loss)
        norms.append(total_norm(model))
        optimizer.step()
        losses.append(loss.detach())
        report(Progress(epoch=epoch, batch=number, n_batches=len(batches), history=history))
    mean_loss = float(torch.stack(losses).mean())
    if not math.isfinite(mean_loss):
        raise AwrsrError(
            f"training diverged: the loss of epoch {epoch} is {mean_loss}. The weights of the best "
            f"epoch before it are kept; a learning rate below {config.learning_rate:g} may help"
        )
    model.eval()
    metrics = evaluate(model, dataset, "validation").metrics
    return {
        "epoch": epoch,
        "loss": mean_loss,
        **{name: metrics[name] for name in HISTORY_METRICS},
        "grad_norm": float(torch.stack(norms).mean()),
        "seconds": time.perf_counter() - start,
    }


def _best_epoch(history: list[dict[str, float]]) -> int:
    """The first epoch, from 1, with the best validation metric."""
    return 1 + int(np.argmax([row[SELECTION_METRIC] for row in history]))


def _out_of_patience(history: list[dict[str, float]], patience: int) -> bool:
    return bool(history) and len(history) - _best_epoch(history) >= patience
