"""Static pictures of maps: traced weights, labels as plain text, complete files."""

from xml.etree import ElementTree

import numpy as np
import pytest
from helpers import PAIRS

import awrsr
from awrsr import board

ITEMS = [3, 1, 4, 1, 5, 9, 2]
LABELS = ["$x^2$", "<b>&amp;", "a\nb\x1b", "\u65e5\u672c", "\u202eevil", "x" * 90, ""]


@pytest.mark.few(3)
@pytest.mark.parametrize(("backbone", "refinement"), PAIRS)
def test_every_head_and_kind_is_drawn_as_traced(make_model, backbone: str, refinement: str):
    trace = awrsr.trace(make_model(backbone, refinement), ITEMS)
    figures = board.layer_figures(trace, title="a model", titles=LABELS, top=0.9)
    assert len(figures) == len(trace.layers)
    for figure, layer in zip(figures, trace.layers, strict=True):
        *maps, scale = figure.axes
        kinds = [layer.first_order, layer.second_order, layer.refined]
        expected = [heads for heads in kinds if heads is not None]
        if layer.second_order is None:
            expected = [layer.refined]
        expected = [head.numpy() for heads in expected for head in heads]
        assert len(maps) == len(expected)
        for axes, weights in zip(maps, expected, strict=True):
            (image,) = axes.get_images()
            drawn = image.get_array()
            assert image.get_clim() == (0, 0.9)
            np.testing.assert_array_equal(drawn.mask, np.triu(np.ones_like(weights), 1) > 0)
            lower = np.tril_indices(len(ITEMS))
            np.testing.assert_allclose(drawn.data[lower], weights[lower])
        assert scale.get_title() == "weight\n(square root)"


@pytest.mark.slow
def test_labels_are_text_whatever_they_hold(make_model):
    trace = awrsr.trace(make_model("sasrec", "additive"), ITEMS)
    figure = board.layer_figures(trace, title="$\\frac{", titles=LABELS)[0]
    written = [tick.get_text() for tick in figure.axes[0].get_yticklabels()]
    assert written[:3] == ["1. $x^2$", "2. <b>&amp;", "3. a b "]
    assert len(written[5]) == 25 and written[5].endswith("\u2026")
    for form in board.FORMATS:
        assert board.save(figure, form) == board.save(figure, form)
    svg = board.save(figure, "svg")
    root = ElementTree.fromstring(svg)
    assert root.tag.endswith("}svg") and not list(root.iter("{http://www.w3.org/2000/svg}b"))


@pytest.mark.parametrize("m", [1, 50, 200])
def test_labels_do_not_touch_each_other(m: int):
    weights = np.tril(np.ones((m, m))) / np.arange(1, m + 1)[:, None]
    figure = board.map_grid(
        [[weights, None]],
        rows=["row"],
        columns=["one", "none"],
        titles=["film"] * m,
        title="t",
    )
    figure.draw_without_rendering()
    ticks = figure.axes[0].get_xticklabels()
    across = [tick.get_window_extent() for tick in ticks]
    assert all(left.x1 < right.x0 for left, right in zip(across, across[1:], strict=False))
    assert ticks[-1].get_text() == str(m)
    boxes = [tick.get_window_extent() for tick in figure.axes[0].get_yticklabels()]
    assert len(boxes) >= min(m, 15)
    tops = sorted((box.y0, box.y1) for box in boxes)
    assert all(above[0] >= below[1] - 0.5 for below, above in zip(tops, tops[1:], strict=False))
    assert all(box.x0 > 0 for box in boxes)
    assert [text.get_text() for text in figure.axes[1].texts] == ["none"]
    assert figure.get_size_inches()[0] <= 7.01
