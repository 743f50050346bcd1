"""The recorded example of a dataset: the attention of every run for one test user."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from awrsr.config import ModelConfig
from awrsr.errors import DataError
from awrsr.experiments.grid import Grid, read_grid

EXAMPLES_FILE = "examples.npz"


@dataclass(frozen=True, kw_only=True)
class RecordedTrace:
    """A recorded trace in the form that the board draws (`awrsr.board.Drawn`).

    Args:
        items: the items that the model saw, oldest first.
        dropped: number of older items that the model did not see.
        config: the settings of the model.
        maps: first_order, refined and, if the model has it, second_order, all (layer, head, query,
            key); transformed_value_norm, (layer, head, key).
    """

    items: list[int]
    dropped: int
    config: ModelConfig
    maps: dict[str, npt.NDArray[np.float32]]

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """The maps."""
        return dict(self.maps)


@dataclass(frozen=True, kw_only=True)
class Example:
    """One history of a dataset in the models of a grid.

    Args:
        user: the user of the history.
        items: the history without the held-out item, oldest first.
        titles: titles of the items.
        traces: traces by run.
    """

    user: str
    items: list[int]
    titles: list[str]
    traces: dict[str, RecordedTrace]


def save_examples(path: Path, examples: dict[str, Example]) -> None:
    arrays: dict[str, npt.NDArray[Any]] = {}
    for dataset, example in examples.items():
        arrays[f"{dataset}/user"] = np.array(example.user)
        arrays[f"{dataset}/items"] = np.array(example.items)
        arrays[f"{dataset}/titles"] = np.array(example.titles)
        for run, trace in example.traces.items():
            arrays |= {f"{dataset}/{run}/{kind}": maps for kind, maps in trace.maps.items()}
    with path.open("wb") as file:  # given a path, numpy would add a suffix
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]


def read_examples(file: str | Path) -> dict[str, Example]:
    """The recorded examples of a grid by dataset; empty if there are none.

    Raises:
        DataError: they are damaged.
    """
    grid = read_grid(file)
    path = grid.results / EXAMPLES_FILE
    if not path.is_file():
        return {}
    configs = {run.name: run.model for run in grid.runs}
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as found:
            arrays = {name: found[name] for name in found.files}
        examples = {
            name.removesuffix("/items"): Example(
                user=str(arrays[name.replace("/items", "/user")]),
                items=arrays[name].tolist(),
                titles=arrays[name.replace("/items", "/titles")].tolist(),
                traces={},
            )
            for name in arrays
            if name.count("/") == 1 and name.endswith("/items")
        }
        by_run: dict[tuple[str, str], dict[str, npt.NDArray[np.float32]]] = {}
        for name in (name for name in arrays if name.count("/") == 2):
            dataset, run, kind = name.split("/")
            by_run.setdefault((dataset, run), {})[kind] = arrays[name]
        for (dataset, run), maps in by_run.items():
            items, seen = examples[dataset].items, maps["refined"].shape[-1]
            examples[dataset].traces[run] = RecordedTrace(
                items=items[-seen:],
                dropped=len(items) - seen,
                config=configs[run],
                maps=maps,
            )
    except (OSError, ValueError, KeyError, IndexError, EOFError, BadZipFile) as error:
        raise DataError(
            f"{path} is not a readable examples file ({error}); {record_again(grid)}"
        ) from error
    return examples


def record_again(grid: Grid) -> str:
    """The remedy for a missing or damaged recorded file, in words."""
    return f"put it back, or `python -m awrsr experiment {grid.file} --record` where the runs are"
