"""The folders of datasets and models: which are offered, and their recorded results."""

import os
import shlex
import stat
from collections.abc import Collection
from contextlib import suppress
from itertools import compress
from pathlib import Path

import pandas as pd

from app.given import datasets_beside, given_paths, sort_paths
from awrsr.config import Candidates
from awrsr.data.dataset import Dataset
from awrsr.errors import AwrsrError, DataError
from awrsr.experiments.card import METRICS_FILE, RANKS_FILE, Metrics, read_metrics
from awrsr.io import listing
from awrsr.io.listing import is_text, visible_directories
from awrsr.io.parquet import read_parquet
from awrsr.ranking.recommendation import other_split
from awrsr.refinement import REFINEMENTS
from awrsr.studies import SEEDS_FOLDER
from awrsr.training.checkpoint import (
    CONFIG_FILE,
    WEIGHTS_FILE,
    read_config,
    weights_fingerprint,
)
from awrsr.training.unfinished import HISTORY_FILE

ASSETS = Path(__file__).resolve().parent.parent / "assets"
ASSETS_VARIABLE = "AWRSR_ASSETS"
"""Environment variable: further folders of dataset directories, separated as in PATH."""
FIRST = "ml-latest-small"
"""The shipped dataset that is listed first; the app opens with it."""

MODELS_FOLDER = "models"
"""The folder of models in a dataset directory."""
MODEL_FILES = (CONFIG_FILE, WEIGHTS_FILE)
SCAN_FILES = ("users.parquet", "pairs.parquet", "scan.json")
MAX_HISTORY = 4_000_000
"""Maximum bytes of history.csv: tens of thousands of epochs."""
RANKED = (WEIGHTS_FILE, METRICS_FILE, RANKS_FILE)
"""Files that show whether recorded ranks belong to the weights."""

Stamp = tuple[tuple[int, int], ...]
ModelKey = tuple[str, Stamp]


def dataset_folders() -> list[Path]:
    """The folders with datasets, those of the environment first."""
    return [*map(Path, _named_folders()), ASSETS]


def _named_folders() -> list[str]:
    named = os.environ.get(ASSETS_VARIABLE)
    return [] if named is None else [part for part in named.split(os.pathsep) if part] or [named]


def dataset_directories() -> dict[str, Path]:
    """The offered dataset directories by name: the given ones, those of the environment's folders,
    those that ship. If several have the same name, the first is offered."""
    found: dict[str, Path] = {}
    for path in given_datasets():
        found.setdefault(path.name, path)
    for folder in dataset_folders():
        paths = visible_directories(folder, "dataset.json")
        if folder == ASSETS:
            paths = sorted(paths, key=lambda path: (path.name != FIRST, path.name))
        for path in paths:
            found.setdefault(path.name, path)
    return found


def in_command(path: Path) -> str:
    """A path for a command on a page: relative to the working directory if it is below it, and
    quoted if a shell needs it. A model that is offered under another name has its own."""
    path = path.resolve() if path.is_symlink() else path.absolute()
    shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    return shlex.quote(shown.as_posix())


def given_datasets() -> list[Path]:
    """The dataset directories among the given paths, and those of the given files."""
    given = sort_paths(given_paths())
    beside = [path for file in given.files for path in datasets_beside(file)]
    return list(dict.fromkeys([*given.datasets, *beside]))


def folder_problems() -> list[str]:
    """Problems of the environment's folders, and given datasets that are not offered."""
    given = given_datasets()
    offered = dataset_directories() if given else {}
    hidden = [
        f"{path} is not offered: {offered[path.name]} has the same name; rename one of the two"
        for path in given
        if offered[path.name] != path
    ]
    return hidden + [problem for named in _named_folders() if (problem := _problem(named))]


def _problem(named: str) -> str:
    """The problem of a folder of the environment, or an empty text."""
    if visible_directories(Path(named), "dataset.json"):
        return ""
    folder = Path(named)
    state = "does not exist"
    if not is_text(named):
        state = "is not UTF-8"
    elif (folder / "dataset.json").is_file():
        state = "is a dataset directory itself"
    elif folder.exists():
        state = "contains no dataset directory" if folder.is_dir() else "is a file"
    return (
        f"{ASSETS_VARIABLE} names {named!r}, which {state}; accepted: a folder of dataset "
        "directories, as made by `python -m awrsr prepare`."
        + " Only shipped datasets are offered."
        * (len(_named_folders()) == 1 and ASSETS.is_dir())
    )


def model_directories(dataset_directory: Path) -> dict[str, Path]:
    """A dataset's model directories by name, sorted by backbone and refinement."""
    order = list(REFINEMENTS)

    def place(path: Path) -> tuple[str, int, str]:
        backbone, _, refinement = path.name.partition("-")
        return backbone, order.index(refinement) if refinement in order else len(order), path.name

    paths = visible_directories(dataset_directory / MODELS_FOLDER)
    return {path.name: path for path in sorted(paths, key=place)}


def passed_over(directory: Path) -> list[str]:
    """Datasets, and models of this dataset, that are not offered, with the reasons."""
    folders = [*dataset_folders(), directory / MODELS_FOLDER, directory / SEEDS_FOLDER]
    return [words for folder in folders if (words := listing.passed_over(folder))]


# --- what is in one directory ---------------------------------------------------------------------


def stamp_of(directory: Path, names: tuple[str, ...]) -> Stamp:
    """Times and sizes of files, so that a replaced file is read again."""
    found = []
    for name in names:
        with suppress(OSError, ValueError):  # inaccessible: missing
            status = os.stat(os.path.join(directory, name))
            if stat.S_ISREG(status.st_mode):
                found.append((status.st_mtime_ns, status.st_size))
    return tuple(found)


def model_key(directory: Path) -> ModelKey:
    """Identifies the weights of a model directory."""
    return str(directory), stamp_of(directory, MODEL_FILES)


def check_model(directory: Path, dataset: Dataset) -> None:
    """Refuse a model directory that is unreadable or for another dataset; reads no weights.

    Raises:
        AwrsrError: with the model and the reason.
    """
    _, catalogue, _ = read_config(directory)
    if catalogue.fingerprint != dataset.fingerprint:
        raise DataError(
            f"{directory.name} belongs to {catalogue.name!r} (fingerprint "
            f"{catalogue.fingerprint}), the dataset is {dataset.name!r} (fingerprint "
            f"{dataset.fingerprint}){other_split(catalogue, dataset)}"
        )


def get_metrics(directory: Path) -> Metrics | None:
    """The contents of a model directory's metrics.json; None if there is none."""
    return read_metrics(directory) if (directory / METRICS_FILE).is_file() else None


def read_history(directory: Path, columns: Collection[str]) -> pd.DataFrame | str:
    """The numbers of history.csv, one row per epoch, or the reason why there are none.

    Args:
        directory: a model directory.
        columns: the table must have at least one of these, besides `epoch`.
    """
    path = directory / HISTORY_FILE
    if not path.is_file():
        return f"{directory.name} has no {HISTORY_FILE}: `python -m awrsr train` writes one"
    if (size := path.stat().st_size) > MAX_HISTORY:
        return (
            f"{HISTORY_FILE} of {directory.name} has {size:,} bytes; accepted: at most "
            f"{MAX_HISTORY:,}"
        )
    try:
        table: pd.DataFrame = pd.read_csv(path).apply(pd.to_numeric, errors="coerce")
    except (OSError, ValueError) as error:
        return f"{HISTORY_FILE} of {directory.name} is not readable: {error}"
    if "epoch" not in table or not {*columns} & {*table}:
        return (
            f"{HISTORY_FILE} of {directory.name} has no epochs; it has {', '.join(map(str, table))}"
        )
    return table


def no_datasets() -> str:
    """The message when there is no dataset to show, as in an installed package, which has none."""
    return (
        "No dataset to show yet. `python -m awrsr plant data/planted` makes one up in seconds; "
        "`python -m awrsr download ml-100k --accept_terms` and `python -m awrsr prepare "
        "raw/ml-100k data/ml-100k` get a public one; `python -m awrsr prepare FILE data/mine` "
        "reads your own. Train a model with `python -m awrsr train data/planted`. Then start the "
        "app with the path: `python -m awrsr app data/planted`."
    )


def no_models(name: str, directory: Path) -> str:
    """The message for a dataset without models."""
    return f"{name} has no models yet: `python -m awrsr train {in_command(directory)}`."


def evaluation_command(directory: Path) -> str:
    """The command that evaluates a model and writes metrics and ranks into its directory."""
    model = in_command(directory)
    return f"python -m awrsr evaluate {model} --output {model}"


def read_ranks(directory: Path, dataset: Dataset) -> tuple[dict[str, int], str]:
    """The test ranks in ranks.parquet, if they belong to these weights and this dataset.

    Returns:
        Ranks by user id, and the reason if there are none.
    """
    remedy = f"run `{evaluation_command(directory)}`"
    if not (directory / METRICS_FILE).is_file():
        return {}, f"no {METRICS_FILE}: {remedy}"
    if not (directory / RANKS_FILE).is_file():
        return {}, f"no {RANKS_FILE}: {remedy}"
    try:
        recorded = read_metrics(directory)
        same_weights = recorded.weights_sha256 == weights_fingerprint(directory)
        table = read_parquet(directory / RANKS_FILE)
        table = table[table["split"] == "test"]
        users = table["user_id"].astype(str).tolist()
        targets, ranks = (table[name].astype(int).tolist() for name in ("target", "rank"))
    except (AwrsrError, OSError, ValueError, KeyError, TypeError):
        return {}, f"{RANKS_FILE} or {METRICS_FILE} is not readable: {remedy}"
    if not same_weights:
        return {}, f"{RANKS_FILE} is for other weights: {remedy}"
    if recorded.dataset.fingerprint != dataset.fingerprint:
        return {}, f"{RANKS_FILE} is for another dataset: {remedy}"
    held_out = list(zip(dataset.user_ids, dataset.targets("test").tolist(), strict=True))
    rules: tuple[Candidates, Candidates] = ("all", "unseen")
    accepted = [dict(compress(held_out, dataset.counted("test", rule))) for rule in rules]
    if dict(zip(users, targets, strict=True)) not in accepted:
        return {}, f"{RANKS_FILE} has other held-out items: {remedy}"
    return dict(zip(users, ranks, strict=True)), ""
