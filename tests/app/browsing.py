"""What tests of a page in a browser share: when it is drawn, what a person sees on the board."""

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
    """The page when the server's answer is drawn."""
    page.evaluate("window.quiet = 0")  # quiet from now on, not before what was just done
    page.wait_for_function(SETTLED, polling=100)
    return page


def with_board(page):
    """The page when its board is drawn as well."""
    settled(page)
    page.locator(f"{BOARD}[data-signature]").wait_for()
    return page


def signature(page) -> str:
    """Of the data that the board draws."""
    return page.locator(BOARD).get_attribute("data-signature")


def choose_map(page, side: str, **choices: object) -> None:
    """Choose in the selectors above a large map: model, layer, head, kind."""
    for what, value in choices.items():
        page.locator(f"select[aria-label='{what.capitalize()} of the {side} map']").select_option(
            str(value)
        )


def choose(page, label: str, value: str) -> None:
    """Choose in the board's bar."""
    page.locator(f"select[aria-label='{label}']").select_option(value)


def large_map(page, place: int):
    """One of the large maps, from 0."""
    return page.locator(".ab-panel .ab-box").nth(place)


def cell_size(page, m: int, place: int = 0) -> float:
    """Edge of a cell of a large map in pixels, from its drawn height."""
    canvas = large_map(page, place).locator("canvas").first
    return (canvas.evaluate("canvas => canvas.clientHeight") - 46) / m


def cell_position(page, m: int, query: int, key: int, place: int = 0) -> dict[str, float]:
    """The middle of a cell inside a large map."""
    edge = cell_size(page, m, place)
    return {"x": 46 + (key + 0.5) * edge, "y": 6 + (query + 0.5) * edge}


def read_out(page, where: str = ".ab-tip") -> dict[tuple[str, str], str]:
    """The numbers beside the pointer, or of the locked cell, for the map that is pointed at.

    (model, kind) to what is printed.
    """
    found = {}
    for row in page.locator(f"{where} tr").all()[1:]:
        model, kind = row.locator("td").first.inner_text().split(" ", 1)
        found[model, kind.removesuffix(" order")] = row.locator("td.ab-now").inner_text()
    return found


def hash_of(page) -> dict[str, str]:
    """The board's part of the address."""
    return dict(part.split("=") for part in re.split("[#&]", page.url.partition("#")[2]) if part)
