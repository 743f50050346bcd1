"""The page Find on a dataset without a scan, or with a scan or models that do not fit."""

import json
import shutil
from pathlib import Path

import pytest
from driving import add_model, found, infos, messages, open_find, slice_rows, texts
from helpers import EMBEDDED

import awrsr
from app.views.find import page as find
from awrsr.studies import scan, write_scan

A, B = "sasrec-none", "sasrec-additive"


OFFERED = (A, B, "stosa-simple")


def test_a_small_dataset_is_scanned_at_once(directory: Path, tiny_dataset):
    page = open_find()
    assert messages(page) == []
    said = texts(page)
    assert any(
        "There is no scan of this dataset, so these two models were scanned" in t for t in said
    )
    assert any("there are no two seeds of one SASRec model" in text for text in said)
    models = {name: awrsr.load_model(directory / "models" / name) for name in (A, B)}
    expected = scan(models, tiny_dataset).users
    table = found(page).set_index("user_id")
    for side, name in (("a", A), ("b", B)):
        ranks = expected[expected["model"] == name].set_index("user_id")["rank"]
        assert table[f"rank_{side}"].to_dict() == ranks.to_dict()
    assert "divergence_seeds" not in table  # it has no values
    assert slice_rows(page)["JS, seeds"].str.endswith(", \u2013").all()


def test_a_large_dataset_says_which_command(directory: Path, monkeypatch):
    monkeypatch.setattr(find, "MAX_COMPUTED", 3)
    page = open_find()
    (said,) = messages(page)
    assert "there is no scan of this dataset" in said
    assert f"python -m awrsr scan {directory}" in said


@pytest.mark.few(2)
@pytest.mark.parametrize(
    "damage, why",
    [
        ("weights", "the scan is of other weights of sasrec-additive"),
        ("models", "the scan does not contain sasrec-additive"),
        ("pairs", "the scan does not compare sasrec-none and sasrec-additive"),
        ("dataset", "the scan is of another dataset"),
        ("file", "users.parquet is not readable parquet"),
        ("json", "scan.json is not readable JSON"),
    ],
)
def test_a_scan_that_does_not_fit_is_not_used(
    directory: Path, tiny_dataset, damage: str, why: str, monkeypatch
):
    models = {path.name: path for path in sorted((directory / "models").iterdir())}
    if damage == "models":
        del models[B]
    pairs = [(A, "stosa-simple")] if damage in ("pairs", "models") else None
    write_scan(models, tiny_dataset, directory / "scan", pairs=pairs, device="cpu")
    about = directory / "scan" / "scan.json"
    if damage == "weights":
        shutil.rmtree(directory / "models" / B)
        add_model(directory, tiny_dataset, B, inner_size=8)
    elif damage == "dataset":
        about.write_text(about.read_text().replace(tiny_dataset.fingerprint, "0" * 16))
    elif damage == "file":
        (directory / "scan" / "users.parquet").write_bytes(b"PAR1")
    elif damage == "json":
        about.write_text("{")
    page = open_find()  # small: computed at once
    assert messages(page) == []
    assert any(why.lower() in text.lower() for text in texts(page))
    assert len(found(page)) == tiny_dataset.n_users
    monkeypatch.setattr(find, "MAX_COMPUTED", 3)
    (said,) = messages(open_find())
    assert why.lower() in said.lower()


def test_seeds_of_the_scan_stand_beside_the_models(directory: Path, tiny_dataset):
    seed = add_model(directory, tiny_dataset, A.replace("none", "simple"))  # has its own folder
    shutil.move(seed, directory / "seed-1")
    shutil.copytree(directory / "models" / A, directory / "seed-2")
    config = json.loads((directory / "seed-2" / "config.json").read_text())
    config["training"]["seed"] = 5
    (directory / "seed-2" / "config.json").write_text(json.dumps(config))
    models = {name: directory / "models" / name for name in (A, B)}
    models["seed-2"] = directory / "seed-2"
    write_scan(models, tiny_dataset, directory / "scan", device="cpu")
    page = open_find()
    assert any("compare sasrec-none with seed-2" in text for text in texts(page))
    assert (found(page)["divergence_seeds"] < 1e-6).all()  # the same weights here
    assert "seed-2" not in next(box for box in page.selectbox if box.key == "a").options


def test_broken_models_are_named(directory: Path):
    (directory / "models" / B / "config.json").write_text("{}")
    (said,) = messages(open_find())
    assert "schema_version is None" in said
    shutil.copytree(EMBEDDED / "models" / B, directory / "models" / B, dirs_exist_ok=True)
    (said,) = messages(open_find())
    assert "belongs to 'ml-latest-small'" in said


def test_a_dataset_without_models(directory: Path):
    shutil.rmtree(directory / "models")
    assert "has no models yet" in infos(open_find())[0]
