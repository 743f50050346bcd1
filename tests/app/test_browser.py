"""The whole page in a real Chromium."""

import re
from urllib.parse import parse_qsl, urlsplit

import pytest
from browsing import (
    BOARD,
    cell_position,
    choose,
    choose_map,
    hash_of,
    large_map,
    settled,
    signature,
    with_board,
)
from driving import HOSTILE
from helpers import EMBEDDED

import awrsr
from app.cache import fingerprint
from app.escape import clipped
from awrsr.studies import read_examples

pytestmark = pytest.mark.browser
expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect
DATASET = awrsr.load_dataset(EMBEDDED)
VANILLA, ADDITIVE = (
    awrsr.load_model(EMBEDDED / "models" / name) for name in ("sasrec-none", "sasrec-additive")
)


def listed(page, place: int) -> list[str]:
    """The titles in the visible rows of a list of recommendations, A's at 0."""
    table = page.get_by_test_id("stDataFrame").nth(place)
    table.locator("tbody tr").first.wait_for(state="attached")
    column = table.locator("th").all_text_contents().index("title") + 1
    cells = table.locator(f"tbody td:nth-child({column})").all_text_contents()
    return [title.removeprefix("\u25c6 ") for title in cells]


def ledger(page) -> str:
    """The heading of the board's ledger."""
    return page.locator(f"{BOARD} h4").text_content()


def history_of(user: str) -> list[int]:
    return DATASET.sequence(DATASET.user_index(user))[:-1].tolist()


def check_lists(page, history: list[int]) -> None:
    for place, model in enumerate((VANILLA, ADDITIVE)):
        best = awrsr.recommend(model, history, dataset=DATASET)
        assert listed(page, place) == best["title"].tolist()


def test_first_picture(visit):
    page = with_board(visit())
    user = read_examples(EMBEDDED / "scan", DATASET).examples[0].user_id
    history = history_of(user)
    expect(page.locator(".ab-thumb")).to_have_count(4 + 4)
    expect(page.locator(".ab-panel .ab-box")).to_have_count(2)
    whose = page.locator(".ab-whose").first
    expect(whose).to_have_attribute("title", re.compile("Vanilla has no second order"))
    newest = DATASET.titles(history)[-1]
    assert ledger(page).startswith(f"Row {len(history)}, {newest}")
    check_lists(page, history)
    target = DATASET.titles([int(DATASET.sequence(DATASET.user_index(user))[-1])])[0]
    said = page.get_by_test_id("stMain").inner_text().replace("\u2060", "")
    for model in (VANILLA, ADDITIVE):
        evaluated = awrsr.recommend(model, history, k=DATASET.n_items, dataset=DATASET)
        (rank,) = evaluated["rank"][evaluated["title"] == target]
        assert f"{target} (held out): rank {rank:,} of" in said
    expect(page.locator(".js-plotly-plot")).to_have_count(0)  # its tab is closed
    assert dict(parse_qsl(urlsplit(page.url).query)) == {
        "dataset": EMBEDDED.name,
        "a": f"sasrec-none@{fingerprint(EMBEDDED / 'models' / 'sasrec-none')}",
        "b": f"sasrec-additive@{fingerprint(EMBEDDED / 'models' / 'sasrec-additive')}",
    }


def test_a_link_brings_everything_back(visit):
    choices = {"a": "stosa-none", "b": "stosa-stochastic", "user": "20", "k": "5", "target": "7"}
    page = with_board(visit(**choices))
    choose_map(page, "left", layer=0)
    choose(page, "Colours", "linear")
    large_map(page, 1).click(position=cell_position(page, len(history_of("20")), 9, 2, 1))
    expect(page).to_have_url(re.compile("lock="))
    settled(page)
    assert {"scale": "linear", "left": "A.1.1.refined"}.items() <= hash_of(page).items()
    other = with_board(visit(page.url))
    assert other.url == page.url
    assert signature(other) == signature(page)
    assert ledger(other) == ledger(page) and "locked" in ledger(other)
    assert other.locator("select[aria-label='Colours']").input_value() == "linear"
    expect(other.get_by_role("combobox", name="Model A")).to_have_value("STOSA \u00b7 vanilla")
    assert len(listed(other, 0)) == len(listed(other, 1)) == 5
    title = DATASET.titles([7])[0]
    expect(other.get_by_test_id("stMain")).to_contain_text(title)


@pytest.mark.slow
def test_a_link_made_with_other_weights_says_so(visit):
    page = with_board(visit(a="sasrec-none@00000000", b="sasrec-additive", panel="attribution"))
    warning = page.get_by_test_id("stAlertContentWarning")
    expect(warning).to_have_count(1)
    current = fingerprint(EMBEDDED / "models" / "sasrec-none")
    expect(warning).to_contain_text(
        f"The link was made with other weights of sasrec-none: 00000000; the weights here are "
        f"{current}"
    )
    page.get_by_role("button", name="Input x gradient").click()
    settled(page)
    expect(warning).to_have_count(1)


def test_titles_and_addresses_are_shown_as_text(visit):
    named = ("a", "b", "user", "methods", "k")
    nonsense = dict(zip(named, HOSTILE, strict=False))
    items = ".".join(map(str, range(1, len(HOSTILE) + 1)))
    page = with_board(
        visit(
            dataset="titled",
            source="own",
            items=items,
            target=5,
            rival=6,
            **nonsense,
        )
    )
    warning = page.get_by_test_id("stAlertContentWarning").get_by_test_id("stMarkdownContainer")
    expect(warning).to_have_count(1)
    lines = [line.replace("\u2060", "") for line in warning.locator("li").all_inner_texts()]
    for line, (name, value) in zip(lines, nonsense.items(), strict=True):
        assert line.startswith(f"{name}={clipped(value)} in the address: ")
    expect(warning.locator("li *")).to_have_count(0)  # text only

    target = page.get_by_role("combobox", name="Target")
    options = page.locator("[role=listbox] [role=option]")
    for _ in range(5):  # the sidebar scrolls to it, and scrolling closes a list
        if options.count() == 0:
            target.press("ArrowDown")
            page.wait_for_timeout(700)
    expect(options).to_have_count(len(HOSTILE))
    assert options.all_inner_texts() == HOSTILE
    page.keyboard.press("Escape")

    main = page.get_by_test_id("stMain")
    said = main.inner_text().replace("\u2060", "")
    assert said.count(f"\u25c6 {HOSTILE[4]}") >= 2
    assert ledger(page).startswith(f"Row {len(HOSTILE)}, {HOSTILE[-1]}")
    large_map(page, 0).hover(position=cell_position(page, len(HOSTILE), 0, 0))
    expect(page.locator(".ab-tip")).to_contain_text(f"query 1 {HOSTILE[0]}")
    assert main.locator("img, a[href*='evil'], a[href*='x']").count() == 0


@pytest.mark.few(1)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_as_narrow_as_a_phone(visit, dark):
    page = with_board(visit(dark=dark, width=390))
    paper = brightness(page, "[data-testid=stApp]", "backgroundColor")
    ink = brightness(page, ".ab-ledger td", "color")
    assert (paper < 60 and ink > 180) if dark else (paper > 230 and ink < 80)
    for element in ("document.scrollingElement", "document.querySelector('[data-testid=stMain]')"):
        assert page.evaluate(f"{element}.scrollWidth") <= 390
    first, second = (page.locator(".ab-panel").nth(place).bounding_box() for place in (0, 1))
    assert first["width"] <= 390 and second["y"] >= first["y"] + first["height"]


def brightness(page, selector: str, colour: str) -> float:
    """Mean of red, green and blue, 0 to 255."""
    value = page.locator(selector).first.evaluate(f"element => getComputedStyle(element).{colour}")
    red, green, blue = map(float, re.findall(r"[\d.]+", value)[:3])
    return (red + green + blue) / 3


@pytest.mark.slow
def test_eight_people_at_once_each_see_their_own(visit):
    users = [DATASET.user_ids[index] for index in DATASET.lengths().argsort(kind="stable")[:8]]
    pages = [(user, visit(user=user)) for user in users]
    for user, page in pages:
        history = history_of(user)
        with_board(page)
        assert ledger(page).startswith(f"Row {len(history)}, {DATASET.titles(history)[-1]}")
        check_lists(page, history)
    assert len({signature(page) for _, page in pages}) == len(users)


@pytest.mark.slow
def test_what_enters_and_leaves_is_in_view(visit):
    page = with_board(visit(user="20", variants="one~1.6.32", target=50))
    page.get_by_role("tab", name="Variants and removals").click()
    head = page.locator("th", has_text="in B: + enters")
    table = page.get_by_test_id("stDataFrame").filter(has=head).first
    table.scroll_into_view_if_needed()
    heads = table.locator("th")
    expect(heads.last).to_have_text("in B: + enters, \u2212 leaves")
    scroller = table.locator(".dvn-scroller")
    assert scroller.evaluate("e => e.scrollWidth - e.clientWidth") <= 2


CONTRAST = """element => {
  const numbers = text => text.match(/[\\d.]+/g).map(Number);
  const light = rgb => rgb.slice(0, 3).map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const layers = [];
  for (let node = element; node; node = node.parentElement) {
    layers.unshift([...numbers(getComputedStyle(node).backgroundColor), 1].slice(0, 4));
  }
  const below = layers.reduce((under, [r, g, b, a]) =>
    [r, g, b].map((v, i) => v * a + under[i] * (1 - a)), [255, 255, 255]);
  const both = [light(numbers(getComputedStyle(element).color)), light(below)];
  return (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
}"""
"""The contrast of an element's text to its background, as WCAG defines it."""


@pytest.mark.slow
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_words_on_what_is_chosen_can_be_read(visit, dark):
    page = with_board(visit(dark=dark, user="20", panel="attribution"))
    pin = page.get_by_role("button", name="Pin", exact=True)
    chosen = page.get_by_text("A user's", exact=True).locator("xpath=ancestor::button")
    method = page.get_by_text("Integrated gradients", exact=True).locator("xpath=ancestor::button")
    for words in (pin, chosen, method):
        assert words.first.evaluate(CONTRAST) >= 4.5


@pytest.mark.slow
def test_the_target_stays_in_sight(visit):
    page = with_board(visit())
    page.mouse.move(900, 500)
    page.mouse.wheel(0, 900)
    line = page.locator(".st-key-summary")
    page.wait_for_function("document.querySelector('[data-testid=stMain]').scrollTop > 500")
    expect(line).to_contain_text("target")
    assert 0 < line.bounding_box()["y"] < 80
    page.evaluate("document.querySelector('[data-testid=stMain]').scrollTo(0, 4000)")
    page.wait_for_timeout(200)
    assert 0 < line.bounding_box()["y"] < 80
