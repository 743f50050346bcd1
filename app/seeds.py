"""Trainings of one model that differ only in the seed."""

from pathlib import Path

from app import cache
from app.folders import model_directories
from awrsr.io.listing import visible_directories
from awrsr.studies import SEEDS_FOLDER


def seed_pair(a: Path, b: Path) -> tuple[Path, Path] | None:
    """Two trainings of one model that differ only in the seed: of A, else of B, else of another
    model beside them with A's or B's backbone."""
    backbones = {directory.name.partition("-")[0] for directory in (a, b)}
    beside = tuple(dict.fromkeys((*_beside(a), *_beside(b))))
    others = [
        path
        for path in beside
        if path.name.partition("-")[0] in backbones and path.parent.name != SEEDS_FOLDER
    ]
    return cache.find_seed_pair((a, b, *others), beside)


def other_seed(directory: Path) -> Path | None:
    """A model of the dataset that differs from this one only in the training seed."""
    pair = cache.find_seed_pair((directory,), (directory, *_beside(directory)))
    return None if pair is None else pair[1]


def _beside(directory: Path) -> tuple[Path, ...]:
    """All models in the folders of a model's dataset, including those with other seeds."""
    folder = directory.parent.parent
    return (
        *model_directories(folder).values(),
        *visible_directories(folder / SEEDS_FOLDER),
    )
