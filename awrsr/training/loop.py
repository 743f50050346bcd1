"""One training loop: seeds, early stopping, a checkpoint every epoch, resume.

A run is a model directory from the start. After every epoch it holds the best weights so far
(model.safetensors), the history (history.csv) and, until the run has ended, the state needed to
resume (resume.safetensors). Each file is replaced in one step, so a run killed at any moment can be
loaded and resumed. The randomness of an epoch depends only on the seed and the epoch: on the CPU a
resumed run ends with the same weights as an uninterrupted one.

Several processes (`awrsr.processes`) train one model on shares of each batch; the first one writes.
"""

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch

from awrsr.config import ModelConfig, Precision, TrainConfig
from awrsr.data.batching import Unseen
from awrsr.data.dataset import Dataset
from awrsr.errors import ConfigError, DataError, counted
from awrsr.io.files import new_directory
from awrsr.io.lock import only_process
from awrsr.models import SequentialModel, build_model
from awrsr.processes import this_process, wait_for_all
from awrsr.training.checkpoint import (
    read_config,
    resolve_device,
    save_config,
    save_weights,
)
from awrsr.training.epoch import Objective, Progress, Training, run_epoch
from awrsr.training.losses import check_loss
from awrsr.training.optimizers import build_optimizer
from awrsr.training.snapshots import (
    check_not_past,
    check_snapshots,
    save_snapshot,
    snapshot_epochs,
)
from awrsr.training.unfinished import (
    HISTORY_FILE,
    RESUME_FILE,
    finished_history,
    first_difference,
    restore,
    save_progress,
)

if TYPE_CHECKING:
    from lightning_fabric import Fabric

SELECTION_METRIC = "NDCG@10"


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
    fabric = _fabric(torch_device, config.precision)
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
    writes = this_process()[0] == 0
    wait_for_all()  # all have seen whether the run has started
    if writes and not (resume and started):
        if started and directory.is_dir():
            with _alone(directory):
                pass  # its error says more than that the directory exists
        with new_directory(directory) as temporary:
            save_config(temporary, model_config, catalogue, config)
            save_weights(temporary, model)
            save_progress(temporary, model, optimizer, history)

    with _alone(directory) if writes else nullcontext():
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
        wait_for_all()  # all have read the files of the run
        objective, fabric_optimizer = fabric.setup(
            Objective(model, config, Unseen(dataset, torch_device)), optimizer
        )
        training = Training(
            fabric=fabric,
            objective=objective,
            optimizer=fabric_optimizer,
            model=model,
            dataset=dataset,
            flat_items=torch.from_numpy(dataset.flat_items).to(torch_device),
            config=config,
            report=report,
        )
        while len(history) < config.epochs and not _out_of_patience(history, config.patience):
            history.append(run_epoch(training, history))
            if writes:
                _save_epoch(directory, model, optimizer, history, snapshots)
            report(Progress(epoch=len(history), batch=0, n_batches=0, history=history))

        if writes:
            (directory / RESUME_FILE).unlink()
        wait_for_all()  # the run is complete for all
    return pd.DataFrame(history)


def _alone(directory: Path) -> AbstractContextManager[None]:
    return only_process(directory, "training the run in")


def _save_epoch(
    directory: Path,
    model: SequentialModel,
    optimizer: torch.optim.Optimizer,
    history: list[dict[str, float]],
    snapshots: Sequence[int],
) -> None:
    """Write what the last epoch of the history changed."""
    if _best_epoch(history) == len(history):
        save_weights(directory, model)
    if len(history) in snapshots:
        save_snapshot(directory, model, len(history))
    save_progress(directory, model, optimizer, history)


def _fabric(device: torch.device, precision: Precision) -> "Fabric":
    """Fabric for this process, and for all that torchrun started."""
    from lightning_fabric import Fabric  # takes seconds to import and only training needs it
    from lightning_fabric.strategies.ddp import DDPStrategy

    processes = this_process()[1]
    devices: int | list[int] = [device.index or 0] if device.type == "cuda" else 1
    if processes == 1:
        return Fabric(accelerator=device.type, devices=devices, precision=precision)
    here = int(os.environ["LOCAL_WORLD_SIZE"])
    fabric = Fabric(
        accelerator=device.type,
        devices=here,
        num_nodes=processes // here,
        # Some settings leave parameters unused, such as STOSA's published mean stream.
        strategy=DDPStrategy(find_unused_parameters=True),
        precision=precision,
    )
    fabric.launch()
    return fabric


def _best_epoch(history: list[dict[str, float]]) -> int:
    """The first epoch, from 1, with the best validation metric."""
    return 1 + int(np.argmax([row[SELECTION_METRIC] for row in history]))


def _out_of_patience(history: list[dict[str, float]], patience: int) -> bool:
    return bool(history) and len(history) - _best_epoch(history) >= patience
