"""Models from elsewhere: model directories made from archives, from weights with their config, and
from files of other code bases."""

import re
import shutil
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import mkdtemp
from typing import Any

from awrsr.data.dataset import Dataset
from awrsr.errors import AwrsrError, ConfigError, DataError
from awrsr.experiments.card import METRICS_FILE, RANKS_FILE, README_FILE
from awrsr.importers import read_model
from awrsr.io.archives import entry_names, unpack
from awrsr.training.checkpoint import (
    CONFIG_FILE,
    WEIGHTS_FILE,
    read_config,
    save_config,
    save_weights,
)
from awrsr.training.snapshots import NAME, SNAPSHOTS_FOLDER
from awrsr.training.unfinished import HISTORY_FILE

MAX_UNPACKED = 512 * 2**20
"""Bytes of one model when unpacked."""
MODEL_KEEPS = (CONFIG_FILE, WEIGHTS_FILE, METRICS_FILE, RANKS_FILE, HISTORY_FILE, README_FILE)
"""The files of a model directory that are unpacked."""
FOREIGN = (".pt", ".pth", ".ckpt", ".bin")
KINDS = {
    ".zip": "archive",
    ".safetensors": "weights",
    ".json": "config",
    ".txt": "items",
    ".inter": "interactions",
    **dict.fromkeys(FOREIGN, "foreign"),
}
"""The kind of a file, by the extension of its name."""
ACCEPTED = (
    f"a zip of a model directory, a .safetensors file with its {CONFIG_FILE}, or a file of another "
    f"code base ({', '.join(FOREIGN)}), with the .txt or .inter file that it needs"
)
LONGEST_LABEL = 24


@dataclass(frozen=True)
class Waiting:
    """Uploaded files of one model that is not opened yet.

    Args:
        files: by kind, see KINDS.
        names: the uploaded names of the same files.
        label: the name of the model's file without its extension.
        size: the bytes of all files.
    """

    files: Mapping[str, Path]
    names: Mapping[str, str]
    label: str
    size: int


def make(waiting: Waiting, directory: Path, dataset: Dataset, options: Mapping[str, Any]) -> str:
    """Fill a model directory; returns the label of the model.

    Args:
        waiting: the files.
        directory: an empty directory.
        dataset: the model's dataset.
        options: settings that a file of another code base lacks, see `awrsr.importers`.

    Raises:
        AwrsrError: no model can be made from the files.
    """
    if (archive := waiting.files.get("archive")) is not None:
        root = _model_folder(archive)
        unpack(archive, directory, MAX_UNPACKED, lambda entry: _place_of(entry, root))
        return root.name or waiting.label
    if (weights := waiting.files.get("weights")) is not None:
        shutil.copyfile(weights, directory / WEIGHTS_FILE)
        shutil.copyfile(waiting.files["config"], directory / CONFIG_FILE)
        return waiting.label
    _import(waiting.files["foreign"], directory, dataset, options)
    return waiting.label


def _import(file: Path, directory: Path, dataset: Dataset, options: Mapping[str, Any]) -> str:
    """Write a model of another code base into a directory; returns the name of its importer."""
    imported = read_model(file, dataset, **options)
    save_config(directory, imported.model.config, imported.model.catalogue, None)
    save_weights(directory, imported.model)
    return imported.importer.name


def _model_folder(archive: Path) -> PurePosixPath:
    """The folder of an archive that holds a model."""
    entries = [PurePosixPath(name) for name in entry_names(archive)]
    folders = {entry.parent for entry in entries if entry.name == CONFIG_FILE}
    folders = {one for one in folders if one.parent.name != SNAPSHOTS_FOLDER}
    if len(folders) != 1:
        raise DataError(
            f"the archive holds {len(folders)} files {CONFIG_FILE} outside of "
            f"{SNAPSHOTS_FOLDER}/; accepted: one model directory"
        )
    return folders.pop()


def _place_of(entry: PurePosixPath, root: PurePosixPath) -> Path | None:
    """The place of an archive's file in a model directory; None if it does not belong there."""
    if not entry.is_relative_to(root):
        return None
    parts = entry.relative_to(root).parts
    if len(parts) == 1 and parts[0] in MODEL_KEEPS:
        return Path(parts[0])
    if len(parts) == 3 and parts[0] == SNAPSHOTS_FOLDER and NAME.fullmatch(parts[1]):
        return Path(*parts) if parts[2] in (CONFIG_FILE, WEIGHTS_FILE) else None
    return None


def model_name(directory: Path, label: str) -> str:
    """The name of a model from elsewhere: backbone, refinement, and the name of its file."""
    config, _, _ = read_config(directory)
    name = f"{config.backbone}-{config.refinement}"
    tidy = re.sub(r"[^A-Za-z0-9_]+", "_", label.removeprefix(name).lstrip("-"))
    return f"{name}-{tidy[:LONGEST_LABEL].strip('_') or 'uploaded'}"


def free_name(name: str, taken: Collection[str]) -> str:
    """A name that no other model has: this one, or with the first free number from 2."""
    names = (name if number == 1 else f"{name}-{number}" for number in range(1, len(taken) + 2))
    return next(one for one in names if one not in taken)


def import_given(
    file: Path,
    datasets: Collection[Path],
    place: Path,
    read_dataset: Callable[[Path], Dataset],
) -> Path | AwrsrError:
    """Make a model directory from a given file of another code base.

    Args:
        file: the file.
        datasets: the dataset directories that it may be for.
        place: the parent of the model directory.
        read_dataset: reads a dataset directory.

    Returns:
        The model directory, or the reason why there is none.
    """
    refusals: dict[str, AwrsrError] = {}
    for directory in datasets:
        made = Path(mkdtemp(dir=place), "model")
        made.mkdir()
        try:
            kind = _import(file, made, read_dataset(directory), {})
            config, _, _ = read_config(made)
            return made.rename(made.with_name(f"{config.backbone}-{config.refinement}-{kind}"))
        except ConfigError as error:
            refusals[str(error)] = ConfigError(
                f"{error}; `python -m awrsr import` has options for what a file lacks"
            )
        except AwrsrError as error:
            refusals[str(error)] = error
    if not refusals:
        return DataError(
            f"{file} needs a dataset directory, among the given paths or next to it; a model is "
            "imported for the dataset that it was trained on"
        )
    return next(iter(refusals.values()))
