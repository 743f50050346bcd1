"""What is shipped: the embedded dataset, its models, and that every number is reproduced."""

import hashlib
import json
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
from conftest import EMBEDDED, SHIPPED

from awrsr.checkpoint import load_model, read_config, weights_fingerprint
from awrsr.dataset import Dataset, load_dataset
from awrsr.evaluation import evaluate_popularity
from awrsr.metrics import summarise
from awrsr.model_card import evaluate_stored
from awrsr.refinement import READ_BY

MODELS = EMBEDDED / "models"
FILES = [
    "README.md",
    "config.json",
    "history.csv",
    "metrics.json",
    "model.safetensors",
    "ranks.parquet",
]
SPLITS = ("validation", "test")


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return load_dataset(EMBEDDED)


@pytest.fixture(scope="module")
def popularity(dataset: Dataset) -> dict[str, float]:
    return evaluate_popularity(dataset).metrics


each_model = pytest.mark.parametrize(
    "directory", [pytest.param(MODELS / "-".join(pair), id="-".join(pair)) for pair in SHIPPED]
)


def recorded(directory: Path) -> dict:
    return json.loads((directory / "metrics.json").read_text())


def test_the_dataset_says_where_it_comes_from(dataset: Dataset):
    counts = (dataset.n_users, dataset.n_items, dataset.n_interactions)
    assert counts == (671, 3_496, 90_072)
    for name in ("source", "licence", "citation"):
        assert dataset.about[name]
    assert "Harper and Joseph A. Konstan" in dataset.about["citation"]
    licence = (EMBEDDED / "LICENSE.txt").read_text()
    for words in ("redistribute", "Harper", "ml-latest-small"):
        assert words in licence
    readme = (EMBEDDED / "README.md").read_text()
    for words in ("LICENSE.txt", "Konstan", *(f"{count:,}" for count in counts)):
        assert words in readme


def test_every_title_of_the_dataset_finds_its_item(dataset: Dataset):
    titles = dataset.items["title"].tolist()
    counts = Counter(titles)
    once = [item for item, title in enumerate(titles, 1) if counts[title] == 1]
    assert len(once) > 0.99 * dataset.n_items
    assert dataset.encode(dataset.titles(once)) == once


def test_nothing_else_is_shipped():
    models = sorted(path.name for path in MODELS.iterdir())
    assert models == sorted("-".join(pair) for pair in SHIPPED)
    files = [path for path in EMBEDDED.rglob("*") if path.is_file()]
    assert not [path for path in files if path.name.startswith((".", "resume"))]
    assert sum(path.stat().st_size for path in MODELS.rglob("*") if path.is_file()) <= 20_000_000
    for path in files:
        content = path.read_bytes()
        match path.suffix:
            case ".parquet":
                assert content[:4] == content[-4:] == b"PAR1"
            case ".safetensors":  # a length of 8 bytes, then a JSON object
                length = int.from_bytes(content[:8], "little")
                assert json.loads(content[8 : 8 + length])
            case ".json" | ".csv" | ".md" | ".txt":
                assert content.decode()
            case _:
                pytest.fail(f"{path} is of no known kind, perhaps a pickle")


def test_the_models_were_trained_alike():
    settings = [read_config(MODELS / "-".join(pair)) for pair in SHIPPED]
    for (backbone, refinement), (model, _, training) in zip(SHIPPED, settings, strict=True):
        assert (model.backbone, model.refinement) == (backbone, refinement)
        assert training == settings[0][2]
        own = {"backbone", "refinement", *READ_BY}
        assert {k: v for k, v in model.to_json().items() if k not in own} == {
            k: v for k, v in settings[0][0].to_json().items() if k not in own
        }


@each_model
def test_a_model_gives_its_recorded_metrics(directory: Path, dataset: Dataset):
    assert [name for name in FILES if not (directory / name).is_file()] == []
    model = load_model(directory, "cpu")
    assert model.catalogue.fingerprint == dataset.fingerprint
    record = recorded(directory)
    assert record["weights_sha256"] == weights_fingerprint(directory)
    content = (directory / "model.safetensors").read_bytes()
    assert hashlib.sha256(content).hexdigest().startswith(record["weights_sha256"])
    assert record["dataset"] == model.catalogue.to_json()

    ranks = pd.read_parquet(directory / "ranks.parquet")
    evaluations = evaluate_stored(directory, dataset, device="cpu")
    assert sorted(evaluations) == sorted(SPLITS)
    for split in SPLITS:
        now, then = evaluations[split], record[split]
        assert then["protocol"].items() <= now.protocol.items()
        stored = ranks[ranks["split"] == split]
        assert stored["user_id"].tolist() == now.ranks["user_id"].tolist()
        assert stored["target"].tolist() == now.ranks["target"].tolist()
        assert summarise(stored["rank"]) == pytest.approx(then["metrics"], rel=1e-12)
        # Another processor rounds matrix products otherwise, so that items of nearly equal score
        # may change places: ranks move by little, a metric by less than one user's worth.
        assert now.metrics == pytest.approx(then["metrics"], abs=1 / dataset.n_users)
        moved = (stored["rank"].to_numpy() - now.ranks["rank"].to_numpy()) / stored[
            "rank"
        ].to_numpy()
        assert abs(moved).mean() < 0.001


@each_model
def test_a_model_beats_popularity_clearly(directory: Path, popularity: dict[str, float]):
    assert recorded(directory)["test"]["metrics"]["NDCG@10"] >= 2 * popularity["NDCG@10"]


@each_model
def test_a_model_tells_how_it_was_trained(directory: Path):
    record = recorded(directory)
    training = record["training"]
    _, _, config = read_config(directory)
    assert (training["seed"], training["loss"]) == (config.seed, config.loss)
    for words in ("python -m awrsr train assets/ml-latest-small", f"--train.seed {config.seed}"):
        assert words in training["command"]
    history = pd.read_csv(directory / "history.csv")
    assert history["epoch"].tolist() == list(range(1, training["epochs"] + 1))
    best = history.loc[history["NDCG@10"].idxmax()]
    assert best["epoch"] == training["best_epoch"]
    tolerance = 1 / record["validation"]["protocol"]["users"]
    for name in ("HR@10", "NDCG@5", "NDCG@10"):
        assert best[name] == pytest.approx(record["validation"]["metrics"][name], abs=tolerance)
    readme = (directory / "README.md").read_text()
    assert readme.startswith(f"# {directory.name} on ml-latest-small")
    assert training["command"] in readme
    for split in SPLITS:
        assert f"{record[split]['metrics']['NDCG@10']:.4f}" in readme
