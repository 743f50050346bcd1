"""The shipped files: datasets and results, complete, described, and small."""

import json
from collections import Counter
from pathlib import Path

import pytest
from helpers import EMBEDDED
from shipped import ASSETS, DATASETS, dataset_named

from awrsr.data.dataset_files import write_dataset
from awrsr.io.files import read_json, write_json
from awrsr.schema import Schema
from awrsr.studies import ExamplesFile
from awrsr.studies.faithfulness import StudyFile
from awrsr.studies.scan_files import ScanFile
from awrsr.training.checkpoint import CONFIG_FILE

FOLDERS = {"models", "seeds", "scan", "faithfulness"}
MOST_BYTES = 40_000_000
"""Maximum bytes of everything in assets/."""

each_dataset = pytest.mark.parametrize("name", DATASETS)


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


@each_dataset
def test_the_files_of_a_dataset_are_written_as_read(name: str, tmp_path: Path):
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
def test_the_files_of_a_study_are_written_as_read(kind: type[Schema], pattern: str, tmp_path: Path):
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


def test_all_of_it_is_small():
    files = [path for path in ASSETS.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= MOST_BYTES
