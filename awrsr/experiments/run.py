"""The runs of a grid: their states, and their training and evaluation."""

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

from awrsr.config import ModelConfig, TrainConfig
from awrsr.data.dataset import Dataset
from awrsr.data.dataset_files import load_dataset
from awrsr.errors import ConfigError, DataError, counted
from awrsr.experiments.card import (
    METRICS_FILE,
    README_FILE,
    evaluate_stored,
    training_record,
    write_metrics,
    write_readme,
)
from awrsr.experiments.grid import Grid, Run
from awrsr.processes import this_process
from awrsr.ranking.evaluation import Evaluation
from awrsr.training import loop as training
from awrsr.training.checkpoint import read_config
from awrsr.training.epoch import Progress
from awrsr.training.unfinished import RESUME_FILE

State = Literal["done", "unfinished", "missing"]


def load_datasets(grid: Grid) -> tuple[dict[str, Dataset], dict[str, DataError]]:
    """The datasets of a grid by name, and an error for each dataset that cannot be read."""
    found: dict[str, Dataset] = {}
    errors = {}
    for name, directory in {run.dataset: run.data for run in grid.runs}.items():
        try:
            found[name] = load_dataset(directory)
        except DataError as error:
            remedy = (
                ""
                if directory.exists()
                else (f"; `python -m awrsr prepare SOURCE {directory} --format FORMAT` creates it")
            )
            errors[name] = DataError(f"{grid.file}: datasets.{name}: {error}{remedy}")
    return found, errors


def choose_runs(grid: Grid, pattern: str) -> list[Run]:
    """The runs whose names match a shell pattern.

    Raises:
        ConfigError: no name matches.
    """
    chosen = [run for run in grid.runs if fnmatchcase(run.name, pattern)]
    if not chosen:
        raise ConfigError(
            f"--only {pattern!r} matches none of the {counted(len(grid.runs), 'run')} of "
            f"{grid.file}; their names are like {grid.runs[0].name}, and * matches anything"
        )
    return chosen


def run_state(run: Run, dataset: Dataset) -> State:
    """The state of a run; only its directory is read.

    Raises:
        ConfigError: the directory holds a run with other settings.
        CheckpointError: the directory does not hold a run.
    """
    if not run.directory.exists() or (run.directory.is_dir() and not any(run.directory.iterdir())):
        return "missing"
    model, catalogue, train = read_config(run.directory)
    if train is None:
        raise ConfigError(f"{run.directory} holds a model that was not trained here; move it away")
    wanted = {"model": run.model, "dataset": dataset.catalogue, "train": run.train}
    for section, have in {"model": model, "dataset": catalogue, "train": train}.items():
        planned = dict(wanted[section])
        for name, value in dict(have).items():
            if value != planned[name]:
                raise ConfigError(
                    f"{run.directory} holds a run with other settings: {section}.{name} is "
                    f"{value!r} there, {planned[name]!r} in the grid; move it away or change the "
                    "grid"
                )
    written = (METRICS_FILE, README_FILE)  # in this order, after the training
    finished = all((run.directory / name).is_file() for name in written)
    resumable = (run.directory / RESUME_FILE).is_file()
    return "done" if finished and not resumable else "unfinished"


def train_and_measure(
    dataset: Dataset,
    directory: Path,
    model: ModelConfig,
    train: TrainConfig,
    *,
    command: str,
    device: str = "auto",
    resume: bool = False,
    snapshots: Sequence[int] = (),
    report: Callable[[Progress], None] = lambda progress: None,
) -> dict[str, Evaluation]:
    """Train into a directory, evaluate the stored weights, write metrics, ranks and README.

    Args:
        command: the equivalent shell command, for the record.
        resume: continue an unfinished training in the directory; a finished one is only evaluated.
        snapshots: epochs whose weights are kept too, see `awrsr.training.loop.train`.

    Returns:
        The evaluations by split.
    """
    history = training.train(
        dataset,
        directory,
        model,
        train,
        device=device,
        resume=resume,
        snapshots=snapshots,
        report=report,
    )
    evaluations = evaluate_stored(directory, dataset, device=device)
    if this_process()[0] == 0:
        record = training_record(directory, history, command)
        write_metrics(directory, directory, evaluations, record)
        write_readme(directory)
    return evaluations
