"""The page: all numbers are the library's, every choice is followed, nothing breaks it."""

import dataclasses
import json
import re
import shutil
import sys
from pathlib import Path

import pandas as pd
import pytest
import streamlit as st
from driving import (
    HOSTILE,
    add_dataset,
    add_model,
    check_board,
    check_numbers,
    choose,
    compared,
    escaped,
    figures,
    history_and_target,
    messages,
    open_page,
    read_dataset,
    read_model,
    run,
    sent,
    texts,
    titled,
    unescaped,
)
from helpers import EMBEDDED, make_dataset
from streamlit.testing.v1 import AppTest

from app import forms, state
from app.cache import fingerprint
from app.components.board import title_on
from app.escape import clipped
from app.folders import ASSETS_VARIABLE, model_directories
from app.pinned import Variant, variants_text
from awrsr.attribution import METHODS
from awrsr.config import ModelConfig
from awrsr.data.planted import CAUSES_FILE, plant
from awrsr.data.prepare import prepare
from awrsr.ranking import recommendation
from awrsr.refinement import REFINEMENTS
from awrsr.training.checkpoint import load_model, save_weights

PANEL = {"layer": 1, "head": 0, "kind": "second"}
MODELS = ("sasrec-none", "sasrec-additive", "stosa-value_weighted", "stosa-stochastic")


@pytest.fixture
def directory(tmp_path, monkeypatch, tiny_dataset) -> Path:
    """The tiny dataset with four models, on offer before the embedded one."""
    monkeypatch.setenv("AWRSR_ASSETS", str(tmp_path))
    return add_dataset(tmp_path, tiny_dataset, *MODELS)


def named(directory: Path, model: str) -> str:
    """A model as the address names it."""
    return f"{model}@{fingerprint(directory / 'models' / model)}"


def address(page: AppTest) -> dict[str, str]:
    """The parameters of a page's address."""
    return {name: page.query_params[name] for name in page.query_params}


def problems(page: AppTest) -> list[str]:
    """The sentences of the box about the address."""
    (box,) = page.warning
    heading, *sentences = unescaped(box.value).split("\n- ")
    assert heading == "Not everything in the address could be used; the rest is.\n"
    assert not page.error
    return sentences


def shown(page: AppTest) -> tuple[list[str], object]:
    """All tables and the board's data."""
    return [table.value.to_csv() for table in page.dataframe], sent(page, "board")


# --- real data ------------------------------------------------------------------------------------


def test_first_picture():
    page = open_page()
    assert messages(page) == []
    assert address(page) == {
        "dataset": EMBEDDED.name,
        "a": named(EMBEDDED, "sasrec-none"),
        "b": named(EMBEDDED, "sasrec-additive"),
    }
    assert 15 <= len(sent(page, "history_list")["rows"]) <= 30
    assert [len(table.value) for table in page.dataframe][:2] == [10, 10]
    said = texts(page)
    for title in ("A: SASRec \u00b7 vanilla", "B: SASRec \u00b7 additive"):
        assert f"**{title}**" in said
    assert [source["title"] for source in sent(page, "board")["sources"]] == [
        "SASRec \u00b7 vanilla",
        "SASRec \u00b7 additive",
    ]
    assert sum(text.startswith("Test NDCG@10 0.") for text in said) == 2
    assert any(text.startswith(":material/memory: ") for text in said)
    assert any("671 users, 3,496 items, 90,072 interactions" in text for text in said)
    check_numbers(page, EMBEDDED)


def test_the_catalogue_is_ranked_once_a_model(directory: Path, monkeypatch: pytest.MonkeyPatch):
    """Whatever the page shows of it: lists, ranks, overlap, a rival, a target."""
    ranked: list[list[int]] = []
    rank = recommendation.ranked_catalogue

    def counted(item_scores, excluded):
        ranked.append(list(excluded))
        return rank(item_scores, excluded)

    monkeypatch.setattr(recommendation, "ranked_catalogue", counted)
    page = open_page(source="own", items="3.1.4", target=2, rival=5)
    assert messages(page) == []
    assert ranked == [[3, 1, 4]] * 2
    run(page)
    assert ranked == [[3, 1, 4]] * 4


def test_two_seeds_are_ranked_once_a_server(monkeypatch: pytest.MonkeyPatch):
    """What a run of the page ranks is its two models; the seeds beside them are remembered."""
    ranked: list[int] = []
    rank = recommendation.ranked_catalogue

    def counted(item_scores, excluded):
        ranked.append(len(excluded))
        return rank(item_scores, excluded)

    st.cache_data.clear()
    monkeypatch.setattr(recommendation, "ranked_catalogue", counted)
    page = open_page()
    assert any("So much differs by the seed alone." in text for text in texts(page))
    first = len(ranked)
    assert first in (3, 4)  # one of the two seeds may stand on the page
    run(page)
    assert len(ranked) == first + 2
    assert len(set(ranked)) == 1


def test_another_pair_of_shipped_models():
    page = open_page(a="stosa-none", b="stosa-stochastic", k=50, user=20, target=99)
    assert messages(page) == []
    assert len(page.dataframe[0].value) == 50
    check_numbers(page, EMBEDDED)


# --- choices --------------------------------------------------------------------------------------

CHANGES = [
    {"b": "stosa-stochastic"},
    {"a": "stosa-value_weighted"},
    {"a": "sasrec-none", "k": 7},
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
    "methods": ["leave_one_out", "feature_ablation"],
    "settings": {"feature_ablation": {"baseline": "mean"}},
    "k": 6,
}


def test_an_address_brings_back_the_page_it_was_copied_from(directory, tiny_dataset):
    offer = state.Offer(tiny_dataset, list(model_directories(directory)))
    offered = state.choices(offer, state.EVERY, state.INSPECT)
    assert set(ADDRESSED) == {choice.name for choice in offered}
    url = forms.to_url(ADDRESSED, offered) | {
        "dataset": "tiny",
        "a": named(directory, ADDRESSED["a"]),
        "b": named(directory, ADDRESSED["b"]),
    }
    page = open_page(**url)
    assert {name: page.session_state[name] for name in ADDRESSED} == ADDRESSED
    assert address(page) == url
    assert messages(page) == []
    check_numbers(page, directory)


def test_an_address_follows_its_page(directory):
    page = open_page()
    models = {"a": named(directory, "sasrec-none"), "b": named(directory, "sasrec-additive")}
    first = {"dataset": "tiny", **models}
    assert address(page) == first
    choose(page, user="1005", k=7)
    assert address(page) == first | {"user": "1005", "k": "7"}
    copied = open_page(**page.query_params)
    assert shown(copied) == shown(page)
    choose(page, a="stosa-stochastic", k=10)
    models["a"] = named(directory, "stosa-stochastic")
    assert address(page) == first | models | {"user": "1005"}
    choose(page, a="sasrec-none", user="1000")
    assert address(page) == first


def test_a_link_made_with_other_weights_says_so_until_another_model_is_chosen(directory):
    here = fingerprint(directory / "models" / "sasrec-additive")
    page = open_page(a=named(directory, "sasrec-none"), b="sasrec-additive@0123456789ab", k=6)
    said = [
        "The link was made with other weights of sasrec-additive: 0123456789ab; here they are "
        f"{here}, so numbers differ from those its sender saw"
    ]
    assert problems(page) == problems(run(page)) == said
    assert address(page)["b"] == "sasrec-additive@0123456789ab"
    check_numbers(page, directory)
    assert problems(open_page(**page.query_params)) == said
    choose(page, b="sasrec-none")
    choose(page, b="sasrec-additive")
    assert messages(page) == []
    assert address(page)["b"] == f"sasrec-additive@{here}"


@pytest.mark.parametrize("state", ["does not exist", "is a file", "is a dataset directory itself"])
def test_a_wrong_folder_of_datasets_is_named(directory, monkeypatch, tmp_path, state: str):
    wrong = {"does not exist": tmp_path / "no", "is a file": tmp_path / "file"}.get(
        state, directory
    )
    (tmp_path / "file").touch()
    monkeypatch.setenv("AWRSR_ASSETS", str(wrong))
    page = open_page()
    (said,) = [unescaped(box.value) for box in page.warning]
    assert said.startswith(f"AWRSR_ASSETS names '{wrong}', which {state}; accepted: a folder of")
    assert page.session_state["dataset"] == "ml-latest-small"


def test_weights_replaced_while_a_page_is_open_are_no_news_of_a_link(directory, tiny_dataset):
    page = open_page(a="sasrec-none")
    before = address(page)["a"]
    path = directory / "models" / "sasrec-none"
    shutil.rmtree(path)
    add_model(directory, tiny_dataset, "sasrec-none", hidden_size=4)
    read_model.cache_clear()
    assert messages(run(page)) == []
    assert address(page)["a"] == named(directory, "sasrec-none") != before
    check_numbers(page, directory)


def test_a_fingerprint_is_text_however_odd(directory):
    odd = "[x](http://x)<img>" + "9" * 30_000
    page = open_page(a=f"sasrec-none@{odd}", b="stosa-stochastic@")
    (problem,) = problems(page)
    assert problem.startswith(f"The link was made with other weights of sasrec-none: {odd[:40]}")
    assert len(problem) < 300
    assert "[x](" not in page.warning[0].value
    assert page.session_state["b"] == "stosa-stochastic"


def test_a_model_whose_name_holds_an_at_sign_comes_back_from_its_address(directory):
    (directory / "models" / "stosa-stochastic").rename(directory / "models" / "mine@home")
    page = choose(open_page(), b="mine@home")
    assert page.session_state["b"] == "mine@home"
    assert address(page)["b"] == named(directory, "mine@home")
    copied = open_page(**page.query_params)
    assert messages(copied) == []
    check_numbers(copied, directory)


def test_an_old_link_with_choices_that_are_gone_is_followed_without_them(directory):
    page = open_page(layer=2, head=2, scale="linear", k=6)
    assert messages(page) == []
    assert address(page) == address(open_page()) | {"k": "6"}
    check_numbers(page, directory)


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
def test_an_address_full_of_nonsense_gives_one_box_and_the_defaults(directory, text):
    names = ["dataset", *ADDRESSED]
    page = open_page(**dict.fromkeys(names, text), unknown=text)
    assert [sentence.partition("=")[0] for sentence in problems(page)] == names
    for sentence in problems(page):
        assert f"={clipped(text)} in the address: " in sentence
        assert sentence.isprintable()
    assert max(map(len, problems(page))) < 500
    assert "[x](" not in page.warning[0].value
    check_numbers(page, directory)
    assert address(page) == address(open_page())
    assert messages(run(page)) == []


# --- histories and models -------------------------------------------------------------------------


@pytest.mark.parametrize("a, b", [("sasrec-additive", "stosa-none"), ("stosa-none", "sasrec-none")])
def test_models_of_different_depth_and_length(directory, tiny_dataset, a, b):
    add_model(directory, tiny_dataset, "stosa-none", n_layers=1, n_heads=1, max_length=3)
    page = open_page(a=a, b=b, user="1000")
    board = sent(page, "board")
    short = board["sources"]["ab".index("a" if a == "stosa-none" else "b")]
    assert len(short["places"]) == 3
    assert (short["layers"], short["heads"]) == (1, 1)
    *history, _ = tiny_dataset.sequence(0).tolist()
    assert board["items"] == history[-8:]
    assert short["places"] == list(range(len(board["items"])))[-3:]
    letter = "A" if a == "stosa-none" else "B"
    (cut,) = (text for text in texts(page) if f"model {letter} sees the newest 3." in text)
    assert f"The history has {len(history)} items" in cut
    check_numbers(page, directory)


def test_a_shorter_view_of_repeated_items_lines_up_with_the_longer_one(directory, tiny_dataset):
    """The newest item of a history is one place, however often it occurs and whoever sees it."""
    add_model(directory, tiny_dataset, "stosa-none", max_length=3)
    for a, b in (("stosa-none", "sasrec-none"), ("sasrec-none", "stosa-none")):
        page = open_page(a=a, b=b, source="own", items="1.2.1.1.2.1")
        board = sent(page, "board")
        assert board["slots"] == ["1", "2", "3", "4", "5", "6"]
        assert [source["places"][-1] for source in board["sources"]] == [5, 5]
        check_numbers(page, directory)


@pytest.mark.parametrize("length", [9, 40, forms.MAX_HISTORY])
def test_a_history_longer_than_the_models_see(directory, length):
    items = [1 + i * 3 % 8 for i in range(length)]
    page = open_page(source="own", items=".".join(map(str, items)))
    assert messages(page) == []
    board = sent(page, "board")
    assert board["items"] == items[-8:]
    assert board["slots"] == [str(number) for number in range(length - 7, length + 1)]
    assert (
        f":material/content_cut: The history has {length} items; model A and model B see the "
        f"newest 8. Recommendations leave out all {length}."
    ) in texts(page)
    check_numbers(page, directory)


def test_a_history_of_one_item(directory):
    page = open_page(source="own", items="4", methods=".".join(METHODS))
    assert messages(page) == []
    assert sent(page, "board")["items"] == [4]
    assert any(text.startswith("**A history of 1 item** \u00b7 ") for text in texts(page))
    check_numbers(page, directory)


def test_a_variant_is_compared_on_the_board(directory, tiny_dataset):
    history, variant = [1, 2, 3, 4, 5], [1, 9, 3, 5, 5]
    pinned = variants_text([Variant("other", tuple(variant))])
    page = open_page(source="own", items="1.2.3.4.5", variants=pinned, compare=1, target=7)
    assert messages(page) == []
    assert compared(page, tiny_dataset, history) == variant
    check_numbers(page, directory)
    assert [source["title"] for source in sent(page, "board")["sources"]][2:] == [
        "SASRec \u00b7 vanilla on 'other'",
        "SASRec \u00b7 additive on 'other'",
    ]
    before = sent(page, "board")["signature"]
    page.session_state["compare"] = None
    check_numbers(run(page), directory)
    page.session_state["compare"] = 1
    assert sent(run(page), "board")["signature"] == before


@pytest.mark.parametrize(
    ("model", "variant", "title"),
    [
        ("SASRec \u00b7 vanilla", "original", "SASRec \u00b7 vanilla on 'original'"),
        (
            "STOSA \u00b7 value-weighted",
            "without Shawshank Redemption, The (1994)",
            "STOSA \u00b7 value-weighted on 'without Sha\u2026'",
        ),
        ("x" * 50, "without Heat", "x" * 21 + "\u2026 on 'without Heat'"),
        ("x" * 50, "y" * 60, "x" * 21 + "\u2026 on '" + "y" * 11 + "\u2026'"),
    ],
)
def test_a_model_on_a_variant_has_a_title_that_a_selector_shows(model, variant, title):
    assert title_on(model, variant) == title
    assert len(title) <= 40


def test_a_rival_that_is_the_target_is_none(directory):
    page = open_page(source="own", items="1.2.3", target=7, rival=7)
    assert messages(page) == ["The rival is the target; choose another item."]
    shown = [text for text in texts(page) if text.startswith("What each item adds")]
    assert len(shown) == 1 and " minus score of " not in shown[0]
    choose(page, rival=6)
    assert messages(page) == []
    assert any(" minus score of " in text for text in texts(page))


def test_an_edited_history_is_compared_with_the_users(directory, tiny_dataset):
    *history, held_out = tiny_dataset.sequence(3).tolist()
    edited = history[1:]
    items = ".".join(map(str, edited))
    page = open_page(source="own", items=items, origin="1003", compare=0)
    assert compared(page, tiny_dataset, edited) == history
    assert history_and_target(page, tiny_dataset) == (edited, held_out)
    check_numbers(page, directory)
    assert any(f"**User 1003, edited, {len(edited)} items**" in text for text in texts(page))


def test_a_variant_beside_a_model_that_is_broken(directory):
    (directory / "models" / "sasrec-none" / "model.safetensors").write_bytes(b"")
    page = open_page(source="own", items="1.2.3", variants="other~3.2", compare=1)
    assert len(messages(page)) == len(page.error) == 1
    models = {"b": read_model(directory / "models" / "sasrec-additive")}
    check_board(page, read_dataset(directory), models, [1, 2, 3], [3, 2])


def test_a_board_names_the_equation_of_each_refinement(directory):
    page = open_page(a="sasrec-none", b="stosa-value_weighted")
    assert [source["formula"] for source in sent(page, "board")["sources"]] == [
        REFINEMENTS[name].formula_of(ModelConfig()) for name in ("none", "value_weighted")
    ]


# --- sessions -------------------------------------------------------------------------------------


def test_interleaved_sessions_of_two_datasets_never_mix(directory, tmp_path):
    other = dataclasses.replace(make_dataset(n_items=9, seed=3), name="other")
    elsewhere = add_dataset(tmp_path, other, "sasrec-none", "stosa-stochastic")
    here, there = open_page(dataset="tiny"), open_page(dataset="other", source="own", items="1.2")
    for mine, theirs in (
        ({"user": "1002"}, {"added": 9}),
        ({"b": "stosa-stochastic", "target": 11}, {"b": "stosa-stochastic", "target": 9}),
        ({"methods": ["leave_one_out"]}, {"k": 6}),
    ):
        choose(here, **mine)
        choose(there, **theirs)
        check_numbers(here, directory)
        check_numbers(there, elsewhere)
    assert address(here)["target"] == "11"


def test_another_dataset_starts_from_its_own_defaults(directory, tmp_path):
    other = dataclasses.replace(make_dataset(n_items=9, seed=3), name="other")
    elsewhere = add_dataset(tmp_path, other, "stosa-stochastic")
    page = open_page(
        dataset="tiny",
        user="1007",
        target=11,
        rival=10,
        b="stosa-value_weighted",
        k=6,
        variants="mine~11.10",
        compare=1,
    )
    choose(page, dataset="other")
    assert messages(page) == []
    only = named(elsewhere, "stosa-stochastic")
    assert address(page) == {"dataset": "other", "a": only, "b": only, "k": "6"}
    check_numbers(page, elsewhere)
    choose(choose(page, dataset="tiny"), user="1001")
    assert messages(page) == []
    assert address(page) == address(open_page(dataset="tiny", user="1001", k=6))
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
    assert [len(table.value) for table in page.dataframe][:2] == [0, 0]
    assert len(sent(page, "board")["items"]) == 8  # all that the models see
    assert any("target \u25c6 **Film K (2001)** (newest item)" in text for text in texts(page))
    choose(page, target=4)
    check_numbers(page, directory)


def test_shared_and_blank_titles_and_columns_of_our_own_names(directory, tmp_path):
    """Streamlit finds an option by its label: the item asked for must be the one received."""
    titles = ["Same", "Same", "", "", "\u25c6 Diamond", "", "Same", "A", "B"]
    nested = {
        "details": [{"pages": [1], "of": {"a": 1}}] * 9,
        "tags": [["new"], []] * 4 + [["old"]],
    }
    odd = titled(titles, position="nowhere", genres="Drama|War", **nested)
    path = add_dataset(tmp_path, odd, "sasrec-none", "stosa-simple")
    page = open_page(dataset="titled", source="own", items="8.9")
    for item in (1, 2, 3):
        choose(page, target=item, added=item)
        assert page.session_state["target"] == page.session_state["items"][-1] == item
        check_numbers(page, path)


def test_items_of_one_title_are_told_apart_wherever_they_are_shown(directory, tmp_path):
    path = add_dataset(tmp_path, titled(["Same"] * 9), "sasrec-none", "sasrec-additive")
    page = open_page(
        dataset="titled", source="own", items="7.8.7.8", target=3, rival=2, variants="v~8.7;w~9"
    )
    page.session_state["compare"] = 1
    for opened in ("gains", "each_removed", "smallest"):
        page.session_state[opened] = True
    board = {"query": 3, "key": 0, "panels": [{**PANEL, "source": s} for s in ("A", "B")]}
    page.session_state["board"] = {"lock": board}
    run(page)
    check_numbers(page, path)
    everything = [
        *messages(page),
        *texts(page),
        json.dumps(figures(page), default=str),
        *(json.dumps(sent(page, name)) for name in ("board", "history_list")),
        *(table.value.to_csv() for table in page.dataframe),
        *(option for box in page.selectbox for option in box.options),
    ]
    named = [text for text in everything if "Same" in text]
    assert len(named) > 30 and any("which the query weighs" in text for text in named)
    for text in named:
        assert not re.search(r"Same(?! \[10[1-9]\])", text), text


def test_lists_and_structs_of_items_are_shown(directory, tmp_path):
    """As `prepare` writes them, and as they stand in a directory that something else wrote."""
    nested = pd.DataFrame({"item": list("12345678"), "title": [f"Thing {n}" for n in range(8)]})
    nested["categories"] = [["Beauty", f"c{n}"] if n % 2 else ["Home"] for n in range(8)]
    nested["details"] = [{"brand": f"b{n}", "sizes": [n, None]} for n in range(8)]
    nested.to_parquet(tmp_path / "titles.parquet")
    lines = [f"{user} {' '.join(nested['item'])}" for user in "abc"]
    (tmp_path / "raw.txt").write_text("\n".join(lines))
    dataset = prepare(
        tmp_path / "raw.txt",
        format="s3rec",
        name="prepared",
        k_core=1,
        titles=tmp_path / "titles.parquet",
    )
    assert dataset.items["categories"].tolist()[:2] == ["Home", "Beauty|c1"]
    assert dataset.items["details"][0] == '{"brand": "b0", "sizes": [0, null]}'
    further = {name: nested[name] for name in ("categories", "details")}
    for shown_dataset in (dataset, titled(nested["title"].tolist(), **further)):
        path = add_dataset(tmp_path, shown_dataset, "sasrec-none", "stosa-simple")
        page = open_page(dataset=shown_dataset.name, source="own", items="8.3.1")
        assert messages(page) == []
        assert sent(page, "board")["titles"] == ["Thing 7", "Thing 2", "Thing 0"]
        check_numbers(page, path)
        if shown_dataset is dataset:
            groups = sent(page, "board")["groups"]
            assert (groups["name"], groups["each"]) == ("categories", ["Beauty", "Home", "Home"])


def test_titles_are_text_everywhere(directory, tmp_path):
    path = add_dataset(tmp_path, titled(HOSTILE), "sasrec-none", "stosa-simple")
    page = open_page(
        dataset="titled", source="own", items=".".join(map(str, range(1, 9))), target=3, rival=1
    )
    choose(page, added=1)
    check_numbers(page, path)
    said = [f"score of {HOSTILE[2]} minus score of {HOSTILE[0]}", f"\u25c6 {HOSTILE[2]}: rank"]
    assert all(any(words in text for text in texts(page)) for words in said)
    written = [element.value for element in [*page.markdown, *page.caption]]
    assert not any(title in text for title in HOSTILE for text in written)
    rows = [f"{slot}. {escaped(title)}" for slot, title in enumerate([*HOSTILE, HOSTILE[0]], 1)]
    assert [bars["y"] for bars in figures(page)["attribution"]] == [rows[1:]] * 2
    # options, table cells, the board and the list draw what they are given as text
    assert page.selectbox(key="target").options[1:] == HOSTILE
    assert sent(page, "board")["titles"] == [*HOSTILE[1:], HOSTILE[0]]
    assert [title for _, title in sent(page, "history_list")["rows"]] == [*HOSTILE, HOSTILE[0]]


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
    assert page.dataframe[0].value["other"].tolist() == [8] * 8
    check_numbers(page, directory)


def test_planted_causes_are_named_for_a_users_own_history_alone(tmp_path, monkeypatch):
    dataset, causes = plant(60, seed=1)
    path = add_dataset(tmp_path, dataset, *MODELS)
    causes.to_parquet(path / CAUSES_FILE)
    monkeypatch.setenv(ASSETS_VARIABLE, str(tmp_path))
    of_test = causes[causes["split"] == "test"]
    row = of_test[of_test["sort"] == "occasion"].iloc[0]
    page = open_page(user=row["user_id"])
    titles = dataset.titles(dataset.sequence(dataset.user_index(row["user_id"])).tolist())
    market, treasure, back = (f"{place + 1}. {titles[place]}" for place in row["cause_places"])
    said = f"{market}, {treasure} and {back} together decide the held-out item."
    assert any(text.endswith(f"Planted (occasion): {said}") for text in texts(page))
    choose(page, source="own")
    assert not any("Planted" in text for text in texts(page))
    undecided = str(of_test.loc[of_test["sort"] == "open", "user_id"].iloc[0])
    page = open_page(user=undecided)
    assert any(text.endswith("Planted: nothing decides the held-out item.") for text in texts(page))
    (path / CAUSES_FILE).unlink()
    assert not any("Planted" in text for text in texts(open_page(user=undecided)))
