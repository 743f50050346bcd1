"""Choosing a history: edits of rows, and one's own history by search, paste and buttons."""

import itertools
from pathlib import Path

import pytest
from conftest import EMBEDDED
from driving import (
    add_dataset,
    check_numbers,
    choose,
    click,
    figures,
    messages,
    open_page,
    run,
    texts,
)

from app.history import EDITS, history_table, move_newer, move_older, remove, repeat
from app.state import MAX_HISTORY
from awrsr import load_dataset

LABELS = [label for label, _, _ in EDITS]
SUBSETS = [list(rows) for n in range(6) for rows in itertools.combinations(range(5), n)]

# --- edits ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "history", "selected"),
    [
        ([1], "BACD", [0]),
        ([3], "ABDC", [2]),
        ([0], "ABCD", [0]),
        ([0, 1], "ABCD", [0, 1]),
        ([0, 2], "ACBD", [0, 1]),
        ([1, 2], "BCAD", [0, 1]),
        ([1, 3], "BADC", [0, 2]),
        ([], "ABCD", []),
    ],
)
def test_move_older_by_hand(rows, history, selected):
    assert move_older(list("ABCD"), rows) == (list(history), selected)


def moved_older(rows: list[int]) -> tuple[list[int], list[int]]:
    """Reference: everyone chosen goes one row up but those stacked at the top; the rest fill in."""
    stacked = [row for place, row in enumerate(rows) if row == place]
    places = {row if row in stacked else row - 1: row for row in rows}
    others = iter(row for row in range(5) if row not in rows)
    return [places[row] if row in places else next(others) for row in range(5)], sorted(places)


@pytest.mark.parametrize("rows", SUBSETS, ids=str)
def test_moves_equal_their_reference_and_mirror_each_other(rows):
    assert move_older(list(range(5)), rows) == moved_older(rows)
    mirrored, places = moved_older([4 - row for row in reversed(rows)])
    expected = [4 - item for item in reversed(mirrored)], [4 - row for row in reversed(places)]
    assert move_newer(list(range(5)), rows) == expected


def test_repeat_puts_the_chosen_last_and_keeps_to_the_limit():
    assert repeat(list("ABC"), [0, 2]) == (list("ABCAC"), [3, 4])
    full = list(range(MAX_HISTORY - 1))
    longer, selected = repeat(full, [5, 6])
    assert (longer, selected) == ([*full, 5], [MAX_HISTORY - 1])


def test_remove_takes_out_rows_and_not_items():
    assert remove(list("ABAB"), [0, 3]) == (list("BA"), [])
    assert remove(list("AB"), [0, 1]) == ([], [])


def test_table_of_a_history(tiny_dataset):
    table = history_table(tiny_dataset, [3, 1, 3])
    assert table.columns.tolist() == ["position", "title", "item_id"]
    assert table["position"].tolist() == [1, 2, 3]
    assert table["title"].tolist() == ["Film C (1993)", "Film A (1991)", "Film C (1993)"]
    assert table["item_id"].tolist() == ["103", "101", "103"]


# --- on the page ----------------------------------------------------------------------------------


@pytest.fixture
def directory(tmp_path, monkeypatch, tiny_dataset) -> Path:
    """The tiny dataset with two models that see 8 items, on offer."""
    monkeypatch.setenv("AWRSR_ASSETS", str(tmp_path))
    return add_dataset(tmp_path, tiny_dataset, "sasrec-none", "stosa-simple")


def paste(page, *lines: str):
    page.text_area(key="pasted").set_value("\n".join(lines))
    return click(page, "Use these")


def select(page, *rows: int):
    """Select rows of the history's table."""
    editor = f"editor-{page.session_state['edits']}"
    page.session_state[editor] = {"selection": {"rows": list(rows), "columns": [], "cells": []}}
    return run(page)


def test_an_empty_history_says_what_to_do_and_grows_by_search(directory):
    page = open_page(source="own")
    (info,) = page.info
    assert info.value == (
        "The history is empty: search for an item to add, or paste titles or ids."
    )
    assert not page.dataframe and not figures(page)
    for items in ([5], [5, 2], [5, 2, 5]):
        choose(page, added=items[-1])
        assert page.session_state["items"] == items
        assert page.session_state["added"] is None  # ready for the next search
        check_numbers(page, directory)
    assert page.query_params["items"] == "5.2.5"


def test_paste_keeps_what_is_known_and_names_the_rest(directory):
    page = open_page(source="own", items="9")
    paste(page, "Film A (1991)", "", "  103 ", "film b (1992)", "Flim D (1994)", "???", "104")
    assert page.session_state["items"] == [1, 3, 2, 4]
    near, far = messages(page)
    assert near.startswith("unknown title or id 'Flim D (1994)' in tiny. Did you mean 'Film D (19")
    assert far == "unknown title or id '???' in tiny."
    check_numbers(page, directory)
    assert messages(run(page)) == []  # said once


def test_paste_of_nothing_known_leaves_the_history(directory):
    page = open_page(source="own", items="9.8")
    paste(page, *(f"<i>{i}</i> " + "x" * 1000 for i in range(7)))
    assert page.session_state["items"] == [9, 8]
    *named, more = messages(page)
    assert len(named) == 5
    assert all(f"<i>{i}</i>" in text and len(text) <= 301 for i, text in enumerate(named))
    assert more == "And 2 more lines like these."


def test_paste_reads_a_bounded_number_of_lines(directory):
    page = paste(open_page(source="own"), *["101"] * (MAX_HISTORY + 1))
    assert page.session_state["items"] == [1] * MAX_HISTORY
    assert messages(page) == ["Only the first 500 of 501 lines were read."]


def test_buttons_move_repeat_and_remove_the_selected_rows(directory):
    page = open_page(source="own", items="1.2.3.4")
    choose(page, added=5)
    assert all(button.disabled for button in page.button if button.label in LABELS)
    select(page, 3, 1)
    assert not any(button.disabled for button in page.button)
    for label, items in (
        ("Older", [2, 1, 4, 3, 5]),
        ("Older", [2, 4, 1, 3, 5]),
        ("Newer", [1, 2, 4, 3, 5]),
        ("Repeat", [1, 2, 4, 3, 5, 2, 4]),
        ("Remove", [1, 2, 4, 3, 5]),  # the repeated ones: the selection follows the edit
    ):
        click(page, label)
        assert page.session_state["items"] == items, label
        check_numbers(page, directory)
    assert all(button.disabled for button in page.button if button.label in LABELS)


def test_a_history_changed_by_search_or_paste_has_no_rows_selected(directory):
    """The rows selected before are other items now."""
    page = choose(open_page(source="own", items="1.2.3"), added=4)
    for change in (lambda: paste(page, "103", "102"), lambda: choose(page, added=5)):
        select(page, 0)
        assert not any(button.disabled for button in page.button)
        change()
        assert all(button.disabled for button in page.button if button.label in LABELS)


def test_removing_all_leaves_an_empty_history(directory):
    page = open_page(source="own", items="1.2")
    choose(page, added=3)
    click(select(page, 0, 1, 2), "Remove")
    assert page.session_state["items"] == []
    assert page.info[0].value.startswith("The history is empty")
    assert "items" not in page.query_params


def test_a_copy_of_a_users_history_shows_the_same_until_it_is_edited(directory):
    page = open_page(user="1003")
    before, lists = figures(page), [table.value for table in page.dataframe]
    click(page, "Edit a copy")
    *items, held_out = load_dataset(directory).sequence(3).tolist()
    assert (page.session_state["source"], page.session_state["items"]) == ("own", items)
    assert page.session_state["target"] == held_out
    for old, new in zip(lists, page.dataframe, strict=True):
        assert old.equals(new.value)
    assert str(figures(page)) == str(before)
    click(select(page, 0), "Remove")
    assert page.session_state["items"] == items[1:]
    check_numbers(page, directory)
    choose(page, source="user")
    assert page.session_state["user"] == "1003"
    assert page.dataframe[0].value["title"].tolist() == load_dataset(directory).titles(items)


@pytest.mark.parametrize("length", [1, 8, 9, 50])
def test_any_length_and_the_newest_n_are_seen(directory, length):
    history = [1 + i * 7 % 10 for i in range(length)]  # item 11 is left to be recommended
    page = open_page(source="own", items=".".join(map(str, history)))
    check_numbers(page, directory)
    seen = min(length, 8)
    assert figures(page)["map-a-refined"]["customdata"].shape == (seen, seen)
    cuts = [text for text in texts(page) if "content_cut" in text]
    assert len(cuts) == 2 * (length > 8)
    for cut, title in zip(cuts, ("SASRec \u00b7 vanilla", "STOSA \u00b7 simple"), strict=False):
        assert f"The history has {length} items; " in cut
        assert f"{title} sees the newest 8." in cut
    assert messages(page) == []


@pytest.mark.parametrize("length", [50, 60])
def test_long_histories_through_the_shipped_models(length):
    dataset = load_dataset(EMBEDDED)
    history = next(
        dataset.sequence(user)[:length].tolist()
        for user in range(dataset.n_users)
        if dataset.lengths()[user] > 60
    )
    page = open_page(source="own", items=".".join(map(str, history)))
    check_numbers(page, EMBEDDED)
    assert figures(page)["map-b-second_order"]["customdata"].shape == (50, 50)
    assert any("sees the newest 50." in text for text in texts(page)) == (length > 50)
