"""Ids that are missing: their rows are refused, or dropped and counted."""

from pathlib import Path

import pandas as pd
import pytest
from raw_files import GOOD, sequences, table, write_csv

from awrsr.data.prepare import prepare
from awrsr.errors import DataError

NOTHING = ["", "  ", "nan", "NaN", "None", "NULL", "null", "<NA>"]


@pytest.mark.parametrize("text", NOTHING)
@pytest.mark.parametrize("side", [0, 1], ids=["user", "item"])
def test_an_id_that_is_missing_is_refused_or_dropped(tmp_path: Path, text: str, side: int):
    bad = ("a", text, 9) if side else (text, "x", 9)
    arguments = table(tmp_path, [*GOOD, bad, bad])
    with pytest.raises(DataError, match="raw.csv, data row 7, 8: an id is missing in 2 rows"):
        prepare(**arguments)
    dataset = prepare(**arguments, missing="drop")
    assert dataset.fingerprint == prepare(**table(tmp_path, GOOD)).fingerprint
    assert dataset.about["filters"]["missing_dropped"] == 2


def test_the_first_rows_without_an_id_are_named(tmp_path: Path):
    with pytest.raises(DataError, match=r"data row 7, 8, 9, 10, 11, \.\.\.: .* in 1,000 rows"):
        prepare(**table(tmp_path, [*GOOD, *[("", "x", 9)] * 1000]))


def test_nulls_of_parquet_are_missing_ids(tmp_path: Path):
    frame = pd.DataFrame([*GOOD, (None, "x", 9), ("a", None, 9)], columns=["u", "i", "t"])
    frame["i"] = frame["i"].map({"x": 1.0, "y": 2.0, "z": 3.0})
    frame.columns = ["user", "item", "timestamp"]
    frame.to_parquet(tmp_path / "raw.parquet")
    arguments = {"format": "table", "name": "made", "k_core": 1}
    with pytest.raises(DataError, match="raw.parquet, data row 7, 8: an id is missing"):
        prepare(tmp_path / "raw.parquet", **arguments)
    dataset = prepare(tmp_path / "raw.parquet", **arguments, missing="drop")
    assert sequences(dataset) == {"a": list("123"), "b": list("123")}


def test_missing_ids_of_other_formats(tmp_path: Path):
    (tmp_path / "raw.txt").write_text("a x y z\nNone x y z\nb x y null z\n")
    arguments = {"format": "s3rec", "name": "made", "k_core": 1}
    with pytest.raises(DataError, match="raw.txt, line 2, 2, 2, 3: an id is missing in 4 rows"):
        prepare(tmp_path / "raw.txt", **arguments)
    dataset = prepare(tmp_path / "raw.txt", **arguments, missing="drop")
    assert sequences(dataset) == {"a": list("xyz"), "b": list("xyz")}


def test_nothing_is_left_if_every_row_lacks_an_id(tmp_path: Path):
    arguments = table(tmp_path, [("", "x", 9, 5)], "user item timestamp rating")
    with pytest.raises(DataError, match="raw.csv holds no interactions that have a user and an it"):
        prepare(**arguments, missing="drop", min_rating=4)


def test_a_row_without_an_id_needs_no_time_and_no_rating(tmp_path: Path):
    rows = [(*row, 5) for row in GOOD] + [("", "x", "soon", "good")]
    arguments = table(tmp_path, rows, "user item timestamp rating")
    dataset = prepare(**arguments, missing="drop", min_rating=4)
    assert dataset.n_interactions == 6


def test_a_described_item_without_an_id(tmp_path: Path):
    titles = write_csv(tmp_path / "t.csv", ["item", "title"], [("x", "X"), ("None", "Nothing")])
    with pytest.raises(DataError, match="t.csv, data row 2: an id is missing"):
        prepare(**table(tmp_path, GOOD), titles=titles)
    dataset = prepare(**table(tmp_path, GOOD), titles=titles, missing="drop")
    assert dataset.items["title"].tolist() == ["X", "Item y", "Item z"]
    assert dataset.about["filters"]["titles_dropped"] == 1


def test_ids_written_as_floats_are_whole_numbers_in_csv_too(tmp_path: Path):
    """As pandas writes them after a merge; one other id keeps all as they are."""
    frame = pd.DataFrame(GOOD, columns=["user", "item", "timestamp"])
    frame["item"] = frame["item"].map({"x": 1.0, "y": 2.0, "z": 3.0})
    frame.to_parquet(tmp_path / "raw.parquet")
    frame.to_csv(tmp_path / "raw.csv", index=False)
    arguments = {"format": "table", "name": "made", "k_core": 1}
    made = [prepare(tmp_path / name, **arguments) for name in ("raw.parquet", "raw.csv")]
    assert made[0].fingerprint == made[1].fingerprint
    assert [*made[1].item_ids] == ["1", "2", "3"]
    text = (tmp_path / "raw.csv").read_text().replace("3.0", "3.5")
    (tmp_path / "raw.csv").write_text(text)
    assert [*prepare(tmp_path / "raw.csv", **arguments).item_ids] == ["1.0", "2.0", "3.5"]
