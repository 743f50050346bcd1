"""Files that try to run code are refused or read as inert data: their code never runs."""

import builtins
import functools
import io
import os
import pickle
import subprocess
import zipfile
from collections import OrderedDict
from pathlib import Path

import other_code
import pytest
import torch
from foreign_files import dataset, with_ids

from awrsr.errors import CheckpointError
from awrsr.importers import read_model
from awrsr.importers.stored import Stub, read_stored

DATA = dataset()
MODEL = other_code.s3rec(1)


class Bomb:
    """Calls a function when it is unpickled."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def bombs(marker: Path) -> dict[str, Bomb]:
    said = f"open({str(marker)!r}, 'w').close()"
    return {
        "system": Bomb(os.system, f"touch {marker}"),
        "popen": Bomb(subprocess.Popen, ["touch", str(marker)]),
        "exec": Bomb(exec, said),
        "eval": Bomb(eval, said),
        "open": Bomb(builtins.open, str(marker), "w"),
        "partial": Bomb(functools.partial, os.system, f"touch {marker}"),
        "inner": Bomb(pickle.loads, pickle.dumps(Bomb(os.system, f"touch {marker}"))),
        "attribute": Bomb(getattr, "text", "upper"),
    }


@pytest.mark.parametrize("old", [False, True], ids=["zip", "older"])
@pytest.mark.parametrize("place", ["value", "key-beside", "instead", "nested"])
@pytest.mark.parametrize("name", bombs(Path("x")))
def test_a_trapped_file_is_refused_and_none_of_its_code_runs(tmp_path, name, place, old):
    marker, path = tmp_path / "ran", tmp_path / "model.pt"
    bomb = bombs(marker)[name]
    content = {
        "value": OrderedDict({**MODEL.state, "LayerNorm.extra": bomb}),
        "key-beside": {"state_dict": OrderedDict(MODEL.state), "config": bomb},
        "instead": bomb,
        "nested": {"state_dict": OrderedDict(MODEL.state), "a": [{"b": (1, [bomb])}]},
    }[place]
    torch.save(content, path, _use_new_zipfile_serialization=not old)
    with pytest.raises(CheckpointError, match="nothing in it was run|Nothing in it was run"):
        read_model(path, DATA, heads=2, **with_ids(tmp_path))
    assert not marker.exists()


def test_the_traps_work_if_they_are_unpickled(tmp_path):
    """So the test above can fail."""
    marker = tmp_path / "ran"
    pickle.loads(pickle.dumps(bombs(marker)["system"]))
    assert marker.exists()


def test_functions_of_known_packages_are_stubs_that_do_nothing(tmp_path):
    marker, path = tmp_path / "ran", tmp_path / "model.pt"
    torch.save({"state_dict": {}, "x": Bomb(torch.save, {}, str(marker))}, path)
    found = read_stored(path).value("x")
    assert isinstance(found, Stub) and found.arguments[1] == str(marker)
    assert not marker.exists()


def test_a_file_cannot_change_how_the_next_one_is_read(tmp_path):
    """BUILD with two states sets attributes, here on the stub of a class."""
    script = b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\nN}(X\x07\x00\x00\x00__new__NU\x01xu\x86b."
    path, intact = tmp_path / "model.pt", tmp_path / "whole.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", script)
    try:
        read_stored(path)
    except CheckpointError:
        pass
    torch.save(OrderedDict(MODEL.state), intact)
    read = read_stored(intact).tensors
    assert read.keys() == MODEL.state.keys()
    assert all(torch.equal(read[name], MODEL.state[name]) for name in read)


def rewritten(source: Path, target: Path, change) -> None:
    """A copy of a zip archive with some entries changed: (name, content) to (content, kind)."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            content, kind = change(name, old.read(name))
            new.writestr(name, content, compress_type=kind)


def test_damaged_storages_are_refused(tmp_path):
    intact, path = tmp_path / "whole.pt", tmp_path / "model.pt"
    torch.save(OrderedDict(MODEL.state), intact)
    changes = {
        "has .* bytes, expected": lambda n, c: (c[:-4] if "/data/" in n else c, zipfile.ZIP_STORED),
        "not compressed": lambda n, c: (c, zipfile.ZIP_DEFLATED),
        "byte order b'big'": lambda n, c: (
            b"big" if n.endswith("byteorder") else c,
            zipfile.ZIP_STORED,
        ),
    }
    for said, change in changes.items():
        rewritten(intact, path, change)
        with pytest.raises(CheckpointError, match=said):
            read_stored(path)


def test_a_tensor_beyond_its_storage_is_refused(tmp_path):
    """Its numbers would be those of other memory."""
    path = tmp_path / "model.pt"
    tensor = torch.ones(4)

    class Larger:
        def __reduce__(self):
            rebuild, (storage, *_rest) = tensor.__reduce_ex__(2)[0], tensor.__reduce_ex__(2)[1]
            return rebuild, (storage, 2, (4,), (1,), False, OrderedDict())

    torch.save({"x": Larger()}, path)
    with pytest.raises(CheckpointError, match="Nothing in it was run"):
        read_stored(path)


@pytest.mark.parametrize(
    "content",
    [b"", b"no model", b"\x80\x02.", b"PK\x03\x04 broken", pickle.dumps({"a": 1})],
    ids=["empty", "text", "no-value", "half-a-zip", "plain-pickle"],
)
def test_a_file_that_is_not_of_torch_is_refused(tmp_path, content):
    path = tmp_path / "model.pt"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=str(path)):
        read_model(path, DATA)


def test_a_program_of_torchscript_is_refused(tmp_path):
    path = tmp_path / "model.pt"

    class Twice(torch.nn.Module):
        def forward(self, x):
            return 2 * x

    content = io.BytesIO()
    with pytest.warns(DeprecationWarning):
        torch.jit.save(torch.jit.script(Twice()), content)
    path.write_bytes(content.getvalue())
    with pytest.raises(CheckpointError, match="nothing in it was run"):
        read_stored(path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match="is not a file"):
        read_model(tmp_path / "model.pt", DATA)
    with pytest.raises(CheckpointError, match="is not a file"):
        read_model(tmp_path, DATA)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16, torch.int64])
def test_tensors_of_all_types_are_read_unchanged(tmp_path, dtype):
    tensors = {
        "a": torch.arange(12).reshape(3, 4).to(dtype),
        "b": torch.arange(12).reshape(3, 4).to(dtype).T,
        "c": torch.arange(6).to(dtype)[2:],
        "d": torch.nn.Parameter(torch.arange(3).to(dtype), requires_grad=False),
        "e": torch.empty(0, dtype=dtype),
    }
    torch.save(tensors, tmp_path / "model.pt")
    read = read_stored(tmp_path / "model.pt").tensors
    assert all(torch.equal(read[name], tensors[name]) for name in tensors)


def test_a_small_file_does_not_fill_the_memory(tmp_path):
    """A compressed or long pickle, and many tensors that share the numbers of one."""
    path = tmp_path / "model.pt"
    torch.save({"a": torch.zeros(3), "b": [0] * 100_000}, path)
    with zipfile.ZipFile(path) as zipped:
        entries = [(one.filename, zipped.read(one)) for one in zipped.infolist()]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    with pytest.raises(CheckpointError, match=r"data.pkl has 200,\d+ bytes; .*, not compressed"):
        read_stored(path)
    tensor = torch.zeros(10_000)
    torch.save({str(number): tensor[number:] for number in range(20)}, path)
    with pytest.raises(CheckpointError, match="its tensors have more than 4 times the bytes"):
        read_stored(path)
    torch.save({"a": tensor, "b": tensor}, path)
    assert len(read_stored(path).tensors) == 2


def test_a_file_that_has_only_the_names_of_a_layout_is_one_sentence(tmp_path):
    marks = ("item_emb.weight", "attention_layers.0.in_proj_weight", "last_layernorm.weight")
    odd = dict.fromkeys([*marks, "pos_emb.weight", "last_layernorm.bias"], torch.zeros(0, 0))
    torch.save(odd, tmp_path / "model.pth")
    with pytest.raises(CheckpointError, match="model.pth does not fit its layout: IndexErr"):
        read_model(tmp_path / "model.pth", DATA)
