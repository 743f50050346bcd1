"""The app as a person meets it: one server, started from elsewhere, and a real Chromium.

Every page opened here is held to this: it shows no exception, writes no error to the console, opens
no dialog and asks nobody but its own server for anything.
"""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from conftest import EMBEDDED
from driving import HOSTILE, MAIN, add_dataset, titled

import awrsr
from app.figures import LABEL_LENGTH
from app.state import clipped, default_user

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not Path(CHROMIUM).is_file(),
        reason=f"no Chromium at {CHROMIUM}; install one or name it in the variable CHROMIUM",
    ),
]
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
TIMEOUT = 120_000  # ms; a busy machine with two cores
SETTLED = """() => {
    const app = document.querySelector('[data-testid="stApp"]');
    const busy = app?.dataset.testScriptState !== 'notRunning'
        || document.querySelector('[data-testid="stSkeleton"]');
    window.quiet = busy ? 0 : (window.quiet ?? 0) + 1;
    return window.quiet > 4;
}"""
expect = sync_api.expect
expect.set_options(timeout=TIMEOUT)
DATASET = awrsr.load_dataset(EMBEDDED)
VANILLA, ADDITIVE = (
    awrsr.load_model(EMBEDDED / "models" / name) for name in ("sasrec-none", "sasrec-additive")
)


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> Iterator[str]:
    """Of a server that offers the embedded dataset and one whose titles are markup."""
    folder = tmp_path_factory.mktemp("assets")
    (folder / EMBEDDED.name).symlink_to(EMBEDDED)
    add_dataset(folder, titled(HOSTILE), "sasrec-none", "sasrec-additive")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {name: os.environ[name] for name in os.environ if name != "PYTHONPATH"}
    log = tmp_path_factory.mktemp("elsewhere") / "log.txt"
    with log.open("w") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", str(MAIN), "--server.port", str(port)],
            cwd=log.parent,
            env=environment | {"AWRSR_ASSETS": str(folder)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for(url, server, log)
        yield url
    finally:
        server.terminate()
        server.wait(30)
    assert "Traceback" not in log.read_text()


def wait_for(url: str, server: subprocess.Popen, log: Path) -> None:
    for _ in range(600):
        assert server.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"no answer from {url}: {log.read_text()}")


@pytest.fixture(scope="module")
def chromium():
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser.new_context()
        browser.close()


@pytest.fixture
def visit(chromium, address) -> Iterator[Callable]:
    """Opens a page, which is a session of its own, at these choices."""
    problems: list[str] = []
    pages = []

    def watch(request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and parts.hostname != "127.0.0.1":
            problems.append(f"request to {request.url}")

    def open_page(*, width: int = 1440, dark: bool = False, **url: object):
        page = chromium.new_page()
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme="dark" if dark else "light")
        page.set_default_timeout(TIMEOUT)
        page.on("request", watch)
        page.on("websocket", watch)
        page.on("pageerror", lambda error: problems.append(f"page error: {error}"))
        page.on("dialog", lambda dialog: (problems.append("dialog"), dialog.dismiss()))
        page.on(
            "console",
            lambda line: line.type == "error" and problems.append(f"console: {line.text}"),
        )
        page.goto(f"{address}/?{urlencode(url)}", wait_until="domcontentloaded")
        pages.append(page)
        return page

    yield open_page
    for page in pages:
        expect(page.get_by_test_id("stException")).to_have_count(0)
        page.close()
    assert problems == []


def settled(page):
    """The page when the server's answer is drawn."""
    page.wait_for_function(SETTLED, polling=100)
    return page


def titles(page, place: int) -> list[str]:
    """The titles in a table's visible rows: the history's first, then the lists of A and of B."""
    table = page.get_by_test_id("stDataFrame").nth(place)
    table.locator("tbody tr").first.wait_for(state="attached")
    column = table.locator("th").all_text_contents().index("title") + 1
    cells = table.locator(f"tbody td:nth-child({column})").all_text_contents()
    return [title.removeprefix("\u25c6 ") for title in cells]


def plot(page, key: str):
    return page.locator(f".st-key-{key} .js-plotly-plot")


def labels(page, key: str):
    """The items on the upright axis of a figure."""
    return plot(page, key).locator(".ytick text")


def history_of(user: str) -> list[int]:
    return DATASET.sequence(DATASET.user_index(user))[:-1].tolist()


def test_first_picture(visit):
    page = settled(visit())
    history = history_of(default_user(DATASET))
    assert titles(page, 0) == DATASET.titles(history)[: len(titles(page, 0))]
    for place, model in ((1, VANILLA), (2, ADDITIVE)):
        best = awrsr.recommend(model, history, dataset=DATASET)
        assert titles(page, place) == best["title"].tolist()
    expect(page.locator(".js-plotly-plot")).to_have_count(7)
    for key in ("map-a-first_order", "map-b-second_order", "attribution-b"):
        expect(labels(page, key)).to_have_count(len(history))
    expect(page.get_by_text("The vanilla model has no second order")).to_be_visible()
    assert urlsplit(page.url).query == ""


def test_a_link_brings_its_choices_and_follows_new_ones(visit):
    choices = {"a": "stosa-none", "b": "stosa-additive", "user": "20", "layer": "2", "k": "5"}
    page = settled(visit(**choices))
    page.get_by_role("radiogroup", name="Head").get_by_role("radio", name="2").click()
    expect(page).to_have_url(re.compile("head=2"))
    assert dict(parse_qsl(urlsplit(page.url).query)) == choices | {"head": "2"}
    page.reload(wait_until="domcontentloaded")
    settled(page)
    expect(page.get_by_role("combobox", name="Model A")).to_have_value("STOSA \u00b7 vanilla")
    expect(page.get_by_role("combobox", name="Model B")).to_have_value("STOSA \u00b7 additive")
    for label in ("Layer", "Head"):
        chosen = page.get_by_role("radiogroup", name=label).get_by_role("radio", checked=True)
        expect(chosen).to_have_text("2")
    assert titles(page, 0) == DATASET.titles(history_of("20"))[: len(titles(page, 0))]
    assert len(titles(page, 1)) == len(titles(page, 2)) == 5


def test_a_history_typed_by_hand(visit):
    page = settled(visit())
    page.get_by_role("radio", name="My own").click()
    expect(page.get_by_text("The history is empty")).to_be_visible()
    page.get_by_role("combobox", name="Add an item").fill("Toy Story (1995)")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("items=1$"))
    page.get_by_role("button", name="Paste titles or ids").click()
    page.get_by_role("textbox", name="One a line").fill(
        "Heat (1995)\nFargo 1996\n32\nJumanji (1995)"
    )
    page.get_by_role("button", name="Use these").click()
    expect(page.get_by_text("Did you mean 'Fargo (1996)'")).to_be_visible()
    settled(page)
    history = DATASET.encode(["Heat (1995)", "32", "Jumanji (1995)"])
    assert titles(page, 0) == DATASET.titles(history)
    for place, model in ((1, VANILLA), (2, ADDITIVE)):
        best = awrsr.recommend(model, history, dataset=DATASET)
        assert titles(page, place) == best["title"].tolist()
    for key in ("map-a-refined", "map-b-refined", "attribution-a", "attribution-b"):
        expect(labels(page, key)).to_have_text(
            [re.compile("^" + re.escape(t[:8])) for t in titles(page, 0)]
        )


def test_titles_and_addresses_are_shown_as_text(visit):
    named = ("a", "b", "user", "method", "layer", "head", "k", "scale")
    nonsense = dict(zip(named, HOSTILE, strict=True))
    items = ".".join(map(str, range(1, len(HOSTILE) + 1)))
    page = settled(
        visit(dataset="titled", source="own", items=items, target=5, rival=6, **nonsense)
    )

    warnings = page.get_by_test_id("stAlertContentWarning").get_by_test_id("stMarkdownContainer")
    expect(warnings).to_have_count(len(HOSTILE))
    for text, (name, value) in zip(warnings.all_inner_texts(), nonsense.items(), strict=True):
        assert text.replace("\u2060", "").startswith(f"{name}={clipped(value)} in the address: ")
    expect(warnings.locator("p *")).to_have_count(0)  # words and nothing else

    page.get_by_role("combobox", name="Target").click()
    expect(page.get_by_role("option")).to_have_count(len(HOSTILE) + 1)
    assert page.get_by_role("option").all_inner_texts()[1:] == HOSTILE
    page.keyboard.press("Escape")

    main = page.get_by_test_id("stMain")
    said = main.inner_text().replace("\u2060", "")
    assert said.count(f"\u25c6 {HOSTILE[4]}: rank ") == 2
    assert f"score of {HOSTILE[4]} less score of {HOSTILE[5]}, in" in said
    assert main.locator("img, a[href*='evil'], a[href*='x']").count() == 0

    assert titles(page, 0) == HOSTILE
    drawn = plot(page, "map-b-second_order")
    assert labels(page, "map-b-second_order").all_text_contents() == [
        f"{clipped_label(title)} {i}" for i, title in enumerate(HOSTILE, 1)
    ]
    cells = drawn.locator(".nsewdrag")
    size = cells.bounding_box()
    second = {axis: size[axis] * 1.5 / len(HOSTILE) for axis in ("width", "height")}
    cells.hover(position={"x": second["width"], "y": second["height"]})
    name = f"2. {HOSTILE[1]}"
    expect(drawn.locator(".hoverlayer")).to_contain_text(f"query {name}key {name}weight")


def clipped_label(title: str) -> str:
    """What an axis has room for."""
    return title if len(title) <= LABEL_LENGTH else title[: LABEL_LENGTH - 1].rstrip() + "\u2026"


def test_dark_and_as_narrow_as_a_telephone(visit):
    page = settled(visit(dark=True, width=390))
    expect(page.locator(".js-plotly-plot")).to_have_count(7)
    assert brightness(page, "[data-testid=stApp]", "backgroundColor") < 60
    assert brightness(page, ".ytick text", "fill") > 180
    assert brightness(page, "[data-testid=stMain] p", "color") > 180
    for element in ("document.scrollingElement", "document.querySelector('[data-testid=stMain]')"):
        assert page.evaluate(f"{element}.scrollWidth") <= 390
    column = page.get_by_test_id("stColumn").last.bounding_box()
    assert column["width"] <= 390  # columns stand below each other


def brightness(page, selector: str, colour: str) -> float:
    """Mean of red, green and blue, 0 to 255."""
    value = page.locator(selector).first.evaluate(f"element => getComputedStyle(element).{colour}")
    red, green, blue = map(int, re.findall(r"\d+", value)[:3])
    return (red + green + blue) / 3


def test_eight_people_at_once_each_see_their_own(visit):
    users = [DATASET.user_ids[index] for index in DATASET.lengths().argsort(kind="stable")[:8]]
    for user, page in [(user, visit(user=user)) for user in users]:
        history = history_of(user)
        settled(page)
        assert titles(page, 0) == DATASET.titles(history)[: len(titles(page, 0))]
        for place, model in ((1, VANILLA), (2, ADDITIVE)):
            best = awrsr.recommend(model, history, dataset=DATASET)
            assert titles(page, place) == best["title"].tolist(), user
