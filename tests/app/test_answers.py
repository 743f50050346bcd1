"""Answers of the server to the board: every number is the library's."""

import json

import numpy as np
import pytest
from checking import read_model
from driving import add_model, messages, open_page, run, sent

import awrsr
from awrsr.board import pack_flow
from awrsr.data.dataset_files import load_dataset
from awrsr.explain import (
    Cell,
    Connection,
    cut_connections,
    refined_parts,
    score_flow,
    second_order_provenance,
)

ITEMS = [3, 1, 4, 1, 5, 9]
TARGET = 7
OFFERED = ("sasrec-none", "sasrec-additive", "sasrec-value_weighted", "stosa-none")


def answer(page, *, lock=None, **asked) -> dict:
    """The answer after the board has asked, as its script does."""
    signature = sent(page, "board")["signature"]
    request = {"signature": signature, "flow": False, "cut": None} | asked
    page.session_state["board"] = {"lock": lock, "asked": request if asked else None}
    run(page)
    assert messages(page) == []
    return sent(page, "board-answer")


def opened(**url):
    return open_page(source="own", items=".".join(map(str, ITEMS)), target=TARGET, **url)


def locked(query, key, *panels):
    return {
        "query": query,
        "key": key,
        "panels": [
            {"source": "A", "layer": 1, "head": head, "kind": kind} for head, kind in panels
        ],
    }


def model_of(directory, name):
    return read_model(directory / "models" / name)


@pytest.mark.slow
def test_nothing_is_computed_that_is_not_asked_for(directory):
    found = answer(opened())
    assert (found["whys"], found["flows"], found["cut"], found["refused"]) == ([], [], None, "")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sasrec-additive", "sasrec-value_weighted"])
def test_the_sums_behind_a_locked_cell(directory, name):
    found = answer(opened(a=name), lock=locked(4, 2, (0, "refined"), (1, "second")))
    model = model_of(directory, name)
    trace = awrsr.trace(model, ITEMS)
    refined = refined_parts(model, trace, Cell(layer=1, head=0, query=4, key=2))
    pairs = second_order_provenance(model, trace, Cell(layer=1, head=1, query=4, key=2)).pairs
    for why, terms in zip(found["whys"], (refined.terms, pairs.ravel()), strict=True):
        terms = terms[terms != 0]
        largest = terms[np.argsort(-np.abs(terms), kind="stable")]
        assert why["total"] == pytest.approx(terms.sum(), abs=1e-12)
        shown = [term["value"] for term in why["terms"]]
        assert shown == pytest.approx(largest[: len(shown)], abs=1e-12)
        assert why["other"] == pytest.approx(largest[len(shown) :].sum(), abs=1e-12)
        assert why["others"] + len(shown) == len(terms)


def test_the_mean_of_heads_is_a_sum_over_heads(directory):
    (why,) = answer(opened(a="sasrec-additive"), lock=locked(4, 2, ("mean", "second")))["whys"]
    maps = awrsr.trace(model_of(directory, "sasrec-additive"), ITEMS).layers[1].second_order
    values = {term["label"]: term["value"] for term in why["terms"]}
    for head, weight in enumerate(maps[:, 4, 2] / len(maps)):
        assert values[f"head {head + 1}"] == pytest.approx(float(weight))


@pytest.mark.slow
@pytest.mark.parametrize("lock", [locked(9, 2, (0, "first")), locked(2, 4, (0, "first"))])
def test_a_cell_that_the_axis_lacks_has_no_sum(directory, lock):
    assert answer(opened(), lock=lock)["whys"] == []


def test_the_flow_is_the_librarys_for_both_models(directory):
    found = answer(opened(a="sasrec-none", b="sasrec-additive"), flow=True)
    for packed, name in zip(found["flows"], ("sasrec-none", "sasrec-additive"), strict=True):
        flow = score_flow(model_of(directory, name), ITEMS, TARGET)
        assert packed == json.loads(json.dumps(pack_flow(packed["source"], flow)))
        constants = sum(packed["constants"])
        assert sum(packed["nodes"][0]) + constants == pytest.approx(packed["score"], abs=1e-4)
    assert [packed["source"] for packed in found["flows"]] == ["A", "B"]


def test_a_model_without_a_flow_is_said_to_have_none(directory):
    found = answer(opened(a="stosa-none", b="sasrec-none"), flow=True)
    assert found["flows"] == [] and "accepted: SASRec" in found["refused"]


@pytest.mark.parametrize("part", ["attention", "refinement"])
def test_a_cut_is_the_librarys(directory, part):
    band = {"source": "B", "layer": 0, "query": 5, "key": 2, "part": part}
    page = opened(a="sasrec-none", b="sasrec-additive")
    found = answer(page, cut=band)["cut"]
    model = model_of(directory, "sasrec-additive")
    connection = Connection(layer=0, query=5, key=2, part=part)
    candidates = load_dataset(directory).default_candidates
    (wanted,) = cut_connections(model, ITEMS, TARGET, [connection], candidates=candidates)
    assert found["band"] == band
    assert found["after"] == {"score": pytest.approx(wanted.score), "rank": wanted.rank}
    score = float(awrsr.trace(model, ITEMS).item_scores[TARGET - 1])
    assert found["before"]["score"] == pytest.approx(score)


@pytest.mark.few(3)
@pytest.mark.parametrize(
    "band",
    [
        None,
        "x",
        {},
        {"source": "Z", "layer": 0, "query": 1, "key": 0, "part": "attention"},
        {"source": "A", "layer": 9, "query": 1, "key": 0, "part": "attention"},
        {"source": "A", "layer": 0, "query": 0, "key": 1, "part": "attention"},
        {"source": "A", "layer": 0, "query": 99, "key": 0, "part": "attention"},
        {"source": "A", "layer": 0, "query": True, "key": 0, "part": "attention"},
        {"source": "A", "layer": 0, "query": 1, "key": 0, "part": "all"},
        {"source": ["A"], "layer": 0, "query": 1, "key": 0, "part": ["attention"]},
    ],
)
def test_a_band_that_does_not_exist_is_not_cut(directory, band):
    assert answer(opened(), flow=True, cut=band)["cut"] is None


def test_a_question_about_another_history_is_not_answered(directory):
    page = opened()
    page.session_state["board"] = {"asked": {"signature": "other", "flow": True, "cut": None}}
    assert sent(run(page), "board-answer")["flows"] == []


def test_the_flow_of_a_long_history_is_that_of_the_items_seen(directory):
    add_model(directory, load_dataset(directory), "sasrec-simple", max_length=4)
    flow, *_ = answer(opened(a="sasrec-simple"), flow=True)["flows"]
    assert len(flow["nodes"][0]) == 4
