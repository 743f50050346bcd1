"""Settings of a very short run, its end by a signal, its output files, and a model in files."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import torch
from safetensors.torch import load_file

from awrsr.config import ModelConfig, TrainConfig
from awrsr.models import SequentialModel
from awrsr.training.checkpoint import WEIGHTS_FILE, save_config, save_weights
from awrsr.training.epoch import Progress
from awrsr.training.unfinished import HISTORY_FILE

COLUMNS = ["epoch", "loss", "HR@10", "NDCG@5", "NDCG@10", "grad_norm", "seconds"]
MODEL = ModelConfig(
    max_length=8,
    hidden_size=8,
    n_layers=1,
    inner_size=16,
    hidden_dropout=0.1,
    attention_dropout=0.1,
)
TRAINING = TrainConfig(epochs=2, batch_size=8, learning_rate=0.02)


class Killed(BaseException):
    """Acts as a signal: nothing in the package catches it."""


def stop(epoch: int, batch: int) -> Callable[[Progress], None]:
    """A report that ends the run at this batch of this epoch; batch 0 is the end of the epoch."""

    def report(progress: Progress) -> None:
        if (progress.epoch, progress.batch) == (epoch, batch):
            raise Killed

    return report


def listing(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def stored_history(directory: Path) -> pd.DataFrame:
    """history.csv with all digits."""
    return pd.read_csv(directory / HISTORY_FILE, dtype=str).astype(float)


def assert_same_outcome(left: Path, right: Path) -> None:
    """Equal weights and history, bit for bit; only the clock may differ."""
    weights = [load_file(directory / WEIGHTS_FILE) for directory in (left, right)]
    assert weights[0].keys() == weights[1].keys()
    for name, tensor in weights[0].items():
        assert torch.equal(tensor, weights[1][name]), name
    histories = [stored_history(directory).drop(columns="seconds") for directory in (left, right)]
    pd.testing.assert_frame_equal(*histories, check_exact=True)


def save(model: SequentialModel, directory: Path) -> Path:
    directory.mkdir()
    save_config(directory, model.config, model.catalogue, TrainConfig(seed=3))
    save_weights(directory, model)
    return directory
