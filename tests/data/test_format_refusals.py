"""Damaged lines, missing columns and wrong types, format by format: one sentence each."""

import gzip
import json
from pathlib import Path

import pytest
from reader_sources import SOURCES, lines

from awrsr.data.prepare import prepare
from awrsr.errors import ConfigError, DataError

ASKED = {"name": "made", "k_core": 1}
DAMAGED = {
    "no-number": ("movielens_100k", "u.data", "14000", "soon", "line 1: timestamp 'soon00000' is"),
    "u.data-short": ("movielens_100k", "u.data", "\t3\t", "\t", "line 1: timestamp '' (empty"),
    "u.data-long": ("movielens_100k", "u.data", "\t3\t", "\t3\t3\t", "more values than columns"),
    "flags": ("movielens_100k", "u.item", "|1|", "|2|", "19 flags of 0 or 1, with bars between"),
    "u.item-short": ("movielens_100k", "u.item", "|0|", "|", "u.item, line 1: expected an id, a"),
    "one-colon": ("movielens_dat", "ratings.dat", "::3::", ":3::", "line 1: expected 'user::item:"),
    "words-between": ("movielens_dat", "ratings.dat", "::3::", ":x:3::", "line 1: expected 'user"),
    "movies": ("movielens_dat", "movies.dat", "::", "|", "movies.dat, line 1: expected 'id::title"),
    "no-type": (
        "recbole",
        "made.inter",
        "rating:float",
        "rating",
        "begins with columns as name:ty",
    ),
    "other-type": (
        *("recbole", "made.inter", "timestamp:float", "timestamp:token"),
        "column 'timestamp' has type 'token'; 'float' is needed here",
    ),
    "no-time": (
        *("recbole", "made.inter", "timestamp:float", "time:float"),
        "missing column 'timestamp:float'; it has user_id, item_id, rating, time. Did you mean 'ti",
    ),
    "atomic-price": (
        "recbole",
        "made.item",
        "1.5",
        "dear",
        "data row 1: 'price' has type float; r",
    ),
    "atomic-item": (
        "recbole",
        "made.item",
        "item_id:",
        "item:",
        "missing column 'item_id:token'; ",
    ),
    "atomic-further": (
        *("recbole", "made.item", "genres:", "title:"),
        "a further column cannot be called 'title'; rename it",
    ),
    "review": (
        *(
            "amazon_reviews",
            "reviews_Made_5.json.gz",
            '}\n{"reviewerID": "A2',
            '\n{"reviewerID": "A2',
        ),
        "reviews_Made_5.json.gz, line 4 is not readable JSON; received",
    ),
    "other-json": (
        *("amazon_reviews", "reviews_Made_5.json.gz", "asin", "isbn"),
        "expected JSON objects with user_id, parent_asin, timestamp, rating or reviewerID, asin, ",
    ),
    "literal": (
        "amazon_reviews",
        "meta_Made.json.gz",
        "]]",
        "",
        "line 1 is not readable JSON; rec",
    ),
    "call": (
        *("amazon_reviews", "meta_Made.json.gz", "'Plain'", "print(1)"),
        "meta_Made.json.gz, line 4 is not readable JSON; received",
    ),
    "no-asin": ("amazon_ratings", "meta_Made.jsonl.gz", "parent_asin", "id", "expected objects wi"),
    "swapped": (
        *("amazon_ratings", "ratings_Made.csv", "A1AAAAAAAAAAA", "anna"),
        "expected the header user_id,parent_asin,rating,timestamp, or lines such as 'A39HTAT",
    ),
    "no-map": (
        "p5",
        "datamaps.json",
        "id2item",
        "items",
        "expected 'id2item' as an object of text",
    ),
    "no-number-in-map": ("p5", "datamaps.json", '"4"', '"9"', "line 1: '4' is not in 'id2item' of"),
    "text-for-list": (
        "lcrec",
        "Made.inter.json",
        "[0, 1, 2, 3]",
        '"0 1"',
        "user '0': expected a l",
    ),
    "number-and-half": ("lcrec", "Made.inter.json", "[0, ", "[0.5, ", "expected a list of numbers"),
    "json-list": ("lcrec", "Made.inter.json", "", "[", "Made.inter.json is not readable JSON; rec"),
    "no-such-number": ("lcrec", "Made.inter.json", "[0, ", "[9, ", "'9' has no id in the file of"),
    "twice": ("lcrec", "Made.item2id", "\t1", "\t0", "line 2: its number is taken; received"),
    "no-tab": ("lcrec", "Made.user2id", "\t", " ", "line 1: expected an id, a tab and a number"),
    "text-for-item": (
        "lcrec",
        "Made.item.json",
        '{"0": {',
        '{"9": "x", "0": {',
        "item '9': expect",
    ),
    "no-title": (
        "lcrec",
        "Made.item.json",
        '"title"',
        '"name"',
        "Made.item.json: no item has a ti",
    ),
    "json-line": ("table_jsonl", "raw.jsonl", "}", "", "raw.jsonl, line 1 is not readable JSON"),
    "json-text": (
        "table_jsonl",
        "raw.jsonl",
        "}\n{",
        "}\n[1]\n{",
        "line 2: expected a JSON object",
    ),
    "half-a-pair": ("table_jsonl", "raw.jsonl", "A1", "\\ud800", "line 1 holds characters that ar"),
    "json-id": (
        *("table_jsonl", "raw.jsonl", '"A1AAAAAAAAAAA"', "[]"),
        "raw.jsonl, line 1: 'user' holds '[]'; expected a text or a number",
    ),
}


@pytest.mark.parametrize("kind, name, old, new, message", DAMAGED.values(), ids=DAMAGED)
def test_what_is_wrong_is_named(tmp_path: Path, kind, name, old: str, new: str, message: str):
    source = SOURCES[kind](tmp_path)
    path = tmp_path / name
    packed = path.suffix == ".gz"
    content = (gzip.decompress if packed else bytes)(path.read_bytes())
    spoilt = content.replace(old.encode(), new.encode()) if old else new.encode() + content
    assert spoilt != content
    path.write_bytes((gzip.compress if packed else bytes)(spoilt))
    with pytest.raises(DataError) as caught:
        prepare(source, format=kind.removesuffix("_jsonl"), **ASKED)
    assert message in str(caught.value) and str(path) in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("kind", ["recbole", "lcrec"])
def test_a_directory_holds_one_source(tmp_path: Path, kind: str):
    with pytest.raises(DataError, match="must hold one .* and has none"):
        prepare(tmp_path, format=kind, **ASKED)
    source = SOURCES[kind](tmp_path)
    name = next(path.name for path in tmp_path.iterdir() if ".inter" in path.name)
    (tmp_path / f"other-{name}").touch()
    with pytest.raises(DataError, match=f"must hold one .* and has .*{name}, other-{name}"):
        prepare(source, format=kind, **ASKED)


def test_columns_of_atomic_files_may_have_other_names(tmp_path: Path):
    SOURCES["recbole"](tmp_path)
    path = tmp_path / "made.inter"
    path.write_text(path.read_text().replace("user_id", "session_id").replace("\t", ","))
    (tmp_path / "made.item").unlink()
    dataset = prepare(path, **ASKED, format="recbole", user_column="session_id", separator="comma")
    assert dataset.n_users == 3
    with pytest.raises(ConfigError, match="has one column of ratings; leave rating_column out"):
        prepare(
            SOURCES["movielens_dat"](tmp_path), **ASKED, min_rating=1, rating_column="overall",
            format="movielens_dat",
        )  # fmt: skip


@pytest.mark.slow
def test_a_file_that_unpacks_to_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("awrsr.data.readers.text.MAX_BYTES", 100_000)
    review = {"reviewerID": "a", "asin": "b", "unixReviewTime": 1, "overall": 1}
    path = tmp_path / "reviews_Made.json.gz"
    path.write_bytes(gzip.compress(f"{json.dumps(review)}\n".encode() * 1_000_000))
    with pytest.raises(DataError, match=r"reviews_Made.json.gz has .* expands to more than"):
        prepare(path, **ASKED)
    (tmp_path / "x.inter.json").write_bytes(gzip.compress(b'{"a": [' + b" " * 10_000_000))
    with pytest.raises(DataError, match=r"x.inter.json has .* bytes and expands to more than"):
        prepare(tmp_path / "x.inter.json", **ASKED)


def test_a_json_file_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("awrsr.data.readers.json_text.MAX_BYTES", 10)
    with pytest.raises(DataError, match="Made.inter.json has .* bytes; accepted: at most 10"):
        prepare(SOURCES["lcrec"](tmp_path), **ASKED)


@pytest.mark.parametrize("kind", ["movielens_100k", "movielens_dat"])
def test_descriptions_in_utf_8_are_recognised(tmp_path: Path, kind: str):
    source = SOURCES[kind](tmp_path)
    path = next(p for p in tmp_path.iterdir() if p.name in ("u.item", "movies.dat"))
    path.write_bytes(path.read_bytes().decode("latin-1").encode())
    assert prepare(source, **ASKED).items["title"][0] == "Café, The (1995)"


def test_numbers_of_json_stay_exact(tmp_path: Path):
    rows = [
        {"user": user, "item": 2**60 + item, "timestamp": 1e9 + item}
        for user in (1, 2)
        for item in range(3)
    ]
    path = lines(tmp_path / "raw.jsonl", [json.dumps(row) for row in rows])
    assert prepare(path, **ASKED).item_ids == [str(2**60 + item) for item in range(3)]
    path = lines(path, [path.read_text().strip(), '{"user": 1, "timestamp": 5}', ""])
    with pytest.raises(DataError, match="data row 7: an id is missing"):
        prepare(path, **ASKED)
    assert prepare(path, **ASKED, missing="drop").item_ids[0] == str(2**60)


def test_lines_of_items_without_interactions_are_not_parsed(tmp_path: Path):
    source = SOURCES["amazon_reviews"](tmp_path)
    path = tmp_path / "meta_Made.json.gz"
    content = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(content + b"{'asin': 'B999999999', 'title': damaged\n"))
    assert prepare(source, **ASKED).items["title"][3] == "Plain"
    path.write_bytes(gzip.compress(b"{'asin': 'B999999999', 'title': 'Other'}\n"))
    said = "meta_Made.json.gz: expected objects with parent_asin or asin of items that have inter"
    with pytest.raises(DataError, match=said):
        prepare(source, **ASKED)


def test_genres_precede_other_columns_of_an_atomic_file(tmp_path: Path):
    source = SOURCES["recbole"](tmp_path)
    path = tmp_path / "made.item"
    rows = [line.split("\t") for line in path.read_text().splitlines()]
    lines(path, ["\t".join([row[0], row[3], row[1], row[2]]) for row in rows])
    assert list(prepare(source, **ASKED).items)[3:] == ["genres", "price"]


def test_an_atomic_file_of_items_needs_no_title(tmp_path: Path):
    source = SOURCES["recbole"](tmp_path)
    path = tmp_path / "made.item"
    path.write_text(path.read_text().replace("movie_title:", "words:"))
    items = prepare(source, **ASKED).items
    assert items["title"].str.startswith("Item ").all()
    assert items["words"][0] == "Café,|The|(1995)"
