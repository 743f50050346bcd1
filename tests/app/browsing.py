"""Shared by browser tests: waiting for a page, reading and operating the board."""

import re

BOARD = ".ab"
SETTLED = """() => {
    const app = document.querySelector('[data-testid="stApp"]');
    const busy = app?.dataset.testScriptState !== 'notRunning'
        || document.querySelector('[data-testid="stSkeleton"]');
    window.quiet = busy ? 0 : (window.quiet ?? 0) + 1;
    return window.quiet > 4;
}"""


def settled(page):
    """The page after the server's answer is drawn."""
    page.evaluate("window.quiet = 0")  # count from now on
    page.wait_for_function(SETTLED, polling=100)
    return page


def with_board(page):
    """The page after its board is drawn and, on Inspect, after the rest has arrived."""
    settled(page)
    page.locator(f"{BOARD}[data-signature]").wait_for()
    if page.locator(".st-key-board_place").count():
        page.get_by_role("tab").first.wait_for()
        settled(page)
    return page


def signature(page) -> str:
    """The signature of the data that the board draws."""
    return page.locator(BOARD).get_attribute("data-signature")


def choose_map(page, side: str, **choices: object) -> None:
    """Choose above a large map: layer (from 0), head (from 0, or mean, max, rollout), kind."""
    panel = page.locator(".ab-panel").nth(["left", "right"].index(side))
    layer, head = choices.get("layer"), choices.get("head")
    if isinstance(layer, int) or isinstance(head, int):
        now = panel.locator(".ab-thumb[aria-pressed=true]").first
        label = now.get_attribute("aria-label") if now.count() else ", layer 1, head 1,"
        shown = re.search(r", layer (\d+), head (\d+),", label)
        wanted = [
            int(shown[place]) if not isinstance(value, int) else value + 1
            for place, value in ((1, layer), (2, head))
        ]
        panel.locator(f".ab-thumb[aria-label*=', layer {wanted[0]}, head {wanted[1]},']").click()
    if isinstance(head, str):
        name = {"mean": "mean of heads", "max": "maximum of heads", "rollout": "rollout to"}[head]
        panel.locator(f".ab-pill[aria-label^='Show {name}']").click()
    if kind := choices.get("kind"):
        name = {"first": "first order", "second": "second order"}.get(str(kind), kind)
        if (pill := panel.locator(f".ab-pill[aria-label^='Show {name}']")).count():
            pill.click()


def open_more(page) -> None:
    """Open the drawer of the board's bar."""
    page.locator(".ab-more:not([open]) > summary").click()


def choose(page, label: str, value: str) -> None:
    """Choose in the board's bar."""
    chosen = page.locator(f"select[aria-label='{label}']")
    if not chosen.is_visible():
        open_more(page)
    chosen.select_option(value)
    page.evaluate(CLOSE)


CLOSE = """() => {
    const roots = [document, ...[...document.querySelectorAll('*')].map(node => node.shadowRoot)];
    for (const root of roots) root?.querySelector('.ab-more')?.removeAttribute('open');
}"""
"""The drawer covers the maps."""


def take_away(page, what: str) -> None:
    """Press a button of the drawer."""
    open_more(page)
    page.get_by_role("button", name=what).click()
    page.evaluate(CLOSE)


def large_map(page, place: int):
    """One of the large maps, from 0."""
    return page.locator(".ab-panel .ab-box").nth(place)


def cells_box(page, place: int = 0) -> dict[str, float]:
    """The position of the cells inside a large map: x, y, width, height."""
    cells = large_map(page, place).locator("canvas.ab-cells")
    return cells.evaluate(
        """canvas => {
            const [at, box] = [canvas, canvas.parentNode].map(one => one.getBoundingClientRect());
            return {x: at.x - box.x, y: at.y - box.y, width: at.width, height: at.height};
        }"""
    )


def cell_position(page, m: int, query: int, key: int, place: int = 0) -> dict[str, float]:
    """The middle of a cell inside a large map."""
    box = cells_box(page, place)
    return {
        "x": box["x"] + (key + 0.5) * box["width"] / m,
        "y": box["y"] + (query + 0.5) * box["height"] / m,
    }


def read_out(page, where: str = ".ab-tip") -> dict[tuple[str, str], str]:
    """The numbers next to the pointer, or of the locked cell, for the map under the pointer.

    Printed texts by (model, kind).
    """
    found = {}
    for row in page.locator(f"{where} tr").all()[1:]:
        model, kind = row.locator("td").first.inner_text().split(" ", 1)
        found[model, kind.removesuffix(" order")] = row.locator("td.ab-now").inner_text()
    return found


def hash_of(page) -> dict[str, str]:
    """The board's part of the address."""
    return dict(part.split("=") for part in re.split("[#&]", page.url.partition("#")[2]) if part)
