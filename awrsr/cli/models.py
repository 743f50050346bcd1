"""Verbs for one model: train, evaluate."""

from pathlib import Path

import pandas as pd

from awrsr.config import Candidates, ModelConfig, TrainConfig
from awrsr.data.dataset_files import load_dataset
from awrsr.experiments.card import dataset_of, evaluate_stored, training_command, write_metrics
from awrsr.experiments.progress import epoch_bar
from awrsr.experiments.run import (
    train_and_measure,
)
from awrsr.io.files import (
    make_directory,
)
from awrsr.processes import this_process
from awrsr.ranking.evaluation import evaluate_popularity
from awrsr.training.snapshots import snapshot_epochs


def train(
    dataset: Path,
    *,
    output: Path | None = None,
    model: ModelConfig = ModelConfig(),  # noqa: B008  (frozen, so it may be shared)
    train: TrainConfig = TrainConfig(),  # noqa: B008
    device: str = "auto",
    resume: bool = False,
    snapshots: list[int] | None = None,
) -> None:
    """Train a model, keep its best epoch, evaluate the stored file.

    `torchrun --nproc-per-node 2 -m awrsr train ...` shares each batch among processes.

    Args:
        dataset: a dataset directory.
        output: the model directory to create; default: DATASET/models/BACKBONE-REFINEMENT.
        model: the settings of the model.
        train: the settings of training.
        device: auto, cpu, cuda, cuda:1, ...
        resume: continue an unfinished run with the same settings, or start it if there is none.
        snapshots: epochs whose weights are kept too, in the folder snapshots/ of the model
            directory; Inspect offers them. They change nothing else.
    """
    data = load_dataset(dataset)
    directory = output or dataset / "models" / f"{model.backbone}-{model.refinement}"
    process = this_process()[0]
    with epoch_bar(train.epochs, disable=process > 0) as report:
        results = train_and_measure(
            data,
            directory,
            model,
            train,
            command=training_command(dataset, output, model, train, snapshots or ()),
            device=device,
            resume=resume,
            snapshots=snapshots or (),
            report=report,
        )
    if process > 0:
        return
    print_results({split: result.metrics for split, result in results.items()})
    print(protocol_line(results["test"].protocol))
    print(f"written to {directory}")
    if snapshots:
        kept = ", ".join(map(str, snapshot_epochs(directory))) or "none was reached"
        print(f"epochs kept besides the best: {kept}")


def evaluate(
    model: Path,
    *,
    dataset: Path | None = None,
    output: Path | None = None,
    candidates: Candidates | None = None,
    device: str = "auto",
) -> None:
    """Rank the whole catalogue for every user; with --output, write the metrics and ranks.

    `torchrun --nproc-per-node 2 -m awrsr evaluate ...` shares the users among processes.

    Args:
        model: a model directory.
        dataset: the model's dataset directory; default: the one whose models/ folder contains the
            model.
        output: directory to write to; by default, only print.
        candidates: unseen excludes the items of the history, and users whose held-out item is among
            them; all excludes nothing; default: all if more than 3% of the dataset's test targets
            are also in the history before them.
        device: auto, cpu, cuda, cuda:1, ...
    """
    data = load_dataset(dataset) if dataset else dataset_of(model)
    results = evaluate_stored(model, data, candidates=candidates, device=device)
    popularity = evaluate_popularity(data, "test", candidates=candidates)
    if this_process()[0] > 0:
        return
    if output:
        make_directory(output)
        write_metrics(output, model, results)
    metrics = {split: result.metrics for split, result in results.items()}
    print_results({**metrics, "popularity, test": popularity.metrics})
    print(protocol_line(results["test"].protocol))


def print_results(metrics: dict[str, dict[str, float]]) -> None:
    """Print metrics as a table, one row per name."""
    print(pd.DataFrame(metrics).T.to_string(float_format="{:.4f}".format))


def protocol_line(protocol: dict[str, str]) -> str:
    """A protocol in one line."""
    return "protocol: " + "; ".join(f"{name}: {value}" for name, value in protocol.items())
