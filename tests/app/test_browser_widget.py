"""The board's widget in a browser, mounted as a notebook mounts it, with a stub of the model."""

import pytest
from browsing import cell_position, large_map

from awrsr import board
from awrsr.board.live import LiveBoard
from awrsr.ranking.recommendation import trace

pytestmark = pytest.mark.browser
HISTORY = [3, 1, 4, 1, 5]
NOTEBOOK = """<!doctype html><html><body style="color: {color}; background: {ground}">
<div id="cell"></div></body></html>"""
MOUNT = """async ({esm, state}) => {
    const address = URL.createObjectURL(new Blob([esm], {type: "text/javascript"}));
    const {default: widget} = await import(address);
    const listeners = {};
    window.saved = [];
    window.model = {
        get: name => state[name],
        set: (name, value) => { state[name] = value; },
        on: (event, listener) => { listeners[event] = listener; },
        off: event => { delete listeners[event]; },
        save_changes: () => window.saved.push(structuredClone(state.lock)),
    };
    window.change = (name, value) => { state[name] = value; listeners[`change:${name}`](); };
    window.listeners = listeners;
    window.close_cell = widget.render({model: window.model, el: document.getElementById("cell")});
}"""


@pytest.fixture
def mounted(visit, tmp_path, make_model, tiny_dataset):
    """Mounts a widget in an empty page."""

    def mount(*, dark: bool = False):
        traced = trace(make_model("sasrec", "additive"), HISTORY)
        widget = board.widget(traced, dataset=tiny_dataset)
        colors = ("#eee", "#111") if dark else ("#111", "#fff")
        file = tmp_path / "notebook.html"
        file.write_text(NOTEBOOK.format(color=colors[0], ground=colors[1]), encoding="utf-8")
        page = visit(file.as_uri())
        page.emulate_media(color_scheme="null")  # a set scheme would hold in the frame too
        page.evaluate(MOUNT, {"esm": widget._esm, "state": {"page": widget.page, "lock": None}})
        page.frame_locator("iframe").locator(".ab[data-signature]").wait_for()
        return page, widget

    return mount


def click_cell(page, query: int, key: int) -> None:
    board = page.frame_locator("iframe")
    large_map(board, 0).click(position=cell_position(board, len(HISTORY), query, key))


def last_report(page, number: int):
    page.wait_for_function("number => window.saved.length >= number", arg=number)
    return page.evaluate("window.saved.at(-1)")


def test_a_click_sets_the_selection_and_escape_releases_it(mounted):
    page, widget = mounted()
    assert page.evaluate("window.saved") == []
    click_cell(page, 4, 2)
    lock = last_report(page, 1)
    widget.set_state({"lock": lock})
    assert (widget.selection.query_item, widget.selection.key_item) == (5, 4)
    assert widget.selection.panels[0]["source"] == "A"
    page.keyboard.press("Escape")
    assert last_report(page, 2) is None
    assert "#" not in page.url


def test_other_messages_change_nothing_and_a_closed_cell_hears_none(mounted):
    page, _ = mounted()
    page.evaluate("postMessage({attentionBoard: 'lock', lock: {query: 0, key: 0}}, '*')")
    page.evaluate("() => new Promise(done => setTimeout(done, 100))")
    assert page.evaluate("window.saved") == []
    page.evaluate("window.close_cell()")
    click_cell(page, 4, 2)
    page.evaluate("() => new Promise(done => setTimeout(done, 100))")
    assert page.evaluate("window.saved") == []
    assert page.evaluate("Object.keys(window.listeners)") == []


@pytest.mark.parametrize("dark", [False, True])
def test_the_board_follows_the_colours_of_the_notebook(mounted, dark):
    page, _ = mounted(dark=dark)
    body = page.frame_locator("iframe").locator("body")
    ground = body.evaluate("body => getComputedStyle(body).backgroundColor")
    assert ground == ("rgb(15, 18, 24)" if dark else "rgb(255, 255, 255)")


def test_another_page_is_drawn(mounted, make_model):
    page, _ = mounted()
    other: LiveBoard = board.widget(trace(make_model(), HISTORY), title="another title")
    page.evaluate("page => window.change('page', page)", other.page)
    page.frame_locator("iframe").get_by_text("another title").wait_for()
