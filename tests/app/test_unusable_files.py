"""Unusable files are named in their place; everything else is shown."""

import json
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
from checking import check_board, check_numbers, read_model
from driving import (
    add_dataset,
    add_model,
    edit_config,
    figures,
    messages,
    open_find,
    open_models,
    open_page,
    run,
    sent,
    shipped_metrics,
    texts,
    unescaped,
)

import awrsr
from app import folders
from app.escape import plain
from awrsr.training.checkpoint import WEIGHTS_FILE

GOOD, BAD = "sasrec-none", "stosa-additive"
OFFERED = (GOOD, BAD)


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


def remove_config(path: Path) -> None:
    (path / "config.json").unlink()


def remove_all(path: Path) -> None:
    shutil.rmtree(path)
    path.mkdir()


def break_json(path: Path) -> None:
    (path / "config.json").write_text('{"schema_version": 1,')


DAMAGES = {
    "truncated weights": (truncate, "is not a complete safetensors file"),
    "empty weights": (empty, "is not a complete safetensors file"),
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
    """The library's refusal of a model for a dataset."""
    with pytest.raises(awrsr.AwrsrError) as refused:
        awrsr.recommend(awrsr.load_model(path), [1], dataset=dataset)
    return str(refused.value)


@pytest.mark.few(3)
@pytest.mark.usefixtures("all_tabs")
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
    # the other model gives the first recommendation; the zip has its data
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
    assert not page.dataframe and not figures(page)


@pytest.mark.few(2)
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
    "split": "leave-one-out, test: the last item",
    "candidates": "all <b>11</b> items",
    "ties": "count against the target",
    "users": 12,
}


@pytest.mark.few(2)
@pytest.mark.parametrize(
    ("metrics", "note", "protocol"),
    [
        (
            json.dumps(shipped_metrics(test=RECORDED)),
            "Test NDCG@10 0.2500, HR@10 0.5000",
            "For the stored weights, recorded by `awrsr evaluate`: the last item of each of "
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
        file.truncate(40_000_000_000)  # it takes no space on the disk
    chosen = {"a": "sasrec-simple", "b": "sasrec-none"}
    for open_at in (open_page, open_find, open_models):
        (refusal,) = [box.value for box in open_at(**chosen).error]
        assert "40,000,000,000 bytes" in refusal
