"""Pasting and uploading on the page: items used, messages, suggestions."""

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
    texts,
    titled,
    unescaped,
    upload,
)

from app.forms import MAX_HISTORY
from app.views.inspect.entries import MAX_PASTED, NAMED, SUGGESTED
from awrsr import load_dataset

NOTHING = "No entry names an item. The history is unchanged."


OFFERED = ("sasrec-none", "stosa-simple")


def said(page) -> list[str]:
    """The messages about an entry, without warnings and suggestions."""
    marks = ("the history now", "names no item", "is empty", "was read as", "more: ")
    return [text for text in texts(page) if any(mark in text for mark in marks)]


def suggested(page) -> dict[int, list[str]]:
    """The suggested titles, by the place of their entry."""
    return {
        int(pills.key.removeprefix("meant-")): list(map(unescaped, pills.options))
        for pills in page.pills
        if pills.key.startswith("meant-")
    }


def mean(page, place: int, item: int):
    """Click a suggested item for the entry at this place."""
    return choose(page, **{f"meant-{place}": item})


def entry_of(page) -> str:
    """The key of the box for an entry; closing a box makes a new one."""
    state = page.session_state
    return f"entry-{state['entries_closed'] if 'entries_closed' in state else 0}"


def is_open(page) -> bool:
    return bool(page.session_state[entry_of(page)])


def opened(**url: object):
    """A page with the entry open."""
    page = open_page(**url)
    page.session_state[entry_of(page)] = True
    return run(page)


def test_what_is_pasted_is_the_history_and_the_entry_closes(directory):
    page = opened(source="own", items="9")
    paste(page, "Film A (1991)", "", "  103 ", "film b (1992)")
    assert (items(page), is_open(page), messages(page)) == ([1, 3, 2], False, [])
    assert said(page) == [":material/check: 3 items are the history now."]
    click(page, "Clear")
    assert said(page) == []
    assert said(press(page, "undo_button")) == [":material/check: 3 items are the history now."]
    assert "Film A" in page.text_area(key="pasted").value
    paste(page, "101")
    assert said(page) == [":material/check: 1 item is the history now."]


@pytest.mark.slow
def test_a_suggestion_takes_the_place_of_its_entry_and_can_be_undone(directory):
    page = opened(source="own", items="9")
    paste(page, "Film A (1991)", "Flim D (1994)", "103", "???", "Filn B (1992)")
    assert (items(page), is_open(page)) == ([1, 3], False)
    assert messages(page) == ["3 of 5 entries could not be used."]
    assert said(page) == [
        ":material/check: 2 items are the history now.",
        "'Flim D (1994)' names no item. Did you mean",
        "'???' names no item.",
        "'Filn B (1992)' names no item. Did you mean",
    ]
    before = suggested(page)
    assert {place: len(titles) for place, titles in before.items()} == {1: 3, 4: 3}
    assert before[1][0] == "Film D (1994)"
    mean(page, 4, 2)
    assert items(page) == [1, 3, 2]
    assert messages(page) == ["2 of 5 entries could not be used."]
    mean(page, 1, 4)
    assert items(page) == [1, 4, 3, 2] and not suggested(page)
    press(page, "undo_button")
    assert items(page) == [1, 3, 2] and suggested(page) == {1: before[1]}
    mean(page, 1, load_dataset(directory).nearest_items("Flim D (1994)")[1])
    assert items(page)[0] == 1 and items(page)[1] != 4 and items(page)[2:] == [3, 2]
    for _ in range(2):
        press(page, "undo_button")
    assert items(page) == [1, 3] and suggested(page) == before
    press(page, "undo_button")
    assert (items(page), messages(page), said(page)) == ([9], [], [])
    paste(page, "Flim D (1994)", "101")
    mean(page, 0, 4)
    assert (items(page), messages(page)) == ([4, 1], [])
    assert said(page) == [":material/check: 2 items are the history now."]


@pytest.mark.slow
def test_nothing_that_can_be_used_leaves_the_history_and_the_entry_open(directory):
    page = opened(source="own", items="9.8")
    paste(page, "Flim D (1994)")
    assert (items(page), is_open(page), messages(page)) == ([9, 8], True, [NOTHING])
    mean(page, 0, 4)
    assert (items(page), is_open(page), messages(page)) == ([4], False, [])
    press(page, "undo_button")
    assert (items(page), messages(page)) == ([9, 8], [NOTHING])
    click(page, "Dismiss")
    assert (messages(page), suggested(page), said(page)) == ([], {}, [])


@pytest.mark.slow
def test_messages_about_an_entry_end_with_the_next_entry_or_another_history(directory):
    page = paste(open_page(source="own"), "nonsense")
    assert messages(page) == [NOTHING]
    choose(page, added=3)
    assert messages(page) == []
    (problem,) = messages(paste(page, " ", ""))
    assert problem.startswith("The text names no item; accepted: one title or id per line, oldest")
    assert problem.endswith(" The history is unchanged.")
    assert items(page) == [3]
    assert messages(paste(page, "101")) == []
    paste(page, "Flim D (1994)", "104")
    choose(page, b="sasrec-none")
    assert len(messages(page)) == 1 and suggested(page)
    choose(page, source="user")
    assert (messages(page), suggested(page)) == ([], {})
    choose(page, source="own")
    assert (messages(page), suggested(page)) == ([], {})
    assert "Flim D (1994)" in page.text_area(key="pasted").value  # kept while it was not drawn


def test_few_of_many_unknown_entries_have_suggestions(directory):
    page = open_page(source="own", items="9.8")
    paste(page, "101", *(f"Filn A {i} " + "x" * 150 for i in range(MAX_HISTORY - 1)))
    assert (items(page), messages(page)) == ([1], ["499 of 500 entries could not be used."])
    _, *named, more = said(page)
    assert len(named) == SUGGESTED and all(len(text) < 100 for text in named)
    assert more.startswith(f"And {499 - SUGGESTED} more: Filn A 5 xxx")
    assert more.count("Filn") == NAMED and len(more) < 70 * NAMED
    paste(page, "101", *(f"Filn A {i}" for i in range(20)))
    assert list(suggested(page).values()) == [["Film A (1991)"]] * SUGGESTED


@pytest.mark.slow
def test_a_text_of_any_length_is_refused_in_a_sentence_and_kept_nowhere(directory):
    page = opened(source="own", items="9.8")
    page.text_area(key="pasted").set_value("the star wars " * 70_000)
    click(page, "Use these")
    (problem,) = messages(page)
    assert problem.startswith(f"The text has 980,000 characters; accepted: at most {MAX_PASTED:,}")
    assert problem.endswith("The history is unchanged.")
    assert (items(page), is_open(page)) == ([9, 8], True)
    assert page.text_area(key="pasted").value == ""
    click(page, "Dismiss")
    assert messages(page) == []


def test_the_newest_entries_are_used(directory):
    page = paste(open_page(source="own"), "102", *["101"] * MAX_HISTORY)
    assert items(page) == [1] * MAX_HISTORY
    assert messages(page) == ["Only the last 500 of 501 entries were read."]


@pytest.mark.slow
def test_an_uploaded_file_becomes_the_history_or_says_why_not(directory):
    page = opened(source="own", items="9")
    upload(page, "mine.csv", b"rank,title\n1,Film B (1992)\n")
    assert (items(page), messages(page), is_open(page)) == ([2], [], False)
    for name, content, problem in (
        ("bad.csv", b"a,b\n1,2\n", "bad.csv has the columns a, b; accepted: a column item_id, mov"),
        ("marks.csv", b",,,\n", "marks.csv names no item; accepted: "),
        ("list.json", b"{}", "list.json is not a JSON list; accepted: "),
    ):
        (refused,) = messages(upload(page, name, content))
        assert refused.startswith(problem) and refused.endswith(" The history is unchanged.")
        assert (items(page), said(page)) == ([2], [])
    upload(page, "more.txt", b"103\n101\nnothing\n")
    assert (items(page), said(page)[1:]) == ([3, 1], ["'nothing' names no item."])
    upload(page, "list.json", b'["Film B (1992)", 103]')
    assert (items(page), messages(page)) == ([2, 3], [])
    upload(page, "ratings.csv", b"userId,movieId,rating\n7,103,4.0\n7,101,5.0\n")
    assert (items(page), messages(page)) == ([3, 1], [])


def test_a_row_without_id_counts_by_its_title_or_is_named(directory):
    rows = b"item_id,title,note\n103,Film A (1991),\n,Film B (1992),\n,Foo,\n,,why\n"
    page = upload(open_page(source="own"), "mine.csv", rows)
    assert items(page) == [3, 2]
    assert messages(page) == ["2 of 4 entries could not be used."]
    assert said(page)[1].startswith("'Foo' names no item.") and said(page)[2] == "Entry 4 is empty."


@pytest.mark.slow
def test_a_line_that_may_begin_with_its_user_can_be_read_both_ways(tmp_path, monkeypatch):
    monkeypatch.setenv("AWRSR_ASSETS", str(tmp_path))
    dataset = titled([f"Film {number}" for number in range(1, 12)], item_id=list("123456789AB"))
    dataset.user_ids[:] = [str(1 + user) for user in range(dataset.n_users)]
    add_dataset(tmp_path, dataset, "sasrec-none", "stosa-simple")
    page = paste(open_page(source="own", items="9"), "1 6 2")
    assert (items(page), messages(page)) == ([1, 6, 2], [])
    assert said(page)[1] == "The first number, 1, was read as an item."
    click(page, "Read it as a user")
    assert items(page) == [6, 2]
    assert said(page)[1] == "The first number, 1, was read as a user."
    click(page, "Read it as an item")
    assert items(page) == [1, 6, 2]
    for expected in ([6, 2], [1, 6, 2], [9]):
        assert items(press(page, "undo_button")) == expected
    assert said(page) == []


def test_titles_stay_text_in_suggestions(tmp_path, monkeypatch):
    monkeypatch.setenv("AWRSR_ASSETS", str(tmp_path))
    directory = add_dataset(tmp_path, titled(HOSTILE), "sasrec-none", "stosa-simple")
    page = open_page(dataset="titled", source="own", items="1")
    paste(page, *(title + "?" for title in HOSTILE[:4]))
    shown = [*page.warning, *page.caption]
    for place, title in enumerate(HOSTILE[:4]):
        assert not any(title in element.value for element in shown)
        assert not any(title in option for pills in page.pills for option in pills.options)
        near = load_dataset(directory).nearest_titles(title + "?")
        assert f"'{title}?' names no item. Did you mean" in said(page)
        assert suggested(page)[place] == near


def test_another_dataset_drops_the_entry(directory, tmp_path):
    add_dataset(tmp_path, titled(["Film"] * 9), "sasrec-none")
    page = paste(open_page(dataset="tiny", source="own"), "Flim D (1994)", "104")
    assert suggested(page)
    choose(page, dataset="titled")
    assert (messages(page), suggested(page), said(page)) == ([], {}, [])
    mean(paste(choose(page, source="own"), "film", "104"), 0, 2)  # one of several with this title
    assert items(page) == [2, 4]
