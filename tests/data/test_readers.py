"""Readers of real files: names, separators, options, layouts without a reader."""

import gzip
import json
from pathlib import Path

import pandas as pd
import pytest
from raw_files import (
    GOOD,
    LINES,
    S3REC,
    SEEN,
    TABLE,
    sequences,
    table,
    write,
    write_csv,
)

from awrsr.data.prepare import prepare
from awrsr.errors import ConfigError, DataError


@pytest.mark.parametrize(
    "separator, sign",
    [
        *(("comma", ","), ("tab", "\t"), ("semicolon", ";"), ("pipe", "|"), ("space", " ")),
        *((sign, sign) for sign in (",", "\t", ";", "|", " ", ":", "\x01")),
    ],
)
def test_values_may_be_separated_otherwise(tmp_path: Path, separator: str, sign: str):
    source = write(tmp_path / "raw.csv", [line.replace(",", sign) for line in LINES])
    titles = write(tmp_path / "t.csv", [f"item{sign}title", f"x{sign}Ex,an;\u2014", f"y{sign}Y"])
    dataset = prepare(source, **TABLE, separator=separator, titles=titles if sign == "\t" else None)
    assert sequences(dataset) == SEEN
    if sign == "\t":
        assert dataset.titles([1, 2]) == ["Ex,an;\u2014", "Y"]


@pytest.mark.parametrize("separator", ["::", "", "a", "7", '"', "\n", "\0", "é", "commas"])
def test_separators_that_are_refused(tmp_path: Path, separator: str):
    with pytest.raises(ConfigError, match="separator must be one of comma, tab, semicolon, pipe"):
        prepare(**table(tmp_path, GOOD), separator=separator)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_columns_may_have_other_names(tmp_path: Path, kind: str):
    names = {"user_column": "userId", "item_column": "parent asin", "time_column": "when"}
    frame = pd.DataFrame(GOOD, columns=[*names.values()]).assign(user="no", item="no", timestamp=0)
    source, titles = tmp_path / f"raw.{kind}", tmp_path / "t.csv"
    frame.to_csv(source, index=False) if kind == "csv" else frame.to_parquet(source)
    write_csv(titles, ["parent asin", "title"], [("x", "Ex")])
    dataset = prepare(source, **TABLE, **names, titles=titles)
    assert sequences(dataset) == SEEN
    assert dataset.titles([1, 2]) == ["Ex", "Item y"]
    with pytest.raises(DataError, match="missing column 'wen'; it has .*--time_column names anot"):
        prepare(source, **TABLE, **{**names, "time_column": "wen"})


@pytest.mark.parametrize(
    "given, message",
    [
        ({"format": "s3rec", "separator": "tab"}, "'s3rec' takes no separator; it takes encoding"),
        (
            {"format": "s3rec", "min_rating": 4},
            "'s3rec' takes no rating_column and thus no min_rating;",
        ),
        ({"format": "movielens", "user_column": "u"}, "'movielens' takes no user_column; it takes"),
        ({"format": "tables"}, "unknown format 'tables'; accepted: .* Did you mean 'table'"),
        ({"format": "table", "encoding": "klingon"}, "unknown encoding 'klingon'; accepted: utf-8"),
        ({"format": "table", "encoding": "hex"}, "unknown encoding 'hex'"),
    ],
    ids=str,
)
def test_options_that_the_format_lacks(tmp_path: Path, given: dict, message: str):
    with pytest.raises(ConfigError, match=message):
        prepare(write(tmp_path / "raw.csv", LINES), name="made", **given)


def test_options_of_the_titles_go_with_a_format_that_has_titles(tmp_path: Path):
    source = write(tmp_path / "raw.txt", ["a x y z", "b x y z"])
    titles = write(tmp_path / "t.csv", ["asin;title", "x;Ex"])
    dataset = prepare(source, **S3REC, titles=titles, separator=";", item_column="asin")
    assert dataset.titles([1, 2]) == ["Ex", "Item y"]


@pytest.mark.parametrize("suffix", [".parquet", ".PARQUET", ".pq", ".Pq", ".csv", ""])
def test_parquet_is_known_by_its_ending_or_its_bytes(tmp_path: Path, suffix: str):
    path = tmp_path / f"raw{suffix}"
    pd.DataFrame(GOOD, columns=["user", "item", "timestamp"]).to_parquet(path)
    assert sequences(prepare(path, **TABLE)) == SEEN


@pytest.mark.parametrize("suffix", [".parquet", ".PQ"])
def test_a_file_that_is_no_parquet(tmp_path: Path, suffix: str):
    (tmp_path / f"raw{suffix}").write_bytes(b"PAR1 and no more")
    with pytest.raises(DataError, match=f"raw{suffix} is not readable parquet: "):
        prepare(tmp_path / f"raw{suffix}", **TABLE)


JSON = json.dumps({"user_id": "a", "title": 'ok, "fine"', "timestamp": 1})
FIRST_LINES = {
    "json-lines": (
        "table",
        JSON,
        "missing column 'user'; it has 'user_id', 'title', 'timestamp'. Did you mean 'user_id'? "
        "--user_column names another.",
    ),
    "json-list": ("table", "[", "seems to be a file of JSON, which is not this format; without"),
    "colons": ("table", "user::item::timestamp", "seems to be a file of values separated by '::'"),
    "no-header": ("table", "1::4::5::1500001000", "seems to be a file of values separated by '::'"),
    "atomic": ("table", "user_id:token\titem_id:token", "seems to be a RecBole atomic file"),
    "json-as-s3rec": ("s3rec", JSON, "seems to be a file of JSON, which is not this format"),
    "colons-as-s3rec": ("s3rec", "1::4::5", "seems to be a file of values separated by '::'"),
    "atomic-as-s3rec": ("s3rec", "user_id:token\titem_id:token", "seems to be a RecBole atomic"),
    "semicolons": (
        "table",
        "user;item;timestamp",
        "missing column 'user'; it has 'user;item;timestamp'. Its values seem to be separated by "
        "semicolon: --separator semicolon.",
    ),
    "tabs-no-header": (
        "table",
        "1\t4\t1500001000",
        "Its values seem to be separated by tab: --separator tab. Its first line must name the",
    ),
    "commas-no-header": ("table", "A39,0205616461,5.0,13", "Its first line must name the columns."),
    "other-names": (
        "table",
        "userId,movieId,timestamp",
        "missing column 'user'; it has 'userId', 'movieId', 'timestamp'. Did you mean 'userId'? "
        "--user_column names another.",
    ),
    "twice": ("table", "user,item,timestamp,user", "column 'user' occurs 2 times"),
    "many-columns": (
        "table",
        ",".join(f"c{n}" for n in range(500)),
        "missing column 'user'; it has 'c0', 'c1', ",
    ),
}


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("format, line, message", FIRST_LINES.values(), ids=FIRST_LINES)
def test_a_layout_is_known_by_its_first_line(
    tmp_path: Path, format: str, line: str, message: str, packed: bool
):
    path = write(tmp_path / "raw", [line] * 3)
    if packed:
        path.write_bytes(gzip.compress(path.read_bytes()))
    with pytest.raises(DataError) as caught:
        prepare(path, format=format, name="made")
    assert message in str(caught.value)
    assert len(str(caught.value)) < len(str(path)) + 400


def test_movielens_needs_its_two_files(tmp_path: Path):
    ratings = write_csv(tmp_path / "ratings.csv", ["userId", "movieId", "timestamp"], GOOD)
    with pytest.raises(DataError, match="ratings.csv is not a directory; movielens needs one with"):
        prepare(ratings, format="movielens", name="made")
    with pytest.raises(DataError, match="movies.csv does not exist"):
        prepare(tmp_path, format="movielens", name="made")


def test_movielens_knows_its_ratings(tmp_path: Path):
    rows = [(*row, 2 + n % 2) for n, row in enumerate([*GOOD, *GOOD])]
    write_csv(tmp_path / "ratings.csv", ["userId", "movieId", "timestamp", "rating"], rows)
    write_csv(tmp_path / "movies.csv", ["movieId", "title", "genres"], [("x", "", "")])
    arguments = {"format": "movielens", "name": "made", "k_core": 1}
    dataset = prepare(tmp_path, **arguments, min_rating=1)
    assert dataset.about["filters"]["min_rating_left"] == 12
    assert dataset.titles([1]) == ["Item x"]
    with pytest.raises(DataError, match="no rating of 4 or more; its ratings are 2 to 3"):
        prepare(tmp_path, **arguments, min_rating=4)


@pytest.mark.parametrize(
    "content, message",
    [
        ("1 2 3\n\n2\n", "line 3: expected 'user item item ...', received '2'"),
        ("\n \n", "holds no interactions"),
    ],
    ids=["user-alone", "blank"],
)
def test_s3rec_files_that_are_refused(tmp_path: Path, content: str, message: str):
    (tmp_path / "raw.txt").write_text(content)
    with pytest.raises(DataError, match=message):
        prepare(tmp_path / "raw.txt", **S3REC)


def test_titles_may_have_another_separator_and_the_column_item(tmp_path: Path):
    source = write(tmp_path / "log.csv", [LINES[0].replace("item", "asin"), *LINES[1:]])
    (tmp_path / "titles.csv").write_text("item\ttitle\n" + "x\tThe x\n")
    dataset = prepare(
        source, **TABLE, titles=tmp_path / "titles.csv", separator="comma", item_column="asin"
    )
    assert dataset.titles([1]) == ["The x"]


def test_titles_without_the_needed_columns_are_refused(tmp_path: Path):
    (tmp_path / "titles.csv").write_text("id\tname\nx\tThe x\n")
    with pytest.raises(DataError, match="missing column 'item'; it has 'id.*name'"):
        prepare(**table(tmp_path, GOOD), titles=tmp_path / "titles.csv")


def test_one_column_for_two_roles_is_refused(tmp_path: Path):
    with pytest.raises(ConfigError, match="user_column and item_column both name column 'user'"):
        prepare(**table(tmp_path, GOOD), item_column="user")


def test_a_table_read_as_lines_of_users_is_refused_and_pairs_are_read(tmp_path: Path):
    (tmp_path / "pairs.txt").write_text(
        "".join(f"{user} {item}\n" for user in "ab" for item in "xyz")
    )
    dataset = prepare(tmp_path / "pairs.txt", **S3REC)
    assert dataset.sequence(0).tolist() == [1, 2, 3]
    (tmp_path / "u.data").write_text("1\t4\t5\t150\n2\t4\t5\t150\n1\t9\t5\t160\n")
    with pytest.raises(DataError, match="line 3: user '1' already has line 1, and every line"):
        prepare(tmp_path / "u.data", **S3REC)
