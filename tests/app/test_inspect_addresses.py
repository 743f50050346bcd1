"""The address of Inspect: it restores a page, and unusable parts are reported."""

import shutil

import pytest
from checking import check_numbers, read_model
from driving import (
    add_model,
    address,
    choose,
    keep_epochs,
    messages,
    named,
    open_page,
    run,
    sent,
    unescaped,
)
from streamlit.testing.v1 import AppTest

from app import forms, state
from app.cache import fingerprint
from app.escape import clipped
from app.folders import model_directories
from app.pinned import Variant

OFFERED = ("sasrec-none", "sasrec-additive", "stosa-value_weighted", "stosa-stochastic")


def problems(page: AppTest) -> list[str]:
    """The sentences of the box about the address."""
    (box,) = page.warning
    heading, *sentences = unescaped(box.value).split("\n- ")
    assert heading == "Some parts of the address could not be used:\n"
    assert not page.error
    return sentences


def shown(page: AppTest) -> tuple[list[str], object]:
    """All tables and the board's data."""
    return [table.value.to_csv() for table in page.dataframe], sent(page, "board")


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
    "epoch": 4,
    "k": 6,
    "panel": "Variants and removals",
}


@pytest.mark.usefixtures("all_tabs")
def test_an_address_brings_back_the_page_it_was_copied_from(directory, tiny_dataset):
    models = model_directories(directory)
    keep_epochs(models[ADDRESSED["b"]], 2, 4)
    offer = state.Offer(tiny_dataset, list(models), epochs=(2, 4))
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
    mark = fingerprint(directory / "models" / "sasrec-additive")
    page = open_page(a=named(directory, "sasrec-none"), b="sasrec-additive@0123456789ab", k=6)
    said = [
        "The link was made with other weights of sasrec-additive: 0123456789ab; the weights here "
        f"are {mark}, so numbers differ from those of the sender"
    ]
    assert problems(page) == problems(run(page)) == said
    assert address(page)["b"] == "sasrec-additive@0123456789ab"
    check_numbers(page, directory)
    assert problems(open_page(**page.query_params)) == said
    choose(page, b="sasrec-none")
    choose(page, b="sasrec-additive")
    assert messages(page) == []
    assert address(page)["b"] == f"sasrec-additive@{mark}"


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


@pytest.mark.few(2)
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
