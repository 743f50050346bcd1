"""The app opens the given paths and names those that it cannot open."""

import dataclasses
import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest
from checking import check_numbers
from driving import (
    MAIN,
    add_dataset,
    add_model,
    address,
    finish,
    messages,
    open_find,
    open_models,
    open_page,
    sent,
)
from helpers import make_dataset

from app import cache, folders
from app.given import given_paths

OFFERED = ("sasrec-none", "sasrec-additive")


@pytest.fixture(autouse=True)
def alone(monkeypatch, tmp_path_factory):
    """Without folders of the environment, and with a folder for models made from given paths."""
    monkeypatch.delenv(folders.ASSETS_VARIABLE, raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("temporary")))
    yield
    for cached in (cache.shelf, cache.get_imported):
        cached.clear()


@pytest.fixture
def given(monkeypatch):
    """Start the app with these paths."""

    def start(*paths: object) -> None:
        monkeypatch.setattr(sys, "argv", [str(MAIN), *map(str, paths)])

    return start


@pytest.fixture
def tiny(tmp_path, tiny_dataset) -> Path:
    return add_dataset(tmp_path / "data", tiny_dataset, *OFFERED)


def test_a_dataset_directory_or_a_folder_of_them(given, tiny, tmp_path):
    for path in (tiny, tiny.parent, os.path.relpath(tiny)):
        given(path)
        page = open_page()
        assert messages(page) == [] and page.selectbox(key="dataset").options[0] == "tiny"
        check_numbers(page, tiny)
    assert page.selectbox(key="dataset").options[1:] == [
        *("ml-latest-small", "lichess-openings", "planted")
    ]


def test_paths_are_those_of_this_program_only(given, monkeypatch):
    given("a", "b")
    assert given_paths() == ["a", "b"]
    monkeypatch.chdir(MAIN.parent.parent)
    monkeypatch.setattr(sys, "argv", ["app/main.py", "a"])
    assert given_paths() == ["a"]
    for words in (["pytest", "a"], [str(MAIN.parent), "a"], []):
        monkeypatch.setattr(sys, "argv", words)
        assert given_paths() == []


@pytest.mark.slow
def test_what_cannot_be_opened_is_named_with_the_reason(given, tiny, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.txt").write_text("no model")
    odd = os.fsdecode(b"/\xff")
    given(tmp_path / "gone<b>", tmp_path / "empty", tmp_path / "text.txt", tiny, odd)
    page = open_page()
    said = messages(page)
    assert [
        any(words in one for one in said)
        for words in ("gone<b>' does not exist", "empty' contains no dataset", "is not UTF-8")
    ] == 3 * [True]
    assert (
        f"{tmp_path / 'text.txt'} is not a file of torch.save that can be read safely" in said[-1]
    )
    assert len(said) == 4
    check_numbers(page, tiny)
    for open_another in (open_find, open_models):
        assert len(messages(open_another())) == 4


def test_a_model_directory_appears_beside_the_models_of_its_dataset(given, tiny, tiny_dataset):
    add_model(tiny.parent, tiny_dataset, "stosa-none")
    model = tiny.parent / "models" / "stosa-none"
    given(tiny, model)
    page = open_page()
    assert messages(page) == [] and page.session_state["b"] == "stosa-none"
    assert address(page)["b"] == f"stosa-none@{cache.fingerprint(model)}"
    assert len(page.selectbox(key="b").options) == 3
    shutil.copytree(model, tiny / "models" / "stosa-none")
    assert open_page().session_state["b"] == "stosa-none-2"  # its name is taken


def test_a_model_alone_opens_its_shipped_dataset(given, tmp_path):
    shipped = folders.ASSETS / "planted" / "models" / "sasrec-additive"
    shutil.copytree(shipped, tmp_path / "mine" / "sasrec-additive")
    given(tmp_path / "mine")
    page = open_models()
    assert messages(page) == [] and page.session_state["dataset"] == "planted"
    assert page.session_state["b"] == "sasrec-additive-2"
    (link,) = Path(cache.shelf().name).rglob("sasrec-additive-2")
    assert link.resolve() == (tmp_path / "mine" / "sasrec-additive").resolve()
    assert folders.in_command(link) == str(tmp_path / "mine" / "sasrec-additive")
    given(shipped)  # it is offered already
    page = open_page()
    assert page.session_state["b"] == "sasrec-additive" and messages(page) == []


def test_models_without_their_dataset_and_damaged_ones_are_named(given, tiny, tmp_path):
    other = dataclasses.replace(make_dataset(n_items=9, seed=3), name="other")
    lost = add_dataset(tmp_path / "lost", other, "sasrec-none") / "models" / "sasrec-none"
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "config.json").write_text("{}")
    given(tiny, lost, tmp_path / "broken")
    said = messages(open_page())
    assert said[0].startswith(
        f"{lost} is for the dataset 'other' (fingerprint {other.fingerprint})"
    )
    assert f"{tmp_path / 'broken'} is not a model directory: it lacks model" in said[1]
    assert len(said) == 2
    given(tiny, lost, lost.parent.parent)
    assert messages(open_page(dataset="other")) == []


def test_two_given_datasets_of_one_name(given, tiny, tmp_path):
    shutil.copytree(tiny, tmp_path / "again" / "tiny")
    given(tiny, tmp_path / "again")
    (said,) = messages(open_page())
    assert said == (
        f"{tmp_path / 'again' / 'tiny'} is not offered: {tiny} has the same name; rename one of "
        "the two"
    )


def test_the_environment_names_several_folders(monkeypatch, tiny, tmp_path):
    other = dataclasses.replace(make_dataset(n_items=9, seed=3), name="other")
    add_dataset(tmp_path / "second", other, "sasrec-none")
    named = [str(tiny.parent), str(tmp_path / "second"), str(tmp_path / "gone")]
    monkeypatch.setenv(folders.ASSETS_VARIABLE, os.pathsep.join([named[0], "", named[1]]))
    page = open_page()
    assert page.selectbox(key="dataset").options[:2] == ["tiny", "other"]
    assert messages(page) == []
    monkeypatch.setenv(folders.ASSETS_VARIABLE, os.pathsep.join(named))
    (said,) = messages(open_page())
    assert said == (
        f"AWRSR_ASSETS names {named[2]!r}, which does not exist; accepted: a folder of dataset "
        "directories, as made by `python -m awrsr prepare`."
    )


@pytest.mark.slow
def test_files_of_other_code_bases(given, tmp_path, monkeypatch):
    """A file that lacks nothing opens; another one is named with the options that it needs."""
    monkeypatch.syspath_prepend(Path(__file__).parents[1] / "importers")
    from foreign_files import CASES, dataset

    place = add_dataset(tmp_path / "data", dataset(), "sasrec-none")
    for folder in (tmp_path, place, place.parent):  # among the paths, inside of it, next to it
        file = folder / "rectools.ckpt"
        CASES["rectools"].write(file, monkeypatch)
        given(*([place] if folder == tmp_path else []), file)
        page = finish(open_page(dataset=place.name))
        assert messages(page) == [] and page.session_state["b"] == "sasrec-none-rectools"
        assert sent(page, "board")["sources"][1]["title"] == "SASRec \u00b7 vanilla (rectools)"
    alone = tmp_path / "elsewhere" / "rectools.ckpt"
    alone.parent.mkdir()
    shutil.copy(file, alone)
    CASES["gsasrec"].write(tmp_path / "g.pt", monkeypatch)
    given(alone)
    assert f"{alone} needs a dataset directory, among the given" in messages(open_page())[0]
    given(place, tmp_path / "g.pt", alone)
    page = open_page()
    (said,) = messages(page)
    assert "g.pt, recognised as asash/gSASRec-pytorch" in said and "give --heads" in said
    assert said.endswith("; `python -m awrsr import` has options for what a file lacks")
    assert page.session_state["b"] == "sasrec-none-rectools"
