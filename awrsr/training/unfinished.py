"""An unfinished training run: its progress on disk, saved and restored."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import Tensor

from awrsr.errors import CheckpointError
from awrsr.io.files import write_text
from awrsr.io.tensors import save_tensors
from awrsr.models import SequentialModel
from awrsr.training.checkpoint import (
    check_weights,
    read_config,
    read_tensors,
)

RESUME_FILE = "resume.safetensors"
HISTORY_FILE = "history.csv"
HISTORY_METRICS = ("HR@10", "NDCG@5", "NDCG@10")
HISTORY_COLUMNS = ["epoch", "loss", *HISTORY_METRICS, "grad_norm", "seconds"]


def save_progress(
    directory: Path,
    model: SequentialModel,
    optimizer: torch.optim.Optimizer,
    history: list[dict[str, float]],
) -> None:
    """Write history.csv, for readers, and resume.safetensors (last weights, moments, history)."""
    table = pd.DataFrame(history, columns=HISTORY_COLUMNS)
    write_text(directory / HISTORY_FILE, table.to_csv(index=False))
    tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    for index, moments in optimizer.state_dict()["state"].items():
        for name, tensor in moments.items():
            tensors[f"optimizer.{index}.{name}"] = tensor
    save_tensors(directory / RESUME_FILE, tensors, {"history": json.dumps(history)})


def restore(
    directory: Path, model: SequentialModel, optimizer: torch.optim.Optimizer
) -> list[dict[str, float]]:
    """Restore the weights and moments of the last epoch; returns the history so far."""
    path = directory / RESUME_FILE
    expected = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    moments = {
        f"optimizer.{index}.{name}": tensor
        for index, parameter in enumerate(model.parameters())
        for name, tensor in (
            ("step", torch.tensor(0.0)),
            ("exp_avg", parameter),
            ("exp_avg_sq", parameter),
        )
    }
    tensors, metadata = read_tensors(path, expected, moments)
    weights = {name.removeprefix("model."): tensors[name] for name in expected}
    check_weights(path, weights)
    model.load_state_dict(weights)
    state: dict[int, dict[str, Tensor]] = {}
    try:
        for name, tensor in tensors.items():
            if name.startswith("optimizer."):
                _, index, moment = name.split(".")
                state.setdefault(int(index), {})[moment] = tensor
        optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
        history: list[dict[str, float]] = json.loads(metadata["history"])
        if not isinstance(history, list):
            raise ValueError("its history is not a list")
        for row in history:
            for column in HISTORY_COLUMNS:
                float(row[column])
        if history and len(state) < len(list(model.parameters())):
            raise ValueError(f"it has moments for {len(state)} of its parameters only")
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise CheckpointError(
            f"{path} does not hold what a run needs to resume: {type(error).__name__} {error}"
        ) from error
    return history


def finished_history(path: Path) -> pd.DataFrame:
    """The history of a run that has ended."""
    try:
        history = pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} is not a readable history: {error}") from error
    lacking = [name for name in HISTORY_COLUMNS if name not in history]
    if lacking or history.empty:
        raise CheckpointError(
            f"{path} is not a history: it lacks {', '.join(lacking) or 'epochs'}; it has "
            f"{', '.join(map(str, history)) or 'nothing'}"
        )
    return history


def first_difference(directory: Path, settings: tuple[Any, ...]) -> str:
    """The first setting in which a run to resume differs from the requested settings."""
    for have, want in zip(read_config(directory), settings, strict=True):
        asked = dict(want)
        for name, value in dict(have or {}).items():
            if value != asked[name]:
                return f"{name} is {value!r} there, {asked[name]!r} was asked for"
    raise AssertionError("settings are equal")
