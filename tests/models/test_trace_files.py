"""Traces as files: what is written is read again, and a file that is no trace is refused."""

import dataclasses
import json

import pytest
import torch
from helpers import PAIRS, make_dataset
from safetensors import safe_open
from safetensors.torch import load_file, save_file

import awrsr
from awrsr.errors import AwrsrError, DataError
from awrsr.models import trace_files
from awrsr.models.trace_files import AXES

HISTORY = [3, 1, 4, 1, 5]


def same(first: awrsr.Trace, second: awrsr.Trace) -> bool:
    if first.table().equals(second.table()) is False or first.config != second.config:
        return False
    if (first.items, first.dropped) != (second.items, second.dropped):
        return False
    for one, other in zip(first.layers, second.layers, strict=True):
        for field in AXES:
            values = getattr(one, field), getattr(other, field)
            if (values[0] is None) != (values[1] is None):
                return False
            if values[0] is not None and not torch.equal(*values):
                return False
    return torch.equal(first.item_scores, second.item_scores)


@pytest.fixture
def saved(tmp_path, make_model, tiny_dataset):
    """The file of a trace."""
    path = tmp_path / "trace.safetensors"
    trace = awrsr.trace(make_model("sasrec", "additive"), HISTORY)
    awrsr.save_trace(trace, path, dataset=tiny_dataset, weights="0123456789ab")
    return path


def changed(path, tensors=(), **metadata):
    """Write the file again with other tensors (None: without it) and metadata."""
    with safe_open(path, "pt") as file:
        about = {**file.metadata(), **metadata}
    content = {**load_file(path), **dict(tensors)}
    path.unlink()
    save_file({name: t for name, t in content.items() if t is not None}, path, about)
    return path


def test_every_field_of_a_layer_has_axes():
    assert list(AXES) == [field.name for field in dataclasses.fields(awrsr.LayerTrace)]


@pytest.mark.parametrize("backbone, refinement", PAIRS)
@pytest.mark.parametrize("length", [1, 5, 60])
def test_a_trace_comes_back(tmp_path, make_model, backbone, refinement, length):
    trace = awrsr.trace(make_model(backbone, refinement), (HISTORY * 12)[:length])
    awrsr.save_trace(trace, tmp_path / "trace.safetensors")
    assert same(awrsr.load_trace(tmp_path / "trace.safetensors"), trace)


def test_what_the_file_says_of_its_source(saved, tiny_dataset):
    with safe_open(saved, "pt") as file:
        about = file.metadata()
    assert {*about} == {*trace_files.METADATA}
    assert about["weights"] == "0123456789ab" and about["dropped"] == "0"
    ids = tiny_dataset.items["item_id"].tolist()
    assert json.loads(about["dataset"]) == {
        "name": tiny_dataset.name,
        "fingerprint": tiny_dataset.fingerprint,
        "item_ids": [ids[item - 1] for item in HISTORY],
    }


def test_the_dataset_is_compared(saved, make_model, tmp_path, tiny_dataset):
    awrsr.load_trace(saved, dataset=tiny_dataset)
    other = make_dataset(n_items=12)
    with pytest.raises(DataError, match=f"fingerprint {other.fingerprint}"):
        awrsr.load_trace(saved, dataset=other)
    trace = awrsr.load_trace(saved)
    with pytest.raises(DataError, match="ranks 11 items, 'tiny' has 12 items"):
        awrsr.save_trace(trace, saved, dataset=other)
    awrsr.save_trace(trace, saved)
    with pytest.raises(DataError, match="saved with no dataset"):
        awrsr.load_trace(saved, dataset=tiny_dataset)


@pytest.mark.parametrize(
    "tensors, message",
    [
        ({"layers.1.refined": None}, "missing layers.1.refined"),
        ({"layers.2.refined": torch.ones(2, 5, 5)}, "unexpected 'layers.2.refined'"),
        ({"layers.0.refined": torch.ones(2, 5, 4)}, r"shape \(2, 5, 4\), accepted: \(2, 5, 5\)"),
        ({"layers.0.value": torch.ones(2, 5)}, r"shape \(2, 5\), accepted: \(2, 5, 'head_dim'\)"),
        (
            {"layers.0.refined": torch.ones(2, 5, 5).half()},
            "float16, accepted: torch.float32",
        ),
        ({"layers.0.refined": torch.full((2, 5, 5), torch.nan)}, "not finite"),
        ({"items": torch.tensor([1, 2, 3, 4, 12])}, "accepted: 1 to 11"),
        ({"items": torch.ones(5)}, "items is torch.float32, accepted: torch.int64"),
    ],
)
def test_other_tensors_are_refused(saved, tensors, message):
    with pytest.raises(DataError, match=message):
        awrsr.load_trace(changed(saved, tensors))


@pytest.mark.parametrize(
    "metadata, message",
    [
        ({"format": "pt"}, "has format 'pt', version '1'; accepted: 'awrsr.trace', version '1'"),
        ({"version": "2"}, "version '2'; accepted"),
        ({"model": "{"}, "model is not readable JSON"),
        ({"model": "[" * 100_000}, "model is not readable JSON"),
        ({"model": "{}"}, "model"),
        ({"dropped": "-1"}, "dropped is '-1'; accepted: a number of items"),
    ],
)
def test_other_metadata_is_refused(saved, metadata, message):
    with pytest.raises(DataError, match=message):
        awrsr.load_trace(changed(saved, **metadata))


def test_settings_of_many_layers_need_no_memory(saved):
    with safe_open(saved, "pt") as file:
        model = json.loads(file.metadata()["model"])
    large = json.dumps({**model, "n_layers": 1000})
    with pytest.raises(DataError, match="settings of 1,000 layers"):
        awrsr.load_trace(changed(saved, model=large))


def test_files_that_cannot_be_read_are_refused(tmp_path, saved, monkeypatch):
    with pytest.raises(DataError, match="No such file"):
        awrsr.load_trace(tmp_path / "none")
    content = saved.read_bytes()
    for damaged in (b"", b"\x80\x04", content[: len(content) // 2], b"\xff" * 100):
        (tmp_path / "damaged").write_bytes(damaged)
        with pytest.raises(DataError, match="not a complete safetensors file"):
            awrsr.load_trace(tmp_path / "damaged")
    monkeypatch.setattr(trace_files, "MAX_BYTES", 100)
    with pytest.raises(DataError, match="accepted: at most 100"):
        awrsr.load_trace(saved)


def test_a_failed_write_leaves_the_old_file(saved, make_model):
    trace = awrsr.load_trace(saved)
    with pytest.raises(AwrsrError, match="nothing was changed"):
        awrsr.save_trace(trace, saved / "inside")
    assert same(awrsr.load_trace(saved), trace)
