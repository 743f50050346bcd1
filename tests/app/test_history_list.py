"""Choosing a history: a user's, or entered by search, paste, upload; edits and undo."""

import dataclasses
import shutil
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from driving import (
    HOSTILE,
    add_dataset,
    choose,
    click,
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
from helpers import EMBEDDED, make_dataset

from app.components.history_list import Edit, edited, read_edits
from app.folders import read_ranks
from app.forms import MAX_HISTORY
from app.users import matching_users, reasons_found, user_table
from app.views.inspect.editing import MAX_UNDO, shuffled
from awrsr import load_dataset

# --- edits of a list ------------------------------------------------------------------------------


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


# --- users ----------------------------------------------------------------------------------------


def test_users_are_found_by_id_and_by_the_titles_of_their_items(tiny_dataset):
    for text in ("", "10", "1003", " FILM  c ", "(1999)", "nothing"):
        sought = " ".join(text.split()).casefold()
        expected = [
            index
            for index, user in enumerate(tiny_dataset.user_ids)
            if sought in user
            or any(
                sought in title.casefold()
                for title in tiny_dataset.titles(tiny_dataset.sequence(index))
            )
        ]
        assert matching_users(tiny_dataset, text).tolist() == expected, text


def test_table_of_users(tiny_dataset):
    table = user_table(tiny_dataset, np.array([3, 0]), {"a": {"1003": 7}, "b": {}})
    assert table.columns.tolist() == ["user", "items", "last", "then", "a", "b"]
    *history, then = tiny_dataset.titles(tiny_dataset.sequence(3))
    row = table.iloc[0]
    assert row[["user", "items", "then", "a"]].tolist() == ["1003", len(history), then, 7]
    assert row["last"] == " \u00b7 ".join(history[:-4:-1])
    assert table["b"].isna().all() and table["a"].isna().tolist() == [False, True]
    assert user_table(tiny_dataset, np.array([], dtype=int), {"a": {}}).empty


def test_recorded_ranks_are_read_or_refused_with_a_reason(tmp_path):
    dataset = load_dataset(EMBEDDED)
    shipped = EMBEDDED / "models" / "sasrec-none"
    ranks, why = read_ranks(shipped, dataset)
    assert (len(ranks), why) == (671, "")
    stored = pd.read_parquet(shipped / "ranks.parquet").query("split == 'test'")
    assert ranks == dict(zip(stored["user_id"], stored["rank"], strict=True))
    command = f"python -m awrsr evaluate {tmp_path} --output {tmp_path}"
    assert read_ranks(tmp_path, dataset) == ({}, f"no metrics.json: run `{command}`")
    shutil.copy(shipped / "metrics.json", tmp_path)
    assert read_ranks(tmp_path, dataset) == ({}, f"no ranks.parquet: run `{command}`")
    other = make_dataset()
    assert read_ranks(shipped, other)[1].startswith("ranks.parquet is of another dataset")
    copy = tmp_path / "copy"
    shutil.copytree(shipped, copy)
    (copy / "model.safetensors").write_bytes(b"others")
    assert read_ranks(copy, dataset)[1].startswith("ranks.parquet is not of the present weights")
    (copy / "ranks.parquet").write_bytes(b"nonsense")
    assert "ranks.parquet or metrics.json is not readable" in read_ranks(copy, dataset)[1]


# --- on the page ----------------------------------------------------------------------------------


OFFERED = ("sasrec-none", "stosa-simple")


def listed(page) -> dict:
    """What the list of the history is sent; None where it is not drawn."""
    return sent(page, "history_list")


def edit_list(page, *edits: tuple):
    """What the list reports: (op, at, to) or (op, at), of its rows as they stand."""
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


def items(page) -> list[int]:
    return page.session_state["items"]


def test_an_empty_history_says_what_to_do_and_grows_by_search(directory):
    page = open_page(source="own")
    assert page.info[0].value.startswith("The history is empty")
    assert listed(page) is None
    for grown in ([5], [5, 2], [5, 2, 5]):
        choose(page, added=grown[-1])
        assert items(page) == grown
        assert page.session_state["added"] is None  # ready for the next search
        assert [item for item, _ in listed(page)["rows"]] == grown
    assert page.query_params["items"] == "5.2.5"


def test_a_user_that_is_found_says_by_what(tiny_dataset):
    text = " FILM  c "
    users = matching_users(tiny_dataset, text)
    for user, why in zip(users, reasons_found(tiny_dataset, users, text), strict=True):
        assert 3 in tiny_dataset.sequence(user) and why == "Film C (1993)"
    users = matching_users(tiny_dataset, "100")
    assert reasons_found(tiny_dataset, users, "100")[0] == "the id"
    (why,) = reasons_found(tiny_dataset, users[:1], "film")
    titles = tiny_dataset.titles(dict.fromkeys(tiny_dataset.sequence(0).tolist()))
    assert why == f"{titles[0]} \u00b7 {titles[1]} and {len(titles) - 2} more"


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


def test_editing_a_users_history_makes_a_copy_that_remembers_whose_it_was(directory):
    page = open_page(user="1003")
    *history, held_out = load_dataset(directory).sequence(3).tolist()
    edit_list(page, ("move", 0, 2), ("remove", 1))
    expected = history.copy()
    expected.insert(2, expected.pop(0))
    del expected[1]
    chosen = page.session_state
    assert (chosen["source"], chosen["origin"], items(page)) == ("own", "1003", expected)
    assert chosen["target"] == 0  # the held-out item still
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


def test_replacing_an_item(directory):
    page = edit_list(open_page(source="own", items="1.2.3"), ("replace", 1))
    assert listed(page)["replacing"] == 1
    assert page.selectbox(key="added").label == "Replace 2. by"
    assert any("takes the place of Film B (1992)" in text for text in texts(page))
    choose(page, added=9)
    assert items(page) == [1, 9, 3]
    assert page.selectbox(key="added").label == "Add an item"
    edit_list(page, ("replace", 0))
    click(page, "Cancel")
    choose(page, added=4)
    assert items(page) == [1, 9, 3, 4]
    edit_list(page, ("replace", 3))
    click(page, "Clear")
    assert page.selectbox(key="added").label == "Add an item"


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
    assert page.button(key="redo_button").disabled  # another way was taken


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


def test_another_dataset_takes_nothing_along(directory, tmp_path):
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


def test_titles_stay_text_in_the_list_and_in_what_is_said(directory, tmp_path):
    add_dataset(tmp_path, titled(HOSTILE), "sasrec-none", "stosa-simple")
    history = ".".join(map(str, range(1, len(HOSTILE) + 1)))
    page = open_page(dataset="titled", source="own", items=history)
    assert [title for _, title in listed(page)["rows"]] == HOSTILE
    for place, title in enumerate(HOSTILE):
        edit_list(page, ("replace", place))
        (said,) = [c.value for c in page.caption if "takes the place of" in c.value]
        assert unescaped(said).endswith(f"takes the place of {title}.")
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
    assert any("The newest 500 are listed" in text for text in texts(page))
    edit_list(page, ("remove", 499))
    assert items(page) == long.flat_items[99:598].tolist()
