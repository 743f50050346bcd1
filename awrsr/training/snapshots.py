"""Snapshots: the weights of some epochs of a run, each a model directory inside that of the run.

`snapshots/epoch-0005` holds config.json and model.safetensors, nothing of the optimizer. So a
snapshot is accepted wherever a model directory is: by `load_model`, the commands and the app.
"""

import re
from collections.abc import Collection, Sequence
from pathlib import Path

from awrsr.errors import CheckpointError, ConfigError, counted
from awrsr.io.files import new_directory, remove_directory
from awrsr.io.listing import visible_directories
from awrsr.models import SequentialModel
from awrsr.training.checkpoint import (
    CONFIG_FILE,
    load_model,
    read_config,
    save_config,
    save_weights,
)

SNAPSHOTS_FOLDER = "snapshots"
"""Its name in a model directory."""
MAX_BYTES = 64 * 2**20
"""Largest total size of the weights in the snapshots of one run, in bytes."""
NAME = re.compile(r"epoch-(\d{4,9})", re.ASCII)


def snapshot_epochs(directory: str | Path) -> list[int]:
    """The epochs whose weights are kept in a model directory, rising from 1; empty without any."""
    names = [path.name for path in visible_directories(Path(directory) / SNAPSHOTS_FOLDER)]
    return sorted(int(found[1]) for name in names if (found := NAME.fullmatch(name)))


def snapshot_directory(directory: str | Path, epoch: int) -> Path:
    """The snapshot of an epoch, as a model directory.

    Args:
        directory: the model directory of the run.
        epoch: one of `snapshot_epochs`.

    Raises:
        CheckpointError: that epoch was not kept, the snapshot is of other settings or another
            catalogue than the run, or a config.json is damaged.
    """
    directory = Path(directory)
    kept = snapshot_epochs(directory)
    if epoch not in kept:
        raise CheckpointError(
            f"{directory} has no snapshot of epoch {epoch}; {_listed('kept', kept)}"
        )
    path = _place(directory, epoch)
    if read_config(path) != read_config(directory):
        raise CheckpointError(
            f"{path} is not a snapshot of {directory}: their {CONFIG_FILE} differ; accepted: equal "
            "settings, of one run"
        )
    return path


def load_snapshot(directory: str | Path, epoch: int, device: str = "auto") -> SequentialModel:
    """The model as it was after an epoch of its training, in eval mode, without gradients.

    Args:
        directory: the model directory of the run.
        epoch: one of `snapshot_epochs`.
        device: auto (the GPU if there is one), cpu, cuda, cuda:1, ...

    Raises:
        CheckpointError: there is no such snapshot, it belongs to another run, or it is damaged.
        ConfigError: the device is not available.
    """
    return load_model(snapshot_directory(directory, epoch), device)


def save_snapshot(directory: Path, model: SequentialModel, epoch: int) -> None:
    """Keep the weights as those of this epoch of the run in a model directory, in one step.

    An existing snapshot of the epoch is replaced: a run that was killed after writing it and before
    writing its progress trains that epoch again.
    """
    path = _place(directory, epoch)
    remove_directory(path)
    with new_directory(path) as temporary:
        save_config(temporary, *read_config(directory))
        save_weights(temporary, model)


def check_snapshots(
    asked: Sequence[int], model: SequentialModel, epochs: int, kept: Collection[int] = ()
) -> None:
    """Refuse snapshots that a run cannot keep, before it is trained.

    Args:
        asked: the epochs to keep.
        model: the model that will be trained.
        epochs: the largest number of epochs of the run.
        kept: epochs that the run has already kept.

    Raises:
        ConfigError: the epochs are not rising or not of the run, or are too large together.
    """
    if list(asked) != sorted({*asked}) or not all(1 <= epoch <= epochs for epoch in asked):
        raise ConfigError(
            f"snapshots must be different epochs from 1 to {epochs}, rising; received "
            f"{', '.join(map(str, asked))}"
        )
    size = sum(tensor.numel() * tensor.element_size() for tensor in model.state_dict().values())
    n = len({*kept, *asked})
    if asked and n * size > MAX_BYTES:
        raise ConfigError(
            f"{counted(n, 'snapshot')} asked for; one has {size:,} bytes, so that "
            f"{MAX_BYTES // size:,} fit into the {MAX_BYTES:,} bytes that a run may keep"
        )


def check_not_past(asked: Sequence[int], directory: Path, n_epochs: int) -> None:
    """Refuse to keep an epoch that the run to resume has trained but not kept.

    Args:
        asked: the epochs to keep.
        directory: the model directory of the run.
        n_epochs: epochs trained so far.

    Raises:
        ConfigError: there is such an epoch.
    """
    kept = snapshot_epochs(directory)
    if lost := [epoch for epoch in asked if epoch <= n_epochs and epoch not in kept]:
        raise ConfigError(
            f"{directory} has trained {counted(n_epochs, 'epoch')} and cannot keep "
            f"{_listed('those of', lost)} any more; {_listed('kept', kept)}; accepted: those, and "
            f"epochs after {n_epochs}"
        )


def _place(directory: Path, epoch: int) -> Path:
    return directory / SNAPSHOTS_FOLDER / f"epoch-{epoch:04d}"


def _listed(words: str, epochs: Sequence[int]) -> str:
    return f"{words}: {', '.join(map(str, epochs)) or 'none'}"
