"""The list of the history in a real Chromium: mouse, finger and keys, and the table of users."""

import re

import pytest
from browsing import settled
from driving import HOSTILE
from helpers import EMBEDDED

import awrsr
from app.components.history_list import HINT
from app.users import matching_users

pytestmark = pytest.mark.browser
expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect
DATASET = awrsr.load_dataset(EMBEDDED)
HISTORY = [1, 5, 9, 13, 17, 21]
LINK = {"dataset": EMBEDDED.name, "source": "own"}


def link(items: list[int]) -> re.Pattern:
    return re.compile(r"[?&]items=" + r"\.".join(map(str, items)) + "(&|$)")


def rows(page):
    return page.locator(".row")


def expect_items(page, items: list[int]) -> None:
    """The list and the address have these items."""
    expect(page.locator(".row .title")).to_have_text(DATASET.titles(items))
    expect(page).to_have_url(link(items))
    settled(page)
    expect(page.locator(".row .title")).to_have_text(DATASET.titles(items))


def opened(visit, **choices):
    page = settled(visit(**LINK, items=".".join(map(str, HISTORY)), **choices))
    expect(rows(page)).to_have_count(len(HISTORY))
    return page


def middle(row) -> tuple[float, float]:
    box = row.bounding_box()
    return box["x"] + box["width"] / 3, box["y"] + box["height"] / 2


def test_dragging_moves_an_item_and_escape_leaves_it(visit):
    page = opened(visit)
    rows(page).first.scroll_into_view_if_needed()
    start, end = middle(rows(page).nth(1)), middle(rows(page).nth(4))
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(start[0], start[1] + 10)
    page.mouse.move(end[0], end[1] + 4, steps=8)
    expect(page.locator(".row.dragged .title")).to_have_text(DATASET.titles([5])[0])
    page.mouse.up()
    expect_items(page, [1, 9, 13, 17, 5, 21])

    start = middle(rows(page).nth(5))
    rows(page).nth(5).focus()
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(start[0], start[1] - 60, steps=5)
    page.keyboard.press("Escape")
    page.mouse.up()
    expect_items(page, [1, 9, 13, 17, 5, 21])
    page.get_by_role("button", name="Undo").click()
    expect_items(page, HISTORY)


@pytest.mark.slow
def test_keys_move_remove_and_reach_the_buttons(visit):
    page = opened(visit)
    rows(page).first.focus()
    for key in ("ArrowDown", "ArrowDown", "Alt+ArrowUp", "Alt+ArrowUp", "Alt+ArrowUp"):
        page.keyboard.press(key)
    expect_items(page, [9, 1, 5, 13, 17, 21])
    expect(rows(page).nth(0)).to_be_focused()  # the moved item, wherever it is
    page.keyboard.press("End")
    page.keyboard.press("Alt+ArrowDown")  # already the last
    page.keyboard.press("Delete")
    expect_items(page, [9, 1, 5, 13, 17])
    expect(rows(page).nth(4)).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator(".row button.repeat").nth(4)).to_be_focused()
    page.keyboard.press("Enter")
    expect_items(page, [9, 1, 5, 13, 17, 17])
    first = page.locator(".row").first
    expect(first).to_have_attribute("aria-label", f"1. {DATASET.titles([9])[0]}")
    expect(page.locator("#history-hint")).to_have_text(HINT)


@pytest.mark.slow
def test_many_edits_at_once_all_arrive(visit):
    page = opened(visit)
    rows(page).first.focus()
    for key in ["Alt+ArrowDown"] * 5 + ["Home", "Delete", "Delete"]:
        page.keyboard.press(key)
    expect_items(page, [13, 17, 21, 1])
    for _ in range(7):
        page.get_by_role("button", name="Undo").click()
        settled(page)
    expect_items(page, HISTORY)


@pytest.mark.slow
def test_an_item_is_replaced_by_search(visit):
    page = opened(visit)
    rows(page).nth(2).hover()
    rows(page).nth(2).get_by_role("button", name="Replace").click()
    search = page.get_by_role("combobox", name="Replace item 3 by")
    search.fill("Toy Story 2")
    page.keyboard.press("Enter")
    item = DATASET.lookup("Toy Story 2 (1999)")
    expect_items(page, [1, 5, item, 13, 17, 21])


def test_items_are_sought_with_keys_alone(visit):
    page = opened(visit)
    search = page.get_by_role("combobox", name="Add an item")
    search.focus()
    page.keyboard.type("toy story")
    options = page.locator("[role=option]:visible")  # not those of the board
    expect(options.first).to_have_attribute("aria-selected", "true")
    expect(options).to_have_text([f"Toy Story{n}" for n in (" (1995)", " 2 (1999)", " 3 (2010)")])
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    added = [*HISTORY, DATASET.lookup("Toy Story 2 (1999)")]
    expect_items(page, added)
    expect(search).to_be_focused()
    expect(search).to_have_value("")
    page.keyboard.type("toi storry")
    expect(options.first).to_have_text("Toy Story (1995)")
    page.keyboard.press("Escape")
    expect(options).to_have_count(0)
    expect(search).to_have_value("")
    expect_items(page, added)


@pytest.mark.slow
def test_a_finger_drags_by_the_handle_and_the_page_stays_narrow(visit):
    page = opened(visit, width=390, dark=True)
    if not rows(page).first.is_visible() or rows(page).first.bounding_box()["x"] < 0:
        page.get_by_test_id("stExpandSidebarButton").click()
    rows(page).first.scroll_into_view_if_needed()
    page.wait_for_timeout(500)  # the sidebar slides in
    handle = rows(page).nth(0).locator(".handle").bounding_box()
    x, y = handle["x"] + 5, handle["y"] + handle["height"] / 2
    height = rows(page).nth(0).bounding_box()["height"]
    touch = page.context.new_cdp_session(page)

    def finger(kind: str, *points: tuple[float, float]) -> None:
        touch.send(
            "Input.dispatchTouchEvent",
            {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points]},
        )

    finger("touchStart", (x, y))
    for part in range(1, 9):
        finger("touchMove", (x, y + part * height * 2.2 / 8))
    finger("touchEnd")
    expect_items(page, [5, 9, 1, 13, 17, 21])
    box = page.locator(".list").bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 390


def test_titles_are_text_in_the_list(visit):
    items = ".".join(map(str, range(1, len(HOSTILE) + 1)))
    page = settled(visit(dataset="titled", source="own", items=items))
    expect(page.locator(".row .title")).to_have_text(HOSTILE)
    expect(page.locator(".row .title > :not(span), .row .title span *")).to_have_count(0)


@pytest.mark.slow
def test_five_hundred_items_scroll_in_their_own_box(visit):
    history = [1 + i * 7 % 3000 for i in range(500)]
    page = settled(visit(**LINK, items=".".join(map(str, history))))
    expect(rows(page)).to_have_count(500)
    box = page.locator(".list").bounding_box()
    assert box["height"] <= 23 * 16
    rows(page).first.focus()
    page.keyboard.press("End")
    expect(rows(page).nth(499)).to_be_focused()
    page.keyboard.press("Alt+ArrowUp")
    history[498], history[499] = history[499], history[498]
    expect(page).to_have_url(link(history))
    expect(rows(page).nth(498)).to_be_focused()


def entry_of(page):
    """The open box for pasting and uploading."""
    page.get_by_role("button", name="Paste, upload").click()
    box = page.get_by_test_id("stPopoverBody")
    expect(box).to_be_visible()
    return box


def file(name: str, content: str) -> dict[str, object]:
    return {"name": name, "mimeType": "text/plain", "buffer": content.encode()}


@pytest.mark.slow
def test_errors_are_shown_next_to_their_input(visit):
    page = opened(visit)
    box = entry_of(page)

    def expect_refused(said: str) -> None:
        warning = page.get_by_test_id("stAlertContentWarning")
        expect(warning).to_have_count(1)
        expect(
            box.get_by_test_id("stAlertContentWarning").filter(has_text=said)
        ).to_be_in_viewport()
        top = (
            "([x, y]) => document.elementFromPoint(x, y).closest('[data-testid=stAlert]') !== null"
        )
        assert page.evaluate(top, list(middle(warning)))

    for name, content in (("bad.csv", "a,b\n1,2\n"), ("marks.csv", ",,,\n")):
        box.locator("input[type=file]").set_input_files(file(name, content))
        expect_refused(name)
    text = box.get_by_role("textbox", name="Titles or ids")
    text.fill("the star wars " * 70_000)
    box.get_by_role("button", name="Use these").click()
    expect_refused("The text has 980,000 characters; accepted: at most 100,000")
    expect(text).to_have_value("")
    page.keyboard.press("Escape")
    expect(box).to_have_count(0)
    expect(page.get_by_test_id("stAlertContentWarning")).to_be_visible()
    expect_items(page, HISTORY)


def test_a_used_entry_closes_and_its_misspellings_are_corrected_by_clicks(visit):
    page = opened(visit)
    box = entry_of(page)
    first, heat, last = map(DATASET.lookup, ("Fargo (1996)", "Heat (1995)", "Toy Story (1995)"))
    box.get_by_role("textbox", name="Titles or ids").fill("Fargo (1996)\nHeat\nToy Story (1995)")
    box.get_by_role("button", name="Use these").click()
    expect(box).to_have_count(0)
    expect_items(page, [first, last])
    sidebar = page.get_by_test_id("stSidebar")
    warning = sidebar.get_by_test_id("stAlertContentWarning")
    expect(warning).to_have_text(re.compile("1 of 3 entries could not be used"))
    sidebar.get_by_role("radio", name="Heat (1995)").click()
    expect_items(page, [first, heat, last])
    expect(warning).to_have_count(0)
    expect(sidebar.get_by_text("3 items are the history now.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect_items(page, [first, last])
    expect(warning).to_be_visible()

    box = entry_of(page)
    box.locator("input[type=file]").set_input_files(file("list.json", '["Heat (1995)", 1]'))
    expect(box).to_have_count(0)
    expect_items(page, [heat, last])
    expect(page.get_by_test_id("stAlertContentWarning")).to_have_count(0)


@pytest.mark.slow
def test_a_user_is_chosen_in_the_table(visit):
    page = settled(visit(dataset=EMBEDDED.name))
    page.get_by_role("button", name="Browse").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox", name="Search").fill("cinema paradiso")
    page.keyboard.press("Enter")
    expect(dialog.get_by_text(re.compile(r"^\d+ of 671 users"))).not_to_contain_text("671 of 671")
    settled(page)
    table = dialog.get_by_test_id("stDataFrame")
    user = DATASET.user_ids[matching_users(DATASET, "cinema paradiso")[1]]
    box = table.bounding_box()
    page.mouse.click(box["x"] + 18, box["y"] + 35 * 2 + 17)  # the second row's box
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("textbox", name="User")).to_have_value(user)
    expect(page).to_have_url(re.compile(rf"[?&]user={user}(&|$)"))
