"""Datasets and models on offer: those in folders, those given at the start, those uploaded."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from app import cache, folders
from app.elsewhere import free_name
from app.given import Given, given_paths, sort_paths
from awrsr.data.dataset import Dataset
from awrsr.errors import AwrsrError
from awrsr.io.files import read_json
from awrsr.training.checkpoint import read_config


def dataset_directories() -> dict[str, Path]:
    """The dataset directories on offer by name; if only models were given, the dataset of the first
    model whose dataset is on offer comes first."""
    found, given = folders.dataset_directories(), _given()
    if given.datasets or not given.models:
        return found
    marks = {_fingerprint(path): name for name, path in reversed(found.items())}
    for _, fingerprint in _given_models(given):
        if fingerprint in marks:
            first = marks[fingerprint]
            return {first: found[first]} | found
    return found


def models_of(directory: Path, dataset: Dataset) -> tuple[dict[str, Path], str]:
    """The models on offer for a dataset by name, and the name of the first given one, or nothing.

    Args:
        directory: the dataset directory.
        dataset: the dataset in it.
    """
    found = folders.model_directories(directory)
    known = {path.resolve() for path in found.values()}
    first = ""
    for path, fingerprint in _given_models(_given()):
        if fingerprint == dataset.fingerprint and path.resolve() not in known:
            placed = _placed(path, found, fingerprint)
            found[placed.name] = placed
            first = first or placed.name
        elif fingerprint == dataset.fingerprint:
            first = first or next(n for n, one in found.items() if one.resolve() == path.resolve())
    return found | cache.session_uploads().models(dataset), first


def problems() -> list[str]:
    """One sentence for every given path that cannot be offered."""
    given = _given()
    sentences = given.problems + folders.folder_problems()
    marks: set[str] = set()
    if given.models:
        marks = {_fingerprint(path) for path in folders.dataset_directories().values()}
    for path in given.models:
        try:
            _, catalogue, _ = read_config(path)
        except AwrsrError as error:
            sentences.append(str(error))
            continue
        if catalogue.fingerprint not in marks:
            sentences.append(
                f"{path} is for the dataset {catalogue.name!r} (fingerprint "
                f"{catalogue.fingerprint}), which is not offered; give its directory, too"
            )
    return sentences + [str(made) for _, made in _imported(given) if isinstance(made, AwrsrError)]


# --- parts of it ----------------------------------------------------------------------------------


def _given() -> Given:
    return sort_paths(given_paths())


def _imported(given: Given) -> Iterator[tuple[Path, Path | AwrsrError]]:
    """The given files of other code bases, with their model directories."""
    datasets = tuple(folders.given_datasets())
    for file in given.files:
        yield file, cache.get_imported(file, datasets)


def _given_models(given: Given) -> Iterator[tuple[Path, str]]:
    """The readable model directories that were given, with the fingerprints of their datasets."""
    imported = [made for _, made in _imported(given) if isinstance(made, Path)]
    for path in dict.fromkeys([*given.models, *imported]):
        with suppress(AwrsrError):  # named in `problems`
            yield path, read_config(path)[1].fingerprint


def _fingerprint(directory: Path) -> str:
    """The fingerprint in a dataset.json; an unreadable one is reported where it is chosen."""
    with suppress(AwrsrError):
        return str(read_json(directory / "dataset.json").get("fingerprint"))
    return ""


def _placed(path: Path, others: dict[str, Path], fingerprint: str) -> Path:
    """The model's directory, or a link to it if another model has the same name."""
    if path.name not in others:
        return path
    folder = Path(cache.shelf().name, fingerprint, "models")
    folder.mkdir(parents=True, exist_ok=True)
    for link in sorted(folder.iterdir()):
        if link.name not in others and link.resolve() == path.resolve():
            return link
    link = folder / free_name(path.name, [*others, *os.listdir(folder)])
    with suppress(FileExistsError):  # another session was faster
        link.symlink_to(path, target_is_directory=True)
    return link
