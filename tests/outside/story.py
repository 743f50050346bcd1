"""A story with members from outside: prepare, train, evaluate, trace, explain, view.

`python story.py FOLDER` runs it with members of installed packages; tests run it with registered
members.
"""

import json
import os
import sys
from pathlib import Path

import numpy as np
import torch
from checking import check_numbers
from driving import figures, finish, messages, open_models, open_page, press, run, sent, texts
from helpers import make_dataset

import awrsr
from app.views.inspect import page as inspect
from awrsr.cli.main import main
from awrsr.explain import (
    Cell,
    explanation_orders,
    faithfulness_curves,
    refined_parts,
    second_order_provenance,
)
from awrsr.studies import correlation_matrices

ITEMS = [3, 1, 4, 5, 9]
TINY = "--model.max_length 8 --model.hidden_size 8 --model.inner_size 16 --train.epochs 2"


def verb(line: str) -> None:
    """Run one verb of the command line."""
    assert main(line.split()) == 0, line


def tell(folder: Path) -> None:
    """Run all of it, in a folder of datasets."""
    source, data = folder / "raw.jsonl", folder / "outside"
    dataset = make_dataset()
    rows = [
        {"who": user, "what": int(item), "when": moment}
        for number, user in enumerate(dataset.user_ids)
        for moment, item in enumerate(dataset.sequence(number))
    ]
    source.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    verb(f"prepare {source} {data} --format json_lines --k_core 1")
    loaded = awrsr.load_dataset(data)
    assert loaded.n_interactions == len(rows) and loaded.about["filters"]["format"] == "json_lines"

    for backbone, refinement in (("sasrec", "geometric"), ("half_scale", "none")):
        verb(
            f"train {data} {TINY} --train.loss smoothed --model.backbone {backbone} "
            f"--model.refinement {refinement} --device cpu"
        )
    directory = data / "models" / "sasrec-geometric"
    verb(f"evaluate {directory} --device cpu")
    verb(
        f"attribute {directory} {json.dumps(['1', '4']).replace(' ', '')} 5 --method path_gradient"
    )
    explain(directory, loaded)
    bring(folder, data)
    look(folder, data)


def bring(folder: Path, data: Path) -> None:
    """A model under other names is recognised and keeps its scores."""
    model = awrsr.load_model(data / "models" / "half_scale-none", "cpu")
    named = {f"kept.{name}": tensor.clone() for name, tensor in model.state_dict().items()}
    ids = folder / "ids.txt"
    ids.write_text("\n".join(awrsr.load_dataset(data).item_ids), encoding="utf-8")
    torch.save(named, folder / "kept.pt")
    output = folder / "imported"
    verb(
        f"import {folder / 'kept.pt'} --dataset {data} --output {output} --heads 2 --items {ids} "
        "--device cpu"
    )
    scores = awrsr.trace(awrsr.load_model(output, "cpu"), ITEMS).item_scores
    torch.testing.assert_close(scores, 2 * awrsr.trace(model, ITEMS).item_scores)


def explain(directory: Path, dataset: awrsr.Dataset) -> None:
    """The library's answers about one history."""
    model = awrsr.load_model(directory, "cpu")
    assert (model.config.refinement, type(model.refinement(0)).__name__) == (
        "geometric",
        "Geometric",
    )
    trace = awrsr.trace(model, ITEMS)
    cell = Cell(layer=1, head=0, query=3, key=1)
    parts = refined_parts(model, trace, cell)
    assert parts.kind == "whole" and parts.terms.tolist() == [parts.weight]
    pairs = second_order_provenance(model, trace, cell)
    np.testing.assert_allclose(pairs.pairs.sum(), pairs.score, atol=1e-5)
    assert len(correlation_matrices(model)) == 2
    first, second, refined = (
        getattr(trace.layers[1], name)[0, 3, :4].double().numpy()
        for name in ("first_order", "second_order", "refined")
    )
    expected = np.sqrt(first * second)
    np.testing.assert_allclose(refined, expected / expected.sum(), atol=1e-6)

    found = awrsr.attribute(model, ITEMS, 6, "path_gradient", share=0.25)
    assert found.settings == {"share": 0.25} and found.delta is None
    orders = explanation_orders(model, trace, 6)
    assert orders["primacy"] == [[0, 1, 2, 3, 4]] and "path_gradient" in orders
    curves = faithfulness_curves(model, ITEMS, 6, orders)
    assert set(curves) == set(orders)
    metrics = awrsr.evaluate(model, dataset, split="test").metrics
    assert 0 <= metrics["NDCG@10"] <= 1


def look(folder: Path, data: Path) -> None:
    """The app's pages of the two models."""
    os.environ["AWRSR_ASSETS"] = str(folder)
    inspect.is_open = lambda said: True  # all tabs at once
    page = finish(
        open_page(
            dataset="outside",
            a="sasrec-geometric",
            b="half_scale-none",
            source="own",
            items=".".join(map(str, ITEMS)),
            methods="path_gradient",
        )
    )
    assert messages(page) == []
    titles = ["SASRec \u00b7 geometric", "Half-scale SASRec \u00b7 vanilla"]
    board = sent(page, "board")
    assert [source["title"] for source in board["sources"]] == titles
    assert [bool(source["maps"]["second"]) for source in board["sources"]] == [True, False]
    assert "Path gradient" in " ".join(texts(page)) + str([t.value for t in page.dataframe])
    check_numbers(page, data)
    panel = {"source": "A", "layer": 1, "head": 0}
    panels = [{**panel, "kind": kind} for kind in ("refined", "second")]
    page.session_state["board"] = {"lock": {"query": 3, "key": 1, "panels": panels}}
    page.run()
    assert not page.exception and messages(page) == []
    assert any("by M = \u221a(A S)" in text for text in texts(page))
    offered = press(page, "faithfulness-run").multiselect(key="measured_chosen")
    assert {"Path gradient", "Primacy", "Rollout"} <= {*offered.options}
    offered.set_value(["path_gradient", "primacy"])
    curves = figures(run(page))["faithful-curves-a"]
    assert {curve["name"] for curve in curves} == {"Path gradient", "Primacy"}
    models = open_models(dataset="outside", a="sasrec-geometric", b="half_scale-none")
    assert messages(models) == []
    assert any("G = W_Q W_K" in text for text in texts(models))


if __name__ == "__main__":
    tell(Path(sys.argv[1]))
