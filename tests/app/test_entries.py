"""Pasted and uploaded histories: common forms, limits, refusals in one sentence."""

import dataclasses
import json
import random
import time

import pytest
from helpers import EMBEDDED, SHARED_DATA, make_dataset

from app.forms import MAX_HISTORY
from app.reading import Unknown
from app.views.inspect.entries import (
    MAX_PASTED,
    MAX_UPLOAD,
    SUGGESTED,
    Reading,
    decided,
    read_file,
    read_otherwise,
    read_pasted,
)
from awrsr import load_dataset
from awrsr.data.dataset import Dataset
from awrsr.errors import DataError

CASES = SHARED_DATA.parent / "cases"


@pytest.fixture(scope="module")
def films() -> Dataset:
    return load_dataset(EMBEDDED)


def names(reading: Reading) -> list[int | str]:
    """The items, and the texts of unknown entries."""
    return [slot.text if isinstance(slot, Unknown) else slot for slot in reading.slots]


# --- forms ----------------------------------------------------------------------------------------

HEAT, FARGO = "Film A (1991)", "Film B (1992)"


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.txt", "Film A (1991)\n\n  102 \r\nFilm C, The (1972)", [1, 2, "Film C, The (1972)"]),
        ("a.csv", "title\nFilm A (1991)\n\n102\n", [1, 2]),
        ("a.CSV", "rank, Title ,item_id\n1,Heat,105\n2,Fargo,106\n", [5, 6]),
        ("a.csv", 'user,item\n1,"A, B"\n1\n1,C\n', ["A, B", "", "C"]),
        ("a.csv", "item;timestamp\n102;20\n101;3\n103;100\n", [1, 2, 3]),
        ("a.csv", "user_id\ttitle\ttimestamp\n1\t102\t2024-02-01\n1\t101\t2023-12-31\n", [1, 2]),
        ("a.csv", "item,timestamp\n3,2024-01-01\n2,2023-12-31T23:00:00-02:00\n", ["3", "2"]),
        ("a.csv", "item,timestamp\n103,\n101,\n", [3, 1]),
        ("a.txt", "108\n101 102, 103;104\nA, B\n12 Monkeys", [8, 1, 2, 3, 4, "A, B", "12 Monkeys"]),
        ("a.csv", "item_id,title\n101,Toy Story\n,Foo\n 103\n,\n", [1, "Foo", 3]),
        ("a.csv", '\ufeffFilm A (1991)\n"Film B (1992)"\n', [1, 2]),
        (
            "a.csv",
            'title\nGodfather, The (1972)\n"He said ""hi"""',
            ["Godfather, The (1972)", 'He said "hi"'],
        ),
        ("a.txt", "\u00c9t\u00e9\n", ["\u00c9t\u00e9"]),
        ("a.csv", "movieId,title\n103,x\n101,y\n", [3, 1]),
        ("a.csv", "MOVIE_ID;rating\n103;4\n", [3]),
        ("a.csv", "userId,movieId,rating,timestamp\n7,103,4.0,9\n7,101,5.0,8\n", [1, 3]),
        ("a.inter", "user_id:token\titem_id:token\n1\t104\n1\t102\n", [4, 2]),
        ("a.tsv", "item\ttimestamp:float\n104\t2.0\n102\t1.0\n", [2, 4]),
        ("a.txt", "movieId,timestamp\n103,2\n101,1\n", [1, 3]),
        ("a.txt", "title\nFilm A (1991)\n", [1]),
        ("a.txt", "Title, The (1999)\n101\n", ["Title, The (1999)", 1]),
        ("a.json", '["Film B (1992)", 101, "103"]', [2, 1, 3]),
        ("a.txt", '["Film B (1992)",\n "no film"]', [2, "no film"]),
        ("a.txt", "'[\"Film B (1992)\"]'", [2]),
        ("a.txt", "[REC] (2007)\n101", ["[REC] (2007)", 1]),
        ("a.txt", "[101]", [1]),
    ],
)
def test_forms_that_are_read(tiny_dataset, name, content, expected):
    assert names(read_file(tiny_dataset, name, content.encode())) == expected
    if name.endswith(("txt", "json")):
        assert names(read_pasted(tiny_dataset, content)) == expected


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        (
            "a.txt",
            b"",
            "a.txt names no item; accepted: one title or id per line, oldest first, a J",
        ),
        ("a.csv", b" \n\t\n", "a.csv names no item"),
        ("a.csv", b",,,\n", "a.csv names no item"),
        ("a.csv", b";;\n;;\n", "a.csv names no item"),
        ("a.csv", b"title,year\n,\n", "a.csv names no item"),
        ("a.csv", b"title\n", "a.csv names no item"),
        ("a.json", b"[]", "a.json names no item"),
        ("a.json", b'["", " "]', "a.json names no item"),
        (
            "a.json",
            b'{"items": [1]}',
            'a.json is not a JSON list; accepted: such as ["Heat (1995)"',
        ),
        ("a.json", b"[" * 50_000, "a.json is not a JSON list"),
        (
            "a.txt",
            b"[1, 2.5]",
            "a.txt is a JSON list whose entry 2 is neither a string nor an inte",
        ),
        ("a.txt", b"[true]", "entry 1 is neither"),
        ("a.txt", b'["a", [1]]', "entry 2 is neither"),
        ("a.txt", "\u00e9".encode("latin-1"), "not UTF-8 text (byte 1 is 0xe9); save it as UTF-8"),
        ("a.csv", "title\nx".encode("utf-16"), "not UTF-8 text (byte 1 is 0xff)"),
        (
            "a.csv",
            b"user,movie,rating\n1,2,3\n",
            "has the columns user, movie, rating; accepted: a column item_id, movieId, title or it",
        ),
        (
            "a.txt",
            b"1\t4\t5\t1500001000\n1\t9\t5\t1500001060\n",
            "a.txt has the columns 1, 4, 5, 15",
        ),
        ("a.csv", b"Godfather, The (1972)\n", "or one title or id per line, with quotation marks"),
        ("a.csv", b'"' + b"x" * 200_000 + b'"', "a.csv is not readable as csv: field larger"),
        ("a.csv", b"user,item\n1,A\n2,B\n1,C\n", "holds 2 users (1, 2); accepted: the history of"),
        ("a.csv", b"userId,movieId\n1,101\n2,101\n", "holds 2 users (1, 2); accepted: the history"),
        (
            "a.csv",
            b"item,timestamp\n101,9\n102,10\n103,\n",
            "a.csv has the timestamp ''; accepted:",
        ),
        (
            "a.csv",
            b"item,timestamp\n101,9\n102,nan\n",
            "a.csv has the timestamp 'nan'; accepted: i",
        ),
        ("a.csv", b"item,timestamp\n101,12/31/2023\n", "accepted: in every row a number or a date"),
        (
            "a.txt",
            b"1\n" * (MAX_UPLOAD // 2 + 1),
            "has 1,000,002 bytes; accepted: at most 1,000,000",
        ),
    ],
)
def test_files_that_are_refused_in_one_sentence(tiny_dataset, name, content, why):
    with pytest.raises(DataError) as refused:
        read_file(tiny_dataset, name, content)
    assert why in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_pasted_list_is_what_the_command_line_takes(films):
    entries = [films.titles([item])[0] for item in (9, 1, 700)] + [int(films.item_ids[4])]
    for text in (json.dumps(entries), f"'{json.dumps(entries)}'", json.dumps(entries, indent=2)):
        assert read_pasted(films, text).items == films.encode(entries)


def test_a_number_in_a_list_is_an_id():
    tiny = make_dataset()
    titled = dataclasses.replace(tiny, items=tiny.items.assign(title=["103", *"BCDEFGHIJK"]))
    assert names(read_pasted(titled, "[103, 999]")) == [3, "999"]


# --- bounds ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", ["a" * 10, "the star wars ", "7", "a, ", "((", "a \t", "\u4e00"])
def test_one_long_line_costs_little(films, line):
    text = (line * MAX_UPLOAD)[: MAX_UPLOAD // len(line.encode()) * len(line)]
    text = text.encode()[: MAX_UPLOAD - 3].decode(errors="ignore") + "x\n"
    start = time.process_time()
    reading = read_file(films, "a.txt", text.encode())
    with pytest.raises(DataError, match="^The text has .* characters; accepted: at most 100,000"):
        read_pasted(films, text)
    pasted = read_pasted(films, text[:MAX_PASTED])
    assert time.process_time() - start < 2
    for slot in (*reading.slots, *pasted.slots):
        assert isinstance(slot, Unknown) and slot.near == () and len(slot.why) < 100


def test_the_newest_entries_are_read(tiny_dataset):
    entries = ["102"] + ["101"] * MAX_HISTORY
    for text in ("\n".join(entries), " ".join(entries), json.dumps(entries)):
        reading = read_pasted(tiny_dataset, text)
        assert reading.items == [1] * MAX_HISTORY and reading.skipped == 1
    titles = "\n".join("x" * 199 for _ in range(MAX_HISTORY))
    assert len(titles) < MAX_PASTED and len(read_pasted(tiny_dataset, titles).slots) == MAX_HISTORY


def test_many_unknown_entries_cost_a_few_searches(films, monkeypatch):
    sought = []
    search = Dataset.nearest_items
    monkeypatch.setattr(
        Dataset, "nearest_items", lambda self, text, n: sought.append(text) or search(self, text, n)
    )
    lines = ["Heat (1995)"] + [f"Heaat {i}" for i in range(400)] + ["fargo (1996)"]
    reading = read_pasted(films, "\n".join(lines))
    assert reading.items == films.encode(["Heat (1995)", "Fargo (1996)"])
    assert sought == [f"Heaat {i}" for i in range(SUGGESTED)]
    decided(films, reading, 1, 3)
    assert sought[SUGGESTED:] == [f"Heaat {SUGGESTED}"]


# --- unusable entries -----------------------------------------------------------------------------


def test_quotation_marks_and_spaces_do_not_make_a_title_unknown(tiny_dataset):
    reading = read_pasted(tiny_dataset, "\"Film A (1991)\"\n'film  b   (1992)'\n' Film'")
    assert names(reading) == [1, 2, "Film"]
    assert reading.slots[2].why == "'Film' names no item."


def test_a_title_of_several_items_has_them_as_suggestions():
    tiny = make_dataset()
    dataset = dataclasses.replace(tiny, items=tiny.items.assign(title=[*"AABCDEFGHII"]))
    first, second, _ = read_pasted(dataset, "a\nI\nB").slots
    assert first.why.startswith("'a' ") and " 2 items" in first.why and "101" in first.why
    assert (first.near, second.near) == ((1, 2), (10, 11))


def test_suggestions_take_the_places_of_their_entries(films):
    """In any order of decisions, the history keeps the order of the lines."""
    draw = random.Random(0)
    for _ in range(5):
        items = draw.sample(range(1, films.n_items + 1), 12)
        lines = films.titles(items)
        wrong = draw.sample(range(12), 7)
        for place in wrong:
            lines[place] = lines[place].replace(" (", "e (")  # a misspelling
        reading = read_pasted(films, "\n".join(lines))
        assert [place for place, _ in reading.unknown] == sorted(wrong)
        while unknown := reading.unknown:
            place, entry = draw.choice(unknown[:SUGGESTED])
            assert items[place] in entry.near
            reading = decided(films, reading, place, items[place])
        assert reading.items == items


# --- a line that may begin with its user ----------------------------------------------------------


def test_a_users_line_is_read_as_the_users(numbered):
    for user, user_id in enumerate(numbered.user_ids):
        sequence = numbered.sequence(user).tolist()
        for items in (sequence, sequence[:-1], sequence[:2]):
            line = " ".join(map(str, [user_id, *items]))
            reading = read_pasted(numbered, line)
            assert (reading.items, reading.user, reading.of_user) == (items, user_id, True)
            if int(user_id) > numbered.n_items:
                assert reading.user_item is None
                continue
            other = read_otherwise(numbered, reading)
            assert (other.items, other.of_user) == ([int(user_id), *items], False)
            assert read_otherwise(numbered, other) == reading


def test_any_other_line_is_read_as_items(numbered):
    reading = read_pasted(numbered, "1 6 2, 99")
    assert (names(reading), reading.user, reading.of_user) == ([1, 6, 2, "99"], "1", False)
    other = read_otherwise(numbered, reading)
    assert (names(other), other.of_user) == ([6, 2, "99"], True)
    assert read_otherwise(numbered, other) == reading
    for text in ("1\n6\n2", "[1, 6, 2]", "1", "0 6 2"):
        assert read_pasted(numbered, text).user == ""
    assert names(read_pasted(numbered, "12 6 2")) == [6, 2]  # a user's id, but no item's


def test_the_lines_of_several_users_are_refused(numbered):
    lines = [
        " ".join(map(str, [user_id, *numbered.sequence(user)]))
        for user, user_id in enumerate(numbered.user_ids[:3])
    ]
    with pytest.raises(DataError, match=r"^The text holds 3 users \(1, 2, 3\); accepted: the hist"):
        read_pasted(numbered, "\n".join(lines))
    assert not read_pasted(numbered, "\n".join([lines[0], "5 5 5"])).user
