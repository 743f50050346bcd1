"""The paths that the app is started with: datasets, models and files of other code bases."""

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from awrsr.io.listing import is_text, visible_directories
from awrsr.training.checkpoint import CONFIG_FILE

MAIN = Path(__file__).resolve().with_name("main.py")
DATASET_FILE = "dataset.json"
"""The file that marks a dataset directory."""


@dataclass(frozen=True)
class Given:
    """The datasets, models and files at some paths.

    Args:
        datasets: dataset directories, in order.
        models: model directories.
        files: other files, which may be models of other code bases.
        problems: one sentence for every other path.
    """

    datasets: list[Path] = field(default_factory=list)
    models: list[Path] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def given_paths() -> list[str]:
    """The paths after `streamlit run app/main.py --`; none if another program runs the app."""
    program, *paths = sys.argv or [""]
    return paths if os.path.realpath(program) == str(MAIN) else []


def sort_paths(paths: Iterable[str]) -> Given:
    """The datasets, models and files at these paths; a folder stands for those in it."""
    found = Given()
    for text in paths:
        path = Path(text).absolute()
        if not is_text(text):
            found.problems.append(f"{text!r} is not UTF-8")
        elif not os.path.exists(path):
            found.problems.append(f"{text!r} does not exist")
        elif os.path.isfile(path):
            found.files.append(path)
        elif os.path.isfile(path / DATASET_FILE):
            found.datasets.append(path)
        elif os.path.isfile(path / CONFIG_FILE):
            found.models.append(path)
        else:
            datasets = visible_directories(path, DATASET_FILE)
            models = visible_directories(path, CONFIG_FILE)
            found.datasets.extend(datasets)
            found.models.extend(one for one in models if one not in datasets)
            if not datasets and not models:
                found.problems.append(
                    f"{text!r} contains no dataset directory and no model directory"
                )
    return found


def datasets_beside(file: Path) -> list[Path]:
    """The dataset directory that a file is in, or those next to it."""
    folder = file.parent
    inside = [folder] if os.path.isfile(folder / DATASET_FILE) else []
    return [*inside, *visible_directories(folder, DATASET_FILE)]
