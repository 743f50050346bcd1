"""Choosing a history on the page: a user's, or entered by search, paste, upload; edits and undo."""

import dataclasses

import numpy as np
import pytest
from driving import (
    HOSTILE,
    add_dataset,
    choose,
    click,
    items,
    messages,
    open_page,
    paste,
    press,
    run,
    sent,
    texts,
    titled,
    unescaped,
    upload,
)
from helpers import make_dataset

from app.components.history_list import Edit, edited
from app.forms import MAX_HISTORY
from app.users import matching_users
from app.views.inspect.editing import MAX_UNDO
from awrsr import load_dataset

OFFERED = ("sasrec-none", "stosa-simple")


def listed(page) -> dict:
    """The data of the history list; None if it is not drawn."""
    return sent(page, "history_list")


def edit_list(page, *edits: tuple):
    """Report edits of the list's current rows: (op, at, to) or (op, at)."""
    rows = [item for item, _ in listed(page)["rows"]]
    number = listed(page)["applied"]
    sent = []
    for op, at, *to in edits:
        number += 1
        edit = Edit(number, op, at, to[0] if to else at, rows[at])
        rows = edited(rows, edit, MAX_HISTORY)
        sent.append(dataclasses.asdict(edit))
    page.session_state["history_list"] = {"edit": {"edits": sent}}
    return run(page)


def test_an_empty_history_leads_to_a_users(directory):
    page = open_page(source="own")
    next(button for button in page.button if button.label == "A user's history").click()
    run(page)
    assert any(element.value.startswith("**User ") for element in page.markdown)


def test_an_empty_history_offers_the_recorded_examples():
    page = open_page(source="own")
    examples = [button for button in page.button if (button.key or "").startswith("empty_")]
    assert len(examples) >= 3
    examples[0].click()
    run(page)
    assert any(element.value.startswith("**User ") for element in page.markdown)


def test_an_empty_history_says_what_to_do_and_grows_by_search(directory):
    page = open_page(source="own")
    assert [element.value for element in page.subheader] == ["The history is empty"]
    assert listed(page) is None
    for grown in ([5], [5, 2], [5, 2, 5]):
        choose(page, added=grown[-1])
        assert items(page) == grown
        assert sent(page, "search-added")["value"] == ""  # ready for the next search
        assert [item for item, _ in listed(page)["rows"]] == grown
    assert page.query_params["items"] == "5.2.5"


@pytest.mark.slow
def test_users_are_typed_and_stepped_through(directory):
    page = open_page(user="1003")
    choose(page, user=" 1005 ")
    assert (page.session_state["user"], page.query_params["user"]) == ("1005", "1005")
    press(page, "next_user")
    assert page.session_state["user"] == page.text_input(key="typed_user").value == "1006"
    choose(page, user="7<b>")
    assert messages(page) == [
        "unknown user '7<b>' in tiny; it has 12 users, from '1000' to '1011'; "
        "user 1006 is still shown."
    ]
    assert page.text_input(key="typed_user").value == "7<b>"
    assert page.session_state["user"] == "1006"
    press(page, "previous_user")
    assert messages(page) == []
    assert page.text_input(key="typed_user").value == "1005"
    choose(page, user="1000")
    assert page.button(key="previous_user").disabled
    assert not page.button(key="next_user").disabled


def test_a_user_is_picked_from_the_table(directory, tiny_dataset):
    page = click(open_page(user="1003"), "Browse")
    (table,) = [t.value for t in page.dataframe if "then" in t.value]
    assert table["user"].tolist() == [str(1000 + index) for index in range(12)]
    assert sum("No ranks in" in text for text in texts(page)) == 2
    page.session_state["user_search"] = "(1999)"
    page.session_state["users-0-(1999)"] = {"selection": {"rows": [1], "columns": [], "cells": []}}
    click(page, "Browse")
    expected = tiny_dataset.user_ids[matching_users(tiny_dataset, "(1999)")[1]]
    assert expected != "1003"
    assert page.session_state["user"] == expected


@pytest.mark.slow
def test_editing_a_users_history_makes_a_copy_that_keeps_its_owner(directory):
    page = open_page(user="1003")
    *history, held_out = load_dataset(directory).sequence(3).tolist()
    edit_list(page, ("move", 0, 2), ("remove", 1))
    expected = history.copy()
    expected.insert(2, expected.pop(0))
    del expected[1]
    chosen = page.session_state
    assert (chosen["source"], chosen["origin"], items(page)) == ("own", "1003", expected)
    assert chosen["target"] == 0  # still the held-out item
    title = load_dataset(directory).titles([held_out])[0]
    assert any(f"edited from user 1003's; then came {title}" in text for text in texts(page))
    copied = open_page(**page.query_params)
    assert items(copied) == expected
    assert any(f"then came {title}" in text for text in texts(copied))
    click(page, "Original")
    assert (page.session_state["source"], page.session_state["user"]) == ("user", "1003")
    assert [item for item, _ in listed(page)["rows"]] == history
    choose(page, source="own")
    assert items(page) == expected


def test_an_edit_is_applied_once_and_never_to_another_list(directory):
    page = open_page(source="own", items="1.2.3.4")
    edit_list(page, ("remove", 0))
    assert items(page) == [2, 3, 4]
    late = {"number": 1, "op": "remove", "at": 0, "to": 0, "item": 2}
    page.session_state["history_list"] = {"edit": {"edits": [late]}}
    assert items(run(page)) == [2, 3, 4]
    page.session_state["history_list"] = {"edit": {"edits": [late | {"number": 9, "item": 4}]}}
    assert items(run(page)) == [2, 3, 4]
    page.session_state["history_list"] = {"edit": "nonsense"}
    assert items(run(page)) == [2, 3, 4]


@pytest.mark.slow
def test_replacing_an_item(directory):
    page = edit_list(open_page(source="own", items="1.2.3"), ("replace", 1))
    assert listed(page)["replacing"] == 1
    assert sent(page, "search-added")["label"] == "Replace item 2 by"
    assert any("replaces Film B (1992)" in text for text in texts(page))
    choose(page, added=9)
    assert items(page) == [1, 9, 3]
    assert sent(page, "search-added")["label"] == "Add an item"
    edit_list(page, ("replace", 0))
    click(page, "Cancel")
    choose(page, added=4)
    assert items(page) == [1, 9, 3, 4]
    edit_list(page, ("replace", 3))
    click(page, "Clear")
    assert sent(page, "search-added")["label"] == "Add an item"


@pytest.mark.slow
def test_undo_and_redo_go_through_everything_that_changed_the_history(directory):
    page = open_page(source="own", items="1.2.3.4.5.6")
    page.session_state["newest"] = 2
    run(page)
    seen = [[1, 2, 3, 4, 5, 6]]
    for change in (
        lambda: click(page, "Shuffle"),
        lambda: click(page, "Shuffle"),
        lambda: choose(page, added=7),
        lambda: edit_list(page, ("repeat", 0)),
        lambda: click(page, "Keep"),
        lambda: paste(page, "103", "102"),
        lambda: upload(page, "a.txt", b"101"),
        lambda: click(page, "Clear"),
    ):
        change()
        assert items(page) != seen[-1]
        seen.append(items(page))
    assert seen[5] == seen[4][-2:]
    assert seen[-1] == []
    for expected in seen[-2::-1]:
        assert items(press(page, "undo_button")) == expected
    assert page.button(key="undo_button").disabled
    for expected in seen[1:]:
        assert items(press(page, "redo_button")) == expected
    assert page.button(key="redo_button").disabled
    press(page, "undo_button")
    choose(page, added=3)
    assert page.button(key="redo_button").disabled  # a new edit clears redo


def test_undo_returns_to_the_users_history_and_to_ones_own(directory):
    page = open_page(source="user", user="1002", items="9.8")
    click(page, "Shuffle")
    press(page, "undo_button")
    assert (page.session_state["source"], items(page)) == ("user", [9, 8])
    press(page, "redo_button")
    assert (page.session_state["source"], page.session_state["origin"]) == ("own", "1002")


def test_undo_is_bounded(directory):
    page = open_page(source="own", items="1")
    for _ in range(3):
        edit_list(page, *[("repeat", 0)] * (MAX_UNDO // 2))
    assert len(page.session_state["undo"]) == MAX_UNDO


def test_another_dataset_starts_without_the_former_history(directory, tmp_path):
    other = dataclasses.replace(make_dataset(n_items=9, seed=3), name="other")
    add_dataset(tmp_path, other, "sasrec-none")
    page = click(open_page(dataset="tiny", user="1003"), "Shuffle")
    click(page, "Pin this history")
    assert len(page.session_state["variants"]) == 1
    choose(page, dataset="other")
    chosen = page.session_state
    assert (chosen["variants"], chosen["origin"], chosen["compare"]) == ([], None, None)
    assert page.button(key="undo_button").disabled
    assert messages(page) == []


@pytest.mark.slow
def test_titles_stay_text_in_the_list_and_in_what_is_said(directory, tmp_path):
    add_dataset(tmp_path, titled(HOSTILE), "sasrec-none", "stosa-simple")
    history = ".".join(map(str, range(1, len(HOSTILE) + 1)))
    page = open_page(dataset="titled", source="own", items=history)
    assert [title for _, title in listed(page)["rows"]] == HOSTILE
    for place, title in enumerate(HOSTILE):
        edit_list(page, ("replace", place))
        (said,) = [c.value for c in page.caption if "The chosen item replaces" in c.value]
        assert unescaped(said).endswith(f"replaces {title}.")
        assert title not in said


def test_a_history_longer_than_a_page_keeps_is_listed_by_its_newest(tmp_path, monkeypatch):
    monkeypatch.setenv("AWRSR_ASSETS", str(tmp_path))
    short = make_dataset(n_users=1)
    long = dataclasses.replace(
        short,
        offsets=np.array([0, 600]),
        flat_items=np.resize(short.flat_items, 600),
        flat_timestamps=None,
    )
    add_dataset(tmp_path, long, "sasrec-none", "stosa-simple")
    page = open_page(dataset="tiny")
    assert (len(listed(page)["rows"]), listed(page)["first"]) == (500, 100)
    assert any("Only the newest 500 are listed" in text for text in texts(page))
    edit_list(page, ("remove", 499))
    assert items(page) == long.flat_items[99:598].tolist()
