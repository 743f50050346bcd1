"""The attention board in a real Chromium: what it draws is what was traced, and it asks nobody."""

import dataclasses
import io
import json
import re
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from browsing import (
    cell_position,
    cells_box,
    choose,
    choose_map,
    hash_of,
    large_map,
    read_out,
    settled,
    signature,
    take_away,
    with_board,
)
from driving import HOSTILE
from helpers import EMBEDDED
from PIL import Image

import awrsr
from awrsr.board import Source, item_names, payload
from awrsr.board import page as board_page
from awrsr.explain import remove_each, rollout
from awrsr.refinement import REFINEMENTS
from awrsr.studies import read_examples

pytestmark = pytest.mark.browser
expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect
DATASET = awrsr.load_dataset(EMBEDDED)
OPENED = read_examples(EMBEDDED / "scan", DATASET).examples[0].user_id
HISTORY = DATASET.sequence(DATASET.user_index(OPENED))[:-1].tolist()
M = len(HISTORY)
TRACES = {
    side: awrsr.trace(awrsr.load_model(EMBEDDED / "models" / name), HISTORY)
    for side, name in (("A", "sasrec-none"), ("B", "sasrec-additive"))
}
KINDS = {"first": "first_order", "second": "second_order", "refined": "refined"}
CELLS = [(0, 0), (M - 1, 0), (M - 1, M - 1), (M // 2, M // 3)]
SVG = "{http://www.w3.org/2000/svg}"
VIRIDIS = "440154 482878 3e4a89 31688e 26828e 1f9e89 35b779 6ece58 b5de2b fde725"  # ten equal steps
MARKED = """boxes => boxes.map(box => {
    const over = box.closest('.ab-thumbs, .ab-box').querySelector('canvas.ab-over');
    const sheet = over.getBoundingClientRect(), at = box.getBoundingClientRect();
    const scale = over.width / sheet.width, c = over.getContext('2d');
    const place = [at.x - sheet.x, at.y - sheet.y, at.width, at.height].map(x => x * scale);
    return c.getImageData(...place).data.some((value, i) => i % 4 === 3 && value > 0);
})"""
"""Of every map: whether anything is outlined in it."""
FILL = "(slider, value) => { slider.value = value; slider.dispatchEvent(new Event('input')); }"
"""Move a slider, seen or not."""


def expected(layer: int, head: int | str, contribution: bool = False):
    """(model, kind) to the whole map, as the library computes it."""
    found = {}
    for side, trace in TRACES.items():
        for kind, field in KINDS.items():
            maps = trace.maps(field)
            if maps[0] is None or (side == "A" and kind == "refined"):
                continue
            weights = maps[layer]
            if contribution:
                weights = weights * trace.layers[layer].transformed_value_norm[:, None, :]
            of_head = {
                "mean": lambda w: w.mean(0),
                "max": lambda w: w.amax(0),
                "rollout": lambda w, m=maps: rollout(m)[layer],
            }
            found[side, kind] = of_head[head](weights) if head in of_head else weights[head]
    return found


def check_cells(page, wanted, m: int = M, cells=CELLS, tolerance: float = 5.1e-5) -> None:
    """The numbers beside the pointer equal the library's, to the digits that are printed."""
    for query, key in cells:
        large_map(page, 0).hover(position=cell_position(page, m, query, key))
        shown = read_out(page)
        assert shown.keys() == wanted.keys()
        for name, text in shown.items():
            value = float(text.split(" \u00b7 ")[-1])  # weight, then contribution
            assert value == pytest.approx(float(wanted[name][query, key]), abs=tolerance), name


def picture(page, place: int) -> np.ndarray:
    """A large map as it is on the screen: (height, width, 3), a pixel of the page each."""
    drawn = Image.open(io.BytesIO(large_map(page, place).screenshot()))
    return np.asarray(drawn.convert("RGB"))


def ramp() -> np.ndarray:
    """The colours from weight 0 to 1, (256, 3)."""
    stops = np.array([[int(h[i : i + 2], 16) for i in (0, 2, 4)] for h in VIRIDIS.split()])
    steps = np.linspace(0, 9, 256)
    return np.stack([np.interp(steps, range(10), stops[:, c]) for c in range(3)], axis=1)


@pytest.fixture
def board(visit):
    return with_board(visit())


def test_numbers_drawn_are_numbers_traced(board):
    check_cells(board, expected(1, 0))
    choose_map(board, "left", layer=0, head=1, kind="second")
    check_cells(board, expected(0, 1), cells=[(M - 1, 1)])
    for head in ("mean", "max", "rollout"):
        choose_map(board, "right", layer=1, head=head, kind="refined")
        check_cells(board, expected(1, head), cells=[(M - 1, 2)])
    choose_map(board, "right", head=1)
    choose(board, "Cells show", "contribution")
    check_cells(board, expected(1, 1, contribution=True))


def test_colours_drawn_are_weights_traced(board):
    """Every cell's colour, read back along the ramp, is the square root of its weight."""
    choose(board, "Colours", "sqrt")
    table = ramp()
    for place, side in enumerate("AB"):
        weights = expected(1, 0)[side, "first" if side == "A" else "refined"].numpy()
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


def test_what_the_board_can_do_alone_it_does_alone(board):
    """Layer, head, map, colours, share and difference: not one frame to the server."""
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
    weight = float(TRACES["B"].layers[1].refined[0, 8, 2])
    assert read_out(board, ".ab-reading")["B", "refined"] == f"{weight:.4f}"
    board.locator("body").press("Escape")
    expect(board.locator(".ab h4")).to_contain_text(f"Row {M}")
    settled(board)
    assert len(board.sent) == 2 and "lock" not in hash_of(board)


def click_and_count(board, spot: dict[str, float]) -> int:
    """How many frames a click on the right map sends."""
    board.sent.clear()
    large_map(board, 1).click(position=spot)
    for _ in range(100):
        board.wait_for_timeout(50)
        if board.sent:
            break
    settled(board)
    return len(board.sent)


def test_another_view_of_a_locked_cell_asks_nothing_until_it_is_locked_again(board):
    spot = cell_position(board, M, 8, 2, 1)
    assert click_and_count(board, spot) == 1
    board.sent.clear()
    choose_map(board, "left", layer=0, head=1)
    choose(board, "View", "difference")
    choose(board, "View", "maps")
    board.wait_for_timeout(500)
    assert board.sent == [] and hash_of(board)["lock"] == "9.3"
    assert click_and_count(board, spot) == 1  # on other maps: they are asked about
    assert hash_of(board)["lock"] == "9.3"
    assert click_and_count(board, spot) == 1  # on the same: released
    assert "lock" not in hash_of(board)


def test_the_ledger_adds_up_to_what_was_traced(board):
    """Row by row of the table: the masses of the last row, each key counted once."""
    rows = {}
    for row in board.locator(".ab-ledger tr").all()[1:]:
        name, *values = row.locator("td").all_text_contents()
        rows[name] = [float(value) for value in values]
    last = [weights[-1].tolist() for weights in expected(1, 0).values()]
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


def test_the_board_goes_by_the_keyboard(board):
    box = large_map(board, 1)
    box.focus()
    board.keyboard.press("ArrowUp")
    board.keyboard.press("Home")
    said = board.locator(".ab [role=status]")
    weight = float(TRACES["B"].layers[1].refined[0, M - 2, 0])
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


def test_the_share_shows_the_fewest_keys_that_hold_it(board):
    choose(board, "Colours", "linear")
    board.locator(".ab input[type=range]").evaluate(FILL, "60")
    board.wait_for_timeout(200)
    weights = expected(1, 0)["A", "first"]
    drawn = picture(board, 0).astype(int)
    for query in (M - 1, M // 2):
        order = weights[query].sort(descending=True)
        kept = order.indices[: int((order.values.cumsum(0) < 0.6 - 1e-4).sum()) + 1].tolist()
        for key in range(query):
            at = cell_position(board, M, query, key)
            pixel = drawn[int(at["y"]), int(at["x"])]
            assert (np.ptp(pixel) > 20) == (key in kept), (query, key)  # what is left out is grey


def test_another_history_is_another_board(board):
    before = signature(board)
    board.get_by_role("textbox", name="User").fill("20")
    board.keyboard.press("Enter")
    expect(board.locator(".ab")).not_to_have_attribute("data-signature", before)
    settled(board)
    history = DATASET.sequence(DATASET.user_index("20"))[:-1].tolist()[-50:]
    expect(board.locator(".ab h4")).to_contain_text(DATASET.titles(history)[-1])
    assert "user=20" in board.url


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
            name: pytest.approx(float(weights[0, query, key]), abs=6e-5)
            for name, weights in wanted.items()
        }
    page.sent.clear()
    choose_map(page, "left", layer=0)
    choose(page, "View", "difference")
    expect(page.get_by_text("Right minus left")).to_be_visible()
    assert page.sent == []


def offline(visit, tmp_path, dataset, *sources: Source, view: str = ""):
    """A board without a server."""
    file = tmp_path / "board.html"
    content = payload(sources, item_names(dataset))
    file.write_text(board_page(content, view=view), encoding="utf-8")
    page = visit(file.as_uri())
    page.locator(".ab[data-signature]").wait_for()
    return page, content


def test_a_reordered_history_is_followed_by_its_items(visit, tmp_path, make_model, tiny_dataset):
    """Beside the pointer, in the outlines and in the ledger: never that an item is not there."""
    histories = {"A": [3, 1, 4, 1, 5, 9], "A\u2032": [9, 4, 1, 3, 5, 1]}
    model = make_model("sasrec", "additive")
    traces = {name: awrsr.trace(model, items) for name, items in histories.items()}
    sources = [Source(name=name, title="additive", trace=traces[name]) for name in histories]
    page, content = offline(visit, tmp_path, tiny_dataset, *sources)
    places = {source["name"]: source["places"] for source in content["sources"]}
    n, tip = len(content["items"]), page.locator(".ab-tip")
    for (query, key), (there, of), words in (
        ((4, 0), (4, 3), "query at 5, key at 4\u2032"),
        ((1, 0), (5, 3), "query at 6\u2032, key at 4\u2032"),
        ((5, 0), (0, 3), "query at 1\u2032, key at 4\u2032, newer: no such cell"),
    ):
        at = [places["A"][place] for place in (query, key)]
        large_map(page, 0).hover(position=cell_position(page, n, *at))
        expect(tip).to_contain_text(f"A\u2032: {words}")
        shown = read_out(page)
        for kind, field in KINDS.items():
            own, other = (trace.maps(field)[1][0] for trace in traces.values())
            assert shown["A", kind] == f"{own[query, key]:.4f}"
            followed = f"{other[there, of]:.4f}" if of <= there else "\u2013"
            assert shown["A\u2032", kind] == followed
        assert "not seen" not in tip.inner_text()
        if of > there:
            continue
        edge = cells_box(page, 1)["width"] / n
        spot = cell_position(page, n, places["A\u2032"][there], places["A\u2032"][of], 1)
        outlined = (
            large_map(page, 1)
            .locator("canvas.ab-over")
            .evaluate(
                """(canvas, {x, y}) => {
                const scale = canvas.width / canvas.clientWidth, c = canvas.getContext('2d');
                return c.getImageData(x * scale, y * scale, 1, 1).data[3];
            }""",
                {"x": spot["x"] - edge / 2, "y": spot["y"]},
            )
        )
        assert outlined > 0
    at = [places["A"][place] for place in (5, 0)]
    large_map(page, 0).click(position=cell_position(page, n, *at))
    page.locator(".ab-fold > summary").click()
    headings = page.locator(".ab-ledger th").all_inner_texts()
    assert headings[4:] == [
        f"A\u2032 {kind}, row 1\u2032" for kind in ("first order", "second order", "refined")
    ]
    itself = page.locator(".ab-ledger tr").nth(1).locator("td").all_inner_texts()
    assert itself[4:] == ["1.000"] * 3  # the oldest item there attends to itself alone
    assert "not seen" not in page.locator(".ab").inner_text()


@pytest.mark.parametrize(
    ("view", "left_out"),
    [
        ("#left=A.1.1.toString", "left=A.1.1.toString"),
        ("#left=A.1.constructor.refined", "left=A.1.constructor.refined"),
        ("#left=A.9.1.first", "left=A.9.1.first"),
        ("#scale=valueOf&share=33", "scale=valueOf, share=33"),
    ],
)
def test_a_view_that_the_board_lacks_is_left_out(
    visit, tmp_path, make_model, tiny_dataset, view: str, left_out: str
):
    source = Source(name="A", title="", trace=awrsr.trace(make_model(), [1, 2, 3]))
    page, _ = offline(visit, tmp_path, tiny_dataset, source, view=view)
    expect(page.locator(".ab-note").last).to_contain_text(f"left out: {left_out}.")
    now = page.locator(".ab-thumb[aria-pressed=true]").get_attribute("aria-label")
    assert now == "Show A, layer 2, head 1, first order"


def test_a_model_that_learns_no_attention_is_named_by_its_title(
    visit, tmp_path, make_model, tiny_dataset
):
    """In the maps' names, the choices, the strip, the ledger and where a map is missing."""
    sources = [
        Source(name=name, title="", trace=awrsr.trace(make_model("sasrec", floor), [3, 1, 4]))
        for name, floor in (("A", "uniform"), ("B", "identity"))
    ]
    page, _ = offline(visit, tmp_path, tiny_dataset, *sources)
    board = page.locator(".ab")
    heads = board.locator(".ab-sort").all_inner_texts()
    assert heads[1:] == ["uniform", "identity"]
    assert board.locator(".ab-ledger th").all_text_contents() == ["key", "A uniform", "B identity"]
    labels = [thumb.get_attribute("aria-label") for thumb in board.locator(".ab-thumb").all()]
    assert {label.rsplit(", ", 1)[1] for label in labels} == {"uniform", "identity"}
    assert (
        board.locator(".ab-whose")
        .first.get_attribute("title")
        .endswith(REFINEMENTS["uniform"].no_second_order)
    )
    large_map(page, 1).hover(position=cell_position(page, 3, 2, 2, 1))
    assert {name for _, name in read_out(page)} == {"uniform", "identity"}
    assert not re.search("first order|first-order|vanilla", board.inner_text(), re.IGNORECASE)


def test_a_title_that_is_cut_keeps_its_id(visit, tmp_path, make_model, tiny_dataset):
    titles = ["A very long title that is the title of two items"] * 2 + ["\u4e03" * 99] * 9
    items = tiny_dataset.items.assign(title=titles)
    dataset = dataclasses.replace(tiny_dataset, items=items)
    trace = awrsr.trace(make_model(max_length=40), [1, 2, 1, 2, *range(3, 12)] * 3)
    source = Source(name="A", title="vanilla", trace=trace)
    page, _ = offline(visit, tmp_path, dataset, source)
    with page.expect_download() as waiting:
        take_away(page, "Download the large maps as SVG")
    drawing = ET.fromstring(Path(waiting.value.path()).read_text(encoding="utf-8"))
    texts = [element.text for element in drawing.iter(f"{SVG}text")]
    named = [text for text in texts if text.startswith("A very")]
    assert sum("\u2026" in text for text in named) > 1
    assert {text[-7:] for text in named} == {"[101] \u21ba", "[102] \u21ba"}


@pytest.mark.parametrize("m", [299, 300])
def test_maps_are_drawn_to_their_last_row(visit, tmp_path, make_model, tiny_dataset, m):
    """A fresh canvas is 300 x 150: at 300 items one side of it is right already."""
    history = [1 + 7 * slot % tiny_dataset.n_items for slot in range(m)]
    trace = awrsr.trace(make_model(max_length=m), history)
    source = Source(name="A", title="vanilla", trace=trace)
    page, _ = offline(visit, tmp_path, tiny_dataset, source, view="#scale=sqrt")
    cells = large_map(page, 0).locator("canvas.ab-cells")
    assert cells.evaluate("canvas => [canvas.width, canvas.height]") == [m, m]
    drawn = cells.evaluate("(cv, m) => [...cv.getContext('2d').getImageData(0, 0, m, m).data]", m)
    drawn = np.array(drawn).reshape(m, m, 4)
    roots = np.sqrt(trace.layers[1].first_order[0].numpy())
    shown = np.tril(np.ones((m, m), dtype=bool))
    assert (drawn[..., 3] == np.where(shown, 255, 0)).all()
    nearest = np.abs(ramp()[None] - drawn[shown][:, None, :3]).sum(2).argmin(1) / 255
    np.testing.assert_allclose(nearest, roots[shown], atol=0.006)
    small = page.locator(".ab-thumbs canvas").first  # its maps are drawn by way of another canvas
    box = page.locator(".ab-thumb").last.bounding_box()
    at = small.bounding_box()
    spots = [
        [box["x"] - at["x"] + box["width"] * x, box["y"] - at["y"] + box["height"] * y]
        for x, y in ((0.6, 0.75), (0.8, 0.95), (0.75, 0.6))
    ]
    alphas = small.evaluate(
        """(canvas, spots) => {
            const scale = canvas.width / canvas.clientWidth, c = canvas.getContext('2d');
            return spots.map(([x, y]) => c.getImageData(x * scale, y * scale, 1, 1).data[3]);
        }""",
        spots,
    )
    assert alphas == [255, 255, 0]


def test_figures_for_a_paper(visit, tmp_path):
    items = ".".join(map(str, range(1, len(HOSTILE) + 1)))
    page = with_board(visit(dataset="titled", source="own", items=items))
    with page.expect_download() as waiting:
        take_away(page, "Download the large maps as SVG")
    drawing = ET.fromstring(Path(waiting.value.path()).read_text(encoding="utf-8"))
    texts = [element.text for element in drawing.iter(f"{SVG}text")]
    for title in HOSTILE[:6]:  # whole, or cut where the column ends
        assert sum(text.startswith(title[:10]) for text in texts) == 2
    assert float(drawing.get("width")) == 340  # a column: 240 pt, where 10 px are 7 pt
    sizes = [float(element.get("font-size")) for element in drawing.iter(f"{SVG}text")]
    assert min(sizes) >= 8.5
    assert {"query, older \u2192 newer", "key, older \u2192 newer"} <= set(texts)
    assert any("weight" in text for text in texts)
    assert {element.tag.split("}")[1] for element in drawing.iter()} <= {
        "svg",
        "g",
        "rect",
        "path",
        "text",
    }
    with page.expect_download() as waiting:
        take_away(page, "Download the large maps as PNG")
    assert Path(waiting.value.path()).read_bytes().startswith(b"\x89PNG")


def test_the_page_taken_away_shows_the_view_it_was_taken_from(board, visit, tmp_path):
    choose_map(board, "left", layer=0, head=1)
    choose(board, "View", "difference")
    with board.expect_download() as waiting:
        take_away(board, "Download the board as an offline page")
    file = tmp_path / "board.html"
    waiting.value.save_as(file)
    page = visit(file.as_uri())
    page.locator(".ab[data-signature]").wait_for()
    assert signature(page) == signature(board)
    assert page.locator("select[aria-label='View']").input_value() == "difference"
    now = page.locator(".ab-thumb[aria-pressed=true]").first.get_attribute("aria-label")
    assert now.startswith("Show A, layer 1, head 2,")
    choose(page, "View", "maps")
    check_cells(page, expected(0, 1), cells=[(M - 1, 3)])


def test_the_zip_holds_the_page_the_arrays_and_the_tables(board, visit, tmp_path):
    choose_map(board, "left", layer=0, head=1)
    choose(board, "View", "difference")
    board.get_by_role("tab", name="Take away").click()
    everything = board.get_by_role("button", name="Download everything")
    with board.expect_download() as waiting:
        everything.click()
    assert waiting.value.suggested_filename == "awrsr-inspection.zip"
    expect(everything).to_be_enabled()
    archive = zipfile.ZipFile(waiting.value.path())
    arrays = np.load(io.BytesIO(archive.read("arrays.npz")))
    stacked = torch.stack(TRACES["B"].maps("refined"))
    np.testing.assert_allclose(arrays["b_refined"], stacked, rtol=1e-5)
    file = tmp_path / "board.html"
    file.write_bytes(archive.read("board.html"))
    page = visit(file.as_uri(), dark=True)
    page.locator(".ab[data-signature]").wait_for()
    assert page.locator("select[aria-label='View']").input_value() == "difference"
    choose(page, "View", "maps")
    check_cells(page, expected(0, 1), cells=[(M - 1, 3)])


def test_the_page_stands_as_it_was_left_for_another_page(visit):
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


def test_a_row_of_the_evidence_is_an_item_and_what_is_known_of_it(board):
    """Titles, times an even row, what the target loses without the item: beside the pointer."""
    canvas = board.locator(".ab-evidence .ab-box canvas").first
    box, titles = canvas.bounding_box(), DATASET.titles(HISTORY)
    tip = board.locator(".ab-tip")
    target = DATASET.sequence(DATASET.user_index(OPENED))[-1]
    removed = {
        side: remove_each(awrsr.load_model(EMBEDDED / "models" / name), HISTORY, target)
        for side, name in (("A", "sasrec-none"), ("B", "sasrec-additive"))
    }
    for key in (0, M // 2, M - 1):
        canvas.hover(position={"x": 60, "y": (key + 0.5) * box["height"] / M})
        expect(tip).to_contain_text(f"key {key + 1} {titles[key]}")
        for side, found in removed.items():
            rank = f"\u2192{found.ranks[key]:,}"
            expect(tip).to_contain_text(re.compile(f"{side}, without it: .*{rank}"))
        shown = read_out(board)
        for name, weights in expected(1, 0).items():
            assert float(shown[name]) == pytest.approx(float(weights[-1, key]), abs=5.1e-5)


def test_rows_are_sorted_by_a_column_and_back_to_time(board):
    canvas, tip = board.locator(".ab-evidence .ab-box canvas").first, board.locator(".ab-tip")
    row = canvas.bounding_box()["height"] / M
    weights = expected(1, 0)["A", "first"][-1]
    board.get_by_role("button", name="Sort the rows: A: what the newest item").click()
    board.wait_for_timeout(100)
    for place, key in enumerate(weights.argsort(descending=True, stable=True).tolist()[:3]):
        canvas.hover(position={"x": 60, "y": (place + 0.5) * row})
        expect(tip).to_contain_text(f"key {key + 1} {DATASET.titles([HISTORY[key]])[0]}")
    board.get_by_role("button", name="Sort the rows: Items of the history").click()
    board.wait_for_timeout(100)
    canvas.hover(position={"x": 60, "y": row / 2})
    expect(tip).to_contain_text(f"key 1 {DATASET.titles(HISTORY[:1])[0]}")


def test_maps_stand_on_the_rows_of_the_evidence(board):
    """On a wide page a cell's row is as high as its item's; on a narrower one maps stand below."""
    rows = board.locator(".ab-evidence .ab-box canvas").first.bounding_box()
    for place in (0, 1):
        cells = large_map(board, place).locator("canvas.ab-cells").bounding_box()
        assert cells["y"] == pytest.approx(rows["y"], abs=1)
        assert cells["height"] == pytest.approx(rows["height"], abs=1)
    board.set_viewport_size({"width": 1024, "height": 900})
    board.wait_for_timeout(300)
    rows = board.locator(".ab-evidence .ab-box canvas").first.bounding_box()
    first, second = (large_map(board, place).bounding_box() for place in (0, 1))
    assert first["y"] == second["y"] > rows["y"] + rows["height"]


def test_the_library_writes_the_same_page(visit, tmp_path):
    from awrsr.cli.main import main

    file = tmp_path / "trace.html"
    names = [DATASET.item_ids[item - 1] for item in HISTORY]
    models = EMBEDDED / "models"
    arguments = ["trace", str(models / "sasrec-none"), json.dumps(names), "--html", str(file)]
    assert main([*arguments, "--beside", str(models / "sasrec-additive")]) == 0
    page = visit(file.as_uri(), width=390)
    page.locator(".ab[data-signature]").wait_for()
    check_cells(page, expected(1, 0), cells=[(M - 1, 3)])
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 390


def test_the_board_is_opened_by_a_short_address(visit, server):
    """The page writes the rest of its address before the board reads its own part."""
    page = with_board(
        visit(f"{server.url}/#lock=5.2&scale=row&share=7&left=Z&right=B.99.1.refined")
    )
    expect(page.locator(".ab h4")).to_contain_text("Row 5")
    assert hash_of(page) == {"lock": "5.2", "scale": "row"}
    expect(page.locator(".ab-note").last).to_contain_text(
        "left out: left=Z, right=B.99.1.refined, share=7."
    )


def test_a_lock_goes_with_its_items(board):
    """The first item of the history is taken out: the locked cell is the same two items'."""
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
