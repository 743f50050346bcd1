"""The epochs of training that a page can show: kept ones and the final one."""

from collections.abc import Collection, Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from app.folders import read_history
from awrsr.training.snapshots import snapshot_directory, snapshot_epochs

FINAL = 0
"""The choice of the final weights, which are those of the best epoch."""


def kept_epochs(runs: Iterable[Path]) -> list[int]:
    """The epochs kept by at least one of these runs, in order."""
    return sorted({epoch for run in runs for epoch in snapshot_epochs(run)})


def nearest(asked: int, epochs: Collection[int]) -> int:
    """The kept epoch nearest to the one asked for, the earlier of two; FINAL if that is asked for
    or nothing is kept.

    Args:
        asked: any epoch, or FINAL.
        epochs: kept epochs, in order.
    """
    if asked == FINAL or not epochs:
        return FINAL
    return min(epochs, key=lambda epoch: abs(epoch - asked))


def shown_epoch(run: Path, asked: int) -> int:
    """The epoch of a run that is shown for an epoch asked for."""
    return nearest(asked, snapshot_epochs(run))


def weights_directory(run: Path, epoch: int) -> Path:
    """The model directory with the weights of an epoch of a run.

    Raises:
        CheckpointError: see `awrsr.training.snapshots.snapshot_directory`.
    """
    return run if epoch == FINAL else snapshot_directory(run, epoch)


def validation(run: Path) -> pd.Series:
    """Validation NDCG@10 of a run by epoch; empty if its history is not readable."""
    history = read_history(run, ["NDCG@10"])
    if isinstance(history, str) or "NDCG@10" not in history:
        return pd.Series(dtype=float)
    rows = history[["epoch", "NDCG@10"]].replace([np.inf, -np.inf], np.nan).dropna()
    rows = rows.astype({"epoch": int}).drop_duplicates("epoch")
    return rows.set_index("epoch")["NDCG@10"]


def final_epoch(run: Path) -> int | None:
    """The epoch of the final weights, the first with the best validation NDCG@10; None if the
    history is not readable."""
    ndcg = validation(run)
    return None if ndcg.empty else int(ndcg.index.to_numpy()[ndcg.to_numpy().argmax()])


def epoch_title(run: Path, epoch: int) -> str:
    """An epoch and the number of epochs of its run, such as "epoch 5 of 40"."""
    epochs = len(validation(run))
    return f"epoch {epoch}" + (f" of {epochs}" if epochs else "")
