"""The runs of a grid: which are done, training of what is not, collecting of what is."""

from collections.abc import Callable
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
from awrsr.experiments.recording import catalogue_of
from awrsr.ranking.evaluation import Evaluation
from awrsr.training import loop as training
from awrsr.training.checkpoint import read_config
from awrsr.training.unfinished import RESUME_FILE

State = Literal["done", "unfinished", "missing"]


def load_datasets(grid: Grid) -> tuple[dict[str, Dataset], list[DataError]]:
    """The datasets of a grid by their names in it, and why each of the others cannot be read."""
    found: dict[str, Dataset] = {}
    errors = []
    for name, directory in {run.dataset: run.data for run in grid.runs}.items():
        try:
            found[name] = load_dataset(directory)
        except DataError as error:
            remedy = (
                ""
                if directory.exists()
                else (f"; `python -m awrsr prepare SOURCE {directory} --format FORMAT` makes one")
            )
            errors.append(DataError(f"{grid.file}: datasets.{name}: {error}{remedy}"))
    return found, errors


def choose_runs(grid: Grid, pattern: str) -> list[Run]:
    """The runs whose names fit a pattern of the shell.

    Raises:
        ConfigError: there is none.
    """
    chosen = [run for run in grid.runs if fnmatchcase(run.name, pattern)]
    if not chosen:
        raise ConfigError(
            f"--only {pattern!r} fits none of the {counted(len(grid.runs), 'run')} of {grid.file}; "
            f"their names are like {grid.runs[0].name}, and * stands for anything"
        )
    return chosen


def run_state(run: Run, dataset: Dataset) -> State:
    """How far a run is; only its directory is looked at.

    Raises:
        ConfigError: the directory holds a run with other settings.
        CheckpointError: the directory holds something else than a run.
    """
    if not run.directory.exists() or (run.directory.is_dir() and not any(run.directory.iterdir())):
        return "missing"
    model, catalogue, train = read_config(run.directory)
    wanted = {"model": run.model, "dataset": catalogue_of(dataset), "train": run.train}
    for section, have in {"model": model, "dataset": catalogue, "train": train}.items():
        asked = wanted[section].to_json()
        for name, value in have.to_json().items():
            if value != asked[name]:
                raise ConfigError(
                    f"{run.directory} holds a run with other settings: {section}.{name} is "
                    f"{value!r} there, {asked[name]!r} in the grid; move it away or change the grid"
                )
    written = (METRICS_FILE, README_FILE)  # in this order, after the training
    finished = all((run.directory / name).is_file() for name in written)
    broken_off = (run.directory / RESUME_FILE).is_file()
    return "done" if finished and not broken_off else "unfinished"


def train_and_measure(
    dataset: Dataset,
    directory: Path,
    model: ModelConfig,
    train: TrainConfig,
    *,
    command: str,
    device: str = "auto",
    resume: bool = False,
    report: Callable[[training.Progress], None] = lambda progress: None,
) -> dict[str, Evaluation]:
    """Train into a directory, evaluate the stored file, write what stands beside it.

    Args:
        command: the shell command that does the same, for the record.
        resume: go on with what is in the directory; a finished training is only evaluated.

    Returns:
        The evaluations by split.
    """
    history = training.train(
        dataset, directory, model, train, device=device, resume=resume, report=report
    )
    evaluations = evaluate_stored(directory, dataset, device=device)
    record = training_record(directory, history, command)
    write_metrics(directory, directory, evaluations, record)
    write_readme(directory)
    return evaluations
