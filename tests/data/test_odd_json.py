"""Odd values in JSON lines: each file becomes a dataset that can be loaded, or is refused."""

import json
from pathlib import Path

import pytest
from reader_sources import lines

from awrsr.data.dataset_files import load_dataset, save_dataset
from awrsr.data.prepare import prepare
from awrsr.errors import AwrsrError

ROWS = [
    {"user": user, "item": item, "timestamp": 10**9 + item, "rating": 4, "title": "T", "more": 1}
    for user in (1, 2)
    for item in range(4)
]
VALUES = [
    *(None, True, 0, -1, 1.5, 10**9, 2**53 + 1, 2**63 - 1, 2**63, 2**80, 10**400, -(2**63)),
    *("", " ", "nan", "x", "7", "2020-01-01", "\0", "千\n", "\ud800", "9" * 5000),
    *(float("nan"), float("inf"), [], ["a"], [[1]], {}, {"a": None}, [None]),
]
ABSENT = object()


def prepared(folder: Path, rows: list[dict], **asked) -> bool:
    """Whether the rows become a dataset; otherwise they are refused in one sentence."""
    source = lines(folder / "raw.jsonl", [json.dumps(row) for row in rows])
    try:
        dataset = prepare(source, name="odd", k_core=1, missing="drop", format="table", **asked)
        save_dataset(dataset, folder / "made")
    except AwrsrError as error:
        assert len(str(error).splitlines()) == 1 and len(str(error)) < 1000
        return False
    assert load_dataset(folder / "made").fingerprint == dataset.fingerprint
    return True


@pytest.mark.few(9)
@pytest.mark.parametrize("value", [*VALUES, ABSENT], ids=lambda value: str(value)[:20])
@pytest.mark.parametrize("field", ["user", "item", "timestamp", "rating", "more"])
def test_one_odd_value(tmp_path: Path, field: str, value: object):
    odd = [dict(row) for row in ROWS]
    odd[2][field] = value
    if value is ABSENT:
        del odd[2][field]
    made = prepared(tmp_path, odd, min_rating=1)
    (tmp_path / "titles").mkdir()
    titles = lines(tmp_path / "titles" / "t.jsonl", [json.dumps(row) for row in odd[:4]])
    described = prepared(tmp_path / "titles", ROWS, titles=titles)
    if field == "more" and value != "\ud800":
        assert made and described


def test_a_time_that_is_missing_is_named_by_its_row(tmp_path: Path):
    rows = [dict(row) for row in ROWS]
    del rows[2]["timestamp"]
    with pytest.raises(AwrsrError, match="data row 3: timestamp 'nan' is neither a number nor an"):
        source = lines(tmp_path / "raw.jsonl", [json.dumps(row) for row in rows])
        prepare(source, name="odd", k_core=1)


META = {"asin": "1", "title": "T", "categories": [["All", "Drama"]], "brand": "b", "price": 1.5}


@pytest.mark.parametrize("value", [*VALUES, "[[", "[[]]", [[]]], ids=lambda value: str(value)[:20])
@pytest.mark.parametrize(
    "form, field",
    [(json.dumps, "asin"), (json.dumps, "categories"), (json.dumps, "price"), (repr, "title")],
    ids=["id", "categories", "price", "literal-title"],
)
def test_one_odd_value_in_metadata(tmp_path: Path, field: str, value: object, form):
    odd = [META | {"asin": "0"}, META | {field: value}]
    titles = lines(tmp_path / "meta_Made.json", [form(each) for each in odd])
    made = prepared(tmp_path, ROWS, titles=titles)
    if field != "asin" and value not in ("\ud800", 10**400) and str(value) not in ("nan", "inf"):
        assert made


@pytest.mark.parametrize("value", VALUES, ids=lambda value: str(value)[:20])
@pytest.mark.parametrize("field", ["title", "brand", None])
def test_one_odd_value_in_an_object_of_items(tmp_path: Path, field: str | None, value: object):
    items = {str(n): {"title": f"T{n}", "brand": "b"} for n in range(4)}
    items["1"] = value if field is None else items["1"] | {field: value}
    (tmp_path / "x.item.json").write_text(json.dumps(items))
    (tmp_path / "x.inter.json").write_text(json.dumps({"a": [0, 1, 2, 3], "b": [3, 2, 1, 0]}))
    try:
        dataset = prepare(tmp_path, name="odd", k_core=1)
        save_dataset(dataset, tmp_path / "made")
    except AwrsrError as error:
        assert len(str(error).splitlines()) == 1 and len(str(error)) < 1000
        assert value == "\ud800" or field is None or value == 10**400
