"""Directories to datasets and models: found, read once, read again when replaced, refused whole."""

import dataclasses
import hashlib
import json
import os
import pickle
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from driving import (
    add_dataset,
    add_model,
    check_board,
    check_numbers,
    figures,
    messages,
    open_page,
    read_model,
    run,
    sent,
    shipped_metrics,
    texts,
    unescaped,
)
from helpers import make_dataset
from test_faithfulness_page import open_faithfulness
from test_find import open_find
from test_models_page import open_models

import awrsr
from app import cache, folders, shell
from app.escape import plain
from awrsr.errors import CheckpointError, DataError
from awrsr.training.checkpoint import WEIGHTS_FILE

GOOD, BAD = "sasrec-none", "stosa-additive"


@pytest.fixture
def directory(tmp_path, monkeypatch, tiny_dataset) -> Path:
    """The tiny dataset with two models, on offer before the embedded one."""
    monkeypatch.setenv(folders.ASSETS_VARIABLE, str(tmp_path))
    return add_dataset(tmp_path, tiny_dataset, GOOD, BAD)


# --- what is found --------------------------------------------------------------------------------


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
    assert messages(page) == [f"No dataset in {tmp_path}. Make one with `python -m awrsr prepare`."]


def test_models_are_listed_by_backbone_in_the_refinements_order(tmp_path):
    names = ["custom", "sasrec-none", "sasrec-additive", "sasrec-own", "stosa-none", "stosa-simple"]
    for name in [*reversed(names), ".hidden"]:
        (tmp_path / "models" / name).mkdir(parents=True)
    (tmp_path / "models" / "README.md").touch()
    assert list(folders.model_directories(tmp_path)) == names
    assert folders.model_directories(tmp_path / "elsewhere") == {}


def test_folders_whose_names_are_no_text_are_passed_over_and_named_once(directory):
    """On every page; neither their dataset nor their models can be asked for."""
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
    """Sixty models of one backbone, one of them with a config.json of 50 MB, none a second seed."""
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
        assert cache.seed_pair(models / GOOD, models / BAD) is None
    assert set(read) == {path.name for path in models.iterdir()} and set(read.values()) == {1}
    assert max(sizes) < 10_000
    shutil.copytree(models / GOOD, directory / "seeds" / "again")
    edit_config(training={"seed": 5})(directory / "seeds" / "again")
    twins = models / GOOD, directory / "seeds" / "again"
    assert cache.seed_pair(models / BAD, models / GOOD) == twins
    assert set(read.values()) == {1}
    edit_config(training={"epochs": 7})(models / GOOD)
    assert cache.seed_pair(models / BAD, models / GOOD) is None
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
    assert (dataset.n_items, model.catalogue.n_items) == (11, 11)  # whoever holds them goes on


def test_an_attribution_is_computed_once_for_each_question(directory):
    path = directory / "models" / GOOD
    model = awrsr.load_model(path)

    def answer(*asked, **settings):
        return cache.get_attribution(cache.attribution_question(path, *asked, settings))

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


# --- files that cannot be used --------------------------------------------------------------------


def truncate(path: Path) -> None:
    weights = path / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])


def empty(path: Path) -> None:
    (path / "model.safetensors").write_bytes(b"")


def replace_by_pickle(path: Path) -> None:
    with (path / "model.safetensors").open("wb") as file:
        pickle.dump({"weight": np.zeros(3)}, file)


def replace_by_another_model(path: Path) -> None:
    shutil.copy(path.parent / GOOD / "model.safetensors", path)


def edit_config(**changes) -> Callable[[Path], None]:
    def edit(path: Path) -> None:
        config = json.loads((path / "config.json").read_text())
        for section, values in changes.items():
            config[section] |= values
        (path / "config.json").write_text(json.dumps(config))

    return edit


def remove_config(path: Path) -> None:
    (path / "config.json").unlink()


def remove_all(path: Path) -> None:
    shutil.rmtree(path)
    path.mkdir()


def break_json(path: Path) -> None:
    (path / "config.json").write_text('{"schema_version": 1,')


DAMAGES = {
    "truncated weights": (truncate, "is not a whole safetensors file"),
    "empty weights": (empty, "is not a whole safetensors file"),
    "a pickle under the weights' name": (replace_by_pickle, "Only safetensors are read"),
    "weights of another model": (replace_by_another_model, "does not fit config.json: missing"),
    "an unknown field": (edit_config(model={"<b>rank</b>": 1}), "unknown field '<b>rank</b>'"),
    "a field out of range": (edit_config(model={"n_heads": 3}), "n_heads must divide hidden_size"),
    "no config": (remove_config, "it lacks config.json"),
    "an empty directory": (remove_all, "it lacks config.json, model.safetensors"),
    "broken JSON": (break_json, "is not readable JSON"),
    "another catalogue": (
        edit_config(catalogue={"name": "[other](http://x)", "fingerprint": "0123456789abcdef"}),
        "the model belongs to '[other](http://x)' (11 items, fingerprint 0123456789abcdef)",
    ),
}


def refusal(path: Path, dataset: awrsr.Dataset) -> str:
    """What the library says of a model and a dataset."""
    with pytest.raises(awrsr.AwrsrError) as refused:
        awrsr.recommend(awrsr.load_model(path), [1], dataset=dataset)
    return str(refused.value)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_bad_model_is_refused_in_its_place_and_the_other_is_shown(
    directory, tiny_dataset, damage
):
    spoil, reason = DAMAGES[damage]
    bad = directory / "models" / BAD
    spoil(bad)
    page = open_page(a=BAD, b=GOOD)
    assert reason in refusal(bad, tiny_dataset)
    why = f"Model A, {plain(BAD)}: {plain(refusal(bad, tiny_dataset))}"
    assert [box.value for box in page.error] == [why]
    assert not page.warning
    history = tiny_dataset.sequence(0)[:-1].tolist()
    best = awrsr.recommend(awrsr.load_model(bad.parent / GOOD), history, dataset=tiny_dataset)
    shown = page.dataframe[0].value
    assert [title.lstrip("\u25c6 ") for title in shown["title"]] == best["title"].tolist()
    assert "other" not in shown
    check_board(page, tiny_dataset, {"b": read_model(bad.parent / GOOD)}, history)
    assert [bars["name"] for bars in figures(page)["attribution"]] == ["B Integrated gradients"]
    assert "b" in page.query_params and page.query_params["a"].startswith(BAD)
    # whoever is left gives the first recommendation; the zip has what there is
    page = open_page(a=BAD, b=GOOD, source="own", items="1.2.3")
    (line,) = (text for text in texts(page) if "\u00b7 rank in " in text)
    assert "** (first recommendation of B) \u00b7 rank in B **" in line
    assert "take_away" in {c.key for c in page.get("bidi_component")}


def test_two_bad_models_leave_the_history_and_a_text_each(directory, tiny_dataset):
    for name, spoil in ((GOOD, break_json), (BAD, truncate)):
        spoil(directory / "models" / name)
    page = open_page()
    assert messages(page) == [
        f"Model {side}, {name}: {refusal(directory / 'models' / name, tiny_dataset)}"
        for side, name in (("A", GOOD), ("B", BAD))
    ]
    assert sent(page, "history_list")["rows"]
    assert sent(page, "board") is None
    assert not page.dataframe and not figures(page) and not page.get("bidi_component")[1:]


@pytest.mark.parametrize("content", ["{", "[]", '{"schema_version": 99}', "\x00\ufffd", ""])
def test_a_broken_dataset_is_refused_and_another_can_be_chosen(directory, content):
    broken = directory.parent / "broken"
    shutil.copytree(directory, broken)
    (broken / "dataset.json").write_text(content)
    page = open_page(dataset="broken")
    with pytest.raises(awrsr.AwrsrError) as refused:
        awrsr.load_dataset(broken)
    assert messages(page) == [str(refused.value)]
    assert not page.get("bidi_component")
    page.selectbox(key="dataset").set_value("tiny")
    assert messages(run(page)) == []
    check_numbers(page, directory)


def test_a_dataset_without_models_says_how_to_train_one_until_one_is_there(
    tmp_path, monkeypatch, tiny_dataset
):
    monkeypatch.setenv(folders.ASSETS_VARIABLE, str(tmp_path))
    directory = add_dataset(tmp_path, tiny_dataset)
    page = open_page()
    assert unescaped(page.info[0].value) == (
        f"tiny has no models yet: `python -m awrsr train {directory}`."
    )
    add_model(directory, tiny_dataset, GOOD)
    check_numbers(run(page), directory)
    assert (page.session_state["a"], page.session_state["b"]) == (GOOD, GOOD)


def test_a_model_deleted_while_it_is_shown_gives_way_to_the_default(directory):
    page = open_page(a=BAD, b=GOOD)
    address = page.query_params["a"]
    shutil.rmtree(directory / "models" / BAD)
    run(page)
    assert page.session_state["a"] == GOOD
    (said,) = messages(page)
    assert said.endswith(f"\n- a={address} in the address: unknown; accepted: {GOOD}")
    assert messages(run(page)) == []
    check_numbers(page, directory)


RECORDED = shipped_metrics()["test"]
RECORDED["metrics"] |= {"NDCG@10": 0.25, "HR@10": 0.5}
RECORDED["protocol"] = {
    "split": "last",
    "candidates": "all <b>11</b> items",
    "ties": "count against the target",
    "users": 12,
}


@pytest.mark.parametrize(
    ("metrics", "note", "protocol"),
    [
        (
            json.dumps(shipped_metrics(test=RECORDED)),
            "Test NDCG@10 0.2500, HR@10 0.5000",
            "Of the stored weights, recorded by `awrsr evaluate`: the last item of each of "
            "12 users, ranked among all <b>11</b> items.",
        ),
        (None, "No readable metrics.json", "Run `python -m awrsr evaluate` on it."),
        ("{", "No readable metrics.json", "Run `python -m awrsr evaluate` on it."),
        ('{"test": []}', "No readable metrics.json", "Run `python -m awrsr evaluate` on it."),
        (
            json.dumps(shipped_metrics(test={**RECORDED, "metrics": {"NDCG@10": "high"}})),
            "No readable metrics.json",
            "Run `python -m awrsr evaluate` on it.",
        ),
    ],
    ids=["recorded", "missing", "broken", "a list", "a word"],
)
def test_metrics_are_shown_with_their_protocol_or_missed(directory, metrics, note, protocol):
    if metrics is not None:
        (directory / "models" / GOOD / "metrics.json").write_text(metrics)
    page = open_page(a=GOOD, b=BAD)
    assert [text for text in texts(page) if text == note]
    help_text = page.selectbox(key="a").proto.help
    assert unescaped(help_text) == protocol
    assert "<b>" not in help_text.replace("\\<b", "")
    assert messages(page) == []


def test_weights_larger_than_their_config_are_refused_on_every_page(
    tmp_path: Path, monkeypatch, tiny_dataset
):
    monkeypatch.setenv("AWRSR_ASSETS", str(tmp_path))
    models = add_dataset(tmp_path, tiny_dataset, "sasrec-none", "sasrec-simple") / "models"
    with (models / "sasrec-simple" / WEIGHTS_FILE).open("r+b") as file:
        file.truncate(40_000_000_000)  # it takes no room on the disk
    chosen = {"a": "sasrec-simple", "b": "sasrec-none"}
    for open_at in (open_page, open_find, open_models):
        (refusal,) = [box.value for box in open_at(**chosen).error]
        assert "40,000,000,000 bytes" in refusal
