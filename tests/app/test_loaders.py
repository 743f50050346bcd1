"""Directories to datasets and models: found, read once, read again when replaced, refused whole."""

import dataclasses
import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import make_dataset
from driving import add_dataset, add_model, figures, messages, open_page, run, texts, unescaped

import awrsr
from app import loaders
from app.text import plain

GOOD, BAD = "sasrec-none", "stosa-additive"


@pytest.fixture
def directory(tmp_path, monkeypatch, tiny_dataset) -> Path:
    """The tiny dataset with two models, on offer before the embedded one."""
    monkeypatch.setenv(loaders.ASSETS_VARIABLE, str(tmp_path))
    return add_dataset(tmp_path, tiny_dataset, GOOD, BAD)


# --- what is found --------------------------------------------------------------------------------


def test_datasets_of_the_environment_come_first(directory, tmp_path):
    (tmp_path / "a-folder-without-dataset").mkdir()
    shutil.copytree(directory, tmp_path / "ml-latest-small")
    found = loaders.dataset_directories()
    assert list(found) == ["ml-latest-small", "tiny"]
    assert found["ml-latest-small"] == tmp_path / "ml-latest-small"


def test_without_the_environment_the_embedded_datasets_are_offered(monkeypatch):
    monkeypatch.delenv(loaders.ASSETS_VARIABLE, raising=False)
    assert list(loaders.dataset_directories().values()) == [loaders.ASSETS / "ml-latest-small"]


def test_no_dataset_at_all_says_how_to_make_one(monkeypatch, tmp_path):
    monkeypatch.setattr(loaders, "ASSETS", tmp_path)
    page = open_page()
    assert messages(page) == [f"No dataset in {tmp_path}. Make one with `python -m awrsr prepare`."]


def test_models_are_listed_by_backbone_in_the_refinements_order(tmp_path):
    names = ["custom", "sasrec-none", "sasrec-additive", "sasrec-own", "stosa-none", "stosa-simple"]
    for name in [*reversed(names), ".hidden"]:
        (tmp_path / "models" / name).mkdir(parents=True)
    (tmp_path / "models" / "README.md").touch()
    assert list(loaders.model_directories(tmp_path)) == names
    assert loaders.model_directories(tmp_path / "elsewhere") == {}


# --- read once, read again ------------------------------------------------------------------------


def test_what_is_read_is_shared_until_its_files_are_replaced(directory, tiny_dataset):
    dataset, path = loaders.get_dataset(directory), directory / "models" / GOOD
    model = loaders.get_model(path)
    assert loaders.get_dataset(directory) is dataset
    assert loaders.get_model(path) is model

    shutil.rmtree(directory)
    other = dataclasses.replace(make_dataset(n_items=9, seed=1), name="tiny")
    add_dataset(directory.parent, other, GOOD)
    assert loaders.get_dataset(directory).fingerprint == other.fingerprint != dataset.fingerprint
    assert loaders.get_model(path).catalogue.n_items == 9
    assert (dataset.n_items, model.catalogue.n_items) == (11, 11)  # whoever holds them goes on


def test_an_attribution_is_computed_once_for_each_question(directory):
    path = directory / "models" / GOOD
    model = awrsr.load_model(path)
    first = loaders.get_attribution(path, (1, 2, 3), 4, "integrated_gradients", None)
    again = loaders.get_attribution(path, (1, 2, 3), 4, "integrated_gradients", None)
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
        received = loaders.get_attribution(path, *question).attribution
        torch.testing.assert_close(received.values, awrsr.attribute(model, *question).values)

    shutil.rmtree(path)
    add_model(directory, awrsr.load_dataset(directory), GOOD, hidden_size=4)
    replaced = loaders.get_attribution(path, *questions[0]).attribution
    assert not torch.allclose(replaced.values, first.attribution.values)


def test_metrics_are_what_was_recorded(directory):
    path = directory / "models" / GOOD
    assert loaders.get_metrics(path) == {}
    (path / "metrics.json").write_text('{"test": 1}')
    assert loaders.get_metrics(path) == {"test": 1}


def test_device_name(monkeypatch):
    monkeypatch.setattr(loaders, "resolve_device", lambda _: torch.device("cpu"))
    assert loaders.device_name() == "CPU (no GPU found)"
    monkeypatch.setattr(loaders, "resolve_device", lambda _: torch.device("cuda"))
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "Some GPU")
    assert loaders.device_name() == "GPU: Some GPU"


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
    assert [box.value for box in page.error] == [plain(refusal(bad, tiny_dataset))]
    assert not page.warning
    history = tiny_dataset.sequence(0)[:-1].tolist()
    best = awrsr.recommend(awrsr.load_model(bad.parent / GOOD), history, dataset=tiny_dataset)
    shown = page.dataframe[1].value
    assert [title.lstrip("\u25c6 ") for title in shown["title"]] == best["title"].tolist()
    assert "other" not in shown
    assert set(figures(page)) == {"map-b-first_order", "map-b-refined", "attribution-b"}


def test_two_bad_models_leave_the_history_and_a_text_each(directory, tiny_dataset):
    for name, spoil in ((GOOD, break_json), (BAD, truncate)):
        spoil(directory / "models" / name)
    page = open_page()
    expected = [refusal(directory / "models" / name, tiny_dataset) for name in (GOOD, BAD)]
    assert messages(page) == expected
    assert len(page.dataframe) == 1
    assert not figures(page)


@pytest.mark.parametrize("content", ["{", "[]", '{"schema_version": 99}', "\x00\ufffd", ""])
def test_a_broken_dataset_is_refused_and_another_can_be_chosen(directory, content):
    broken = directory.parent / "broken"
    shutil.copytree(directory, broken)
    (broken / "dataset.json").write_text(content)
    page = open_page(dataset="broken")
    with pytest.raises(awrsr.AwrsrError) as refused:
        awrsr.load_dataset(broken)
    assert messages(page) == [str(refused.value)]
    assert not page.dataframe
    page.selectbox(key="dataset").set_value("tiny")
    assert messages(run(page)) == []
    assert len(page.dataframe) == 3


def test_a_dataset_without_models_says_how_to_train_one_until_one_is_there(
    tmp_path, monkeypatch, tiny_dataset
):
    monkeypatch.setenv(loaders.ASSETS_VARIABLE, str(tmp_path))
    directory = add_dataset(tmp_path, tiny_dataset)
    page = open_page()
    assert unescaped(page.info[0].value) == (
        f"tiny has no models yet: `python -m awrsr train {directory}`."
    )
    add_model(directory, tiny_dataset, GOOD)
    assert len(run(page).dataframe) == 3
    assert (page.session_state["a"], page.session_state["b"]) == (GOOD, GOOD)


def test_a_model_deleted_while_it_is_shown_gives_way_to_the_default(directory):
    page = open_page(a=BAD)
    shutil.rmtree(directory / "models" / BAD)
    run(page)
    assert page.session_state["a"] == GOOD
    assert messages(page) == [f"a={BAD} in the address: accepted: {GOOD}. The default is shown."]
    assert messages(run(page)) == []


RECORDED = {
    "metrics": {"NDCG@10": 0.25, "HR@10": 0.5},
    "protocol": {"candidates": "all <b>11</b> items", "users": "<i>12</i>"},
}


@pytest.mark.parametrize(
    ("metrics", "note"),
    [
        (
            json.dumps({"test": RECORDED}),
            "Test NDCG@10 0.2500, HR@10 0.5000 (last item, ranked among all <b>11</b> items; "
            "<i>12</i> users)",
        ),
        (None, "No readable metrics.json: run `python -m awrsr evaluate` on it."),
        ("{", "No readable metrics.json"),
        ('{"test": []}', "No readable metrics.json"),
        ('{"test": {"metrics": {"NDCG@10": "high"}}}', "No readable metrics.json"),
    ],
    ids=["recorded", "missing", "broken", "a list", "a word"],
)
def test_metrics_are_shown_with_their_protocol_or_missed(directory, metrics, note):
    if metrics is not None:
        (directory / "models" / GOOD / "metrics.json").write_text(metrics)
    page = open_page()
    assert any(text.startswith(note) for text in texts(page))
    assert not any("<i>" in caption.value for caption in page.caption)
    assert messages(page) == []
