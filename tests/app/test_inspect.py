"""The page: all numbers are the library's, every choice is followed, nothing breaks it."""

import dataclasses
import sys
from pathlib import Path

import pytest
from conftest import EMBEDDED, make_dataset
from driving import (
    HOSTILE,
    add_dataset,
    add_model,
    check_numbers,
    choose,
    escaped,
    figures,
    messages,
    open_page,
    run,
    texts,
    titled,
    unescaped,
)

from app import state
from app.loaders import model_directories
from app.pinned import Variant
from awrsr.attribution import METHODS
from awrsr.checkpoint import load_model, save_weights
from awrsr.refinement import REFINEMENTS

NO_SECOND_ORDER = "The vanilla model has no second order: its first-order weights mix the values."
MODELS = ("sasrec-none", "sasrec-additive", "stosa-value_weighted", "stosa-stochastic")


@pytest.fixture
def directory(tmp_path, monkeypatch, tiny_dataset) -> Path:
    """The tiny dataset with four models, on offer before the embedded one."""
    monkeypatch.setenv("AWRSR_ASSETS", str(tmp_path))
    return add_dataset(tmp_path, tiny_dataset, *MODELS)


# --- real data ------------------------------------------------------------------------------------


def test_first_picture():
    page = open_page()
    assert messages(page) == []
    assert page.query_params == {}
    assert (page.session_state["a"], page.session_state["b"]) == ("sasrec-none", "sasrec-additive")
    history, list_a, list_b = (element.value for element in page.dataframe)
    assert 15 <= len(history) <= 25
    assert len(list_a) == len(list_b) == 10
    assert set(figures(page)) == {
        "map-a-first_order",
        "map-a-refined",
        "map-b-first_order",
        "map-b-second_order",
        "map-b-refined",
        "attribution-a",
        "attribution-b",
    }
    assert [info.value for info in page.info] == [NO_SECOND_ORDER]
    said = texts(page)
    for backbone in ("A: SASRec \u00b7 vanilla", "B: SASRec \u00b7 additive"):
        assert f"**{backbone}** \u00b7 recommendations" in said
    assert sum(text.startswith("Test NDCG@10 0.") for text in said) == 2
    assert any(text.startswith(":material/memory: ") for text in said)
    assert any("671 users, 3,496 items, 90,072 interactions" in text for text in said)
    check_numbers(page, EMBEDDED)


def test_another_pair_of_shipped_models():
    page = open_page(a="stosa-none", b="stosa-additive", layer=2, head=2, k=50, user=20, target=99)
    assert messages(page) == []
    assert len(page.dataframe[1].value) == 50
    check_numbers(page, EMBEDDED)


# --- choices --------------------------------------------------------------------------------------

CHANGES = [
    {"b": "stosa-stochastic"},
    {"a": "stosa-value_weighted", "layer": 2},
    {"head": 2, "k": 7},
    {"a": "sasrec-none", "scale": "linear"},
    {"b": "sasrec-additive", "user": "1007"},
    {"target": 4},
    {"rival": 6, "methods": list(METHODS)},
    {"rival": None, "target": state.AUTOMATIC},
]


def test_every_switch_is_followed_by_every_number(directory):
    page = open_page()
    for change in CHANGES:
        choose(page, **change)
        for name, value in change.items():
            assert page.session_state[name] == value, change
        assert messages(page) == [], change
        check_numbers(page, directory)


ADDRESSED = {
    "a": "stosa-stochastic",
    "b": "sasrec-additive",
    "source": "own",
    "user": "1004",
    "items": [7, 2, 2],
    "origin": "1005",
    "variants": [Variant("shuffled", (2, 7, 2))],
    "compare": 1,
    "target": 9,
    "rival": 3,
    "methods": ["leave_one_out"],
    "layer": 2,
    "head": 2,
    "k": 6,
    "scale": "linear",
}


def test_an_address_brings_back_the_page_it_was_copied_from(directory, tiny_dataset):
    offered = state.choices(tiny_dataset, list(model_directories(directory)))
    assert set(ADDRESSED) == {choice.name for choice in offered}
    url = state.to_url(ADDRESSED, offered)
    page = open_page(**url)
    assert {name: page.session_state[name] for name in ADDRESSED} == ADDRESSED
    assert page.query_params == url
    assert messages(page) == []
    check_numbers(page, directory)


def test_an_address_follows_its_page(directory):
    page = open_page()
    assert page.query_params == {}
    choose(page, user="1005", head=2, k=7)
    assert page.query_params == {"user": "1005", "head": "2", "k": "7"}
    copied = open_page(**page.query_params)
    assert [t.value.to_csv() for t in copied.dataframe] == [
        t.value.to_csv() for t in page.dataframe
    ]
    choose(page, user="1000", head=1, k=10)
    assert page.query_params == {}


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "[x](http://x)<img onerror=alert(1)>",
        "\u2603\u202e\x00\u0663",
        "9" * 30_000,
    ],
    ids=["words", "markup", "unicode", "very long"],
)
def test_an_address_full_of_nonsense_gives_a_sentence_each_and_the_defaults(directory, text):
    names = ["dataset", *ADDRESSED]
    page = open_page(**dict.fromkeys(names, text), unknown=text)
    said = messages(page)
    assert [sentence.partition("=")[0] for sentence in said] == names
    assert all(sentence.endswith(". The default is shown.") for sentence in said)
    assert max(map(len, said)) < 500
    assert not any("[x](" in box.value for box in page.warning)
    check_numbers(page, directory)
    assert page.query_params == {}
    assert messages(run(page)) == []


def test_a_layer_or_head_that_no_model_has_gives_way_to_the_last_one(directory):
    page = open_page(layer=9, head=99)
    assert messages(page) == [
        "There is no layer 9; layer 2 is shown.",
        "There is no head 99; head 2 is shown.",
    ]
    check_numbers(page, directory)
    assert page.query_params == {"layer": "2", "head": "2"}


def test_models_of_different_depth_and_length(directory, tiny_dataset):
    add_model(directory, tiny_dataset, "stosa-none", n_layers=1, n_heads=1, max_length=3)
    page = open_page(a="sasrec-additive", b="stosa-none", user="1000")
    seen = {side: len(figures(page)[f"map-{side}-refined"]["x"]) for side in "ab"}
    assert seen["b"] == 3 < seen["a"]
    cuts = [text for text in texts(page) if "sees the newest" in text]
    assert [("A:" in cut, "newest 3" in cut) for cut in cuts][-1] == (False, True)
    check_numbers(page, directory)
    choose(page, layer=2)
    assert [info.value for info in page.info] == ["This model has no layer 2, head 1."] * 3
    assert "map-b-refined" not in figures(page)


def test_refined_maps_carry_the_equation_of_their_refinement(directory):
    page = open_page(a="sasrec-none", b="stosa-value_weighted")
    refined = [text for text in texts(page) if text.startswith("**Refined**")]
    for text, name in zip(refined, ("none", "value_weighted"), strict=True):
        assert text.endswith(f"layer 1, head 1 \u00b7 {REFINEMENTS[name].formula}")


# --- sessions -------------------------------------------------------------------------------------


def test_interleaved_sessions_of_two_datasets_never_mix(directory, tmp_path):
    other = dataclasses.replace(make_dataset(n_items=9, seed=3), name="other")
    elsewhere = add_dataset(tmp_path, other, "sasrec-none", "stosa-stochastic")
    here, there = open_page(dataset="tiny"), open_page(dataset="other", source="own", items="1.2")
    for mine, theirs in (
        ({"user": "1002"}, {"added": 9}),
        ({"b": "stosa-stochastic", "target": 11}, {"b": "stosa-stochastic", "target": 9}),
        ({"methods": ["leave_one_out"]}, {"layer": 2}),
    ):
        choose(here, **mine)
        choose(there, **theirs)
        check_numbers(here, directory)
        check_numbers(there, elsewhere)
    assert here.query_params["target"] == "11"


def test_another_dataset_starts_from_its_own_defaults(directory, tmp_path):
    other = dataclasses.replace(make_dataset(n_items=9, seed=3), name="other")
    elsewhere = add_dataset(tmp_path, other, "stosa-stochastic")
    page = open_page(dataset="tiny", user="1007", target=11, rival=10, b="sasrec-additive", head=2)
    choose(page, dataset="other")
    assert messages(page) == []
    assert (page.session_state["user"], page.session_state["head"]) == ("1000", 2)
    assert page.query_params == {"head": "2"}
    check_numbers(page, elsewhere)
    choose(choose(page, dataset="tiny"), user="1001")
    assert page.query_params == {"dataset": "tiny", "user": "1001", "head": "2"}
    check_numbers(page, directory)


def test_runs_leave_the_import_path_as_it_was(directory):
    page = open_page()
    before = list(sys.path)
    run(run(page))
    assert sys.path == before


# --- odd catalogues -------------------------------------------------------------------------------


def test_a_history_of_the_whole_catalogue_leaves_nothing_to_recommend(directory):
    page = open_page(source="own", items=".".join(map(str, range(1, 12))))
    assert messages(page) == []
    assert [len(table.value) for table in page.dataframe] == [11, 0, 0]
    assert page.selectbox(key="target").options[0] == "Newest item: Film K (2001)"
    choose(page, target=4)
    check_numbers(page, directory)


def test_shared_and_blank_titles_and_columns_of_our_own_names(directory, tmp_path):
    """Streamlit finds an option by its label: the item asked for must be the one received."""
    titles = ["Same", "Same", "", "", "\u25c6 Diamond", "", "Same", "A", "B"]
    odd = titled(titles, position="nowhere", genres="Drama|War")
    path = add_dataset(tmp_path, odd, "sasrec-none", "stosa-simple")
    page = open_page(dataset="titled", source="own", items="8.9")
    assert page.dataframe[0].value.columns[2:].tolist() == ["genres", "item_id"]
    for item in (1, 2, 3):
        choose(page, target=item, added=item)
        assert page.session_state["target"] == page.session_state["items"][-1] == item
        check_numbers(page, path)


def test_titles_are_text_everywhere(directory, tmp_path):
    path = add_dataset(tmp_path, titled(HOSTILE), "sasrec-none", "stosa-simple")
    page = open_page(
        dataset="titled", source="own", items=".".join(map(str, range(1, 9))), target=3, rival=1
    )
    choose(page, added=1)
    check_numbers(page, path)
    named = [f"score of {HOSTILE[2]} less score of {HOSTILE[0]}", f"\u25c6 {HOSTILE[2]}: rank"]
    assert all(any(name in text for text in texts(page)) for name in named)
    written = [element.value for element in [*page.markdown, *page.caption]]
    assert not any(title in text for title in HOSTILE for text in written)
    for figure in figures(page).values():
        assert [name[3:] for name in figure["y"]] == [escaped(title) for title in HOSTILE[1:]] + [
            escaped(HOSTILE[0])
        ]
    # options and table cells are drawn as text by Streamlit
    assert page.selectbox(key="target").options[1:] == HOSTILE
    assert page.dataframe[0].value["title"].tolist() == [*HOSTILE, HOSTILE[0]]


def test_names_of_a_dataset_and_of_a_model_are_text_too(tmp_path, monkeypatch, tiny_dataset):
    monkeypatch.setenv("AWRSR_ASSETS", str(tmp_path))
    name = "<b>*x*"
    hostile = dataclasses.replace(tiny_dataset, name=name, about={"citation": "[me](http://x)"})
    path = add_dataset(tmp_path, hostile, "sasrec-none", "stosa-simple")
    (path / "models" / "stosa-simple").rename(path / "models" / "stosa-<i>*y*")
    page = open_page(dataset=name)
    assert messages(page) == []
    check_numbers(page, path)
    boxes = [*page.markdown, *page.caption]
    assert not any("<b>*" in box.value or "<i>*" in box.value for box in boxes)
    assert any("STOSA \u00b7 <i>*y*" in unescaped(box.value) for box in boxes)
    assert any(f"{name}: 12 users, 11 items" in text for text in texts(page))
    assert any("[me](http://x)" in text for text in texts(page))
    for chart in page.get("plotly_chart"):
        assert "<i>" not in chart.proto.spec
        assert "<b>*" not in chart.proto.spec


def test_equal_scores_rank_as_in_the_evaluation(directory, tiny_dataset):
    """All scores equal: every candidate but itself stands before the target."""
    path = add_model(directory, tiny_dataset, "sasrec-simple")
    model = load_model(path, "cpu")
    model.item_embedding.weight.zero_()
    save_weights(path, model)
    page = open_page(a="sasrec-simple", b="sasrec-simple", source="own", items="1.2.3", target=5)
    assert sum("rank **8** of 8" in text for text in texts(page)) == 2
    assert page.dataframe[1].value["other"].tolist() == [8] * 8
    check_numbers(page, directory)
