"""What is shipped: datasets, their models, and that every number is reproduced."""

import hashlib
import json
from collections import Counter
from functools import cache
from pathlib import Path

import pandas as pd
import pytest
from helpers import EMBEDDED, PAIRS, ROOT, parsed

from awrsr.config import Catalogue, ModelConfig, TrainConfig
from awrsr.data.dataset import Dataset
from awrsr.data.dataset_files import load_dataset, write_dataset
from awrsr.experiments.card import evaluate_stored, read_metrics
from awrsr.io.files import read_json, write_json
from awrsr.ranking.evaluation import evaluate_popularity
from awrsr.ranking.metrics import summarise
from awrsr.refinement import REFINEMENTS, USUAL
from awrsr.schema import Schema
from awrsr.studies import ExamplesFile
from awrsr.studies.faithfulness import StudyFile
from awrsr.studies.scan_files import ScanFile
from awrsr.training.checkpoint import (
    CONFIG_FILE,
    SCHEMA_VERSION,
    load_model,
    read_config,
    weights_fingerprint,
)

ASSETS = ROOT / "assets"
DATASETS = sorted(path.parent.name for path in ASSETS.glob("*/dataset.json"))
MODELS = sorted(path.parent for path in ASSETS.glob("*/*/*/config.json"))
"""All model directories, those trained with another seed too."""
FILES = [
    "README.md",
    "config.json",
    "history.csv",
    "metrics.json",
    "model.safetensors",
    "ranks.parquet",
]
FOLDERS = {"models", "seeds", "scan", "faithfulness"}
SPLITS = ("validation", "test")
MOST_BYTES = 40_000_000
"""Of everything in assets/."""

QUICK = {EMBEDDED / "models" / name for name in ("sasrec-additive", "stosa-stochastic")}
"""The models that the quick tests evaluate again."""

each_dataset = pytest.mark.parametrize("name", DATASETS)
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
def dataset_named(name: str) -> Dataset:
    return load_dataset(ASSETS / name)


@cache
def popularity(name: str) -> dict[str, float]:
    return evaluate_popularity(dataset_named(name)).metrics


def dataset_of(directory: Path) -> Dataset:
    return dataset_named(directory.parent.parent.name)


def recorded(directory: Path) -> dict:
    return json.loads((directory / "metrics.json").read_text())


def test_each_dataset_is_in_the_readme_of_all():
    assert {EMBEDDED.name, "lichess-openings", "planted"} == {*DATASETS}
    readme = (ASSETS / "README.md").read_text()
    for name in DATASETS:
        dataset = dataset_named(name)
        assert f"({name}/README.md)" in readme
        counts = (dataset.n_users, dataset.n_items, dataset.n_interactions, dataset.lengths().max())
        (row,) = [line for line in readme.splitlines() if line.startswith(f"| `{name}` |")]
        found = [cell.split()[0] for cell in row.split("|")[2:6]]
        assert found == [f"{count:,}" for count in counts]


@each_model
def test_what_a_model_directory_says_is_written_as_it_is_read(directory: Path, tmp_path: Path):
    kinds = {"model": ModelConfig, "catalogue": Catalogue, "training": TrainConfig}
    config = read_json(directory / CONFIG_FILE)
    said = {name: kind.from_json(config[name], where=name) for name, kind in kinds.items()}
    write_json(tmp_path / CONFIG_FILE, config | {name: said[name].to_json() for name in said})
    write_json(tmp_path / "metrics.json", read_metrics(directory).to_json())
    for name in ("config.json", "metrics.json"):
        assert (tmp_path / name).read_bytes() == (directory / name).read_bytes()


@each_dataset
def test_what_a_dataset_says_is_written_as_it_is_read(name: str, tmp_path: Path):
    write_dataset(dataset_named(name), tmp_path)
    written, shipped = tmp_path / "dataset.json", ASSETS / name / "dataset.json"
    assert written.read_bytes() == shipped.read_bytes()


@pytest.mark.parametrize(
    ("kind", "pattern"),
    [
        (ScanFile, "*/scan/scan.json"),
        (ExamplesFile, "*/scan/examples.json"),
        (StudyFile, "*/faithfulness/*/study.json"),
    ],
)
def test_what_a_study_says_is_written_as_it_is_read(
    kind: type[Schema], pattern: str, tmp_path: Path
):
    for path in ASSETS.glob(pattern):
        write_json(tmp_path / path.name, kind.from_json(read_json(path), where=path.name).to_json())
        assert (tmp_path / path.name).read_bytes() == path.read_bytes()


@each_dataset
def test_a_dataset_says_where_it_comes_from(name: str):
    dataset = dataset_named(name)
    assert dataset.name == name
    made_up = "planted" in dataset.about
    for word in ("source", "licence", *(() if made_up else ("citation",))):
        assert dataset.about[word]
    readme = (ASSETS / name / "README.md").read_text()
    assert readme.startswith(f"# {name}\n")
    for count in (dataset.n_users, dataset.n_items, dataset.n_interactions):
        assert f"{count:,}" in readme
    assert "python -m awrsr p" in readme  # prepare or plant


def test_the_films_come_with_their_licence():
    dataset = dataset_named(EMBEDDED.name)
    assert "Harper and Joseph A. Konstan" in dataset.about["citation"]
    licence = (EMBEDDED / "LICENSE.txt").read_text()
    for words in ("redistribute", "Harper", "ml-latest-small"):
        assert words in licence
    readme = (EMBEDDED / "README.md").read_text()
    for words in ("LICENSE.txt", "Konstan"):
        assert words in readme


def test_moves_are_written_as_players_do():
    items = dataset_named("lichess-openings").items
    assert (items["title"] == items["item_id"]).all()
    letters = {"N": "knight", "B": "bishop", "R": "rook", "Q": "queen", "K": "king"}
    castles = items["title"].str.startswith("O-O")
    pieces = items["title"].str[0].map(letters).fillna("pawn").mask(castles, "castling")
    assert (items["piece"] == pieces).all()
    move = r"(?:[NBRQK][a-h]?[1-8]?x?[a-h][1-8]|[a-h](?:x[a-h])?[1-8](?:=[NBRQ])?|O-O(?:-O)?)[+#]?"
    assert items["title"].str.fullmatch(move).all()


@each_dataset
def test_every_title_of_a_dataset_finds_its_item(name: str):
    dataset = dataset_named(name)
    titles = dataset.items["title"].tolist()
    counts = Counter(titles)
    once = [item for item, title in enumerate(titles, 1) if counts[title] == 1]
    assert len(once) > 0.99 * dataset.n_items
    assert dataset.encode(dataset.titles(once)) == once


@each_dataset
def test_nothing_else_is_shipped(name: str):
    directories = {path.name for path in (ASSETS / name).iterdir() if path.is_dir()}
    assert directories <= FOLDERS
    for place in (ASSETS / name / "models", ASSETS / name / "seeds"):
        if place.is_dir():
            assert all((path / CONFIG_FILE).is_file() for path in place.iterdir())
    files = [path for path in (ASSETS / name).rglob("*") if path.is_file()]
    assert not [path for path in files if path.name.startswith((".", "resume"))]
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


def test_models_of_every_kind_ship():
    """Of STOSA and the films two only, and none of it without mixing: there is no room for more."""
    names = {"-".join(pair) for pair in PAIRS}
    shipped = {path.name for path in MODELS}
    assert shipped & names == names - {"stosa-identity"}
    films = {path.name for path in MODELS if path.parent == EMBEDDED / "models"}
    sasrec = {name for name in names if name.startswith("sasrec")}
    assert films == {*sasrec, "stosa-none", "stosa-stochastic"}


def test_all_of_it_is_small():
    files = [path for path in ASSETS.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= MOST_BYTES


@each_model
def test_a_model_is_what_its_name_says_and_was_trained_like_the_others(directory: Path):
    """Models of a dataset differ by what their names say; a longer name says more than we read."""
    model, _, training = read_config(directory)
    backbone, refinement, *more = directory.name.split("-")
    assert (model.backbone, model.refinement) == (backbone, refinement)
    assert (backbone, refinement) in PAIRS
    again = directory.parent.name == "seeds"
    assert training.seed == (1 if again else 0)
    assert directory.name.endswith(f"-seed{training.seed}") == again
    like, _, usual = read_config(directory.parent.parent / "models" / "sasrec-none")
    own = {"backbone", "refinement", *USUAL}
    assert training.to_json() | {"seed": 0} == usual.to_json()
    if again or not more:
        assert {k: v for k, v in model.to_json().items() if k not in own} == {
            k: v for k, v in like.to_json().items() if k not in own
        }
    else:
        assert model != like


@each_model
def test_a_model_is_the_one_that_was_recorded(directory: Path):
    dataset = dataset_of(directory)
    assert sorted(path.name for path in directory.iterdir()) == FILES
    model = load_model(directory, "cpu")
    assert model.catalogue.fingerprint == dataset.fingerprint
    assert model.catalogue.name == dataset.name
    record, ranks = recorded(directory), pd.read_parquet(directory / "ranks.parquet")
    assert record["weights_sha256"] == weights_fingerprint(directory)
    content = (directory / "model.safetensors").read_bytes()
    assert hashlib.sha256(content).hexdigest().startswith(record["weights_sha256"])
    assert record["dataset"] == model.catalogue.to_json()
    for split in SPLITS:
        stored = ranks[ranks["split"] == split]
        assert summarise(stored["rank"]) == pytest.approx(record[split]["metrics"], rel=1e-12)


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
        # Another processor rounds matrix products otherwise, so that items of nearly equal score
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
def test_a_model_tells_how_it_was_trained(directory: Path):
    record = recorded(directory)
    training = record["training"]
    model, catalogue, config = read_config(directory)
    assert (training["seed"], training["loss"]) == (config.seed, config.loss)
    asked = parsed(training["command"])
    assert str(asked["dataset"]) == f"assets/{directory.parent.parent.name}"
    assert asked["train"].seed == config.seed
    version = json.loads((directory / CONFIG_FILE).read_text())["schema_version"]
    if version == SCHEMA_VERSION:  # what a command leaves out was otherwise before
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
