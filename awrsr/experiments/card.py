"""What stands beside a trained model: metrics.json, the ranks they come from, and a README.md."""

import platform
import shlex
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from awrsr.config import (
    HELD_OUT,
    Candidates,
    ModelConfig,
    TrainConfig,
)
from awrsr.data.dataset import Dataset, load_dataset
from awrsr.errors import DataError
from awrsr.io.files import read_json, reading, write_atomically, write_json, write_text
from awrsr.io.templates import render
from awrsr.models import BACKBONES
from awrsr.ranking.evaluation import Evaluation, evaluate, ranked_among
from awrsr.refinement import REFINEMENTS
from awrsr.training.checkpoint import CONFIG_FILE, load_model, read_config, weights_fingerprint

SCHEMA_VERSION = 1
METRICS_FILE = "metrics.json"
RANKS_FILE = "ranks.parquet"
README_FILE = "README.md"
TEMPLATE = Path(__file__).with_name("templates") / "README.md.j2"
SOFTWARE = ("torch", "numpy", "pandas", "safetensors", "lightning-fabric")


def dataset_of(model_directory: str | Path) -> Dataset:
    """The dataset in whose models/ folder a model directory lies.

    Raises:
        DataError: it does not lie in one.
    """
    directory = Path(model_directory).resolve().parent.parent
    with reading(directory, DataError):
        found = (directory / "dataset.json").is_file()
    if not found:
        raise DataError(
            f"{model_directory} does not lie in the models/ folder of a dataset directory; "
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
    """Evaluations of the stored weights on both splits, by split, see `evaluate`."""
    model = load_model(directory, device)
    return {split: evaluate(model, dataset, split, candidates=candidates) for split in HELD_OUT}


def write_metrics(
    directory: Path,
    model_directory: Path,
    evaluations: dict[str, Evaluation],
    training: dict[str, Any] | None = None,
) -> None:
    """Write metrics.json and ranks.parquet.

    Args:
        directory: where to; must exist.
        model_directory: whose weights were evaluated.
        evaluations: by split.
        training: seed, command, epochs; None keeps what a metrics.json of the model says.
    """
    _, catalogue, _ = read_config(model_directory)
    if training is None and (model_directory / METRICS_FILE).is_file():
        training = read_json(model_directory / METRICS_FILE).get("training")
    ranks = pd.concat([result.ranks.assign(split=split) for split, result in evaluations.items()])
    write_atomically(
        directory / RANKS_FILE,
        lambda path: ranks.to_parquet(path, index=False, compression="zstd"),
    )
    write_json(
        directory / METRICS_FILE,
        {
            "schema_version": SCHEMA_VERSION,
            "weights_sha256": weights_fingerprint(model_directory),
            "dataset": catalogue.to_json(),
            **{
                split: {"protocol": result.protocol, "metrics": result.metrics}
                for split, result in evaluations.items()
            },
            "training": training,
            "software": {
                "python": platform.python_version(),
                **{name: version(name) for name in SOFTWARE},
            },
        },
    )


def training_command(
    dataset: Path, output: Path | None, model: ModelConfig, training: TrainConfig
) -> str:
    """The shell command that trains with these settings, those at their defaults left out."""
    words = ["python", "-m", "awrsr", "train", str(dataset)]
    if output is not None:
        words += ["--output", str(output)]
    for section, settings in (("model", model), ("train", training)):
        usual = type(settings)().to_json()
        for name, value in settings.to_json().items():
            if value != usual[name] or name in ("backbone", "refinement", "seed"):
                said = str(value).lower() if isinstance(value, bool) else str(value)
                words += [f"--{section}.{name}", said]
    return shlex.join(words)


def training_record(directory: Path, history: pd.DataFrame, command: str) -> dict[str, Any]:
    """The section "training" of metrics.json."""
    _, _, config = read_config(directory)
    return {
        "command": command,
        "seed": config.seed,
        "loss": config.loss,
        "epochs": len(history),
        "best_epoch": 1 + int(history["NDCG@10"].to_numpy().argmax()),
        "seconds": round(float(history["seconds"].sum()), 1),
    }


def write_readme(directory: Path) -> None:
    """Write the model directory's README.md from config.json and metrics.json."""
    model, catalogue, training = read_config(directory)
    metrics = read_json(directory / METRICS_FILE)
    if not isinstance(metrics.get("training"), dict):
        raise DataError(f"{directory / METRICS_FILE} does not say how the model was trained")
    protocol = metrics["test"]["protocol"]
    text = render(
        TEMPLATE,
        model=model,
        catalogue=catalogue,
        training=training,
        metrics=metrics,
        protocol=protocol,
        kind=_kind(model),
        names=("HR@10", "NDCG@10", "MRR"),
        splits=list(HELD_OUT),
        among=ranked_among(protocol),
        config_file=CONFIG_FILE,
        ranks_file=RANKS_FILE,
    )
    write_text(directory / README_FILE, text)


def _kind(model: ModelConfig) -> str:
    refinement, backbone = REFINEMENTS[model.refinement], BACKBONES[model.backbone].title
    if not refinement.learns_attention:
        return f"{backbone} without learned attention"
    return f"{'AWRSR' if refinement.has_second_order() else 'Vanilla'} {backbone}"
