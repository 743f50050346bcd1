"""The files that describe a trained model: metrics.json, the ranks behind it, and README.md."""

import platform
import shlex
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Self

import pandas as pd
from pydantic import Field, model_validator

from awrsr.config import (
    HELD_OUT,
    Candidates,
    Catalogue,
    ModelConfig,
    TrainConfig,
)
from awrsr.data.dataset import Dataset
from awrsr.data.dataset_files import load_dataset
from awrsr.errors import ConfigError, DataError
from awrsr.io.files import read_json, reading, write_atomically, write_json, write_text
from awrsr.io.parquet import write_parquet
from awrsr.io.templates import render
from awrsr.models import BACKBONES
from awrsr.ranking.evaluation import Evaluation, evaluate, ranked_among
from awrsr.ranking.metrics import summarise
from awrsr.refinement import REFINEMENTS
from awrsr.schema import Schema
from awrsr.training.checkpoint import CONFIG_FILE, load_model, read_config, weights_fingerprint

SCHEMA_VERSION = 1
METRICS_FILE = "metrics.json"
RANKS_FILE = "ranks.parquet"
README_FILE = "README.md"
TEMPLATE = Path(__file__).with_name("templates") / "README.md.j2"
METRICS = tuple(summarise([1]))
"""The names of the metrics of a split."""
SOFTWARE = ("torch", "numpy", "pandas", "safetensors", "lightning-fabric")


class Protocol(Schema):
    """How metrics were measured, see `awrsr.ranking.evaluation.protocol`."""

    split: str
    candidates: str
    seen: str = ""
    untrained: str = ""
    left_out: str = ""
    ties: str
    users: int

    def to_json(self) -> dict[str, Any]:
        """The fields that were given, by name."""
        return self.model_dump(exclude_unset=True)


class Measured(Schema):
    """The metrics of one split, by name, with their protocol."""

    protocol: Protocol
    metrics: dict[str, float]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if lacking := [name for name in METRICS if name not in self.metrics]:
            raise ConfigError(f"metrics lacks {', '.join(lacking)}")
        return self


class Training(Schema):
    """The training that produced the weights; seconds are summed over all epochs."""

    command: str
    seed: int
    loss: str
    epochs: int
    best_epoch: int
    seconds: float


class Source(Schema):
    """The origin of a model that was not trained here.

    Args:
        format: the layout of its file, see `awrsr.importers`.
        file: the name of the file.
        sha256: the hash of the file.
        options: the options given for it, by name.
        notes: facts found or guessed about it.
        test: the metrics among the candidates of the source's protocol; None if the source ranks
            among a few sampled items.
    """

    format: str
    file: str
    sha256: str
    options: dict[str, str]
    notes: list[str]
    test: Measured | None


class Metrics(Schema):
    """The contents of metrics.json."""

    schema_version: Annotated[int, Field(ge=SCHEMA_VERSION, le=SCHEMA_VERSION)]
    weights_sha256: str
    dataset: Catalogue
    test: Measured
    validation: Measured
    training: Training | None
    source: Source | None = None
    software: dict[str, str]

    def to_json(self) -> dict[str, Any]:
        """The fields that were given, by name, as JSON values."""
        return self.model_dump(exclude_unset=True)


def read_metrics(directory: Path) -> Metrics:
    """The contents of metrics.json in a model directory.

    Raises:
        DataError: it is missing, not readable, or a field is missing, unknown or of another type.
    """
    path = directory / METRICS_FILE
    return Metrics.from_json(read_json(path), where=str(path), refusal=DataError)


def dataset_of(model_directory: str | Path) -> Dataset:
    """The dataset whose models/ folder contains a model directory.

    Raises:
        DataError: there is no such dataset.
    """
    directory = Path(model_directory).resolve().parent.parent
    with reading(directory, DataError):
        found = (directory / "dataset.json").is_file()
    if not found:
        raise DataError(
            f"{model_directory} is not in the models/ folder of a dataset directory; "
            "name the dataset with --dataset"
        )
    return load_dataset(directory)


def evaluate_stored(
    directory: str | Path,
    dataset: Dataset,
    *,
    candidates: Candidates | None = None,
    device: str = "auto",
) -> dict[str, Evaluation]:
    """Evaluations of the stored weights by split, see `evaluate`."""
    model = load_model(directory, device)
    return {split: evaluate(model, dataset, split, candidates=candidates) for split in HELD_OUT}


def write_metrics(
    directory: Path,
    model_directory: Path,
    evaluations: dict[str, Evaluation],
    training: Training | None = None,
    source: Source | None = None,
) -> None:
    """Write metrics.json and ranks.parquet.

    Args:
        directory: the directory to write to; must exist.
        model_directory: the directory of the evaluated weights.
        evaluations: evaluations by split.
        training: the training of the weights; None keeps the record in the model's metrics.json.
        source: the source of weights that were not trained here; None keeps the record, too.
    """
    _, catalogue, _ = read_config(model_directory)
    origin: dict[str, Any] = {"training": training, "source": source}
    if not any(origin.values()) and (model_directory / METRICS_FILE).is_file():
        recorded = read_json(model_directory / METRICS_FILE)
        origin = {name: recorded.get(name) for name in origin}  # only these fields
    if origin["source"] is None:
        del origin["source"]
    ranks = pd.concat([result.ranks.assign(split=split) for split, result in evaluations.items()])
    write_atomically(
        directory / RANKS_FILE,
        lambda path: write_parquet(path, ranks),
    )
    found = Metrics.from_json(
        {
            "schema_version": SCHEMA_VERSION,
            "weights_sha256": weights_fingerprint(model_directory),
            "dataset": catalogue,
            **{
                split: {"protocol": result.protocol, "metrics": result.metrics}
                for split, result in evaluations.items()
            },
            **origin,
            "software": {
                "python": platform.python_version(),
                **{name: version(name) for name in SOFTWARE},
            },
        },
        where=str(model_directory / METRICS_FILE),
        refusal=DataError,
    )
    write_json(directory / METRICS_FILE, found.to_json())


def training_command(
    dataset: Path,
    output: Path | None,
    model: ModelConfig,
    training: TrainConfig,
    snapshots: Sequence[int] = (),
) -> str:
    """The shell command that trains with these settings, without settings at their defaults."""
    words = ["python", "-m", "awrsr", "train", str(dataset)]
    if output is not None:
        words += ["--output", str(output)]
    for section, settings in (("model", model), ("train", training)):
        usual = dict(type(settings)())
        for name, value in dict(settings).items():
            if value != usual[name] or name in ("backbone", "refinement", "seed"):
                text = str(value).lower() if isinstance(value, bool) else str(value)
                words += [f"--{section}.{name}", text]
    if snapshots:
        words += ["--snapshots", ",".join(map(str, snapshots))]
    return shlex.join(words)


def training_of(recorded: Metrics, directory: Path) -> Training:
    """The training recorded in metrics.json of a model directory.

    Raises:
        DataError: no training is recorded.
    """
    if recorded.training is None:
        raise DataError(f"{directory / METRICS_FILE} does not say how the model was trained")
    return recorded.training


def training_record(directory: Path, history: pd.DataFrame, command: str) -> Training:
    """The record of a finished training."""
    _, _, config = read_config(directory)
    assert config is not None  # it was trained here
    return Training(
        command=command,
        seed=config.seed,
        loss=config.loss,
        epochs=len(history),
        best_epoch=1 + int(history["NDCG@10"].to_numpy().argmax()),
        seconds=round(float(history["seconds"].sum()), 1),
    )


def write_readme(directory: Path) -> None:
    """Write the model directory's README.md from config.json and metrics.json."""
    model, catalogue, training = read_config(directory)
    recorded = read_metrics(directory)
    source = recorded.source
    text = render(
        TEMPLATE,
        model=model,
        catalogue=catalogue,
        training=training,
        metrics=recorded,
        source=source,
        command=None if source else training_of(recorded, directory).command,
        protocol=recorded.test.protocol,
        kind=_kind(model),
        names=("HR@10", "NDCG@10", "MRR"),
        splits=list(HELD_OUT),
        validation=recorded.validation.protocol.split.partition(": ")[2].removesuffix(" item"),
        among=ranked_among(recorded.test.protocol.to_json()),
        config_file=CONFIG_FILE,
        ranks_file=RANKS_FILE,
    )
    write_text(directory / README_FILE, text)


def _kind(model: ModelConfig) -> str:
    refinement, backbone = REFINEMENTS[model.refinement], BACKBONES[model.backbone].title
    if not refinement.learns_attention:
        return f"{backbone} without learned attention"
    return f"{'AWRSR' if refinement.has_second_order() else 'Vanilla'} {backbone}"
