"""A history in two orders on the board, in a real Chromium: each map in its own order."""

import pytest
from boards import DATASET
from browsing import cell_position, choose, large_map, read_out, settled, with_board
from helpers import EMBEDDED

import awrsr

pytestmark = pytest.mark.browser
ITEMS = [1066, 1026, 584, 1705, 84, 432, 945]
SHUFFLED = [584, 945, 1066, 1705, 432, 1026, 84]
N = len(ITEMS)


@pytest.fixture
def page(visit):
    items, variant = (".".join(map(str, some)) for some in (ITEMS, SHUFFLED))
    opened = with_board(
        visit(source="own", items=items, variants=f"other~{variant}", compare=1, target=1991)
    )
    choose(opened, "Compare", "A with A\u2032")
    return settled(opened)


def outlined(page, place: int, query: int) -> bool:
    """Whether the row of a map is outlined at its left edge."""
    x, y = (cell_position(page, N, query, 0, place)[axis] for axis in "xy")
    script = """(canvas, [x, y]) => {
        const scale = canvas.width / canvas.clientWidth;
        const part = [0, y - 2, x, 4].map(length => length * scale);
        const {data} = canvas.getContext('2d').getImageData(...part);
        return data.some((value, i) => i % 4 === 3 && value > 0);
    }"""
    return large_map(page, place).locator("canvas.ab-over").evaluate(script, [x, y])


def test_each_map_is_in_its_own_order_and_items_are_linked(page):
    model = awrsr.load_model(EMBEDDED / "models" / "sasrec-none", "cpu")
    traces = [awrsr.trace(model, some) for some in (ITEMS, SHUFFLED)]
    expected = [trace.layers[-1].refined.mean(0) for trace in traces]
    tip = page.locator(".ab-tip")
    for place, order in enumerate((ITEMS, SHUFFLED)):
        for query, key in ((N - 1, 0), (N - 1, N - 2), (3, 1)):
            large_map(page, place).hover(position=cell_position(page, N, query, key, place))
            titles = DATASET.titles([order[query], order[key]])
            for title in titles:
                assert title in tip.inner_text()
            shown = read_out(page)
            for side, (other, weights) in enumerate(zip((ITEMS, SHUFFLED), expected, strict=True)):
                places = other.index(order[query]), other.index(order[key])
                name = ("A", "A\u2032")[side], "first"
                if places[1] > places[0]:  # the key is newer there
                    assert not shown.get(name, "").strip("\u2013 ")
                else:
                    assert float(shown[name]) == pytest.approx(float(weights[places]), abs=5.1e-5)


@pytest.mark.slow
def test_the_row_of_the_item_is_outlined_in_both_maps(page):
    """Item 432 is sixth in one history and fifth in the other."""
    large_map(page, 0).hover(position=cell_position(page, N, 5, 3))
    page.wait_for_timeout(100)
    assert [outlined(page, 0, row) for row in range(2, N)] == [row == 5 for row in range(2, N)]
    assert [outlined(page, 1, row) for row in range(2, N)] == [row == 4 for row in range(2, N)]


@pytest.mark.slow
def test_the_evidence_has_one_row_per_item(page):
    box = page.locator(".ab-evidence .ab-box canvas").first.bounding_box()
    row = box["height"] / N
    for place, item in enumerate(ITEMS):
        page.mouse.move(box["x"] + 60, box["y"] + (place + 0.5) * row)
        assert DATASET.titles([item])[0] in page.locator(".ab-tip").inner_text()
