"""Start here: the initial user of a dataset, and the choices set by a click on an example."""

import json
import shutil
from pathlib import Path

import pytest
from driving import add_dataset, messages, open_page, run
from helpers import ROOT, make_dataset
from streamlit.testing.v1 import AppTest

from app import cache, folders, opening, state
from app.escape import plain
from app.examples import recorded_examples
from awrsr import load_dataset
from awrsr.studies import EXAMPLES_FILE, TITLES, Example, line_of, read_examples, sentence_of

ASSETS = ROOT / "assets"
DATASETS = sorted(path.parent.name for path in ASSETS.glob("*/dataset.json"))
PAIR = ("sasrec-none", "sasrec-additive")


def offered(page: AppTest) -> dict[str, str]:
    """The labels of the buttons of the examples, by key."""
    return {b.key: b.label for b in page.button if (b.key or "").startswith("example_")}


def captions(page: AppTest) -> list[str]:
    return [caption.value for caption in page.caption]


def shows(page: AppTest, example: Example) -> bool:
    shown = page.session_state
    return (shown["user"], shown["a"], shown["b"], shown["source"], shown["target"]) == (
        *(example.user_id, example.a, example.b),
        *(state.USER, state.AUTOMATIC),
    )


@pytest.fixture
def planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the shipped dataset, with the two models of its examples, listed before it."""
    monkeypatch.setenv(folders.ASSETS_VARIABLE, str(tmp_path))
    left_out = shutil.ignore_patterns("faithfulness", "sasrec-[isuv]*", "*-2-layers")
    shutil.copytree(ASSETS / "planted", tmp_path / "planted", ignore=left_out)
    return tmp_path / "planted"


@pytest.fixture
def crowd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A dataset with two small models and no scan."""
    monkeypatch.setenv(folders.ASSETS_VARIABLE, str(tmp_path))
    return add_dataset(tmp_path, make_dataset(n_users=60, n_items=60, seed=3), *PAIR)


# --- recorded -------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", DATASETS)
def test_a_shipped_dataset_opens_with_its_first_example(name: str):
    dataset = load_dataset(ASSETS / name)
    examples = read_examples(ASSETS / name / "scan", dataset).examples
    assert recorded_examples(dataset, folders.model_directories(ASSETS / name)) == (examples, "")
    page = open_page(dataset=name)
    assert messages(page) == [] and shows(page, examples[0])
    assert "user" not in page.query_params
    assert offered(page) == {
        f"example_{example.sort}": f"**{TITLES[example.sort]}**  \n{plain(line_of(example))}"
        for example in examples
    }
    assert plain(sentence_of(examples[0], dataset)) in captions(page)


def test_an_address_comes_before_the_first_example():
    page = open_page(dataset="planted", user="7", b="sasrec-simple")
    assert page.session_state["user"] == "7" and page.session_state["b"] == "sasrec-simple"
    assert not set(captions(page)) & {
        plain(sentence_of(example, load_dataset(ASSETS / "planted")))
        for example in read_examples(
            ASSETS / "planted" / "scan", load_dataset(ASSETS / "planted")
        ).examples
    }


def test_a_click_shows_what_it_says():
    """Starting from another pair of models, another target and an own history."""
    directory = ASSETS / "ml-latest-small"
    dataset = load_dataset(directory)
    page = open_page(
        a="stosa-none", b="stosa-stochastic", source="own", items="5.6.7", target=9, rival=11
    )
    for example in read_examples(directory / "scan", dataset).examples:
        page.button(key=f"example_{example.sort}").click()
        run(page)
        assert messages(page) == [] and shows(page, example)
        assert page.session_state["rival"] is None and page.session_state["compare"] is None
        url = {name: text.partition("@")[0] for name, text in page.query_params.items()}
        assert (url["a"], url["b"]) == (example.a, example.b)
        assert url.get("user", example.user_id) == example.user_id
        assert not {"target", "rival", "source"} & url.keys()
        assert plain(sentence_of(example, dataset)) in captions(page)
        icons = {b.key: b.icon for b in page.button if (b.key or "").startswith("example_")}
        (chosen,) = (key for key, icon in icons.items() if icon.endswith("_checked:"))
        assert chosen == f"example_{example.sort}"


# --- invalid examples -----------------------------------------------------------------------------


@pytest.mark.slow
def test_examples_of_other_weights_are_not_offered(planted: Path):
    assert len(offered(open_page(dataset="planted"))) == 5
    weights = planted / "seeds" / "sasrec-none-seed1" / "model.safetensors"
    shutil.copy(planted / "models" / "sasrec-none" / weights.name, weights)
    page = open_page(dataset="planted")
    assert messages(page) == [] and offered(page) == {}
    assert page.session_state["user"] == opening.default_user(load_dataset(planted))
    examples, why = recorded_examples(load_dataset(planted), folders.model_directories(planted))
    assert examples == [] and why.startswith("the recorded ones are for other weights; `python -m")


@pytest.mark.few(1)
@pytest.mark.parametrize("text", ["", "[]", '{"surprise": 1}', '{"schema_version": 1}'])
def test_a_broken_file_is_refused_in_words(planted: Path, text: str):
    (planted / "scan" / EXAMPLES_FILE).write_text(text)
    page = open_page(dataset="planted")
    assert messages(page) == [] and offered(page) == {}
    page.session_state["start_here"] = True
    run(page)
    assert messages(page) == [] and offered(page) != {}
    assert any(text.startswith("No recorded examples: ") for text in captions(page))


def test_an_unknown_user_in_the_file_is_refused_in_words(planted: Path):
    path = planted / "scan" / EXAMPLES_FILE
    values = json.loads(path.read_text())
    values["examples"][0]["user_id"] = "nobody"
    path.write_text(json.dumps(values))
    examples, why = recorded_examples(load_dataset(planted), folders.model_directories(planted))
    assert examples == [] and "nobody" in why


# --- examples chosen for two models ---------------------------------------------------------------


@pytest.mark.slow
def test_without_a_scan_examples_are_chosen_when_it_is_opened(crowd: Path):
    dataset, models = load_dataset(crowd), folders.model_directories(crowd)
    assert recorded_examples(dataset, models) == ([], "")
    page = open_page()
    assert messages(page) == [] and offered(page) == {}
    assert page.session_state["user"] == opening.default_user(dataset)
    page.session_state["start_here"] = True
    run(page)
    examples = cache.choose_examples(dataset, *(models[name] for name in PAIR))
    assert [*offered(page)] == [f"example_{example.sort}" for example in examples] != []
    page.button(key=f"example_{examples[-1].sort}").click()
    run(page)
    assert messages(page) == [] and shows(page, examples[-1])
    assert plain(sentence_of(examples[-1], dataset)) in captions(page)


def test_one_model_has_no_examples(crowd: Path):
    page = open_page(a=PAIR[0], b=PAIR[0])
    page.session_state["start_here"] = True
    run(page)
    assert messages(page) == [] and offered(page) == {}
    assert "Examples compare two models: choose another model for A or B." in captions(page)


def test_where_no_history_is_readable_the_page_says_so(
    crowd: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(cache.studies, "READABLE", (100, 200))
    page = open_page(a=PAIR[1], b=PAIR[0])
    page.session_state["start_here"] = True
    run(page)
    assert messages(page) == [] and offered(page) == {}
    assert any(text.startswith("No example for these two models") for text in captions(page))


@pytest.mark.slow
def test_the_tour_goes_through_all_examples_and_round(planted: Path):
    """Next and Previous have keys, so that a talk needs no pointer."""
    page = open_page()
    found = read_examples(planted / "scan", load_dataset(planted)).examples
    assert shows(page, found[0])
    for step in [*range(1, len(found)), 0]:
        page.button(key="tour_next").click()
        assert shows(run(page), found[step]) and messages(page) == []
        assert f"{step + 1} of {len(found)}" in captions(page)
    page.button(key="tour_previous").click()
    assert shows(run(page), found[-1])
    shortcuts = {
        name: page.button(key=f"tour_{name}").proto.shortcut for name in ("next", "previous")
    }
    assert {name: text.lower() for name, text in shortcuts.items()} == {
        "next": "n",
        "previous": "p",
    }
