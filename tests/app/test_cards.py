"""The cards of Inspect: every number equals the library's, for any history."""

import re

import pytest
from checking import history_and_target, read_dataset, read_model
from driving import messages, open_page, texts
from helpers import EMBEDDED

import awrsr
from app.views.inspect.cards import ORDERS, SAID, seeds_say
from awrsr.explain import find_evidence, remove_each

OFFERED = ("sasrec-none", "sasrec-additive")
TITLES = ["What is recommended", "What it rests on", "Does attention show it?"]


def cards(page) -> list[str]:
    """The text below each card's title, without colour marks."""
    said = [re.sub(r":(blue|orange)\[(.*?)\]", r"\2", text) for text in texts(page)]
    said = [re.sub(r"\[([^\]]*)\]\(#[^)]*\)", r"\1", text) for text in said]
    places = [said.index(f"**{title}**") for title in TITLES]
    return [said[place + 1].replace("**", "") for place in places]


def check(page, directory) -> None:
    dataset = read_dataset(directory)
    history, target = history_and_target(page, dataset)
    first, rests, shows = cards(page)
    for side in "ab":
        model = read_model(directory / "models" / page.session_state[side])
        if target is None:
            target = int(awrsr.recommend(model, history, k=1)["item"][0])
        letter = side.upper()
        once = remove_each(model, history, target)
        found = find_evidence(awrsr.trace(model, history), once)
        assert f"{letter} ranks it {once.rank:,}" in first
        (top,) = awrsr.recommend(model, history, k=1, dataset=dataset)[["item", "title"]].values
        assert f"{letter} {'the target' if top[0] == target else top[1]}" in first
        mixing = found.rows[-1]
        assert f"{letter} {SAID[mixing.judgement]}. " in shows
        if mixing.rho is not None:
            rhos = f"{mixing.rho:+.2f} (recency {found.recency_rho:+.2f})."
            assert f"Rank correlation with effects {rhos}" in shows
        for number, decisive in enumerate(found.decisive):
            title = f"#{decisive.entry + 1} {dataset.titles([history[decisive.entry]])[0]}"
            assert title in rests and title in shows
            if found.moved:
                assert re.search(rf"{re.escape(title)}:?.* \u2192 {decisive.rank:,}\b", rests)
            if mixing.places[number] is not None:
                place = f"weight rank {mixing.places[number]} of {min(len(history), 50)}"
                times = f"{mixing.times[number]:.1f}\u00d7 even"
                others = [f"{ORDERS[row.kind]} {row.places[number]}" for row in found.rows[:-1]]
                listed = "; ".join([times, ", ".join(others)] if others else [times])
                assert f"{title}: {place} ({listed})" in shows


@pytest.mark.parametrize("user", [None, 20, 323])
def test_every_number_is_the_librarys(user: int | None):
    page = open_page() if user is None else open_page(user=user)
    assert messages(page) == []
    check(page, EMBEDDED)


@pytest.mark.parametrize("dataset", ["planted", "lichess-openings"])
def test_cards_of_the_other_datasets(dataset: str):
    page = open_page(dataset=dataset)
    target = history_and_target(page, read_dataset(EMBEDDED.parent / dataset))[1]
    assert target is not None and messages(page) == []
    assert [len(card) > 20 for card in cards(page)] == [True] * 3


def test_a_history_of_one_item_rests_on_nothing_else(directory):
    page = open_page(source="own", items="3")
    assert messages(page) == []
    assert cards(page)[1].startswith("The history has only one item")
    assert cards(page)[2].startswith("With one item, attention")


def test_two_items_are_named_and_not_judged(directory):
    page = open_page(source="own", items="3.1")
    assert messages(page) == []
    assert cards(page)[2].count(SAID["unknown"]) == 2


@pytest.mark.parametrize(
    ("ranks", "again", "words"),
    [
        ([3, 3], [5, 9], "the same rank"),
        ([3, 9], [5, 8], "A is ahead in both seeds"),
        ([9, 3], [8, 5], "B is ahead in both seeds"),
        ([3, 9], [10, 8], "may be due to the seed"),
        ([3, 9], [9, 9], "may be due to the seed"),
        ([3, 9], [5, None], "No second seed of both models"),
    ],
)
def test_whether_a_difference_is_larger_than_that_of_seeds(ranks, again, words):
    said = re.sub(r":(blue|orange)\[(.*?)\]", r"\2", seeds_say(ranks, again)).replace("**", "")
    assert words in said


def test_a_long_history_is_not_removed_item_by_item_unless_asked(directory, monkeypatch):
    monkeypatch.setattr("app.case.MOST_EXPLAINED", 3)
    page = open_page(source="own", items="1.2.3.4.5")
    assert messages(page) == []
    assert cards(page)[1].startswith("Leaving out each item takes long.")
    assert cards(page)[2] == "Not known without the removals."
