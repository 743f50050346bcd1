"""The field to search for an item: its messages, and what it sends to the browser."""

import json

import pytest
from driving import HOSTILE, add_dataset, choose, open_page, say, sent, titled

from app.components.item_search import LISTED, answer, read_choice

OFFERED = ("sasrec-none",)


@pytest.mark.parametrize(
    "said",
    [
        *(None, 7, "chosen", [], {}, {"number": "1", "item": 1}, {"number": True, "item": 1}),
        *({"number": 1, "item": item} for item in ("1", 0, -1, 12, 1.5, True, [1])),
    ],
)
def test_what_is_no_choice_is_none(said):
    assert read_choice(said, 11) == (0, None)


def test_a_choice_is_an_item_or_none():
    assert read_choice({"number": 3, "item": 11}, 11) == (3, 11)
    assert read_choice({"number": 4, "item": None}, 11) == (4, None)


def test_an_answer_has_few_items_and_the_number_of_the_question(tiny_dataset):
    for said in (None, 7, {}, {"number": 1}, {"number": 1, "text": 7}):
        assert answer(tiny_dataset, said) is None
    found = answer(tiny_dataset, {"number": 5, "text": "film c"})
    assert (found["number"], found["found"]) == (5, [[3, "Film C (1993)"]])
    many = titled([f"Film {n}" for n in range(500)])
    found = answer(many, {"number": 1, "text": "film"})
    assert (len(found["found"]), found["total"], found["near"]) == (LISTED, 500, False)
    assert answer(titled(HOSTILE), {"number": 1, "text": "link"})["found"] == [[3, HOSTILE[2]]]


def test_no_list_of_all_titles_is_sent(directory, tmp_path):
    add_dataset(tmp_path, titled([f"Title number {n}" for n in range(400)]), *OFFERED)
    page = open_page(dataset="titled", source="own", items="8.9")
    everything = "".join(str(element.proto) for element in page.main.children.values())
    everything += "".join(str(element.proto) for element in page.get("bidi_component"))
    assert everything.count("Title number") < 100
    assert not any(len(box.options) > 100 for box in page.selectbox)


def test_a_choice_is_applied_once_and_clearing_takes_it_back(directory):
    page = choose(open_page(source="own", items="1.2.3"), target=5, rival=7)
    assert (page.session_state["target"], page.session_state["rival"]) == (5, 7)
    assert sent(page, "search-target")["value"] == "Film E (1995)"
    said = {"number": sent(page, "search-target")["applied"], "item": 9}
    say(page, target={"chosen": said})  # an old message
    assert page.session_state["target"] == 5
    choose(page, target=None, rival=None)
    assert (page.session_state["target"], page.session_state["rival"]) == (0, None)
    assert json.dumps(sent(page, "search-target")).count("Film") == 0
