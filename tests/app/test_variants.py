"""Variants and removals on the page: numbers are the library's, names stay text."""

from pathlib import Path

import numpy as np
import pytest
from checking import read_model
from driving import (
    HOSTILE,
    add_dataset,
    click,
    items,
    messages,
    open_variants,
    press,
    run,
    texts,
    titled,
)
from helpers import rank_of

from app.pinned import MAX_VARIANTS, Variant, clean_name, variants_text
from app.views.inspect.removals import smallest_in_words
from app.views.inspect.variants import difference
from awrsr.explain.removal import SmallestRemoval, remove_each, smallest_removal, without
from awrsr.ranking.recommendation import ranked_catalogue, trace
from awrsr.ranking.scoring import target_standings

# --- numbers --------------------------------------------------------------------------------------


def test_standings_equal_one_history_at_a_time(make_model):
    for backbone, refinement in (("sasrec", "additive"), ("stosa", "stochastic")):
        model = make_model(backbone, refinement)
        histories = [(1, 2, 3, 4), (2,), (4, 3, 2, 1), tuple(range(1, 12))]
        excluded = [(1, 2, 3, 4), (1, 2, 3, 4), (), (1, 11)]
        for target in (4, 9):
            found = target_standings(model, histories, target, excluded, listed=10)
            for place, (history, left_out) in enumerate(zip(histories, excluded, strict=True)):
                scores = trace(model, history).item_scores
                assert found.ranks[place] == rank_of(scores, target, left_out)
                listed = ranked_catalogue(scores, left_out).head(10)
                assert found.best[place] == listed["item"].tolist()
                np.testing.assert_allclose(found.best_scores[place], listed["score"], atol=1e-12)


# --- on the page ----------------------------------------------------------------------------------


OFFERED = ("sasrec-none", "stosa-simple")


def models(directory: Path) -> dict:
    names = {"a": "sasrec-none", "b": "stosa-simple"}
    return {side: read_model(directory / "models" / name) for side, name in names.items()}


def table(page, column: str):
    """The table with this column; None if it is missing."""
    return next((t.value for t in page.dataframe if column in t.value), None)


def select(page, *rows: int, key: str | None = None):
    """Select rows of the table of variants, or of the one with this key."""
    edits = page.session_state["variant_edits"] if "variant_edits" in page.session_state else 0
    key = key or f"variant_rows-{edits}"
    page.session_state[key] = {"selection": {"rows": list(rows), "columns": [], "cells": []}}
    return run(page)


def button(page, label: str):
    return next(button for button in page.button if button.label == label)


def test_a_pinned_variant_stands_beside_the_original_in_both_models(directory, tiny_dataset):
    page = open_variants(user="1003")
    *history, held_out = tiny_dataset.sequence(3).tolist()
    assert table(page, "kept a") is None
    click(page, "Shuffle")
    shown = table(page, "kept a")
    assert shown["name"].tolist() == ["original", "current, not pinned"]
    click(page, "Pin this history")
    press(page, "undo_button")
    shown = table(page, "kept a")
    assert shown["name"].tolist() == ["original", "shuffled"]
    assert shown["shown"].tolist() == ["\u25cf", ""]
    other = list(page.session_state["variants"][0].items)
    for side, model in models(directory).items():
        ranks, lists = [], []
        for one in (history, other):
            scores = trace(model, one).item_scores
            ranks.append(rank_of(scores, held_out, history))
            lists.append(ranked_catalogue(scores, history)["item"][:10].tolist())
        assert shown[f"rank {side}"].tolist() == ranks
        assert shown[f"change {side}"].tolist() == [0, ranks[1] - ranks[0]]
        assert shown[f"kept {side}"].tolist() == [len(lists[0]), len({*lists[0]} & {*lists[1]})]
    assert messages(page) == []


def test_variants_are_opened_compared_renamed_and_removed(directory):
    page = open_variants(source="own", items="1.2.3", variants="one~1.2;two~3.2.1", target=9)
    assert table(page, "kept a")["name"].tolist() == ["current", "one", "two"]
    assert all(button(page, label).disabled for label in ("Open", "Compare", "Remove variant"))
    select(page, 2)
    click(page, "Compare")
    assert (page.session_state["compare"], page.query_params["compare"]) == (2, "2")
    assert table(page, "kept a")["shown"].tolist() == ["\u25cf", "", "\u21c4"]
    select(page, 1)
    click(page, "Remove variant")
    assert page.session_state["variants"] == [Variant("two", (3, 2, 1))]
    assert page.session_state["compare"] == 1  # still the variant named two
    select(page, 1)
    page.text_input(key="new_name").set_value(" back \n wards ")
    click(page, "Rename it")
    assert page.session_state["variants"][0].name == "back wards"
    select(page, 1)
    click(page, "Stop comparing")
    assert page.session_state["compare"] is None
    click(page, "Open")
    assert items(page) == [3, 2, 1]
    assert items(press(page, "undo_button")) == [1, 2, 3]
    copied = open_variants(**page.query_params)
    assert copied.session_state["variants"] == page.session_state["variants"]


@pytest.mark.slow
def test_opening_the_original_returns_to_the_user(directory):
    page = click(open_variants(user="1003"), "Shuffle")
    select(page, 0)
    click(page, "Compare")
    assert page.session_state["compare"] == 0
    assert table(page, "kept a")["shown"].tolist() == ["\u21c4", "\u25cf"]
    click(page, "Open")
    assert (page.session_state["source"], page.session_state["user"]) == ("user", "1003")


def test_what_can_not_be_compared_is_said_once(directory):
    page = open_variants(source="own", items="1.2", compare=5)
    assert messages(page) == ["There is no variant 5 to compare with; nothing is compared."]
    assert "compare" not in run(page).query_params
    page = open_variants(source="own", items="1.2", compare=0)
    assert messages(page) == [
        "This history belongs to no user, so there is no original to compare with."
    ]
    assert messages(run(page)) == []


@pytest.mark.slow
def test_pins_are_bounded_and_numbered(directory):
    page = open_variants(source="own", items="1.2")
    for _ in range(MAX_VARIANTS):
        click(page, "Pin this history")
    names = [variant.name for variant in page.session_state["variants"]]
    assert names[:2] == ["2 items", "2 items (2)"] and len(names) == MAX_VARIANTS
    page.text_input(key="pin_name").set_value("one too many")
    click(page, "Pin this history")
    assert messages(page) == ["Not pinned: 13 variants; accepted: at most 12. Remove one first."]
    assert page.text_input(key="pin_name").value == "one too many"
    select(page, 1)
    click(page, "Remove variant")
    assert messages(page) == []
    click(page, "Pin this history")
    assert page.session_state["variants"][-1].name == "one too many"
    assert page.text_input(key="pin_name").value == ""


@pytest.mark.slow
def test_each_item_left_out_and_pinned(directory):
    page = open_variants(source="own", items="1.2.3.4", target=9)
    assert table(page, "score a") is None
    click(page, "Leave each item out")
    shown = table(page, "score a")
    assert shown["title"].tolist() == [f"Film {c} (199{i})" for i, c in enumerate("ABCD", 1)]
    for side, model in models(directory).items():
        expected = remove_each(model, [1, 2, 3, 4], 9)
        np.testing.assert_allclose(shown[f"score {side}"], expected.score - expected.scores)
        assert shown[f"rank {side}"].tolist() == expected.ranks.tolist()
        assert shown[f"change {side}"].tolist() == (expected.ranks - expected.rank).tolist()
    styles = next(t for t in page.dataframe if "score a" in t.value).proto.arrow_data.styler.styles
    lost = "background-color: rgba(217, 122, 30, 0.600)"
    gained = "background-color: rgba(59, 111, 212, 0.600)"
    assert lost in styles or gained in styles  # the largest change is the deepest
    assert button(page, "Pin without the selected").disabled
    select(page, 0, 2, key="each-1.2.3.4")
    click(page, "Pin without the selected")
    (variant,) = page.session_state["variants"]
    assert variant == Variant("without Film A (1991) and Film C (1993)", (2, 4))
    click(page, "Hide: Leave each item out")
    assert table(page, "score a") is None


@pytest.mark.parametrize(("ranks", "said"), [(0, "="), (3, "+3"), (-1200, "-1,200")])
def test_no_change_of_a_rank_is_no_number(ranks, said):
    assert difference(ranks) == said


@pytest.mark.parametrize(
    ("alternatives", "said"),
    [
        (0, "every smaller set was tried; 9"),
        (1, ", 1 other set of this size does too; 9"),
        (2, ", 2 other sets of this size do"),
    ],
)
def test_other_smallest_removals_are_counted(tiny_dataset, alternatives, said):
    found = SmallestRemoval(
        outcome="found",
        search="exhaustive",
        entries=[0],
        rank=2,
        rank_after=12,
        at_least=1,
        scored=9,
        alternatives=alternatives,
    )
    assert said in smallest_in_words(tiny_dataset, found, [3])


def test_one_item_can_not_be_left_out(directory):
    page = click(open_variants(source="own", items="4", target=9), "Leave each item out")
    assert any("without it nothing is left to score" in info.value for info in page.info)
    click(page, "Smallest removal")
    assert messages(page) == []


@pytest.mark.slow
def test_smallest_removal_is_said_and_pinned(directory, monkeypatch):
    monkeypatch.setattr("app.views.inspect.removals.LISTED", 2)
    history = [3, 1, 4, 1, 5, 9]
    chosen = models(directory)
    found = {
        target: {side: smallest_removal(chosen[side], history, target, 2) for side in "ab"}
        for target in (2, 6, 7, 8, 10, 11)
    }
    outcomes_seen = {one.outcome for pair in found.values() for one in pair.values()}
    assert {"found", "already out"} <= outcomes_seen
    for target, pair in found.items():
        page = open_variants(source="own", items=".".join(map(str, history)), target=target)
        click(page, "Smallest removal")
        said = [
            text for text in texts(page) if "histories scored" in text or "already outside" in text
        ]
        for side, text in zip("ab", said, strict=True):
            one = pair[side]
            if one.outcome == "already out":
                assert text.endswith(f"has rank {one.rank}, so it is already outside the top 2.")
            elif one.outcome == "none":
                assert "every set was tried" in text
            else:
                assert f"from rank {one.rank} to {one.rank_after}: " in text
                assert "every smaller set was tried" in text
                press(page, f"pin_smallest_{side}")
                pinned = page.session_state["variants"][-1]
                assert list(pinned.items) == without(history, one.entries)


def test_names_and_titles_stay_text(directory, tmp_path):
    add_dataset(tmp_path, titled(HOSTILE), "sasrec-none", "stosa-simple")
    names = [clean_name(title) for title in HOSTILE]
    pinned = variants_text([Variant(name, (1, 2)) for name in names])
    page = open_variants(dataset="titled", source="own", items="1.2.3.4", target=5, variants=pinned)
    assert table(page, "kept a")["name"].tolist() == ["current", *names]
    click(page, "Leave each item out")
    click(page, "Smallest removal")
    written = [element.value for element in [*page.markdown, *page.caption]]
    assert not any(title in text for title in HOSTILE for text in written)
    assert messages(page) == []
