"""Recognition of formats: by content, ambiguous sources, formats that options exclude."""

from pathlib import Path

import pytest
from raw_files import LINES, write
from reader_sources import SOURCES, lines

from awrsr.data.readers import recognise
from awrsr.errors import DataError


@pytest.mark.parametrize(
    "kind, name", [("movielens_100k", "u.data"), ("movielens_dat", "ratings.dat")]
)
def test_a_file_of_movielens_means_its_directory(tmp_path: Path, kind: str, name: str):
    assert recognise(SOURCES[kind](tmp_path) / name) == kind


def test_an_atomic_file_is_known_by_its_name_or_its_header(tmp_path: Path):
    SOURCES["recbole"](tmp_path)
    assert recognise(tmp_path / "made.inter") == "recbole"
    (tmp_path / "made.inter").rename(tmp_path / "made.txt")
    assert recognise(tmp_path / "made.txt") == "recbole"


@pytest.mark.parametrize(
    "first, others",
    [
        ("user,item,timestamp", "a,x,1"),
        ('"user","item","timestamp"', '"a","x","1"'),
        ("user;item;timestamp", "a;x;1"),
        ("timestamp\titem\tuser\tmore", "1\tx\ta\tm"),
        ('{"user": 1, "item": 2, "timestamp": 3}', '{"user": 1, "item": 2, "timestamp": 3}'),
    ],
)
def test_a_table_is_known_by_its_columns(tmp_path: Path, first: str, others: str):
    assert recognise(lines(tmp_path / "raw", [first, others, others])) == "table"


@pytest.mark.parametrize(
    "texts, name",
    [
        (["1 4", "1 5", "2 4"], "s3rec"),
        (["1 4 5 6", "2 4 5 6"], "s3rec"),
        (["1 4 5 6", "2 4"], "s3rec"),
        (["A1AAAAAAAAAAA,B000000001,5.0,1369699200"], "amazon_ratings"),
        (["B000000001,A1AAAAAAAAAAA,5.0,1369699200"], "amazon_ratings"),
        (["user_id,parent_asin,rating,timestamp,history", "a,b,1,2,"], "amazon_ratings"),
    ],
)
def test_files_that_are_known_by_their_lines(tmp_path: Path, texts: list[str], name: str):
    assert recognise(lines(tmp_path / "raw", texts)) == name


def test_named_columns_must_exist_and_exclude_other_formats(tmp_path: Path):
    path = write(tmp_path / "raw.csv", [LINES[0].replace("item", "parent_asin"), *LINES[1:]])
    with pytest.raises(DataError, match="no format that is recognised: its first line is 'user,pa"):
        recognise(path)
    assert recognise(path, item_column="parent_asin", encoding="utf-8") == "table"
    odd = write(tmp_path / "odd.csv", [line.replace(",", "^") for line in LINES])
    assert recognise(odd, separator="^") == "table"


def test_text_is_seen_in_its_encoding(tmp_path: Path):
    header = "Käufer,item,timestamp"
    path = lines(tmp_path / "raw", [header, "a,x,1"])
    assert recognise(path, user_column="Käufer") == "table"
    with pytest.raises(DataError, match=f"its first line is '{header}'"):
        recognise(path)
    lines(path, [header, "a,x,1"], "utf-16-le")
    assert recognise(path, user_column="Käufer", encoding="utf-16-le") == "table"
    with pytest.raises(DataError, match="raw is not text in ascii"):
        recognise(lines(path, [header]), encoding="ascii")


@pytest.mark.parametrize(
    "texts, seen",
    [
        (["1\t4\t5\t150", "1\t5\t5\t150"], "its first line is '1\\\\t4\\\\t5\\\\t150'"),
        (["1 4 5 150", "1 5 5 150"], "its first line is '1 4 5 150'"),
        ([], "it is empty"),
        (["[1, 2]"], "its first line is '\\[1, 2\\]'"),
        (["{" * 100_000], "its first line is '{{{"),
    ],
    ids=["tabs", "columns", "empty", "list", "deep"],
)
def test_a_source_that_fits_no_format_is_refused(tmp_path: Path, texts: list[str], seen: str):
    with pytest.raises(DataError, match=f"recognised: {seen}.*Accepted: movielens, movielens_100k"):
        recognise(lines(tmp_path / "raw", texts))


def test_directories_that_no_format_fits(tmp_path: Path):
    with pytest.raises(DataError, match="recognised: it is an empty directory. Accepted"):
        recognise(tmp_path)
    (tmp_path / "links.csv").touch()
    with pytest.raises(DataError, match="it is a directory with links.csv. Accepted"):
        recognise(tmp_path)


def test_a_directory_with_two_formats_is_refused_by_both(tmp_path: Path):
    SOURCES["movielens"](tmp_path)
    SOURCES["recbole"](tmp_path)
    said = "could be in the formats movielens and recbole; --format chooses one"
    with pytest.raises(DataError, match=said):
        recognise(tmp_path)


def test_a_parquet_file_without_the_columns_is_named_by_those_it_has(tmp_path: Path):
    path = SOURCES["table_parquet"](tmp_path)
    with pytest.raises(DataError, match="parquet with 4 columns, 'user', 'item', 'rating' and mor"):
        recognise(path, user_column="who")
