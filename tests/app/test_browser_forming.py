"""The slider of kept epochs in a real Chromium: maps, ranks and address follow it."""

import re

import pytest
from browsing import settled, signature, with_board

pytestmark = pytest.mark.browser
expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect


def move(page, key: str, at: str):
    """Press a key on the slider, and wait for this text on model B in the summary."""
    page.get_by_role("slider", name="Epoch").press(key)
    expect(page.locator(".st-key-summary")).to_contain_text(at)
    return settled(page)


@pytest.mark.slow
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)])
def test_maps_and_ranks_follow_the_slider(visit, width: int, dark: bool):
    page = with_board(visit(width=width, dark=dark, dataset="planted"))
    final = signature(page)
    assert "epoch=" not in page.url
    drawn = [final]
    for epoch in (10, 7, 6):
        move(page, "ArrowLeft", f"in B at epoch {epoch} ")
        expect(page).to_have_url(re.compile(rf"[?&]epoch={epoch}(&|$|#)"))
        expect(page.locator(".ab")).not_to_have_attribute("data-signature", drawn[-1])
        drawn.append(signature(page))
    assert len(set(drawn)) == 4
    page.locator(".st-key-forming .js-plotly-plot .main-svg").first.wait_for()
    assert page.evaluate("document.scrollingElement.scrollWidth <= window.innerWidth")
    move(page, "End", "in B 1 of 102")
    expect(page.locator(".ab")).to_have_attribute("data-signature", final)
    expect(page).not_to_have_url(re.compile("epoch="))
