"""The rows of the evidence on the board in a real Chromium: items, and maps beside them."""

import re

import pytest
from boards import DATASET, HISTORY, OPENED, M, expected
from browsing import choose, large_map, read_out
from helpers import EMBEDDED

import awrsr
from awrsr.explain import remove_each

pytestmark = pytest.mark.browser
expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect


def test_a_row_of_the_evidence_is_an_item_with_its_values(board):
    """Next to the pointer: titles, multiples of an even row, score lost without the item."""
    canvas = board.locator(".ab-evidence .ab-box canvas").first
    box, titles = canvas.bounding_box(), DATASET.titles(HISTORY)
    tip = board.locator(".ab-tip")
    target = DATASET.sequence(DATASET.user_index(OPENED))[-1]
    removed = {
        side: remove_each(awrsr.load_model(EMBEDDED / "models" / name), HISTORY, target)
        for side, name in (("A", "sasrec-none"), ("B", "sasrec-additive"))
    }
    for key in (0, M // 2, M - 1):
        canvas.hover(position={"x": 60, "y": (key + 0.5) * box["height"] / M})
        expect(tip).to_contain_text(f"key {key + 1} {titles[key]}")
        for side, found in removed.items():
            unchanged = found.ranks[key] == found.rank
            rank = ("=" if unchanged else "\u2192") + f"{found.ranks[key]:,}"
            expect(tip).to_contain_text(re.compile(f"{side}, without it: .*{rank}"))
        shown = read_out(board)
        for name, weights in expected(1, "mean").items():
            assert float(shown[name]) == pytest.approx(float(weights[-1, key]), abs=5.1e-5)


def test_rows_are_sorted_by_a_column_and_back_to_time(board):
    canvas, tip = board.locator(".ab-evidence .ab-box canvas").first, board.locator(".ab-tip")
    row = canvas.bounding_box()["height"] / M
    weights = expected(1, "mean")["A", "first"][-1]
    board.get_by_role("button", name="Sort the rows: A: what the newest item").click()
    board.wait_for_timeout(100)
    for place, key in enumerate(weights.argsort(descending=True, stable=True).tolist()[:3]):
        canvas.hover(position={"x": 60, "y": (place + 0.5) * row})
        expect(tip).to_contain_text(f"key {key + 1} {DATASET.titles([HISTORY[key]])[0]}")
    board.get_by_role("button", name="Sort the rows: Items of the history").click()
    board.wait_for_timeout(100)
    canvas.hover(position={"x": 60, "y": row / 2})
    expect(tip).to_contain_text(f"key 1 {DATASET.titles(HISTORY[:1])[0]}")


@pytest.mark.slow
def test_maps_stand_on_the_rows_of_the_evidence(board):
    """On a wide page rows of maps and items align; on a narrow page maps are below."""
    rows = board.locator(".ab-evidence .ab-box canvas").first.bounding_box()
    for place in (0, 1):
        cells = large_map(board, place).locator("canvas.ab-cells").bounding_box()
        assert cells["y"] == pytest.approx(rows["y"], abs=1)
        assert cells["height"] == pytest.approx(rows["height"], abs=1)
    choose(board, "View", "difference")
    between = board.locator(".ab-between .ab-box").bounding_box()
    assert between["x"] + between["width"] <= 1440
    assert between["y"] >= rows["y"] + rows["height"]
    choose(board, "View", "maps")
    board.set_viewport_size({"width": 1024, "height": 900})
    board.wait_for_timeout(300)
    rows = board.locator(".ab-evidence .ab-box canvas").first.bounding_box()
    first, second = (large_map(board, place).bounding_box() for place in (0, 1))
    assert first["y"] == second["y"] > rows["y"] + rows["height"]
