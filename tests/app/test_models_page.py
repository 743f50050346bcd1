"""The page Models: cards, checks, curves, heads and matrices equal the files and the library."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from checking import escaped
from driving import (
    HOSTILE,
    add_dataset,
    add_model,
    choose,
    figures,
    infos,
    messages,
    open_models,
    run,
    tables,
    texts,
    titled,
    unescaped,
)
from helpers import EMBEDDED
from streamlit.testing.v1 import AppTest

import awrsr
from app.figures.charts import CURVES
from app.views.models.card import RECORDED, label
from app.views.models.heads import KINDS
from awrsr import board
from awrsr.experiments.card import evaluate_stored, write_metrics
from awrsr.io.files import write_json
from awrsr.studies import correlation_matrices, head_profile
from awrsr.training.checkpoint import read_config, save_weights

A, B = "sasrec-none", "sasrec-additive"
LAWS = 9


def verdicts(page: AppTest) -> list[str]:
    """The verdict of every line of the checks, A first."""
    said = [text for text in texts(page) if "material/check_circle" in text or ":small[" in text]
    return [text.split("  \n")[0].rpartition(": ")[2] for text in said]


OFFERED = (A, B, "stosa-stochastic")


def evaluated(directory: Path, dataset, *names: str) -> None:
    for name in names:
        path = directory / "models" / name
        write_metrics(path, path, evaluate_stored(path, dataset, device="cpu"))


# --- the shipped models ---------------------------------------------------------------------------


def labels(page) -> list[str]:
    """The titles of the folded parts."""
    return [each.label for each in page.expander]


def test_first_picture():
    page = open_models()
    assert messages(page) == []
    assert infos(page) == ["This model has no second order, so it has no such matrix."]
    assert verdicts(page) == ["pass"] * 2 * LAWS
    said = texts(page)
    assert labels(page).count(f"Checks of the loaded model: {LAWS} of {LAWS} pass") == 2
    for name, metrics, settings in zip(
        (A, B), tables(page, "split"), tables(page, "setting"), strict=True
    ):
        path = EMBEDDED / "models" / name
        recorded = json.loads((path / "metrics.json").read_text())
        assert metrics["split"].tolist() == ["test", "validation"]
        for split, row in zip(metrics["split"], metrics.to_dict("records"), strict=True):
            for metric in RECORDED:
                assert row[metric] == f"{recorded[split]['metrics'][metric]:.4f}"
        config, _, training = read_config(path)
        shown = dict(zip(settings["setting"], settings["value"], strict=True))
        for key, value in {**config.to_json(), **training.to_json()}.items():
            assert shown[key] == ("default" if value is None else str(value))
        assert recorded["training"]["command"] in [block.value for block in page.code]
        assert any(recorded["weights_sha256"] in text for text in said)
        assert any("those in the history excluded unless the target" in text for text in said)


def test_curves_are_those_of_history_csv():
    traces = figures(open_models())["curves"]
    lines = [trace for trace in traces if trace["mode"] == "lines"]
    kept = [trace for trace in traces if trace["mode"] == "markers"]
    histories = [pd.read_csv(EMBEDDED / "models" / name / "history.csv") for name in (A, B)]
    expected = [(history, column) for column in CURVES for history in histories]
    for line, mark, (history, column) in zip(lines, kept, expected, strict=True):
        np.testing.assert_allclose(line["y"], history[column])
        best = history.loc[history["NDCG@10"].idxmax()]
        assert (mark["x"][0], mark["y"][0]) == (best["epoch"], pytest.approx(best[column]))


def test_heads_and_matrices_are_the_library_s():
    page = open_models(a=B, b="stosa-stochastic", over="short")
    assert messages(page) == infos(page) == []
    drawn = figures(page)
    dataset = awrsr.load_dataset(EMBEDDED)
    users = np.flatnonzero(dataset.lengths() - 1 <= 34)
    groups = board.item_names(dataset).groups
    for side, name in (("a", B), ("b", "stosa-stochastic")):
        model = awrsr.load_model(EMBEDDED / "models" / name)
        profile = head_profile(model, dataset, users, groups=groups)
        (shown,) = drawn[f"heads-{side}"]
        assert "same genres" in shown["x"] and "repeats" not in shown["x"]
        for title, column in (("newest item", "itself"), ("same genres", "group")):
            place = list(shown["x"]).index(title)
            np.testing.assert_allclose(shown["z"][:, place], profile[column], atol=1e-5)
        assert len(shown["y"]) == 13 and shown["y"][-1] == KINDS["even"]
        for matrix in correlation_matrices(model):
            (map_,) = drawn[f"matrix-{side}-{matrix.layer}"]
            np.testing.assert_allclose(map_["z"], matrix.values, rtol=1e-5, atol=1e-6)
    tops = {drawn[f"matrix-{side}-{layer}"][0]["zmax"] for side in "ab" for layer in (1, 2)}
    assert len(tops) == 1  # one scale


def test_another_slice():
    page = open_models()
    before = figures(page)["heads-a"][0]["z"]
    choose(page, over="long")
    assert not np.allclose(before, figures(page)["heads-a"][0]["z"])
    assert any("Mean over 169 users" in text for text in texts(page))
    assert "over" in page.session_state and page.session_state["over"] == "long"


def test_a_vanilla_model_s_heads_are_shown_once():
    rows = figures(open_models())["heads-a"][0]["y"]
    assert list(rows) == [
        *(f"L{layer} H{head} first" for layer in (1, 2) for head in (1, 2)),
        "even row",
    ]


@pytest.mark.slow
def test_floors_have_heads_and_checks_and_no_matrices(directory: Path, tiny_dataset):
    add_model(directory, tiny_dataset, "sasrec-uniform")
    add_model(directory, tiny_dataset, "stosa-identity")
    evaluated(directory, tiny_dataset, "sasrec-uniform", "stosa-identity")
    page = open_models(a="sasrec-uniform", b="stosa-identity")
    assert messages(page) == []
    assert infos(page)[-2:] == 2 * ["This model has no second order, so it has no such matrix."]
    assert verdicts(page) == ["pass"] * 2 * LAWS
    even = figures(page)["heads-a"][0]["z"]
    np.testing.assert_allclose(even[:-1], even[[-1]].repeat(len(even) - 1, axis=0), atol=1e-6)
    itself = figures(page)["heads-b"][0]
    np.testing.assert_allclose(itself["z"][:-1, list(itself["x"]).index("newest item")], 1)


def test_one_model_twice_is_shown_once():
    page = open_models(a=A, b=A)
    assert messages(page) == []
    assert "A and B are the same model; it is shown once." in texts(page)
    assert verdicts(page) == ["pass"] * LAWS


# --- what is missing or wrong ---------------------------------------------------------------------


@pytest.mark.slow
def test_a_model_with_nothing_beside_it(directory: Path):
    page = open_models()
    assert messages(page) == []
    said = infos(page)
    for name in (A, B):
        path = directory / "models" / name
        assert any(f"`python -m awrsr evaluate {path} --output" in unescaped(text) for text in said)
        assert f"{name} has no history.csv: `python -m awrsr train` writes one" in said
    assert verdicts(page) == (["pass"] * (LAWS - 1) + ["not checked"]) * 2
    assert any("no metrics.json: run" in text for text in texts(page))


def test_recorded_ranks_are_reproduced(directory: Path, tiny_dataset):
    evaluated(directory, tiny_dataset, A, B)
    assert verdicts(open_models()) == ["pass"] * 2 * LAWS


def test_a_model_that_breaks_a_law_is_shown_with_a_fail(directory: Path, tiny_dataset):
    evaluated(directory, tiny_dataset, A, B)
    path = directory / "models" / B
    ranks = pd.read_parquet(path / "ranks.parquet")
    ranks["rank"] = ranks["rank"] % 5 + 1
    ranks.to_parquet(path / "ranks.parquet")
    page = open_models()
    assert messages(page) == []
    assert verdicts(page) == ["pass"] * (2 * LAWS - 1) + ["fail"]
    assert f"Checks of the loaded model: {LAWS - 1} of {LAWS} pass" in labels(page)


@pytest.mark.few(2)
@pytest.mark.parametrize(
    "file, content, said",
    [
        ("metrics.json", "{", "metrics.json of sasrec-additive is not readable"),
        ("metrics.json", '{"test": 3}', "metrics.json of sasrec-additive is not readable"),
        ("metrics.json", '{"validation": {}}', "metrics.json of sasrec-additive is not readable"),
        ("metrics.json", '{"training": 3}', "missing field 'schema_version', 'weights_sha256', "),
        ("history.csv", "", "history.csv of sasrec-additive is not readable"),
        ("history.csv", "a,b\n1,2\n", "history.csv of sasrec-additive has no epochs; it has a, b"),
        ("history.csv", "epoch,loss\nx,y\n1,2\n", ""),
        ("history.csv", "1" * 4_000_001, "has 4,000,001 bytes; accepted: at most 4,000,000"),
    ],
)
def test_damaged_records_are_named(directory: Path, file: str, content: str, said: str):
    (directory / "models" / B / file).write_text(content)
    page = open_models()
    assert messages(page) == []
    assert any(said in text for text in infos(page))


def test_models_that_cannot_be_loaded_are_named_and_the_other_is_shown(
    directory: Path, tiny_dataset
):
    (directory / "models" / B / "model.safetensors").write_bytes(b"\0" * 40)
    page = open_models()
    (said,) = messages(page)
    assert said.startswith("Model B, sasrec-additive: ")
    assert len(verdicts(page)) == LAWS
    shutil.copytree(EMBEDDED / "models" / B, directory / "models" / B, dirs_exist_ok=True)
    (said,) = messages(open_models())
    assert "belongs to 'ml-latest-small'" in said


@pytest.mark.slow
def test_weights_that_break_the_mathematics_fail_without_an_exception(
    directory: Path, tiny_dataset
):
    path = directory / "models" / B
    model = awrsr.load_model(path, "cpu")
    with torch.no_grad():
        model.item_embedding.weight.mul_(1e38)  # finite, but products overflow
        model.attention[0].query.weight.mul_(1e38)
    save_weights(path, model)
    page = open_models()
    assert messages(page) == []
    assert "fail" in verdicts(page)[LAWS:]


@pytest.mark.slow
def test_a_new_model_in_place_of_the_old_is_checked_again(directory: Path, tiny_dataset):
    page = open_models(b="stosa-stochastic")
    before = figures(page)["matrix-b-1"][0]["z"]
    shutil.rmtree(directory / "models" / "stosa-stochastic")
    add_model(directory, tiny_dataset, "stosa-stochastic", max_length=5)
    run(page)
    assert figures(page)["matrix-b-1"][0]["z"].shape == (5, 5) != before.shape


def test_no_models_and_no_dataset(directory: Path, monkeypatch):
    shutil.rmtree(directory / "models")
    assert "has no models yet" in infos(open_models())[0]


def test_an_address_that_means_nothing(directory: Path):
    page = open_models(over="everyone", a="nobody")
    (said,) = messages(page)
    assert "over=everyone" in said and "a=nobody" in said


@pytest.mark.slow
def test_text_from_files_is_shown_as_it_is(tmp_path, monkeypatch):
    monkeypatch.setenv("AWRSR_ASSETS", str(tmp_path))
    dataset = titled(HOSTILE, mood=["<b>x</b>", "y"] * 4)
    directory = add_dataset(tmp_path, dataset, A, B)
    evaluated(directory, dataset, A)
    path = directory / "models" / A / "metrics.json"
    metrics = json.loads(path.read_text())
    metrics["test"]["protocol"]["ties"] = HOSTILE[0]
    write_json(path, metrics)
    evil = directory / "models" / "<img src=x onerror=alert(1)>"
    shutil.move(directory / "models" / B, evil)
    page = open_models(b=evil.name)
    assert messages(page) == []
    assert any(f"B: {evil.name}" in text for text in texts(page))
    assert any(HOSTILE[0] in text for text in texts(page))
    (history,) = [text for text in infos(page) if "history.csv" in text and "<img" in text]
    assert evil.name in history
    assert escaped(evil.name) not in label("b", evil)  # markdown, not HTML
