"""The models that ship: each agrees with its files, and every number is reproduced."""

import hashlib
import json
from functools import cache
from pathlib import Path

import pandas as pd
import pytest
from helpers import EMBEDDED, PAIRS, parsed
from shipped import ASSETS, MODELS, dataset_named

from awrsr.config import Catalogue, ModelConfig, TrainConfig
from awrsr.data.dataset import Dataset
from awrsr.experiments.card import evaluate_stored, read_metrics
from awrsr.io.files import read_json, write_json
from awrsr.ranking.evaluation import evaluate, evaluate_popularity
from awrsr.ranking.metrics import summarise
from awrsr.refinement import REFINEMENTS, USUAL
from awrsr.training.checkpoint import (
    CONFIG_FILE,
    SCHEMA_VERSION,
    load_model,
    read_config,
    weights_fingerprint,
)
from awrsr.training.snapshots import SNAPSHOTS_FOLDER, load_snapshot, snapshot_epochs

FILES = [
    "README.md",
    "config.json",
    "history.csv",
    "metrics.json",
    "model.safetensors",
    "ranks.parquet",
]
SPLITS = ("validation", "test")

QUICK = {EMBEDDED / "models" / name for name in ("sasrec-additive", "stosa-stochastic")}
"""The models that the quick tests evaluate again."""
each_model = pytest.mark.parametrize(
    "directory", [pytest.param(path, id=str(path.relative_to(ASSETS))) for path in MODELS]
)
each_model_or_two = pytest.mark.parametrize(
    "directory",
    [
        pytest.param(
            path,
            id=str(path.relative_to(ASSETS)),
            marks=() if path in QUICK else pytest.mark.slow,
        )
        for path in MODELS
    ],
)


@cache
def popularity(name: str) -> dict[str, float]:
    return evaluate_popularity(dataset_named(name)).metrics


def dataset_of(directory: Path) -> Dataset:
    return dataset_named(directory.parent.parent.name)


def recorded(directory: Path) -> dict:
    return json.loads((directory / "metrics.json").read_text())


@each_model
def test_the_files_of_a_model_directory_are_written_as_read(directory: Path, tmp_path: Path):
    kinds = {"model": ModelConfig, "catalogue": Catalogue, "training": TrainConfig}
    config = read_json(directory / CONFIG_FILE)
    said = {name: kind.from_json(config[name], where=name) for name, kind in kinds.items()}
    write_json(tmp_path / CONFIG_FILE, config | {name: said[name].to_json() for name in said})
    write_json(tmp_path / "metrics.json", read_metrics(directory).to_json())
    for name in ("config.json", "metrics.json"):
        assert (tmp_path / name).read_bytes() == (directory / name).read_bytes()


def test_models_of_every_kind_ship():
    """Only two of STOSA for the films, and none of STOSA without mixing, to limit the size."""
    names = {"-".join(pair) for pair in PAIRS}
    shipped = {path.name for path in MODELS}
    assert shipped & names == names - {"stosa-identity"}
    films = {path.name for path in MODELS if path.parent == EMBEDDED / "models"}
    sasrec = {name for name in names if name.startswith("sasrec")}
    assert films == {*sasrec, "stosa-none", "stosa-stochastic"}


@each_model
def test_a_model_agrees_with_its_name_and_was_trained_like_the_others(directory: Path):
    """Models of a dataset differ only as their names say; longer names are not parsed fully."""
    model, _, training = read_config(directory)
    backbone, refinement, *more = directory.name.split("-")
    assert (model.backbone, model.refinement) == (backbone, refinement)
    assert (backbone, refinement) in PAIRS
    again = directory.parent.name == "seeds"
    assert training.seed == (1 if again else 0)
    assert directory.name.endswith(f"-seed{training.seed}") == again
    like, _, usual = read_config(directory.parent.parent / "models" / "sasrec-none")
    excluded = {"backbone", "refinement", *USUAL}
    assert training.to_json() | {"seed": 0} == usual.to_json()
    if again or not more:
        assert {k: v for k, v in model.to_json().items() if k not in excluded} == {
            k: v for k, v in like.to_json().items() if k not in excluded
        }
    else:
        assert model != like


@each_model
def test_a_model_is_the_one_that_was_recorded(directory: Path):
    dataset, record = dataset_of(directory), recorded(directory)
    kept = ["snapshots"] if parsed(record["training"]["command"])["snapshots"] else []
    assert sorted(path.name for path in directory.iterdir()) == sorted([*FILES, *kept])
    model = load_model(directory, "cpu")
    assert model.catalogue.fingerprint == dataset.fingerprint
    assert model.catalogue.name == dataset.name
    ranks = pd.read_parquet(directory / "ranks.parquet")
    assert record["weights_sha256"] == weights_fingerprint(directory)
    content = (directory / "model.safetensors").read_bytes()
    assert hashlib.sha256(content).hexdigest().startswith(record["weights_sha256"])
    assert record["dataset"] == model.catalogue.to_json()
    for split in SPLITS:
        stored = ranks[ranks["split"] == split]
        assert summarise(stored["rank"]) == pytest.approx(record[split]["metrics"], rel=1e-12)


KEPT = [
    pytest.param(
        path, epoch, id=f"{path.name}-{epoch}", marks=() if epoch == 6 else pytest.mark.slow
    )
    for path in MODELS
    for epoch in snapshot_epochs(path)
]


def test_two_models_of_planted_keep_the_same_epochs():
    kept = {path: snapshot_epochs(path) for path in MODELS if (path / SNAPSHOTS_FOLDER).exists()}
    assert {path.name for path in kept} == {"sasrec-none", "sasrec-additive"}
    assert {path.parent for path in kept} == {ASSETS / "planted" / "models"}
    for path, epochs in kept.items():
        assert epochs == parsed(recorded(path)["training"]["command"])["snapshots"]
        assert len(epochs) == len(list((path / SNAPSHOTS_FOLDER).iterdir())) == 6


@pytest.mark.few(1)
@pytest.mark.parametrize(("directory", "epoch"), KEPT)
def test_a_snapshot_has_the_recorded_metric_of_its_epoch(directory: Path, epoch: int):
    """So it is from the run that made the model."""
    history = pd.read_csv(directory / "history.csv").set_index("epoch")
    found = evaluate(load_snapshot(directory, epoch, "cpu"), dataset_of(directory), "validation")
    for name in ("HR@10", "NDCG@5", "NDCG@10"):
        assert found.metrics[name] == pytest.approx(history.loc[epoch, name], abs=0.001)


@pytest.mark.few(1)
@each_model_or_two
def test_a_model_gives_its_recorded_metrics(directory: Path):
    dataset, record = dataset_of(directory), recorded(directory)
    ranks = pd.read_parquet(directory / "ranks.parquet")
    evaluations = evaluate_stored(directory, dataset, device="cpu")
    assert sorted(evaluations) == sorted(SPLITS)
    for split in SPLITS:
        now, then = evaluations[split], record[split]
        assert then["protocol"].items() <= now.protocol.items()
        stored = ranks[ranks["split"] == split]
        assert stored["user_id"].tolist() == now.ranks["user_id"].tolist()
        assert stored["target"].tolist() == now.ranks["target"].tolist()
        # Another processor rounds matrix products differently, so that items of nearly equal score
        # may change places: ranks move by little, a metric by less than a user in a thousand, or
        # than one where there are fewer.
        assert now.metrics == pytest.approx(then["metrics"], abs=max(0.001, 1 / dataset.n_users))
        moved = (stored["rank"].to_numpy() - now.ranks["rank"].to_numpy()) / stored[
            "rank"
        ].to_numpy()
        assert abs(moved).mean() < 0.001


@each_model
def test_a_model_beats_popularity_clearly(directory: Path):
    model, _, _ = read_config(directory)
    times = 2 if REFINEMENTS[model.refinement].learns_attention else 1
    reached = recorded(directory)["test"]["metrics"]["NDCG@10"]
    assert reached >= times * popularity(directory.parent.parent.name)["NDCG@10"]


@each_model
def test_a_model_records_how_it_was_trained(directory: Path):
    record = recorded(directory)
    training = record["training"]
    model, catalogue, config = read_config(directory)
    assert (training["seed"], training["loss"]) == (config.seed, config.loss)
    asked = parsed(training["command"])
    assert str(asked["dataset"]) == f"assets/{directory.parent.parent.name}"
    assert asked["train"].seed == config.seed
    version = json.loads((directory / CONFIG_FILE).read_text())["schema_version"]
    if version == SCHEMA_VERSION:  # earlier versions had other defaults
        assert asked["model"] == model
        assert asked["train"] == config
    history = pd.read_csv(directory / "history.csv")
    assert history["epoch"].tolist() == list(range(1, training["epochs"] + 1))
    best = history.loc[history["NDCG@10"].idxmax()]
    assert best["epoch"] == training["best_epoch"]
    tolerance = 1 / record["validation"]["protocol"]["users"]
    for name in ("HR@10", "NDCG@5", "NDCG@10"):
        assert best[name] == pytest.approx(record["validation"]["metrics"][name], abs=tolerance)
    readme = (directory / "README.md").read_text()
    assert readme.startswith(f"# {model.backbone}-{model.refinement} on {catalogue.name}")
    assert training["command"] in readme
    for split in SPLITS:
        assert f"{record[split]['metrics']['NDCG@10']:.4f}" in readme
