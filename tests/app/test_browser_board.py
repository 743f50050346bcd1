"""The attention board in a real Chromium: it draws the traced values without the server."""

import re

import numpy as np
import pytest
from boards import DATASET, FILL, HISTORY, MARKED, TRACES, M, check_cells, expected, picture, ramp
from browsing import (
    cell_position,
    choose,
    choose_map,
    hash_of,
    large_map,
    read_out,
    settled,
    signature,
    with_board,
)

import awrsr

pytestmark = pytest.mark.browser
expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect


def test_numbers_drawn_are_numbers_traced(board):
    check_cells(board, expected(1, "mean"))
    choose_map(board, "left", layer=0, head=1, kind="second")
    check_cells(board, expected(0, 1), cells=[(M - 1, 1)])
    for head in ("mean", "max", "rollout"):
        choose_map(board, "right", layer=1, head=head, kind="refined")
        check_cells(board, expected(1, head), cells=[(M - 1, 2)])
    choose_map(board, "right", head=1)
    choose(board, "Cells show", "contribution")
    check_cells(board, expected(1, 1, contribution=True))


@pytest.mark.slow
def test_colours_drawn_are_weights_traced(board):
    """Every cell's colour, read back along the ramp, is the square root of its weight."""
    choose(board, "Colours", "sqrt")
    table = ramp()
    for place, side in enumerate("AB"):
        weights = expected(1, "mean")[side, "first" if side == "A" else "refined"].numpy()
        drawn = picture(board, place)
        for query in range(M):
            for key in range(query):
                at = cell_position(board, M, query, key, place)
                pixel = drawn[int(at["y"]), int(at["x"])]
                nearest = np.abs(table - pixel).sum(1).argmin() / 255
                assert nearest == pytest.approx(float(np.sqrt(weights[query, key])), abs=0.006)


def test_pointing_at_a_cell_outlines_it_in_every_map_of_both_models(board):
    thumbs, maps = board.locator(".ab-thumb"), board.locator(".ab-panel .ab-box")
    assert not any(thumbs.evaluate_all(MARKED) + maps.evaluate_all(MARKED))
    large_map(board, 1).hover(position=cell_position(board, M, 10, 4, 1))
    board.wait_for_timeout(100)
    assert all(thumbs.evaluate_all(MARKED) + maps.evaluate_all(MARKED))
    tip = board.locator(".ab-tip")
    titles = DATASET.titles(HISTORY)
    expect(tip).to_contain_text(f"query 11 {titles[10]}")
    expect(tip).to_contain_text(f"key 5 {titles[4]}")
    board.mouse.move(5, 5)
    board.wait_for_timeout(100)
    assert not any(thumbs.evaluate_all(MARKED) + maps.evaluate_all(MARKED))
    thumbs.nth(3).hover(position={"x": 6, "y": 30})
    board.wait_for_timeout(100)
    assert all(thumbs.evaluate_all(MARKED) + maps.evaluate_all(MARKED))


@pytest.mark.slow
def test_the_board_asks_the_server_only_if_it_must(board):
    """Layer, head, map, colours, share and difference send no frame to the server."""
    board.sent.clear()
    large_map(board, 0).hover(position=cell_position(board, M, 9, 3))
    choose_map(board, "left", layer=0, head="mean", kind="first")
    choose(board, "Colours", "row")
    choose(board, "Cells show", "contribution")
    board.locator(".ab input[type=range]").evaluate(FILL, "70")
    choose(board, "View", "difference")
    choose(board, "Size", "large")
    choose_map(board, "left", layer=1, head=1)
    choose(board, "View", "maps")
    board.get_by_label("Same layer, head and map on both sides").uncheck()
    board.locator(".ab-panel").first.locator(".ab-thumb").nth(3).click(modifiers=["Shift"])
    board.get_by_role("button", name="Sort the rows: A: what the newest item").first.click()
    board.wait_for_timeout(1500)
    assert board.sent == []
    assert hash_of(board) == {
        "left": "A.2.2.refined",
        "right": "A.2.2.refined",
        "measure": "contribution",
        "scale": "row",
        "share": "70",
        "size": "large",
        "apart": "1",
    }


def test_a_click_locks_and_escape_releases_each_told_once(board):
    board.sent.clear()
    large_map(board, 1).click(position=cell_position(board, M, 8, 2, 1))
    expect(board.locator(".ab h4")).to_contain_text("Row 9")
    settled(board)
    assert len(board.sent) == 1 and hash_of(board)["lock"] == "9.3"
    board.mouse.move(5, 5)  # a locked cell stays readable without the pointer
    weight = float(TRACES["B"].layers[1].refined[:, 8, 2].mean())
    assert read_out(board, ".ab-reading")["B", "refined"] == f"{weight:.4f}"
    board.locator("body").press("Escape")
    expect(board.locator(".ab h4")).to_contain_text(f"Row {M}")
    settled(board)
    assert len(board.sent) == 2 and "lock" not in hash_of(board)


def click_and_count(board, spot: dict[str, float]) -> int:
    """The number of frames that a click on the right map sends."""
    board.sent.clear()
    large_map(board, 1).click(position=spot)
    for _ in range(100):
        board.wait_for_timeout(50)
        if board.sent:
            break
    settled(board)
    return len(board.sent)


@pytest.mark.slow
def test_another_view_of_a_locked_cell_asks_nothing_until_it_is_locked_again(board):
    spot = cell_position(board, M, 8, 2, 1)
    assert click_and_count(board, spot) == 1
    board.sent.clear()
    choose_map(board, "left", layer=0, head=1)
    choose(board, "View", "difference")
    choose(board, "View", "maps")
    board.wait_for_timeout(500)
    assert board.sent == [] and hash_of(board)["lock"] == "9.3"
    assert click_and_count(board, spot) == 1  # other maps: locked again
    assert hash_of(board)["lock"] == "9.3"
    assert click_and_count(board, spot) == 1  # the same maps: released
    assert "lock" not in hash_of(board)


def test_the_ledger_adds_up_to_what_was_traced(board):
    """The weights of the last row by kind of key, each key counted once."""
    rows = {}
    for row in board.locator(".ab-ledger tr").all()[1:]:
        name, *values = row.locator("td").all_text_contents()
        rows[name] = [float(value) for value in values]
    last = [weights[-1].tolist() for weights in expected(1, "mean").values()]
    genres = [str(DATASET.items["genres"].iloc[i - 1]).split("|")[0] for i in HISTORY]
    for column, weights in enumerate(last):
        wanted = dict.fromkeys(rows, 0.0)
        for key, weight in enumerate(weights):
            if key == M - 1:
                name = "itself"
            elif HISTORY[key] == HISTORY[-1]:
                name = "its repeats"
            elif key == M - 2:
                name = "the item before it"
            elif key == 0:
                name = "the first item"
            elif genres[key] == genres[-1]:
                name = "same genres (first listed)"
            else:
                name = "everything else"
            wanted[name] += weight
        wanted["sum"] = 1.0
        for name, value in wanted.items():
            assert rows[name][column] == pytest.approx(value, abs=1e-3), name


def test_the_board_is_operated_by_keys(board):
    box = large_map(board, 1)
    box.focus()
    board.keyboard.press("ArrowUp")
    board.keyboard.press("Home")
    said = board.locator(".ab [role=status]")
    weight = float(TRACES["B"].layers[1].refined[:, M - 2, 0].mean())
    titles = DATASET.titles(HISTORY)
    expect(said).to_contain_text(f"query {M - 1} {titles[M - 2]}, key 1 {titles[0]}")
    expect(said).to_contain_text(f"refined {weight:.4f}")
    assert read_out(board, ".ab-reading")["B", "refined"] == f"{weight:.4f}"
    board.keyboard.press("Enter")
    expect(said).to_contain_text("Locked")
    assert hash_of(board)["lock"] == f"{M - 1}.1"
    settled(board)
    board.keyboard.press("Escape")
    expect(said).to_have_text("Released")


@pytest.mark.slow
def test_the_share_shows_the_fewest_keys_that_hold_it(board):
    choose(board, "Colours", "linear")
    board.locator(".ab input[type=range]").evaluate(FILL, "60")
    board.wait_for_timeout(200)
    weights = expected(1, "mean")["A", "first"]
    drawn = picture(board, 0).astype(int)
    for query in (M - 1, M // 2):
        order = weights[query].sort(descending=True)
        kept = order.indices[: int((order.values.cumsum(0) < 0.6 - 1e-4).sum()) + 1].tolist()
        for key in range(query):
            at = cell_position(board, M, query, key)
            pixel = drawn[int(at["y"]), int(at["x"])]
            assert (np.ptp(pixel) > 20) == (key in kept), (query, key)  # other keys are grey


@pytest.mark.slow
def test_another_history_is_another_board(board):
    before = signature(board)
    board.get_by_role("textbox", name="User").fill("20")
    board.keyboard.press("Enter")
    expect(board.locator(".ab")).not_to_have_attribute("data-signature", before)
    settled(board)
    history = DATASET.sequence(DATASET.user_index("20"))[:-1].tolist()[-50:]
    expect(board.locator(".ab h4")).to_contain_text(DATASET.titles(history)[-1])
    assert "user=20" in board.url


@pytest.mark.slow
def test_two_hundred_items(visit, server):
    history = [1 + (7 * slot) % 250 for slot in range(200)]
    page = with_board(visit(dataset="two-hundred", source="own", items=".".join(map(str, history))))
    models = server.assets / "two-hundred" / "models"
    vanilla = awrsr.trace(awrsr.load_model(models / "sasrec-none"), history)
    refined = awrsr.trace(awrsr.load_model(models / "sasrec-value_weighted"), history)
    for query, key in ((199, 0), (199, 198), (120, 60)):
        large_map(page, 0).hover(position=cell_position(page, 200, query, key))
        shown = read_out(page)
        wanted = {
            ("A", "first"): vanilla.layers[1].first_order,
            ("B", "first"): refined.layers[1].first_order,
            ("B", "second"): refined.layers[1].second_order,
            ("B", "refined"): refined.layers[1].refined,
        }
        assert {name: float(text) for name, text in shown.items()} == {
            name: pytest.approx(float(weights[:, query, key].mean()), abs=6e-5)
            for name, weights in wanted.items()
        }
    page.sent.clear()
    choose_map(page, "left", layer=0)
    choose(page, "View", "difference")
    expect(page.get_by_text("Right minus left")).to_be_visible()
    assert page.sent == []


@pytest.mark.slow
def test_the_view_is_kept_during_a_visit_to_another_page(visit):
    board = with_board(visit(a="stosa-none", k=7))
    choose_map(board, "left", layer=0, head=1)
    large_map(board, 1).click(position=cell_position(board, M, 10, 4, 1))
    before = hash_of(board)
    board.get_by_role("link", name="Models", exact=True).click()
    expect(board).to_have_url(re.compile("/models"))
    settled(board)
    board.get_by_role("link", name="Inspect", exact=True).click()
    with_board(board)
    assert hash_of(board) == before and {"left", "lock"} <= before.keys()
    assert "a=stosa-none" in board.url and "k=7" in board.url


@pytest.mark.slow
def test_the_board_is_opened_by_a_short_address(visit, server):
    """The page completes its address before the board reads its part."""
    page = with_board(
        visit(f"{server.url}/#lock=5.2&scale=row&share=7&left=Z&right=B.99.1.refined")
    )
    expect(page.locator(".ab h4")).to_contain_text("Row 5")
    assert hash_of(page) == {"lock": "5.2", "scale": "row"}
    expect(page.locator(".ab-note").last).to_contain_text(
        "left out: left=Z, right=B.99.1.refined, share=7."
    )


@pytest.mark.slow
def test_a_lock_goes_with_its_items(board):
    """After removing the first item, the locked cell is still that of the same two items."""
    large_map(board, 0).click(position=cell_position(board, M, 8, 3))
    settled(board)
    before = board.locator(".ab h4").text_content().split(", ", 1)[1]
    shown = signature(board)
    board.get_by_label(f"1. {DATASET.titles(HISTORY)[0]}", exact=True).focus()
    board.keyboard.press("Delete")
    expect(board.locator(".ab")).not_to_have_attribute("data-signature", shown)
    settled(board)
    assert hash_of(board)["lock"] == "8.3"
    assert board.locator(".ab h4").text_content() == f"Row 8, {before}"
