"""The pages about all users in a real Chromium: navigation, drawing, interaction."""

import json
import re

import pytest
from browsing import BOARD, settled, with_board
from helpers import EMBEDDED, ROOT

import awrsr
from awrsr.experiments import sentences
from awrsr.experiments.record import read_results
from awrsr.studies import read_study

pytestmark = pytest.mark.browser
expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect
FIGURE = ".js-plotly-plot .main-svg"
wide_or_narrow = pytest.mark.parametrize(
    ("width", "dark"), [(1440, False), pytest.param(390, True, marks=pytest.mark.slow)]
)


def go(page, name: str):
    """Go to a page by its name at the top, or in the sidebar in a narrow window."""
    with_board(page)
    sidebar = page.get_by_test_id("stSidebar")
    narrow = page.viewport_size["width"] < 768
    # The browser remembers from the previous page whether it was open.
    if narrow and sidebar.get_attribute("data-collapsed") == "true":
        page.get_by_test_id("stExpandSidebarButton").click()
    page.get_by_role("link", name=name, exact=True).click()
    expect(page).to_have_url(re.compile(f"/{name.lower()}"))
    settled(page)
    if narrow and sidebar.get_attribute("data-collapsed") == "false":
        page.get_by_test_id("stSidebarCollapseButton").get_by_role("button").click()
        expect(sidebar).to_have_attribute("data-collapsed", "true")
    return settled(page)


def main(page) -> str:
    """All text of the page; an invisible character separates titles."""
    return page.get_by_test_id("stMain").inner_text().replace("\u2060", "")


def fits(page) -> bool:
    """Whether the page is not wider than the window."""
    return page.evaluate("document.scrollingElement.scrollWidth <= window.innerWidth")


@pytest.mark.slow
@wide_or_narrow
def test_models(visit, width: int, dark: bool):
    page = go(visit(width=width, dark=dark), "Models")
    metrics = json.loads((EMBEDDED / "models" / "sasrec-none" / "metrics.json").read_text())
    for place in range(2):
        page.get_by_text("Checks of the loaded model: 9 of 9 pass").nth(place).click()
        page.get_by_text("Dropout is off, two runs are equal").nth(place).wait_for()
    assert main(page).count("Recorded ranks and NDCG@10 are reproduced: pass") == 2
    cells = page.get_by_test_id("stDataFrame").first.locator("tbody td").all_text_contents()
    assert f"{metrics['test']['metrics']['NDCG@10']:.4f}" in cells
    page.locator(FIGURE).first.wait_for()
    page.get_by_role("radio", name="Short histories").click()
    page.get_by_text("Mean over 171 users of the last row").wait_for()
    assert fits(page)


@pytest.mark.parametrize(
    ("width", "dark"), [pytest.param(1440, True, marks=pytest.mark.slow), (390, False)]
)
def test_results(visit, width: int, dark: bool):
    page = go(visit(width=width, dark=dark), "Results")
    found = read_results(ROOT / "experiments" / "beauty.toml")
    (claim,) = sentences.claim(found, "Beauty", "sampled_ce")[:1]
    page.get_by_text(claim.splitlines()[0].split("**")[1]).first.wait_for()
    page.locator(FIGURE).first.wait_for()
    page.get_by_role("radio", name="Minus vanilla").click()
    page.get_by_text("NDCG@N against N, test, minus vanilla of the same seed").wait_for()
    page.locator(f"{BOARD}[data-signature]").wait_for()
    assert fits(page)


@pytest.mark.slow
@wide_or_narrow
def test_faithfulness(visit, width: int, dark: bool):
    page = go(visit(width=width, dark=dark, dataset="planted"), "Faithfulness")
    study = EMBEDDED.parent / "planted" / "faithfulness" / "sasrec-none_sasrec-additive"
    rows = read_study(study).summary.query(
        "measure == 'average_precision' and model == 'sasrec-additive' "
        "and explanation == 'leave_one_out'"
    )
    means = rows.set_index("sort")["mean"]
    page.get_by_text("All explanations, with their means").click()
    page.get_by_text(f"Leave one out {means['all']:.3f}").wait_for()
    page.get_by_role("radio", name="Occasion").click()
    page.get_by_text(f"Leave one out {means['occasion']:.3f}").wait_for()
    page.locator(FIGURE).first.wait_for()
    assert fits(page)


@pytest.mark.slow
def test_a_click_opens_the_user_on_inspect(visit):
    page = with_board(visit(a="stosa-none", b="stosa-stochastic"))
    page.get_by_role("link", name="Find", exact=True).click()
    page.get_by_text("Which users to look at").wait_for()
    settled(page)
    table = page.get_by_test_id("stDataFrame").first  # the slices below are folded
    table.scroll_into_view_if_needed()
    table.locator("tbody tr").first.wait_for(state="attached")
    user = table.locator("tbody tr").first.locator("td").first.text_content()
    box = table.bounding_box()
    page.mouse.click(box["x"] + 16, box["y"] + 52)  # the first row's box
    page.get_by_text(re.compile(rf"User {user}, \d+ items")).first.wait_for()
    with_board(page)
    expect(page).to_have_url(re.compile(rf"[?&]user={user}(&|$)"))
    assert "a=stosa-none" in page.url and "b=stosa-stochastic" in page.url
    dataset = awrsr.load_dataset(EMBEDDED)
    target = dataset.titles([int(dataset.sequence(dataset.user_index(user))[-1])])[0]
    assert target in page.get_by_test_id("stMain").inner_text().replace("\u2060", "")
    page.go_back()  # one step
    page.get_by_text("Which users to look at").wait_for()
