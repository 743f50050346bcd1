"""Edits of a list of items, as its component reports them."""

from collections import Counter

import pytest

from app.components.history_list import Edit, edited, read_edits
from app.forms import MAX_HISTORY
from app.views.inspect.editing import shuffled


@pytest.mark.parametrize(
    ("op", "at", "to", "after"),
    [
        ("move", 0, 2, "BCAD"),
        ("move", 3, 0, "DABC"),
        ("move", 2, 1, "ACBD"),
        ("move", 1, 1, "ABCD"),
        ("remove", 1, 1, "ACD"),
        ("remove", 3, 3, "ABC"),
        ("repeat", 1, 1, "ABCDB"),
        ("replace", 1, 1, "ABCD"),
    ],
)
def test_edits_by_hand(op, at, to, after):
    before = list("ABCD")
    assert edited(before, Edit(1, op, at, to, before[at]), limit=5) == list(after)
    assert before == list("ABCD")


@pytest.mark.parametrize("op", ["move", "remove", "repeat"])
def test_an_edit_of_another_list_changes_nothing(op):
    for at, to, item in ((0, 1, "B"), (4, 0, "A"), (-1, 0, "D"), (0, 4, "A"), (0, -1, "A")):
        assert edited(list("ABCD"), Edit(1, op, at, to, item), limit=9) == list("ABCD")


def test_a_full_list_takes_no_repetition():
    full = list(range(MAX_HISTORY))
    assert edited(full, Edit(1, "repeat", 5, 5, 5), MAX_HISTORY) == full


@pytest.mark.parametrize(
    "value",
    [
        None,
        7,
        "edit",
        [],
        {},
        {"edits": None},
        {"edits": [None, 1, {}, {"op": "move"}]},
        {"edits": [{"op": "drop", "number": 1, "at": 0, "to": 0, "item": 1}]},
        {"edits": [{"op": "move", "number": 1, "at": "0", "to": 0, "item": 1}]},
        {"edits": [{"op": "move", "number": 1, "at": True, "to": 0.5, "item": 1}]},
    ],
)
def test_what_is_no_edit_is_none(value):
    assert read_edits(value) == []


def test_shuffling_keeps_the_items_and_is_the_same_each_time():
    for length in (2, 3, 20, 500):
        items = [1 + i * 7 % 11 for i in range(length)]
        other = shuffled(items)
        assert Counter(other) == Counter(items) and other != items
        assert shuffled(items) == other
    assert shuffled([4, 4]) == [4, 4]
