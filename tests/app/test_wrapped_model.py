"""docs/wrap_a_model.md: its code runs as it stands, and the app opens the model that it wraps."""

import os
import re
import subprocess
import sys
import tempfile

import pytest
import torch
from driving import MAIN, finish, messages, open_models, open_page, press, sent, texts
from helpers import ROOT

import awrsr
from app import cache, folders
from app.views.inspect import page as inspect
from awrsr.errors import ConfigError
from awrsr.models import BACKBONES

PAGE = (ROOT / "docs" / "wrap_a_model.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
(POINTS,) = re.findall(r'\[project.entry-points."([\w.]+)"\]\n    (\w+) = "([\w.:]+)"', PAGE)


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """The names that the code of the page leaves behind."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BACKBONES, "_registered", {})
        patch.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("temporary")))
        patch.chdir(ROOT)
        patch.delenv(folders.ASSETS_VARIABLE, raising=False)
        names: dict = {"__name__": "relative_model"}
        for block in BLOCKS:
            exec(block, names)
        yield names
        cache.shelf.clear()
        cache.get_imported.clear()


@pytest.mark.slow
def test_the_code_of_the_page_gives_what_it_says(told):
    model, trace = told["model"], told["trace"]
    assert (model.config.n_layers, model.config.n_heads, model.config.hidden_size) == (2, 2, 32)
    assert trace.layers[0].first_order.shape == (2, 8, 8) and len(told["board"].page) > 10_000
    assert [check.name for check in told["checks"] if check.passed is None] == [
        "Recorded ranks and NDCG@10 are reproduced"
    ]
    assert {"refined", "rollout", "integrated_gradients"} & set(told["curves"])
    assert list(told["found"].users["model"].unique()) == ["relative", "vanilla"]
    assert told["values"].shape == (8,) and told["values"].isfinite().all()
    learned = awrsr.evaluate(model, told["dataset"]).metrics["NDCG@10"]
    assert (
        learned > awrsr.ranking.evaluation.evaluate_popularity(told["dataset"]).metrics["NDCG@10"]
    )


@pytest.mark.slow
def test_a_module_is_no_adapter(told):
    with pytest.raises(ConfigError, match="adapter must be a subclass of awrsr.models.adapter.Ad"):
        awrsr.wrap(told["module"], type(told["module"]), told["dataset"], max_length=8)


def test_the_app_opens_it_beside_a_model_of_ours(told, monkeypatch):
    monkeypatch.setattr(sys, "argv", [str(MAIN), str(told["directory"])])
    monkeypatch.setattr(inspect, "is_open", lambda said: True)  # all tabs at once
    page = finish(
        open_page(
            dataset="planted",
            a="relative-none",
            b="sasrec-none",
            source="own",
            items=".".join(map(str, told["items"])),
            methods="input_x_gradient",
        )
    )
    assert messages(page) == []
    board = sent(page, "board")
    assert [source["title"] for source in board["sources"]] == [
        "Relative \u00b7 vanilla",
        "SASRec \u00b7 vanilla",
    ]
    assert [source["norms"] is None for source in board["sources"]] == [True, False]
    panels = [{"source": "A", "layer": 1, "head": 0, "kind": "first"}]
    places = board["sources"][0]["places"]  # the newest 8, on an axis with what the other sees
    locked = {"query": places[6], "key": places[3], "panels": panels}
    page.session_state["board"] = {"lock": locked}
    page.run()
    assert not page.exception and messages(page) == []
    assert "recorded after the softmax; no sum" in str(sent(page, "board-answer"))
    assert any(
        "records no scores, so there is nothing to decompose" in text for text in texts(page)
    )
    press(page, "faithfulness-run")
    assert not page.exception
    models = open_models(dataset="planted", a="relative-none", b="sasrec-none")
    assert not models.exception
    assert any("Gradients reach the embeddings" in text for text in texts(models))


@pytest.mark.slow
def test_replacing_its_attention_is_refused_in_a_sentence(told, monkeypatch):
    monkeypatch.setattr(sys, "argv", [str(MAIN), str(told["directory"])])
    monkeypatch.setattr(inspect, "is_open", lambda said: True)
    page = finish(open_page(dataset="planted", a="relative-none", b="sasrec-none"))
    page.session_state["gains"] = True  # the section is opened
    page.run()
    assert not page.exception
    (said,) = messages(page)
    assert "attention weights of Relative cannot be replaced" in said


@pytest.mark.slow
def test_an_installed_package_brings_it_to_every_process(told, tmp_path):
    """As the page says: a file with both classes, and an entry point."""
    classes = [block for block in BLOCKS if "class Relative" in block]
    group, name, where = POINTS
    file = tmp_path / f"{where.split(':')[0]}.py"
    code = "\n".join(["import awrsr", *classes]).split("\n\nmodel = ")[0]
    file.write_text(code, encoding="utf-8")
    info = tmp_path / "relative_model-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: relative-model\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{group}]\n{name} = {where}\n")
    command = [
        sys.executable,
        "-m",
        "awrsr",
        "recommend",
        str(told["directory"]),
        '["Nora", "Kurt"]',
    ]
    command += ["--dataset", "assets/planted", "--device", "cpu"]
    for path, code in (([tmp_path, ROOT], 0), ([ROOT], 2)):
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path))},
            capture_output=True,
            text=True,
        )
        assert done.returncode == code, done.stdout + done.stderr
    assert "unknown backbone 'relative'; accepted: sasrec, stosa" in done.stderr


def test_what_is_loaded_is_what_was_saved(told):
    loaded = awrsr.load_model(told["directory"], "cpu")
    assert awrsr.trace(loaded, told["items"]).item_scores.equal(told["trace"].item_scores)
    with torch.no_grad():
        own = told["own_scores"](told["trace"].items)
    torch.testing.assert_close(own, told["trace"].item_scores)
