"""Downloads of the board: offline pages, figures for a paper, the zip; boards of odd histories."""

import base64
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
from boards import (
    DATASET,
    HISTORY,
    KINDS,
    SVG,
    TRACES,
    M,
    check_cells,
    expected,
    ramp,
)
from browsing import (
    cell_position,
    cells_box,
    choose,
    choose_map,
    large_map,
    read_out,
    signature,
    take_away,
    with_board,
)
from driving import HOSTILE
from helpers import EMBEDDED

import awrsr
from awrsr.board import Source, item_names, payload
from awrsr.board import page as board_page
from awrsr.refinement import REFINEMENTS

pytestmark = pytest.mark.browser
expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect


def offline(visit, tmp_path, dataset, *sources: Source, view: str = ""):
    """A board without a server."""
    file = tmp_path / "board.html"
    content = payload(sources, item_names(dataset))
    file.write_text(board_page(content, view=view), encoding="utf-8")
    page = visit(file.as_uri())
    page.locator(".ab[data-signature]").wait_for()
    return page, content


def test_a_reordered_history_is_followed_by_its_items(visit, tmp_path, make_model, tiny_dataset):
    """Next to the pointer, in the outlines and in the ledger; no item is reported as missing."""
    histories = {"A": [3, 1, 4, 1, 5, 9], "A\u2032": [9, 4, 1, 3, 5, 1]}
    model = make_model("sasrec", "additive")
    traces = {name: awrsr.trace(model, items) for name, items in histories.items()}
    sources = [Source(name=name, title="additive", trace=traces[name]) for name in histories]
    page, content = offline(visit, tmp_path, tiny_dataset, *sources)
    assert len(content["items"]) > len(histories["A"])  # one axis for both would have gaps
    n, tip = len(histories["A"]), page.locator(".ab-tip")
    for (query, key), (other_query, other_key), words in (
        ((4, 0), (4, 3), "query at 5\u2032, key at 4\u2032"),
        ((1, 0), (5, 3), "query at 6\u2032, key at 4\u2032"),
        ((5, 0), (0, 3), "query at 1\u2032, key at 4\u2032, newer: no such cell"),
    ):
        large_map(page, 0).hover(position=cell_position(page, n, query, key))
        expect(tip).to_contain_text(f"A\u2032: {words}")
        shown = read_out(page)
        for kind, field in KINDS.items():
            base, other = (trace.maps(field)[1].mean(0) for trace in traces.values())
            assert shown["A", kind] == f"{base[query, key]:.4f}"
            followed = (
                f"{other[other_query, other_key]:.4f}" if other_key <= other_query else "\u2013"
            )
            assert shown["A\u2032", kind] == followed
        assert "not seen" not in tip.inner_text()
        if other_key > other_query:
            continue
        edge = cells_box(page, 1)["width"] / n
        spot = cell_position(page, n, other_query, other_key, 1)
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
    large_map(page, 0).click(position=cell_position(page, n, 5, 0))
    page.locator(".ab-fold > summary").click()
    headings = page.locator(".ab-ledger th").all_inner_texts()
    assert headings[4:] == [
        f"A\u2032 {kind}, row 1\u2032" for kind in ("first order", "second order", "refined")
    ]
    itself = page.locator(".ab-ledger tr").nth(1).locator("td").all_inner_texts()
    assert itself[4:] == ["1.000"] * 3  # the oldest item attends only to itself
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
    pressed = page.locator(".ab-thumb[aria-pressed=true]").all()
    assert [thumb.get_attribute("aria-label") for thumb in pressed] == [
        f"Show A, layer 2, head {head}, first order" for head in (1, 2)
    ]


def test_a_model_that_learns_no_attention_is_named_by_its_title(
    visit, tmp_path, make_model, tiny_dataset
):
    """In the names of maps, the choices, the evidence, the ledger and messages on missing maps."""
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
    """A new canvas is 300 x 150, so with 300 items one side already has the right size."""
    history = [1 + 7 * slot % tiny_dataset.n_items for slot in range(m)]
    trace = awrsr.trace(make_model(max_length=m), history)
    source = Source(name="A", title="vanilla", trace=trace)
    page, _ = offline(visit, tmp_path, tiny_dataset, source, view="#scale=sqrt")
    cells = large_map(page, 0).locator("canvas.ab-cells")
    assert cells.evaluate("canvas => [canvas.width, canvas.height]") == [m, m]
    packed = cells.evaluate(
        """(canvas, m) => {
            const pixels = canvas.getContext('2d').getImageData(0, 0, m, m).data;
            return btoa(pixels.reduce((text, byte) => text + String.fromCharCode(byte), ''));
        }""",
        m,
    )
    drawn = np.frombuffer(base64.b64decode(packed), np.uint8).reshape(m, m, 4).astype(int)
    roots = np.sqrt(trace.layers[1].first_order.mean(0).numpy())
    shown = np.tril(np.ones((m, m), dtype=bool))
    assert (drawn[..., 3] == np.where(shown, 255, 0)).all()
    colours, of_cells = np.unique(drawn[shown][:, :3], axis=0, return_inverse=True)
    nearest = np.abs(ramp()[None] - colours[:, None]).sum(2).argmin(1)[of_cells] / 255
    np.testing.assert_allclose(nearest, roots[shown], atol=0.006)
    small = page.locator(".ab-thumbs canvas").first  # its maps are drawn on another canvas first
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


@pytest.mark.slow
def test_figures_for_a_paper(visit, tmp_path):
    items = ".".join(map(str, range(1, len(HOSTILE) + 1)))
    page = with_board(visit(dataset="titled", source="own", items=items))
    with page.expect_download() as waiting:
        take_away(page, "Download the large maps as SVG")
    drawing = ET.fromstring(Path(waiting.value.path()).read_text(encoding="utf-8"))
    texts = [element.text for element in drawing.iter(f"{SVG}text")]
    for title in HOSTILE[:6]:  # complete, or cut at the end of the column
        assert sum(text.startswith(title[:10]) for text in texts) == 2
    assert float(drawing.get("width")) == 340  # a column of 240 pt: 10 px are 7 pt
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


def test_the_downloaded_page_opens_with_the_current_view(board, visit, tmp_path):
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


@pytest.mark.slow
def test_the_zip_holds_the_page_the_arrays_and_the_tables(board, visit, tmp_path):
    choose_map(board, "left", layer=0, head=1)
    choose(board, "View", "difference")
    board.get_by_role("tab", name="Download").click()
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


def test_the_library_writes_the_same_page(visit, tmp_path):
    from awrsr.cli.main import main

    file = tmp_path / "trace.html"
    names = [DATASET.item_ids[item - 1] for item in HISTORY]
    models = EMBEDDED / "models"
    arguments = ["trace", str(models / "sasrec-none"), json.dumps(names), "--html", str(file)]
    assert main([*arguments, "--beside", str(models / "sasrec-additive")]) == 0
    page = visit(file.as_uri(), width=390)
    page.locator(".ab[data-signature]").wait_for()
    check_cells(page, expected(1, "mean"), cells=[(M - 1, 3)])
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 390
