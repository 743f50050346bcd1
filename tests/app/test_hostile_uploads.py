"""Hostile uploads: each is refused with a reason, and nothing of it is kept."""

import io
import stat
import tempfile
import warnings
import zipfile
from pathlib import Path

import pytest
import torch
from checking import check_numbers
from driving import add_model, edit_config, messages, open_page
from streamlit.runtime.caching import cache_resource_api
from uploading import upload_model, zipped

from app import cache, elsewhere

OFFERED = ("sasrec-none", "sasrec-additive")


@pytest.fixture
def model(tmp_path_factory, tiny_dataset) -> Path:
    """A model of the tiny dataset outside the dataset's folders."""
    return add_model(tmp_path_factory.mktemp("elsewhere"), tiny_dataset, "sasrec-simple")


@pytest.fixture
def refused(directory, tmp_path_factory, monkeypatch):
    """Upload files and check that they are refused for this reason, and that nothing is kept."""
    folder = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))

    def check(reason: str, *files: tuple[str, bytes]) -> None:
        page = open_page()
        everywhere = {one for one in folder.parent.rglob("*") if one.is_file()}
        upload_model(page, *files)
        (said,) = messages(page)
        assert reason in said and str(folder) not in said, said
        assert {one for one in folder.parent.rglob("*") if one.is_file()} == everywhere
        room = cache._upload_room()
        assert room.left == room.size
        assert page.session_state["b"] in OFFERED
        check_numbers(page, directory)

    yield check
    cache_resource_api.clear_session_cache("test session id")


def with_entry(directory: Path, name: str, content: bytes, mode: int = 0) -> bytes:
    memory = io.BytesIO(zipped(directory))
    with warnings.catch_warnings(), zipfile.ZipFile(memory, "a") as archive:
        warnings.simplefilter("ignore")
        entry = zipfile.ZipInfo(name)
        entry.external_attr = mode << 16
        archive.writestr(entry, content)
    return memory.getvalue()


@pytest.mark.few(2)
@pytest.mark.parametrize(
    ("name", "mode", "reason"),
    [
        ("../../evil", 0, "leads out of the archive"),
        ("snapshots/../../../evil", 0, "leads out of the archive"),
        ("/tmp/evil", 0, "its name is not relative"),
        ("..\\evil", 0, "its name is not relative"),
        ("metrics.json", stat.S_IFLNK | 0o777, "it is a link or a special file"),
        ("model.safetensors", 0, "it occurs twice"),
        ("other/config.json", 0, "2 files config.json outside of snapshots/"),
    ],
)
def test_names_links_and_repeats(refused, model, name, mode, reason):
    refused(reason, ("m.zip", with_entry(model, name, b"/etc/passwd", mode)))


def test_bombs(refused, model, monkeypatch):
    monkeypatch.setattr(elsewhere, "MAX_UNPACKED", 100_000)
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(model / "config.json", "config.json")
        archive.writestr("model.safetensors", bytes(10_000_000))
    assert len(memory.getvalue()) < 20_000
    refused("bytes when unpacked; accepted: at most 100,000", ("m.zip", memory.getvalue()))
    declared = (10_000_000).to_bytes(4, "little")
    lying = memory.getvalue().replace(declared, (1_000).to_bytes(4, "little"))
    refused("m.zip is damaged", ("m.zip", lying))


@pytest.mark.few(1)
def test_cut_archives(refused, model):
    content = zipped(model)
    for length in (0, 30, len(content) // 2, len(content) - 1):
        refused("m.zip is not a complete zip archive", ("m.zip", content[:length]))


def test_another_catalogue(refused, model):
    edit_config(catalogue={"fingerprint": "0" * 12, "name": "<b>x</b>"})(model)
    said = "belongs to '<b>x</b>' (fingerprint 000000000000), the dataset is 'tiny'"
    refused(said, ("m.zip", zipped(model)))


@pytest.mark.slow
def test_weights_that_are_not_of_their_config(refused, model):
    edit_config(model={"inner_size": 4_000})(model)
    refused("does not fit config.json", ("m.zip", zipped(model)))
    edit_config(model={"inner_size": 16, "n_layers": 10**9})(model)
    refused("n_layers", ("m.zip", zipped(model)))
    edit_config(model={"n_layers": 2, "max_length": 2_001})(model)
    refused("its max_length is 2,001; accepted for", ("m.zip", zipped(model)))
    edit_config(model={"n_layers": "two"})(model)
    refused("n_layers", ("m.zip", zipped(model)))


def test_large_files_beside_the_weights(refused, model):
    (model / "ranks.parquet").write_bytes(bytes(9_000_000))
    refused(
        "ranks.parquet has 9,000,000 bytes; accepted: at most 8,388,608", ("m.zip", zipped(model))
    )


def test_a_model_without_weights_or_without_config(refused, model):
    (model / "model.safetensors").unlink()
    refused("it lacks model.safetensors", ("m.zip", zipped(model)))
    (model / "config.json").unlink()
    refused("0 files config.json", ("m.zip", zipped(model, readme=b"")))


def test_a_full_disk_and_a_file_that_is_not_as_its_layout_expects(refused, model, monkeypatch):
    def full(path: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        refused("could not keep the upload: No space left", ("m.zip", zipped(model)))
    memory = io.BytesIO()
    marks = ("item_emb.weight", "attention_layers.0.in_proj_weight", "last_layernorm.weight")
    odd = dict.fromkeys([*marks, "pos_emb.weight", "last_layernorm.bias"], torch.zeros(0, 0))
    torch.save(odd, memory)
    refused("m.pth does not fit its layout: IndexError", ("m.pth", memory.getvalue()))
