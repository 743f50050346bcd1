"""Files as people have them: names and separators, encodings, layouts, packed or not, nested."""

import gzip
import json
from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from raw_files import GOOD, TITLES, random_rows, sequences, table, write_csv

from awrsr.dataset import Dataset, load_dataset, save_dataset
from awrsr.errors import ConfigError, DataError
from awrsr.prepare import prepare
from awrsr.readers import READERS, Format

SEEN = {"a": list("xyz"), "b": list("xyz")}
"""What GOOD says."""
LINES = ["user,item,timestamp", *(f"{user},{item},{time}" for user, item, time in GOOD)]
TABLE = {"format": "table", "name": "made", "k_core": 1}
S3REC = {"format": "s3rec", "name": "made", "k_core": 1}


def write(path: Path, lines: list[str], encoding: str = "utf-8") -> Path:
    path.write_bytes("\n".join(lines).encode(encoding))
    return path


def titled(directory: Path, titles: Path, **asked) -> Dataset:
    """GOOD with these titles, saved and loaded."""
    dataset = prepare(**table(directory, GOOD), titles=titles, **asked)
    save_dataset(dataset, directory / "saved")
    return load_dataset(directory / "saved")


def parquet(path: Path, **columns: object) -> Path:
    pq.write_table(pa.table(columns), path)
    return path


def test_every_reader_has_its_name():
    assert get_args(Format) == tuple(READERS)


# --- names and separators -----------------------------------------------------------------------


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
        ({"format": "s3rec", "min_rating": 4}, "'s3rec' takes no rating_column, so no min_rating;"),
        ({"format": "movielens", "user_column": "u"}, "'movielens' takes no user_column; it takes"),
        ({"format": "tables"}, "unknown format 'tables'; accepted: .* Did you mean 'table'"),
        ({"format": "table", "encoding": "klingon"}, "unknown encoding 'klingon'; accepted: utf-8"),
        ({"format": "table", "encoding": "hex"}, "unknown encoding 'hex'"),
    ],
    ids=str,
)
def test_options_that_do_not_go_with_the_format(tmp_path: Path, given: dict, message: str):
    with pytest.raises(ConfigError, match=message):
        prepare(write(tmp_path / "raw.csv", LINES), name="made", **given)


def test_options_of_the_titles_go_with_a_format_that_has_titles(tmp_path: Path):
    source = write(tmp_path / "raw.txt", ["a x y z", "b x y z"])
    titles = write(tmp_path / "t.csv", ["asin;title", "x;Ex"])
    dataset = prepare(source, **S3REC, titles=titles, separator=";", item_column="asin")
    assert dataset.titles([1, 2]) == ["Ex", "Item y"]


# --- encodings and packing ----------------------------------------------------------------------


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize(
    "encoding, asked",
    [
        ("utf-8", None),
        ("utf-8-sig", None),
        ("utf-16", None),
        ("utf-32", None),
        ("utf-16", "latin-1"),
        ("utf-8", "UTF8"),
        ("latin-1", "latin-1"),
        ("cp1252", "cp1252"),
        ("utf-16-le", "utf-16-le"),
    ],
)
def test_text_is_read_in_its_encoding(tmp_path: Path, packed: bool, encoding: str, asked):
    title = "Amélie, \u201cle\u201d film" if encoding != "latin-1" else "Amélie"
    files = {
        "raw.csv": LINES,
        "raw.txt": ["a é y z", "b é y z"],
        "t.csv": ["item,title", f'x,"{title}"', "y,Y"],
    }
    for name, lines in files.items():
        write(tmp_path / name, lines, encoding)
        if packed:
            (tmp_path / name).write_bytes(gzip.compress((tmp_path / name).read_bytes()))
    dataset = prepare(tmp_path / "raw.csv", **TABLE, titles=tmp_path / "t.csv", encoding=asked)
    assert sequences(dataset) == SEEN
    assert dataset.titles([1, 2]) == [title, "Y"]
    of_lines = prepare(tmp_path / "raw.txt", **S3REC, encoding=asked)
    assert sequences(of_lines) == {"a": list("yzé")[::-1][:1] + list("yz"), "b": list("éyz")}


@pytest.mark.parametrize("name, arguments", [("raw.csv", TABLE), ("raw.txt", S3REC)])
@pytest.mark.parametrize(
    "content, asked, message",
    [
        (b"caf\xe9,x,1\n", None, "is not text in UTF-8; if it is ISO 8859-1, give --encoding lat"),
        (b"\xff\xfe\x00", None, r"is not text in UTF-16$"),
        (b"caf\xe9,x,1\n", "utf-16", r"is not text in utf-16$"),
        (gzip.compress(b"user item\n" * 99)[:20], None, "is not a readable text file: Compressed"),
        (b"\x1f\x8b no gzip", None, "is not a readable text file: Unknown compression method"),
        (None, None, "does not exist"),
        (b"", None, "is empty; expected columns user, item, timestamp|holds no interactions"),
    ],
    ids=["latin-1", "half-utf-16", "as-utf-16", "cut-gzip", "no-gzip", "missing", "empty"],
)
def test_files_that_are_no_text(tmp_path: Path, name, arguments, content, asked, message: str):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=f"{name} {message}"):
        prepare(tmp_path / name, **arguments, encoding=asked)


def test_what_unpacks_to_much_more_than_itself_is_refused(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("awrsr.readers.text.MAX_BYTES", 100_000)
    (tmp_path / "raw.txt").write_bytes(gzip.compress(b"a x y z\n" * 1_000_000))
    with pytest.raises(DataError, match="raw.txt has .* bytes and unpacks to more than"):
        prepare(tmp_path / "raw.txt", **S3REC)


# --- layouts ------------------------------------------------------------------------------------


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
    "json-lines": ("table", JSON, "seems to be a file of JSON, for which there is no reader yet"),
    "json-list": ("table", "[", "seems to be a file of JSON, for which there is no reader yet"),
    "colons": ("table", "user::item::timestamp", "seems to be a file of values separated by '::'"),
    "no-header": ("table", "1::4::5::1500001000", "seems to be a file of values separated by '::'"),
    "atomic": ("table", "user_id:token\titem_id:token", "seems to be a RecBole atomic file"),
    "json-as-s3rec": ("s3rec", JSON, "seems to be a file of JSON, for which there is no reader"),
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
    "twice": ("table", "user,item,timestamp,user", "column 'user' is there 2 times"),
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


@pytest.mark.parametrize("name", ["u.data", "ratings.dat"])
def test_older_movielens_folders_are_named(tmp_path: Path, name: str):
    (tmp_path / name).touch()
    with pytest.raises(DataError, match=rf"is laid out as MovieLens 1.* \({name}\), for which th"):
        prepare(tmp_path, format="movielens", name="made")


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


# --- rows ---------------------------------------------------------------------------------------

ROWS = {
    "comma-in-a-title": (["1,Film", "2,A, B", "3,Film"], "line 3: 3 values in 2 columns; a value"),
    "in-the-first": (["1,A, B", "2,Film"], "data row 1: more values than the header has columns;"),
    "in-every-row": (["1,A, B", "2,A, B"], "data row 1: more values than the header has columns;"),
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
    "one-user": (GOOD[::2], "leaves 1 user after filtering; 2 or more are needed"),
    "single": (
        [*GOOD, ("c", "x", 9)],
        "a user has 1 interaction; leave-one-out needs 3 or more .*: raise min_user",
    ),
    "short-user": (GOOD[:-1], "a user has 2 interactions; leave-one-out needs 3 or more"),
    "short-row": ([*GOOD, ("a",)], "raw.csv, data row 7: no user or no item"),
    "word-as-time": ([*GOOD, ("a", "x", "soon")], "raw.csv, data row 7: timestamp 'soon' is neit"),
}


@pytest.mark.parametrize("rows, message", REFUSED.values(), ids=REFUSED)
def test_a_table_that_is_refused(tmp_path: Path, rows: list[tuple], message: str):
    with pytest.raises(DataError, match=message):
        prepare(**table(tmp_path, rows))


# --- cells --------------------------------------------------------------------------------------


def test_ids_of_parquet_that_are_whole_floats_are_whole_numbers(tmp_path: Path):
    rows = pd.DataFrame(random_rows(0), columns=["user", "item", "timestamp"])
    rows["item"] = rows["item"].astype(float)
    rows.to_parquet(tmp_path / "raw.parquet")
    found = prepare(tmp_path / "raw.parquet", **TABLE)
    assert found.item_ids == sorted(set(TITLES) & set(found.item_ids), key=int)


@pytest.mark.parametrize(("cell", "kind"), [(b"\xff", "bytes"), ([1], "ndarray"), ({}, "dict")])
def test_ids_of_parquet_that_are_no_text_are_refused(tmp_path: Path, cell, kind: str):
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


def test_a_column_is_of_one_type_however_long_it_is(tmp_path: Path):
    """By default pandas gives every block of 2^20 cells a type of its own."""
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


def test_a_small_file_cannot_ask_for_much_memory(tmp_path: Path, monkeypatch):
    """The source and the titles alike."""
    monkeypatch.setattr("awrsr.parquet.MAX_BYTES", 100_000)
    rows = np.zeros(10**6, dtype=np.int8)
    bomb = parquet(tmp_path / "bomb.parquet", user=rows, item=rows, timestamp=rows, title=rows)
    with pytest.raises(DataError, match="bomb.parquet has .* and asks for"):
        prepare(bomb, **TABLE)
    with pytest.raises(DataError, match="bomb.parquet has .* and asks for"):
        prepare(**table(tmp_path, GOOD), titles=bomb)
