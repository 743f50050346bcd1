"""Odd files and texts as a history: each gives a history or one sentence."""

import json
import random

import pytest
from test_entries import CASES

from app.forms import MAX_HISTORY
from app.views.inspect.entries import (
    SUGGESTED,
    read_file,
    read_pasted,
)
from awrsr.data.dataset import Dataset
from awrsr.errors import DataError


@pytest.mark.skipif(not CASES.is_dir(), reason="the folder ../shared/cases is absent")
@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("atomic.inter", "atomic.inter holds"),
        ("double-colons.csv", "double-colons.csv holds"),
        ("every-row-twice.csv", "every-row-twice.csv holds"),
        ("interactions-of-titles.csv", "interactions-of-titles.csv holds"),
        ("titles-latin1.csv", "titles-latin1.csv is not UTF-8 text"),
        ("titles-one-unquoted-comma.csv", 0),
        ("titles-that-are-ids.csv", 10),
        ("INTERACTIONS.PARQUET", "INTERACTIONS.PARQUET is not UTF-8 text"),
        ("reviews.jsonl.gz", "reviews.jsonl.gz is not UTF-8 text"),
        ("movielens-100k-layout/u.data", "u.data has the columns 1, 4, 5, 1500001000; accepted: a"),
        ("movielens-1m-layout/movies.dat", "movies.dat is not UTF-8 text"),
        ("movielens-1m-layout/ratings.dat", "ratings.dat has the columns 1, 4, 5, 1500001000; "),
    ],
)
def test_files_that_people_have(numbered, name, outcome):
    path = CASES / name
    try:
        read = read_file(numbered, path.name, path.read_bytes())
    except DataError as error:
        assert str(error).startswith(outcome) and "\n" not in str(error)
    else:
        assert len(read.items) == outcome and (outcome or read.unknown)


PIECES = [
    *(
        "Film A (1991)",
        "film b (1992)",
        "101",
        "103",
        "999",
        "\u00c9t\u00e9",
        "Film, The",
        "$x$",
        "",
    ),
    *(
        "\u202eabc",
        "\ud800",
        "\0",
        "\x1c",
        "\x85",
        "\u2028",
        "\ufeff",
        "\U0001f600",
        "nan",
        "1e999",
    ),
    *("-1", "0x10", "9" * 5000, "a" * 400, "<b>", "\\", "`", "[", "]", "{", "}", "null", "true"),
    *('"', "'", '""', '"a', "12 13 14", "1 1 2 3", "1000 101 102", "2024-01-31", "31.1.2024"),
    *("item_id", "movieId", "title", "item", "user", "userId", "timestamp", "item_id:token", "::"),
]
MARKS = [",", ";", "\t", " ", "::", "|", ", ", ",,", '","', "\n", "\r", "\r\n", "\n\n", "\x0b"]


def odd_text(draw: random.Random) -> str:
    """Headings, titles, ids, marks and odd characters in any order, or a list as JSON writes it."""
    if draw.random() < 0.2:
        listed = [draw.choice([*PIECES, 101, -3, 10**30, 2.5, None, [1], {}]) for _ in range(4)]
        text = json.dumps(listed, ensure_ascii=draw.random() < 0.5)
        return text[: len(text) - (draw.random() < 0.2)]
    marks = draw.choices(MARKS, k=3)
    parts = []
    for _ in range(draw.choice([0, 1, 2, 5, 20, 800])):
        parts += [draw.choice(PIECES), draw.choice(marks)]
    return "".join(parts)


def check_outcome(dataset: Dataset, read) -> bool:
    """Check for a history of the catalogue's items or one sentence; whether it was read."""
    try:
        reading = read()
    except DataError as error:
        assert "\n" not in str(error) and len(str(error)) < 500
        return False
    assert 0 < len(reading.slots) <= MAX_HISTORY
    assert dataset.titles(reading.items) is not None
    for _, entry in reading.unknown:
        assert entry.why.endswith(".") and len(entry.why) <= 301 and len(entry.text) <= 301
        entry.why.encode()  # no lone surrogate, which cannot be sent to a page
        entry.text.encode()
    assert all(entry.near is not None for _, entry in reading.unknown[:SUGGESTED])
    return True


@pytest.mark.few(1)
@pytest.mark.parametrize("users", ["other ids", "the items' ids"])
def test_odd_texts_end_in_a_history_or_a_sentence(tiny_dataset, numbered, users):
    dataset = tiny_dataset if users == "other ids" else numbered
    draw = random.Random(users)
    texts = [odd_text(draw) for _ in range(200)]
    read = sum(
        check_outcome(dataset, lambda text=text: read_pasted(dataset, text)) for text in texts
    )
    assert 40 < read < 190


def test_odd_files_end_in_a_history_or_a_sentence(tiny_dataset):
    draw = random.Random(3)
    read = 0
    for _ in range(200):
        name = draw.choice(["a", "\u202eb", "c" * 300, ""]) + draw.choice(
            [".csv", ".TSV", ".txt", ".json", ".inter", "", ".csv.gz"]
        )
        coding = draw.choice(["utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "latin-1", "cp037"])
        content = odd_text(draw).encode(coding, errors="replace")
        if draw.random() < 0.2:
            content = draw.randbytes(50) if draw.random() < 0.5 else content[:-1]
        read += check_outcome(
            tiny_dataset, lambda name=name, content=content: read_file(tiny_dataset, name, content)
        )
    assert 40 < read < 190


@pytest.mark.parametrize(
    "text",
    [
        "product,stars\n1,5\n2,4",
        "userId rating\n1 5\n2 4",
        "1::6::5::978300760\n1::2::4::978300761",
        "user;score\n1;-0.5\n2;4",
    ],
)
def test_numbers_under_a_heading_that_names_no_item_are_not_read_as_items(tiny_dataset, text: str):
    with pytest.raises(DataError, match="The text has the columns .*; accepted: a column item_id"):
        read_pasted(tiny_dataset, text)


@pytest.mark.parametrize(
    "text",
    [
        "user_id::item_id::timestamp\n1::103::3\n1::101::2",
        "userId movieId rating\n7 101 5\n7 103 4",
        "\ufeff101\n103",
    ],
)
def test_tables_with_double_colons_or_spaces_and_marked_texts_are_read(tiny_dataset, text: str):
    assert read_pasted(tiny_dataset, text).items == [1, 3]


def test_two_words_over_a_line_of_ids_are_a_title(tiny_dataset):
    assert read_pasted(tiny_dataset, "Film Q\n101 103").items == [1, 3]
