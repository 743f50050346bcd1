"""Parquet files are read as by pandas, within a memory limit."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers import EMBEDDED, ROOT

from awrsr.data.dataset_files import load_dataset
from awrsr.errors import DataError
from awrsr.io import parquet
from awrsr.io.parquet import read_parquet, read_table

SHIPPED = sorted((ROOT / "assets").rglob("*.parquet"))
MANY = 40_000_000


def write(path: Path, **columns: object) -> Path:
    pq.write_table(pa.table(columns), path, compression="zstd")
    return path


def constant(value: str | int, times: int) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(times, np.int32)), pa.array([value]))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: str(path.relative_to(ROOT / "assets")))
def test_shipped_files_are_read_as_by_pandas(path: Path):
    pd.testing.assert_frame_equal(read_parquet(path), pd.read_parquet(path))


def test_columns_of_every_kind_are_read_as_by_pandas(tmp_path: Path):
    frame = pd.DataFrame(
        {
            "nullable": pd.Series([1, None, 2**60], dtype="Int64"),
            "category": pd.Categorical(["x", "y", "x"]),
            "text": ["q", None, "z"],
            "time": pd.to_datetime(["2020-01-01"] * 3, utc=True),
            "list": [["a"], ["b", "c"], None],
            "struct": [{"k": "v", "n": 1}, None, {"k": "w", "n": 2}],
            "bytes": [b"x", b"y", None],
        },
        index=pd.Index(["i", "j", "k"], name="index"),
    )
    frame.to_parquet(tmp_path / "a.parquet")
    found = read_parquet(tmp_path / "a.parquet")
    pd.testing.assert_frame_equal(found, pd.read_parquet(tmp_path / "a.parquet"))


@pytest.mark.parametrize(
    "column",
    [
        pa.array([[("a", "b")], [("c", "d")]], pa.map_(pa.string(), pa.string())),
        pa.array(["a", "b"], pa.large_string()),
        pa.array([["x"], ["y"]], pa.list_(pa.dictionary(pa.int8(), pa.string()))),
        pa.array([b"abcd", b"efgh"], pa.binary(4)),
        pa.nulls(2),
    ],
    ids=lambda column: str(column.type).split("<")[0],
)
def test_types_that_pandas_does_not_write(tmp_path: Path, column: pa.Array):
    path = write(tmp_path / "a.parquet", x=column)
    assert read_table(path).equals(pq.read_table(path))


def test_text_that_is_a_view_is_text(tmp_path: Path):
    path = write(tmp_path / "a.parquet", x=pa.array(["a", "b"], pa.string_view()))
    assert read_parquet(path)["x"].tolist() == ["a", "b"]


def test_text_in_lists_is_read_from_several_row_groups(tmp_path: Path):
    columns = {
        "list": [["a"], ["b", None], None, []] * 5,
        "struct": [{"k": "v", "l": ["w"]}, None] * 10,
        "map": pa.array([[("a", "b")], []] * 10, pa.map_(pa.string(), pa.string())),
    }
    table = pa.table(columns)
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=3)
    assert read_table(tmp_path / "a.parquet").equals(table)
    assert read_table(tmp_path / "a.parquet", ["list"]).equals(table.select(["list"]))
    pq.write_table(table.slice(0, 0), tmp_path / "none.parquet")
    assert read_table(tmp_path / "none.parquet").num_rows == 0


def test_invalid_text_is_refused(tmp_path: Path):
    """Parquet does not check that text is valid."""
    _, offsets, content = pa.array([b"\xff\xfe"], pa.binary()).buffers()
    text = pa.Array.from_buffers(pa.string(), 1, [None, offsets, content])
    for column in (text, pa.ListArray.from_arrays([0, 1], text)):
        with pytest.raises(DataError, match="a.parquet is not readable parquet: .* UTF8"):
            read_table(write(tmp_path / "a.parquet", x=column))


def test_a_name_that_is_damaged_is_refused(tmp_path: Path):
    path = write(tmp_path / "a.parquet", item=["a", "b"])
    content = path.read_bytes()
    at = content.rindex(b"item") + 1  # in the description of the column's bytes, not of its type
    path.write_bytes(content[:at] + b"\0" + content[at + 1 :])
    with pytest.raises(DataError, match="a.parquet is not readable parquet"):
        read_table(path)


BOMBS = {
    "numbers": lambda: {"item": pa.array(np.zeros(MANY, np.int8))},
    "text": lambda: {"title": constant("x" * 1_000_000, 1_000)},
    "text-in-lists": lambda: {
        "tags": pa.ListArray.from_arrays([0, 1_000], constant("x" * 1_000_000, 1_000))
    },
    "text-in-structs": lambda: {
        "about": pa.StructArray.from_arrays([constant("x" * 1_000_000, 1_000)], ["text"])
    },
    "lists": lambda: {"items": pa.ListArray.from_arrays([0, MANY], np.zeros(MANY, np.int8))},
    "null": lambda: {"nothing": pa.nulls(MANY)},
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_file_that_needs_many_times_its_size_is_refused_unread(
    tmp_path: Path, monkeypatch, name: str
):
    path = write(tmp_path / "a.parquet", **BOMBS[name]())
    assert path.stat().st_size < 1_000_000
    before = pa.total_allocated_bytes()
    peak = []
    monkeypatch.setattr(parquet, "_check_bytes", peak_watching(parquet._check_bytes, peak, before))
    with pytest.raises(DataError, match=r"a.parquet has [\d,]+ bytes and needs [\d,]+ in memory"):
        read_parquet(path)
    assert max(peak) < 50_000_000


def peak_watching(check, peak: list[int], before: int):
    def watched(*arguments: object) -> None:
        peak.append(pa.total_allocated_bytes() - before)
        check(*arguments)

    return watched


def test_a_large_file_may_need_a_bounded_multiple_of_its_size(tmp_path: Path, monkeypatch):
    path = write(tmp_path / "a.parquet", item=np.random.default_rng(0).integers(2**62, size=20_000))
    monkeypatch.setattr(parquet, "MAX_BYTES", 1_000)
    assert len(read_parquet(path)) == 20_000
    monkeypatch.setattr(parquet, "MAX_EXPANSION", 0.5)
    with pytest.raises(
        DataError, match="accepted: at most 1,000, or 0.5 times the size of the file"
    ):
        read_parquet(path)


@pytest.mark.parametrize(
    "content, message",
    [
        (None, "does not exist"),
        (b"", "is not readable parquet"),
        (b"PAR1 no PAR1", "is not readable parquet"),
    ],
)
def test_a_file_that_is_not_parquet_is_refused(tmp_path: Path, content: bytes | None, message: str):
    path = tmp_path / "a.parquet"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=f"a.parquet {message}"):
        read_parquet(path)


def test_a_repeated_column_is_refused(tmp_path: Path):
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["x", "x"])
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(DataError, match="column 'x' occurs 2 times"):
        read_parquet(tmp_path / "a.parquet")


def test_a_dataset_of_a_kilobyte_cannot_use_gigabytes(tmp_path: Path):
    for name in ("dataset.json", "items.parquet"):
        (tmp_path / name).write_bytes((EMBEDDED / name).read_bytes())
    write(tmp_path / "sequences.parquet", user_id=pa.nulls(MANY, pa.string()))
    with pytest.raises(DataError, match="sequences.parquet has .* and needs"):
        load_dataset(tmp_path)


# --- writing --------------------------------------------------------------------------------------


def test_written_tables_are_read_back_with_their_types(tmp_path: Path):
    frame = pd.DataFrame(
        {
            "text": ["q", "r", "q"] * 400,
            "few": np.tile(np.float32([0.5, np.nan, -1]), 400),
            "many": np.random.default_rng(0).normal(size=1200),
            "nullable": pd.array([1, None, 3] * 400, dtype="Int64"),
            "list": [[1, 2], [], [3]] * 400,
            "category": pd.Categorical(["x", "y", "x"] * 400),
        }
    )
    parquet.write_parquet(tmp_path / "a.parquet", frame)
    frame.to_parquet(tmp_path / "b.parquet", index=False)
    expected = pd.read_parquet(tmp_path / "b.parquet")
    pd.testing.assert_frame_equal(read_parquet(tmp_path / "a.parquet"), expected)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "a.parquet"), expected)
    parquet.write_parquet(tmp_path / "none.parquet", frame.head(0))
    assert read_parquet(tmp_path / "none.parquet").shape == (0, 6)


def test_each_column_has_the_smaller_encoding(tmp_path: Path):
    generator = np.random.default_rng(0)
    table = pa.table(
        {
            "few": generator.choice(generator.normal(size=9), 50_000),
            "many": np.cumsum(generator.integers(1, 9, 50_000)),
            "lists": pa.ListArray.from_arrays(
                pa.array(np.arange(0, 50_001, 5), pa.int32()), pa.array(np.arange(50_000))
            ).take(pa.array(np.arange(50_000) % 10_000)),
        }
    )
    parquet.write_table(tmp_path / "best.parquet", table)
    sizes = []
    for dictionary in (True, False):
        pq.write_table(table, tmp_path / "a.parquet", compression="zstd", use_dictionary=dictionary)
        sizes.append((tmp_path / "a.parquet").stat().st_size)
    assert (tmp_path / "best.parquet").stat().st_size < min(sizes)
    assert read_table(tmp_path / "best.parquet").equals(table)


@pytest.mark.slow
def test_shipped_files_are_as_small_as_written_now(tmp_path: Path):
    for path in SHIPPED:
        level = parquet.HIGH_LEVEL if path.parent.name == "scan" else parquet.USUAL_LEVEL
        parquet.write_table(tmp_path / "again.parquet", pq.read_table(path), level=level)
        assert path.stat().st_size <= 1.05 * (tmp_path / "again.parquet").stat().st_size, path
