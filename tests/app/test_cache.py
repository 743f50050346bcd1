"""Directories of datasets and models: found, read once, read again when replaced, or refused."""

import dataclasses
import hashlib
import json
import os
import re
import shutil
from collections import Counter
from pathlib import Path

import pytest
import torch
from checking import check_numbers
from driving import (
    add_dataset,
    add_model,
    edit_config,
    messages,
    open_faithfulness,
    open_find,
    open_models,
    open_page,
    shipped_metrics,
    texts,
)
from helpers import make_dataset, parsed

import awrsr
from app import cache, folders, seeds, shell
from app.escape import with_commands
from app.questions import attribution_question
from awrsr.errors import CheckpointError, DataError

GOOD, BAD = "sasrec-none", "stosa-additive"


OFFERED = (GOOD, BAD)


# --- offered datasets and models ------------------------------------------------------------------


def test_datasets_of_the_environment_come_first(directory, tmp_path):
    (tmp_path / "a-folder-without-dataset").mkdir()
    shutil.copytree(directory, tmp_path / "ml-latest-small")
    found = folders.dataset_directories()
    assert list(found) == ["ml-latest-small", "tiny", "lichess-openings", "planted"]
    assert found["ml-latest-small"] == tmp_path / "ml-latest-small"


def test_without_the_environment_the_embedded_datasets_are_offered(monkeypatch):
    monkeypatch.delenv(folders.ASSETS_VARIABLE, raising=False)
    assert list(folders.dataset_directories().values()) == [
        folders.ASSETS / "ml-latest-small",
        folders.ASSETS / "lichess-openings",
        folders.ASSETS / "planted",
    ]


def test_no_dataset_at_all_says_how_to_make_one(monkeypatch, tmp_path):
    monkeypatch.setattr(folders, "ASSETS", tmp_path)
    page = open_page()
    assert messages(page) == []
    (info,) = page.info
    assert info.value == with_commands(folders.no_datasets())
    for command in re.findall(r"`(.*?)`", folders.no_datasets()):
        parsed(command)
    monkeypatch.setenv(folders.ASSETS_VARIABLE, str(tmp_path / "absent"))
    (problem,) = messages(open_page())
    assert "which does not exist" in problem  # beside what to do


def test_models_are_listed_by_backbone_in_the_refinements_order(tmp_path):
    names = ["custom", "sasrec-none", "sasrec-additive", "sasrec-own", "stosa-none", "stosa-simple"]
    for name in [*reversed(names), ".hidden"]:
        (tmp_path / "models" / name).mkdir(parents=True)
    (tmp_path / "models" / "README.md").touch()
    assert list(folders.model_directories(tmp_path)) == names
    assert folders.model_directories(tmp_path / "elsewhere") == {}


@pytest.mark.slow
def test_folders_whose_names_are_no_text_are_passed_over_and_named_once(directory):
    """On every page; neither their dataset nor their models can be requested."""
    odd = os.fsencode(directory) + b"/models/sasrec-\xff\xfe"
    shutil.copytree(os.fsencode(directory / "models" / GOOD), odd)
    shutil.copytree(os.fsencode(directory), os.fsencode(directory.parent) + b"/tin\xff")
    said = [
        f":material/visibility_off: 1 folder in {folder} is not shown: a name must be UTF-8 "
        f"('{name}')"
        for folder, name in (
            (directory.parent, "tin\\udcff"),
            (directory / "models", "sasrec-\\udcff\\udcfe"),
        )
    ]

    def check(page):
        assert [text for text in texts(page) if "visibility_off" in text] == said
        assert messages(page) == []
        return page

    check_numbers(check(open_page(a=GOOD, b=BAD)), directory)
    for open_another in (open_find, open_models, open_faithfulness):
        check(open_another())
    for name in (GOOD, BAD):
        shutil.rmtree(directory / "models" / name)
    assert "no models yet" in check(open_find()).info[0].value


def test_a_folder_of_datasets_whose_name_is_no_text_is_said(directory, monkeypatch, tmp_path):
    odd = os.fsdecode(os.fsencode(tmp_path) + b"/\xff")
    shutil.copytree(directory, Path(odd) / "tiny")
    monkeypatch.setenv(folders.ASSETS_VARIABLE, odd)
    (said,) = messages(open_page())
    assert f"names {odd!r}, which is not UTF-8; accepted: a folder of dataset directories" in said


def test_neighbours_are_read_once_and_a_large_one_costs_nothing(directory, monkeypatch):
    """Sixty models of one backbone, one with a config.json of 50 MB, without a second seed."""
    models, read = directory / "models", Counter()
    for number in range(60):
        copy = models / f"{GOOD}-{number}"
        shutil.copytree(models / GOOD, copy)
        edit_config(model={"inner_size": 17 + number})(copy)
    with (models / f"{GOOD}-7" / "config.json").open("a") as file:
        file.write(" " * 50_000_000)
    read_config, load = cache.read_config, json.loads
    sizes = []
    monkeypatch.setattr(
        cache, "read_config", lambda path: read.update([path.name]) or read_config(path)
    )
    monkeypatch.setattr(json, "loads", lambda text: sizes.append(len(text)) or load(text))
    for _ in range(2):
        assert seeds.seed_pair(models / GOOD, models / BAD) is None
    assert set(read) == {path.name for path in models.iterdir()} and set(read.values()) == {1}
    assert max(sizes) < 10_000
    shutil.copytree(models / GOOD, directory / "seeds" / "again")
    edit_config(training={"seed": 5})(directory / "seeds" / "again")
    twins = models / GOOD, directory / "seeds" / "again"
    assert seeds.seed_pair(models / BAD, models / GOOD) == twins
    assert set(read.values()) == {1}
    edit_config(training={"epochs": 7})(models / GOOD)
    assert seeds.seed_pair(models / BAD, models / GOOD) is None
    assert read == Counter(read.keys()) + Counter([GOOD])


# --- read once, read again ------------------------------------------------------------------------


def test_what_is_read_is_shared_until_its_files_are_replaced(directory, tiny_dataset):
    dataset, path = cache.get_dataset(directory), directory / "models" / GOOD
    model = cache.get_model(path)
    assert cache.get_dataset(directory) is dataset
    assert cache.get_model(path) is model

    shutil.rmtree(directory)
    other = dataclasses.replace(make_dataset(n_items=9, seed=1), name="tiny")
    add_dataset(directory.parent, other, GOOD)
    assert cache.get_dataset(directory).fingerprint == other.fingerprint != dataset.fingerprint
    assert cache.get_model(path).catalogue.n_items == 9
    assert (dataset.n_items, model.catalogue.n_items) == (11, 11)  # values in use stay valid


def test_an_attribution_is_computed_once_for_each_question(directory):
    path = directory / "models" / GOOD
    model = awrsr.load_model(path)

    def answer(*asked, **settings):
        return cache.get_attribution(attribution_question(path, *asked, settings))

    first = answer((1, 2, 3), 4, "integrated_gradients", None)
    again = answer((1, 2, 3), 4, "integrated_gradients", None)
    assert again.seconds == first.seconds > 0
    questions = [
        ((1, 2, 3), 4, "integrated_gradients", None),
        ((3, 2, 1), 4, "integrated_gradients", None),
        ((1, 2, 3), 5, "integrated_gradients", None),
        ((1, 2, 3), 4, "integrated_gradients", 5),
        ((1, 2, 3), 4, "leave_one_out", None),
        ((1, 2, 3), 4, "gradient_shap", None),
    ]
    for question in questions:
        received = answer(*question).attribution
        torch.testing.assert_close(received.values, awrsr.attribute(model, *question).values)
    coarse = answer(*questions[0], n_steps=2, max_steps=2)
    assert coarse.attribution.settings == first.attribution.settings | {
        "n_steps": 2,
        "max_steps": 2,
    }
    assert answer(*questions[0], max_steps=2, n_steps=2).seconds == coarse.seconds

    shutil.rmtree(path)
    add_model(directory, awrsr.load_dataset(directory), GOOD, hidden_size=4)
    replaced = answer(*questions[0]).attribution
    assert not torch.allclose(replaced.values, first.attribution.values)


def test_a_fingerprint_tells_weights_apart_and_is_read_again_when_they_are_replaced(directory):
    path = directory / "models" / GOOD
    first = cache.fingerprint(path)
    assert first == hashlib.sha256((path / "model.safetensors").read_bytes()).hexdigest()[:12]
    assert cache.fingerprint(path.parent / BAD) != first
    shutil.rmtree(path)
    add_model(directory, awrsr.load_dataset(directory), GOOD, hidden_size=4)
    assert cache.fingerprint(path) != first
    (path / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match="it lacks model.safetensors"):
        cache.fingerprint(path)


def test_names_on_the_board_are_read_once_for_each_catalogue(directory, tiny_dataset):
    names = cache.get_item_names(cache.get_dataset(directory))
    assert cache.get_item_names(cache.get_dataset(directory)) is names
    assert list(names.titles) == tiny_dataset.titles(range(1, 12))
    retitled = tiny_dataset.items.assign(title=[f"Other {item}" for item in range(11)])
    shutil.rmtree(directory)
    add_dataset(directory.parent, dataclasses.replace(tiny_dataset, items=retitled), GOOD)
    again = cache.get_item_names(cache.get_dataset(directory))
    assert list(again.titles) == [f"Other {item}" for item in range(11)]


def test_metrics_are_what_was_recorded(directory):
    path = directory / "models" / GOOD
    assert folders.get_metrics(path) is None
    recorded = shipped_metrics()
    (path / "metrics.json").write_text(json.dumps(recorded))
    assert folders.get_metrics(path).to_json() == recorded
    (path / "metrics.json").write_text(json.dumps(recorded | {"tests": {}}))
    with pytest.raises(DataError, match="unknown field 'tests'; accepted: .* Did you mean 'test'"):
        folders.get_metrics(path)


def test_device_name(monkeypatch):
    monkeypatch.setattr(shell, "resolve_device", lambda _: torch.device("cpu"))
    assert shell.device_name() == "CPU (no GPU found)"
    monkeypatch.setattr(shell, "resolve_device", lambda _: torch.device("cuda"))
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "Some GPU")
    assert shell.device_name() == "GPU: Some GPU"
