"""The browser's back and forward, in a real Chromium."""

import re
from urllib.parse import parse_qsl, urlsplit

import pytest
from browsing import with_board
from helpers import EMBEDDED

import awrsr

pytestmark = [pytest.mark.browser, pytest.mark.slow]
expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect
DATASET = awrsr.load_dataset(EMBEDDED)


def test_back_and_forward_bring_back_what_was_chosen(visit):
    page = with_board(visit(user="20"))
    target = page.get_by_role("combobox", name="Target")
    titles = [DATASET.titles([item])[0] for item in (6, 1)]
    first = parse_qsl(urlsplit(page.url).query)
    for title in titles:
        target.press("ArrowDown")
        page.keyboard.type(title)
        page.locator("[role=listbox] [role=option]").filter(has_text=title).first.click()
        expect(target).to_have_value(title)
        expect(page.get_by_test_id("stMain")).to_contain_text(f"target \u25c6 {title}")
        with_board(page)
    assert "target=1" in page.url
    page.go_back()
    expect(target).to_have_value(titles[0])
    expect(page.get_by_test_id("stMain")).to_contain_text(f"target \u25c6 {titles[0]}")
    with_board(page)
    expect(page).to_have_url(re.compile("target=6"))
    page.go_back()
    expect(page.get_by_test_id("stMain")).to_contain_text("(held out)")
    with_board(page)
    assert parse_qsl(urlsplit(page.url).query) == first
    page.go_forward()
    page.go_forward()
    expect(target).to_have_value(titles[1])
    with_board(page)
    expect(page).to_have_url(re.compile("target=1"))


def test_back_over_another_dataset_brings_its_variants(visit):
    url = {"user": "20", "variants": "short~1.6.32"}
    page = with_board(visit(**url))
    box = page.get_by_role("combobox", name="Dataset")
    box.press("ArrowDown")
    page.locator("[role=listbox] [role=option]").filter(has_text="titled").click()
    expect(page).to_have_url(re.compile("dataset=titled"))
    with_board(page)
    page.go_back()
    expect(page).to_have_url(re.compile(f"dataset={EMBEDDED.name}.*user=20.*variants=short"))
    with_board(page)
    assert page.url.count("user=20") == 1 and "variants=short" in page.url
    expect(page.get_by_test_id("stMain")).to_contain_text("User 20")


def test_back_leaves_the_page(visit, server):
    """Starting at the first address, which the page has completed."""
    page = visit("about:blank")
    page.goto(server.url)
    with_board(page)
    expect(page).to_have_url(re.compile("dataset="))
    for _ in range(3):
        page.go_back()
        page.wait_for_timeout(300)
        if page.url == "about:blank":
            break
        with_board(page)
    assert page.url == "about:blank"
