"""The flow of the score in a real Chromium: a band is pointed at and cut."""

import pytest
from browsing import BOARD, with_board
from shipped import ASSETS

import awrsr
from awrsr.explain import Connection, cut_connections
from awrsr.studies import read_examples

pytestmark = pytest.mark.browser
expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect
PLANTED = ASSETS / "planted"
STEP = 3
"""Pixels between two tried places."""


def test_a_band_is_cut_by_a_click(visit):
    """A click on the refinement's band from a cause, on the initial page, gives rank and score."""
    page = with_board(visit(dataset="planted"))
    page.goto(f"{page.url}#mode=flow")
    board = with_board(page).locator(BOARD)
    holder = board.locator(".ab-flow").nth(1)
    holder.wait_for()
    box = holder.bounding_box()
    dataset = awrsr.load_dataset(PLANTED)
    example = read_examples(PLANTED / "scan", dataset).examples[0]
    *items, target = dataset.sequence(dataset.user_index(example.user_id)).tolist()
    key = example.in_b.attended
    (title,) = dataset.titles([items[key]])
    tip = board.locator(".ab-tip")
    for y in range(1, int(box["height"]), STEP):
        place = {"x": 8, "y": y}
        holder.hover(position=place)
        words = tip.inner_text() if tip.is_visible() else ""
        if f"{key + 1} {title}" in words and "what refinement adds" in words:
            break
    else:
        pytest.fail("no band of the refinement from the cause")
    holder.click(position=place)
    model = awrsr.load_model(PLANTED / "models" / "sasrec-additive")
    connection = Connection(layer=0, query=len(items) - 1, key=key, part="refinement")
    candidates = dataset.default_candidates
    (after,) = cut_connections(model, items, target, [connection], candidates=candidates)
    expect(board).to_contain_text("Refinement undone")
    expect(board).to_contain_text(f"rank 1 \u2192 {after.rank}")
