"""A grid of runs, planned in one TOML file.

    title = "Beauty, SASRec"            # optional, like about
    backbones = ["sasrec", "stosa"]
    refinements = ["none", "additive", "stochastic"]
    seeds = [0, 1, 2]

    [datasets]                          # a name for the runs = the dataset directory
    Beauty = "runs/beauty/data"

    [losses]                            # a loss = settings that replace those in [train]
    ce = {}
    sampled_ce = { negatives = 256 }

    [model]                             # settings of all models that differ from the defaults
    hidden_size = 64

    [train]                             # settings of all runs that differ from the defaults
    batch_size = 128

The runs are all combinations. Impossible combinations are left out, such as stochastic refinement
or the loss bpr_pvn with SASRec. A model setting that only some refinements read, such as mix,
applies only to these. Seeds are the outermost loop, so an interrupted grid holds complete seeds.
"""

import itertools
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, model_validator

from awrsr.config import ModelConfig, Seed, Settings, TrainConfig
from awrsr.errors import ConfigError, check_choice
from awrsr.io.listing import is_text
from awrsr.models import BACKBONES
from awrsr.refinement import REFINEMENTS, USUAL, read_by
from awrsr.schema import Schema
from awrsr.training.losses import LOSSES, check_loss

OF_THE_GRID = {
    "backbone": "backbones",
    "refinement": "refinements",
    "loss": "losses",
    "seed": "seeds",
}
"""Settings that differ between runs, and the part of the file that lists their values."""


def _distinct(values: list[Any]) -> list[Any]:
    if not values or len(set(values)) < len(values):
        raise ConfigError(f"expected one entry or more, all different; received {values!r}")
    return values


def _named(entries: dict[str, Any]) -> dict[str, Any]:
    if not entries:
        raise ConfigError("expected one entry or more; received none")
    for name in entries:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
            raise ConfigError(
                "a name becomes a part of a directory name: letters, digits, dots, dashes and "
                f"underscores; received {name!r}"
            )
    return entries


def _changes(kind: type[Settings]) -> Any:
    """Changed settings of a kind, without those that the grid itself varies."""

    def check(values: dict[str, Any]) -> dict[str, Any]:
        for name in values:
            if name in OF_THE_GRID:
                raise ConfigError(
                    f"{name} is not accepted here: {OF_THE_GRID[name]} sets it for every run"
                )
        backbone = {}
        if "mean_stream" in values:  # only some backbones read it
            backbone["backbone"] = next(
                n for n, kind in BACKBONES.items() if "mean_stream" in kind.settings
            )
        kind(**values, **backbone)
        return values

    return AfterValidator(check)


Distinct = AfterValidator(_distinct)
Named = AfterValidator(_named)
ModelChanges = Annotated[dict[str, Any], _changes(ModelConfig)]
TrainChanges = Annotated[dict[str, Any], _changes(TrainConfig)]


class GridFile(Schema):
    """The contents of a grid's file, see the module's docstring."""

    title: str = ""
    about: str = ""
    backbones: Annotated[list[str], Distinct]
    refinements: Annotated[list[str], Distinct]
    seeds: Annotated[list[Seed], Distinct]
    datasets: Annotated[dict[str, Annotated[str, Field(min_length=1)]], Named]
    losses: Annotated[dict[str, TrainChanges], Named]
    model: ModelChanges = {}
    train: TrainChanges = {}

    @model_validator(mode="after")
    def _fits(self) -> Self:
        for loss in self.losses:
            check_choice("loss", loss, LOSSES)
        for backbone in self.backbones:
            check_choice("backbone", backbone, BACKBONES)
        for refinement in self.refinements:
            kind = REFINEMENTS.named(refinement)
            if not any(kind.fits(backbone) for backbone in self.backbones):
                raise ConfigError(
                    f"refinement {refinement!r} is for {', '.join(kind.backbones or ())}; "
                    f"backbones are {', '.join(self.backbones)}"
                )
        for name in self.model:
            if name in USUAL and not set(read_by(name)) & set(self.refinements):
                raise ConfigError(
                    f"model.{name} is for refinement {', '.join(read_by(name))}; refinements are "
                    f"{', '.join(self.refinements)}"
                )
        return self


@dataclass(frozen=True, kw_only=True)
class Run:
    """One training of a grid.

    Args:
        dataset: the name of the dataset in the grid.
        data: the dataset directory.
        directory: the model directory.
        model: the settings of the model.
        train: the settings of training.
    """

    dataset: str
    data: Path
    directory: Path
    model: ModelConfig
    train: TrainConfig

    @property
    def name(self) -> str:
        """The last part of the directory."""
        return self.directory.name


@dataclass(frozen=True, kw_only=True)
class Grid:
    """All runs of one file.

    Args:
        name: the file's name without its suffix.
        title: the displayed name; default: the name.
        about: one or two sentences, or an empty text.
        file: the TOML file.
        runs: the runs, in the order of training.
    """

    name: str
    title: str
    about: str
    file: Path
    runs: list[Run]

    @property
    def results(self) -> Path:
        """The folder of the recorded results, next to the file."""
        return self.file.with_suffix("")

    @property
    def address(self) -> str:
        """The path of the file for use in a command."""
        return str(Path(self.file.parent.name) / self.file.name)


def run_name(dataset: str, backbone: str, refinement: str, loss: str, seed: int) -> str:
    """The name of a run's directory."""
    return f"{dataset}-{backbone}-{refinement}-{loss}-seed{seed}"


def read_grid(file: str | Path, runs: str | Path = "runs") -> Grid:
    """Read a grid and plan its runs; only the file is read.

    Args:
        file: the TOML file.
        runs: the folder of all runs; those of the grid go to a folder in it with the grid's name.

    Raises:
        ConfigError: the file is missing, is not TOML, or has an unacceptable entry.
    """
    file = Path(file)
    if not is_text(file.name):
        raise ConfigError(f"{file}: the name of a grid must be UTF-8")
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{file} does not exist; a grid is a TOML file") from None
    except IsADirectoryError:
        raise ConfigError(f"{file} is a folder; a grid is a TOML file") from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"{file} is not readable TOML: {error}") from error
    grid_file = GridFile.from_json(values, where=str(file))
    try:
        return _plan(file, grid_file, Path(runs) / file.stem)
    except ConfigError as error:
        raise ConfigError(f"{file}: {error}") from None


def _plan(file: Path, plan: GridFile, folder: Path) -> Grid:
    runs = []
    combinations = itertools.product(
        plan.seeds, plan.datasets, plan.backbones, plan.losses, plan.refinements
    )
    for seed, dataset, backbone, loss, refinement in combinations:
        kind = REFINEMENTS[refinement]
        if not (LOSSES[loss].fits(backbone) and kind.fits(backbone)):
            continue
        read = {k: v for k, v in plan.model.items() if k not in USUAL or k in kind.settings}
        name = run_name(dataset, backbone, refinement, loss, seed)
        runs.append(
            Run(
                dataset=dataset,
                data=Path(plan.datasets[dataset]),
                directory=folder / name,
                model=ModelConfig(**read, backbone=backbone, refinement=refinement),
                train=TrainConfig(
                    **{**plan.train, **plan.losses[loss], "loss": loss, "seed": seed}
                ),
            )
        )
    if not runs:
        check_loss(next(iter(plan.losses)), plan.backbones[0])
        raise ConfigError("these backbones, losses and refinements cannot be combined")
    return Grid(
        name=file.stem,
        title=plan.title or file.stem,
        about=" ".join(plan.about.split()),
        file=file,
        runs=runs,
    )
