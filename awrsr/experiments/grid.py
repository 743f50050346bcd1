"""A grid of runs, planned in one TOML file.

    title = "Beauty, SASRec"            # optional, and so is: about
    backbones = ["sasrec", "stosa"]
    refinements = ["none", "additive", "stochastic"]
    seeds = [0, 1, 2]

    [datasets]                          # a name for the runs, and where the dataset is
    Beauty = "runs/beauty/data"

    [losses]                            # a loss, and what it sets in place of [train]
    ce = {}
    sampled_ce = { negatives = 256 }

    [model]                             # of every model, what differs from the defaults
    hidden_size = 64

    [train]                             # of every run, likewise
    batch_size = 128

A run is one of each. What cannot be combined is left out: stochastic refinement of SASRec, bpr_pvn
of SASRec. A model setting that only some refinements read, such as mix, is given to these. Seeds
come last to an end: a grid broken off has whole seeds.
"""

import dataclasses
import itertools
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from awrsr.config import ModelConfig, Settings, TrainConfig
from awrsr.errors import ConfigError, check_choice, did_you_mean
from awrsr.io.files import is_text
from awrsr.models import BACKBONES
from awrsr.refinement import REFINEMENTS, USUAL, read_by
from awrsr.training.losses import LOSSES, check_loss

TEXTS = ("title", "about")
LISTS = ("backbones", "refinements", "seeds")
TABLES = ("datasets", "losses", "model", "train")
OF_THE_GRID = {"backbone": "backbones", "refinement": "refinements", "loss": "losses"} | {
    "seed": "seeds"
}
"""Settings that differ between runs, and the part of the file that says how."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One training of a grid.

    Args:
        dataset: its name in the grid.
        data: the dataset directory.
        directory: the model directory.
        model: the architecture.
        train: how it is trained.
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
        name: the file's name without its ending.
        title: for people; the name where the file gives none.
        about: a sentence or two, or nothing.
        file: the TOML file.
        runs: in the order in which they are run.
    """

    name: str
    title: str
    about: str
    file: Path
    runs: list[Run]

    @property
    def results(self) -> Path:
        """The folder of the recorded results, beside the file."""
        return self.file.with_suffix("")

    @property
    def address(self) -> str:
        """The file as a command names it."""
        return str(Path(self.file.parent.name) / self.file.name)


def run_name(dataset: str, backbone: str, refinement: str, loss: str, seed: int) -> str:
    """What a run's directory is called."""
    return f"{dataset}-{backbone}-{refinement}-{loss}-seed{seed}"


def read_grid(file: str | Path, runs: str | Path = "runs") -> Grid:
    """Read a grid and plan its runs; nothing but the file is looked at.

    Args:
        file: the TOML file.
        runs: the runs of the grid go to the folder of its name in here.

    Raises:
        ConfigError: the file is missing, is not TOML, or asks for what there is not.
    """
    file = Path(file)
    if not is_text(file.name):
        raise ConfigError(f"{file}: the name of a grid must be UTF-8")
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{file} does not exist; a grid is a TOML file") from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"{file} is not readable TOML: {error}") from error
    try:
        return _plan(file, values, Path(runs) / file.stem)
    except ConfigError as error:
        raise ConfigError(f"{file}: {error}") from None


def _plan(file: Path, values: dict[str, Any], folder: Path) -> Grid:
    _check_names("", values, (*TEXTS, *LISTS, *TABLES))
    if missing := [name for name in (*LISTS, "datasets", "losses") if not values.get(name)]:
        raise ConfigError(f"lacks {', '.join(missing)}, each with one entry or more")
    for name in TEXTS:
        if not isinstance(values.get(name, ""), str):
            raise ConfigError(f"{name} must be text; received {values[name]!r}")
    for name in LISTS:
        _check_list(name, values[name])
    for name in TABLES:
        if not isinstance(values.get(name, {}), dict):
            raise ConfigError(f"{name} must be a table, [{name}]; received {values[name]!r}")

    datasets = {name: _path(name, path) for name, path in values["datasets"].items()}
    for backbone in values["backbones"]:
        check_choice("backbone", backbone, BACKBONES)
    for refinement in values["refinements"]:
        kind = REFINEMENTS.named(refinement)
        if not any(kind.fits(backbone) for backbone in values["backbones"]):
            raise ConfigError(
                f"refinement {refinement!r} is for {', '.join(kind.backbones or ())}; "
                f"backbones are {', '.join(values['backbones'])}"
            )
    for loss, settings in values["losses"].items():
        check_choice("loss", loss, LOSSES)
        if not isinstance(settings, dict):
            raise ConfigError(f"losses.{loss} must be a table of settings; received {settings!r}")
    model, train = values.get("model", {}), values.get("train", {})
    _check_settings("model", model, ModelConfig)
    _check_settings("train", train, TrainConfig)
    for name in model:
        if name in USUAL and not set(read_by(name)) & set(values["refinements"]):
            raise ConfigError(
                f"model.{name} is for refinement {', '.join(read_by(name))}; refinements are "
                f"{', '.join(values['refinements'])}"
            )

    runs = []
    combinations = itertools.product(
        values["seeds"],
        datasets,
        values["backbones"],
        values["losses"].items(),
        values["refinements"],
    )
    for seed, dataset, backbone, (loss, settings), refinement in combinations:
        _check_settings(f"losses.{loss}", settings, TrainConfig)
        kind = REFINEMENTS[refinement]
        if not (LOSSES[loss].fits(backbone) and kind.fits(backbone)):
            continue
        own = {k: v for k, v in model.items() if k not in USUAL or k in kind.settings}
        name = run_name(dataset, backbone, refinement, loss, seed)
        runs.append(
            Run(
                dataset=dataset,
                data=datasets[dataset],
                directory=folder / name,
                model=ModelConfig(**{**own, "backbone": backbone, "refinement": refinement}),
                train=TrainConfig(**{**train, **settings, "loss": loss, "seed": seed}),
            )
        )
    if not runs:
        check_loss(next(iter(values["losses"])), values["backbones"][0])
        raise ConfigError("no run is left of these backbones, losses and refinements")
    return Grid(
        name=file.stem,
        title=values.get("title", file.stem),
        about=" ".join(values.get("about", "").split()),
        file=file,
        runs=runs,
    )


def _check_names(where: str, names: Iterable[str], accepted: Iterable[str]) -> None:
    accepted = list(accepted)
    for name in names:
        if name not in accepted:
            raise ConfigError(
                f"unknown key {where}{name}; accepted: {', '.join(accepted)}."
                f"{did_you_mean(name, accepted)}"
            )


def _check_list(name: str, values: object) -> None:
    kind = int if name == "seeds" else str
    if (
        not isinstance(values, list)
        or any(type(value) is not kind for value in values)
        or len(set(values)) < len(values)
    ):
        words = "whole numbers" if kind is int else "names"
        raise ConfigError(f"{name} must be a list of different {words}; received {values!r}")


def _check_settings(where: str, values: Mapping[str, Any], kind: type[Settings]) -> None:
    for name in values:
        if name in OF_THE_GRID:
            raise ConfigError(
                f"{where}.{name} is not accepted: {OF_THE_GRID[name]} says it of every run"
            )
    accepted = [field.name for field in dataclasses.fields(kind) if field.name not in OF_THE_GRID]
    _check_names(f"{where}.", values, accepted)
    backbone = {}
    if "mean_stream" in values:  # of a backbone that reads it
        backbone["backbone"] = next(n for n, each in BACKBONES.items() if each.has_mean_stream)
    try:
        kind(**{**values, **backbone})
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from None


def _path(name: str, path: object) -> Path:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
        raise ConfigError(
            f"the name of a dataset becomes a directory's: letters, digits, dots, dashes and "
            f"underscores; received {name!r}"
        )
    if not isinstance(path, str) or not path:
        raise ConfigError(f"datasets.{name} must be the path of a directory; received {path!r}")
    return Path(path)
