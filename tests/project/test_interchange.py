"""The page on files for other programs lists every tensor and column, with its type and shape."""

import re

import pandas as pd
import pytest
import torch
from helpers import PAIRS, ROOT
from safetensors import safe_open

import awrsr
from awrsr.explain import KINDS
from awrsr.models.trace_files import AXES, MAX_BYTES, METADATA
from awrsr.refinement import REFINEMENTS
from awrsr.studies.scan_files import PAIRS_FILE, USERS_FILE, ScanFile, read_scan, write_scan

PAGE = (ROOT / "docs" / "interchange.md").read_text(encoding="utf-8")
SIZES = {"item": "m", "head": "H", "head_dim": "d", "query_width": "w"}


def table(heading: str) -> dict[str, list[str]]:
    """The rows of a table of the page, by their name in the first column."""
    _, _, rest = PAGE.partition(f"| {heading} |")
    assert rest, heading
    lines = rest.partition("\n\n")[0].splitlines()[2:]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    names = [row[0].strip("`") for row in rows]
    assert len({*names}) == len(names)
    return dict(zip(names, (row[1:] for row in rows), strict=True))


def test_every_tensor_is_on_the_page_with_its_shape():
    rows = table("tensor")
    expected = {"items": "(m)", "item_scores": "(N)"}
    for field, axes in AXES.items():
        expected[f"layers.LAYER.{field}"] = f"({', '.join(SIZES[axis] for axis in axes)})"
    assert {name: row[1] for name, row in rows.items()} == expected
    assert all(len(row) == 4 and all(row) for row in rows.values())


@pytest.mark.parametrize("backbone, refinement", PAIRS)
def test_a_file_has_the_types_and_shapes_of_the_page(tmp_path, make_model, backbone, refinement):
    model = make_model(backbone, refinement)
    awrsr.save_trace(awrsr.trace(model, [3, 1, 4]), tmp_path / "trace")
    rows = table("tensor")
    d = model.config.hidden_size // model.config.n_heads
    compares = REFINEMENTS[refinement].learns_attention
    w = d * (1 + model.gaussian) * compares
    sizes = {"m": 3, "N": 11, "H": model.config.n_heads, "d": d, "w": w}
    with safe_open(tmp_path / "trace", "pt") as file:
        assert {*file.metadata()} == {*METADATA} == {*table("metadata")}
        for name in file.keys():  # noqa: SIM118
            kind, shape, *_ = rows[re.sub(r"layers\.\d+", "layers.LAYER", name)]
            tensor = file.get_tensor(name)
            assert (tensor.dtype == torch.int64) == (kind == "int64"), name
            assert tensor.dtype == torch.int64 or tensor.is_floating_point()
            axes = shape.strip("()").split(", ")
            assert tuple(tensor.shape) == tuple(sizes[axis] for axis in axes), name


@pytest.mark.parametrize("file, heading", [(USERS_FILE, "users"), (PAIRS_FILE, "pairs")])
def test_every_column_is_on_the_page_with_its_type(
    tmp_path, make_model, tiny_dataset, file, heading
):
    directories = {}
    for refinement in ("none", "additive"):
        directories[refinement] = tmp_path / refinement
        awrsr.save_model(make_model("sasrec", refinement), directories[refinement])
    write_scan(directories, tiny_dataset, tmp_path / "scan", attribution=True, device="cpu")
    rows = table(f"column of `{file}`")
    described = {name.replace("KIND", kind): row[0] for name, row in rows.items() for kind in KINDS}
    columns = pd.read_parquet(tmp_path / "scan" / file)
    types = {name: str(dtype).replace("str", "text") for name, dtype in columns.dtypes.items()}
    assert types == described
    assert all(len(row) == 3 and row[2] for row in rows.values())
    assert not read_scan(tmp_path / "scan").users.empty


def test_every_field_of_a_scan_is_on_the_page():
    _, _, words = PAGE.partition("`scan.json` has")
    assert {*re.findall(r"`(\w+)`", words)} == {*ScanFile.model_fields}


def test_the_code_of_the_page_runs(tmp_path, monkeypatch):
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "assets").symlink_to(ROOT / "assets")
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(code, names)
    assert names["same"].items == names["trace"].items
    assert MAX_BYTES == 2**30 and "at most 1 GiB" in PAGE
