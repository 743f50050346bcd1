"""Rows and cells of real files: stray commas, nested columns, missing titles."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from raw_files import (
    GOOD,
    LINES,
    SEEN,
    TABLE,
    TITLES,
    parquet,
    random_rows,
    sequences,
    table,
    titled,
    write,
    write_csv,
)

from awrsr.data.prepare import prepare
from awrsr.errors import DataError

ROWS = {
    "comma-in-a-title": (["1,Film", "2,A, B", "3,Film"], "line 3: 3 values in 2 columns; a value"),
    "in-the-first": (["1,A, B", "2,Film"], "data row 1: more values than columns;"),
    "in-every-row": (["1,A, B", "2,A, B"], "data row 1: more values than columns;"),
}


@pytest.mark.parametrize("rows, message", ROWS.values(), ids=ROWS)
def test_a_stray_comma_names_its_line(tmp_path: Path, rows: list[str], message: str):
    titles = write(tmp_path / "t.csv", ["item,title", *rows])
    with pytest.raises(DataError, match=f"t.csv, {message}.* with a comma needs quotes"):
        prepare(**table(tmp_path, GOOD), titles=titles)


def test_a_stray_tab_names_its_line(tmp_path: Path):
    source = write(
        tmp_path / "raw.csv", [line.replace(",", "\t") for line in LINES] + ["a\tb\t1\t2"]
    )
    with pytest.raises(DataError, match="raw.csv, line 8: .* a value with a tab needs quotes"):
        prepare(source, **TABLE, separator="tab")


def test_an_open_quote_is_named(tmp_path: Path):
    source = write(tmp_path / "raw.csv", [*LINES, 'a,"x,9'])
    with pytest.raises(DataError, match="raw.csv, data row 7: a quote is opened and never closed"):
        prepare(source, **TABLE)


REFUSED = {
    "header-alone": ([], "raw.csv holds no interactions"),
    "one-user": (GOOD[::2], "has 1 user left after filtering; 2 or more are needed"),
    "single": (
        [*GOOD, ("c", "x", 9)],
        "a user has 1 interaction; leave-one-out needs 3 or more .*: raise min_user",
    ),
    "short-user": (GOOD[:-1], "a user has 2 interactions; leave-one-out needs 3 or more"),
    "short-row": ([*GOOD, ("a",)], "raw.csv, data row 7: an id is missing"),
    "word-as-time": ([*GOOD, ("a", "x", "soon")], "raw.csv, data row 7: timestamp 'soon' is neit"),
}


@pytest.mark.parametrize("rows, message", REFUSED.values(), ids=REFUSED)
def test_a_table_that_is_refused(tmp_path: Path, rows: list[tuple], message: str):
    with pytest.raises(DataError, match=message):
        prepare(**table(tmp_path, rows))


# --- cells ---------------------------------------------------------------------------------------


def test_ids_of_parquet_that_are_whole_floats_are_whole_numbers(tmp_path: Path):
    rows = pd.DataFrame(random_rows(0), columns=["user", "item", "timestamp"])
    rows["item"] = rows["item"].astype(float)
    rows.to_parquet(tmp_path / "raw.parquet")
    found = prepare(tmp_path / "raw.parquet", **TABLE)
    assert found.item_ids == sorted(set(TITLES) & set(found.item_ids), key=int)


@pytest.mark.parametrize(("cell", "kind"), [(b"\xff", "bytes"), ([1], "ndarray"), ({}, "dict")])
def test_ids_of_parquet_that_are_not_text_are_refused(tmp_path: Path, cell, kind: str):
    items = pa.array([cell or {"a": 1}] * 2)
    source = parquet(tmp_path / "raw.parquet", user=["a", "b"], item=items, timestamp=[1, 2])
    with pytest.raises(DataError, match=f"column 'item' holds {kind}; expected text"):
        prepare(source, format="table", name="made")


def test_ids_are_read_without_the_spaces_around_them(tmp_path: Path):
    spaced = [(f" {user}", f"{item} ", time) for user, item, time in GOOD]
    assert sequences(prepare(**table(tmp_path, spaced))) == SEEN


def test_an_index_of_pandas_is_a_column_like_others(tmp_path: Path):
    frame = pd.DataFrame(GOOD, columns=["user", "item", "timestamp"])
    frame.set_index("user").to_parquet(tmp_path / "raw.parquet")
    assert sequences(prepare(tmp_path / "raw.parquet", **TABLE)) == SEEN
    titles = pd.DataFrame({"item": list("zyx"), "title": list("ZYX")}).iloc[::2]
    titles.to_parquet(tmp_path / "t.parquet")
    dataset = titled(tmp_path, tmp_path / "t.parquet")
    assert dataset.items.columns.tolist() == ["item", "item_id", "title"]


NESTED = {
    "texts": (pa.array([["Drama", "War"], [], None]), ["Drama|War", "", None]),
    "numbers": (pa.array([[1, 2], [3], []]), ["[1, 2]", "[3]", ""]),
    "struct": (pa.array([{"a": "é"}, {"a": None}, None]), ['{"a": "é"}', '{"a": null}', None]),
    "map": (
        pa.array([[("a", 1)], [], None], pa.map_(pa.string(), pa.int64())),
        ['[["a", 1]]', "", None],
    ),
    "lists-of-lists": (pa.array([[[1], []], [None], None]), ["[[1], []]", "[null]", None]),
    "structs-of-dates": (
        pa.array([[{"at": pd.Timestamp("2020-01-02")}], [], None]),
        ['[{"at": "2020-01-02 00:00:00"}]', "", None],
    ),
}


@pytest.mark.parametrize("column, texts", NESTED.values(), ids=NESTED)
def test_lists_and_structs_of_items_are_kept_as_text(tmp_path: Path, column: pa.Array, texts):
    titles = parquet(tmp_path / "t.parquet", item=list("xyz"), title=list("XYZ"), more=column)
    found = titled(tmp_path, titles).items["more"]
    assert [None if pd.isna(cell) else cell for cell in found] == texts


def test_further_columns_keep_their_type(tmp_path: Path):
    titles = write_csv(
        tmp_path / "t.csv",
        ["item", "title", "year", "price", "note", ""],
        [("x", "X", 1999, 1.5, "a", ""), ("y", "Y", 2001, 2, "", ""), ("z", "Z", 2002, 3, "1", "")],
    )
    items = titled(tmp_path, titles).items
    assert items["year"].tolist() == [1999, 2001, 2002]
    assert items["price"].tolist() == [1.5, 2, 3]
    assert items["note"].tolist() == ["a", "", "1"]


@pytest.mark.slow
def test_a_column_of_any_length_has_one_type(tmp_path: Path):
    """By default pandas infers a separate type for every block of 2^20 cells."""
    wide = "," * 1020
    rows = [f"{item},T,{n}{wide}" for item, n in [("x", 1), *[("q", 1)] * 1100, ("y", "many")]]
    titles = write(tmp_path / "t.csv", [f"item,title,n{wide}", *rows])
    assert titled(tmp_path, titles).items["n"].tolist()[:2] == ["1", "many"]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_an_item_whose_title_is_missing_is_named_by_its_id(tmp_path: Path, kind: str):
    frame = pd.DataFrame({"item": list("xyzq"), "title": ["", "NA", None, "  "], "more": range(4)})
    path = tmp_path / f"t.{kind}"
    frame.to_csv(path, index=False) if kind == "csv" else frame.to_parquet(path)
    dataset = titled(tmp_path, path)
    assert dataset.titles([1, 2, 3]) == ["Item x", "NA", "Item z"]
    assert dataset.items["more"].tolist() == [0, 1, 2]
    assert dataset.about["filters"]["untitled"] == 2


def test_a_small_file_cannot_use_much_memory(tmp_path: Path, monkeypatch):
    """Neither as the source nor as the titles."""
    monkeypatch.setattr("awrsr.io.parquet.MAX_BYTES", 100_000)
    rows = np.zeros(10**6, dtype=np.int8)
    bomb = parquet(tmp_path / "bomb.parquet", user=rows, item=rows, timestamp=rows, title=rows)
    with pytest.raises(DataError, match="bomb.parquet has .* and needs"):
        prepare(bomb, **TABLE)
    with pytest.raises(DataError, match="bomb.parquet has .* and needs"):
        prepare(**table(tmp_path, GOOD), titles=bomb)
