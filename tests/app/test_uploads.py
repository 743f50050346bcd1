"""Uploaded models: they work like any other, stay in their session, and end with it."""

import itertools
import os
import tempfile
from pathlib import Path

import pytest
import torch
from checking import check_numbers
from driving import (
    add_dataset,
    add_model,
    address,
    choose,
    click,
    finish,
    infos,
    keep_epochs,
    messages,
    open_find,
    open_models,
    open_page,
    press,
    run,
    sent,
    texts,
)
from helpers import make_dataset
from streamlit.runtime.caching import cache_resource_api
from uploading import upload_model, uploaders, zipped

from app import cache, uploads
from app.folders import dataset_directories
from app.upload_form import LINKS

OFFERED = ("sasrec-none", "sasrec-additive")
SESSION = "test session id"


@pytest.fixture
def session(monkeypatch) -> list[str]:
    """The id of the session that pages run in, which a test may change."""
    now = [SESSION]
    monkeypatch.setattr(cache_resource_api, "get_session_id_or_throw", lambda: now[0])
    return now


@pytest.fixture(autouse=True)
def own_folder(tmp_path_factory, monkeypatch, session):
    """Uploads go into a folder of the test; the session of the tests ends after each."""
    folder = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    cache_resource_api.clear_session_cache(SESSION)
    assert list(folder.glob("awrsr-upload-*")) == []


@pytest.fixture
def elsewhere(tmp_path_factory, tiny_dataset) -> Path:
    """A model of the tiny dataset outside the dataset's folders."""
    place = tmp_path_factory.mktemp("elsewhere")
    return add_model(place, tiny_dataset, "sasrec-value_weighted")


def kept(folder: Path) -> list[Path]:
    return sorted(one for one in folder.rglob("*") if one.is_file())


def test_an_archive_opens_as_model_b_and_works_like_any_other(directory, elsewhere):
    keep_epochs(elsewhere, 2, 4)
    page = open_page(a="sasrec-none")
    upload_model(page, ("of mine.zip", zipped(elsewhere, "folder/best run", note=b"left out")))
    name = "sasrec-value_weighted-best_run"
    assert messages(page) == [] and page.session_state["b"] == name
    assert address(page)["b"].startswith(f"{name}@")
    assert f":material/link_off: {LINKS}" in texts(page)
    place = cache.session_uploads().models(dataset_of(directory))[name]
    files = {"config.json", "model.safetensors", "history.csv"}
    assert {one.name for one in place.iterdir()} == files | {"snapshots"}
    finish(choose(page, epoch=2))
    assert messages(page) == [] and sent(page, "board")
    place.rename(directory / "models" / name)
    cache_resource_api.clear_session_cache(SESSION)
    reference = open_page(a="sasrec-none", b=name, epoch=2)  # the same numbers as from the dataset
    assert sent(finish(reference), "board") == sent(page, "board")


def dataset_of(directory: Path):
    return cache.get_dataset(directory)


def test_the_other_pages_offer_it(directory, elsewhere):
    page = open_models()
    upload_model(page, ("m.zip", zipped(elsewhere)))
    assert messages(page) == [] and "#### B: SASRec \u00b7 value\\-weighted \\(m\\)" in [
        element.value for element in page.markdown
    ]
    find = open_find(a="sasrec-none", b="sasrec-value_weighted-m")
    assert messages(find) == [] and not uploaders(find)
    assert find.selectbox(key="b").value == "sasrec-value_weighted-m"


def test_weights_with_their_config_and_a_name_that_is_taken(directory, elsewhere):
    page = open_page()
    files = [
        (name, (elsewhere / name).read_bytes()) for name in ("config.json", "model.safetensors")
    ]
    upload_model(
        page, ("any.json", files[0][1]), ("sasrec-value_weighted.safetensors", files[1][1])
    )
    assert messages(page) == []
    assert page.session_state["b"] == "sasrec-value_weighted-uploaded"
    upload_model(page, *files)
    upload_model(page, *files)
    assert page.session_state["b"] == "sasrec-value_weighted-model-2"
    assert messages(page) == []


def test_a_removed_model_is_replaced_and_its_bytes_are_free_again(directory, elsewhere, own_folder):
    page = open_page(a="sasrec-none", b="sasrec-additive")
    upload_model(page, ("m.zip", zipped(elsewhere)))
    assert kept(own_folder)
    press(page, "remove-upload-sasrec-value_weighted-m")
    assert messages(page) == [] and kept(own_folder) == []
    assert page.session_state["b"] in OFFERED
    room = cache._upload_room()
    assert room.left == room.size
    check_numbers(page, directory)


def test_all_ends_with_the_session(directory, elsewhere, own_folder):
    page = open_page()
    upload_model(page, ("m.zip", zipped(elsewhere)))
    place = cache.session_uploads().models(dataset_of(directory))["sasrec-value_weighted-m"]
    first = cache.get_model(place)
    assert cache.get_model(place) is first
    cache_resource_api.clear_session_cache(SESSION)
    assert list(own_folder.iterdir()) == []
    with pytest.raises(Exception, match="no such directory"):
        cache.get_model(place)  # no longer in memory either
    assert cache._upload_room().left == uploads.MAX_OF_SERVER
    assert "unknown; accepted: sasrec-none, sasrec-additive" in messages(run(page))[0]


def test_two_sessions_do_not_see_each_others_uploads(directory, elsewhere, session):
    first = open_page()
    upload_model(first, ("m.zip", zipped(elsewhere)))
    name = "sasrec-value_weighted-m"
    session[0] = "second"
    second = open_page(b=address(first)["b"])
    (said,) = messages(second)
    assert "unknown; accepted: sasrec-none, sasrec-additive." in said
    assert name not in str(second.selectbox(key="a").options) and not [
        one for one in second.button if (one.key or "").startswith("remove-upload")
    ]
    session[0] = SESSION
    run(first)
    assert first.session_state["b"] == name and messages(first) == []
    cache_resource_api.clear_session_cache("second")
    assert messages(run(first)) == []


@pytest.mark.slow
def test_a_server_may_take_no_uploads(directory, elsewhere, monkeypatch):
    assert uploaders(open_page()) and uploaders(open_models())
    for said in ("off", "no", ""):
        monkeypatch.setenv(uploads.UPLOADS_VARIABLE, said)
        assert not uploaders(open_page()) and not uploaders(open_models())


@pytest.mark.slow
def test_a_session_keeps_a_few_and_a_server_a_bounded_number_of_bytes(
    directory, elsewhere, monkeypatch, own_folder
):
    content = zipped(elsewhere)
    page = open_page()
    for _ in range(uploads.MAX_OF_SESSION):
        upload_model(page, ("m.zip", content))
        assert messages(page) == []
    before = kept(own_folder)
    upload_model(page, ("m.zip", content))
    assert messages(page) == ["4 models are uploaded, the most that a session keeps; remove one"]
    press(page, "remove-upload-sasrec-value_weighted-m-2")
    room = cache._upload_room()
    monkeypatch.setattr(room, "left", 100)
    upload_model(page, ("m.zip", content))
    (said,) = messages(page)
    assert said.startswith("the uploads of this server have 100 bytes left; this one needs up to")
    monkeypatch.setattr(room, "left", len(content) + 10)
    upload_model(page, ("m.zip", content))
    (said,) = messages(page)
    assert "this one needs up to 536,870,912" in said
    assert room.left == len(content) + 10 and len(kept(own_folder)) < len(before)
    monkeypatch.setattr(uploads, "MAX_UPLOADED", 1_000)
    upload_model(page, ("m.zip", content))
    assert messages(page) == [f"received {len(content):,} bytes; accepted: at most 1,000"]
    room.left = room.size


@pytest.mark.slow
def test_an_upload_is_for_the_dataset_on_the_page(directory, elsewhere, tmp_path):
    other = make_dataset(n_items=9, seed=3)
    foreign = add_dataset(tmp_path / "other", other, "sasrec-none") / "models" / "sasrec-none"
    page = open_page()
    upload_model(page, ("m.zip", zipped(foreign)))
    (said,) = messages(page)
    assert "belongs to 'tiny' (fingerprint" in said and "the dataset is 'tiny'" in said
    assert not cache.session_uploads().models(dataset_of(directory))
    upload_model(page, ("m.zip", zipped(elsewhere)))
    assert messages(page) == []
    shipped = dataset_directories()["planted"]
    choose(page, dataset="planted")
    assert not cache.session_uploads().models(dataset_of(shipped))
    assert messages(page) == []


def test_titles_of_files_are_shown_as_they_are(directory, elsewhere):
    page = open_page()
    upload_model(page, ("<i>:red[x].zip", zipped(elsewhere)))
    assert page.session_state["b"] == "sasrec-value_weighted-i_red_x"
    upload_model(page, ("[link](http://x).json", b"1"))
    (box,) = page.error
    assert r"\[link\]\(http\:" in box.value
    assert messages(page)[0].startswith("received '[link](http://x).json'; accepted for one model:")


@pytest.mark.few(2)
@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (["model.safetensors"], "a .safetensors file and its config.json are uploaded together"),
        (["config.json"], "accepted for one model: a zip of a model directory"),
        (["a.zip", "b.zip"], "received 'a.zip', 'b.zip'; accepted for one model"),
        (["a.zip", "b.pth"], "received 'a.zip', 'b.pth'; accepted for one model"),
        (["ids.txt"], "received 'ids.txt'; accepted for one model"),
        (["a.zip"], "a.zip is not a complete zip archive"),
        (["a.pth"], "a.pth is not a file of torch.save that can be read safely"),
    ],
)
def test_files_from_which_no_model_can_be_made(directory, names, reason, own_folder):
    page = open_page()
    upload_model(page, *((name, b"\0 content") for name in names))
    (said,) = messages(page)
    assert reason in said and str(own_folder) not in said
    assert kept(own_folder) == []
    check_numbers(page, directory)


def test_options_of_the_form_are_those_of_importers():
    from app.upload_form import LABELS
    from awrsr.importers import IMPORTERS

    asked = set(itertools.chain(*(importer.options() for importer in IMPORTERS.values())))
    assert asked <= LABELS.keys()


def test_a_file_that_needs_heads_asks_for_them(directory, tmp_path, monkeypatch, own_folder):
    monkeypatch.syspath_prepend(Path(__file__).parents[1] / "importers")
    from foreign_files import CASES, IDS, dataset

    data = dataset()
    place = add_dataset(tmp_path / "more", data, "sasrec-none")
    monkeypatch.setenv("AWRSR_ASSETS", str(place.parent))
    page = open_page()
    case = CASES["pmixer-2024"].write(tmp_path / "sasrec.pth", monkeypatch)
    ids = ("ids.txt", "\n".join(IDS).encode())
    upload_model(page, ("sasrec.pth", (tmp_path / "sasrec.pth").read_bytes()), ids)
    (said,) = infos(page)
    assert said.startswith("sasrec.pth, recognised as pmixer") and "give layout" in said
    assert "--" not in said and str(own_folder) not in said
    choose(page, **{"told-layout": "2024"})
    click(page, "Open the model")
    assert "give heads" in infos(page)[0]
    choose(page, **{"told-heads": 3})
    click(page, "Open the model")
    assert "heads must divide the width" in infos(page)[0]
    choose(page, **{"told-heads": case["heads"]})
    click(page, "Open the model")
    assert messages(page) == [] and page.session_state["b"] == "sasrec-none-sasrec"
    assert not [one for one in page.button if one.label == "Open the model"]
    directory = cache.session_uploads().models(cache.get_dataset(place))["sasrec-none-sasrec"]
    assert cache.get_model(directory).config.n_heads == case["heads"]
    assert sent(finish(page), "board")


def test_nothing_pickled_is_run(directory, tmp_path, own_folder):
    class Evil:
        def __reduce__(self):
            return os.system, (f"touch {tmp_path / 'run'}",)

    torch.save({"state_dict": Evil()}, tmp_path / "evil.pth")
    page = open_page()
    content = (tmp_path / "evil.pth").read_bytes()
    upload_model(page, ("evil.pth", content))
    assert "which no checkpoint needs; it is refused" in messages(page)[0]
    upload_model(page, ("evil.zip", content))
    assert "0 files config.json" in messages(page)[0]
    upload_model(page, ("model.safetensors", content), ("config.json", b"{}"))
    assert messages(page) and not (tmp_path / "run").exists() and kept(own_folder) == []
