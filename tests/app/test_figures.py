"""Figures: the numbers given, in their order, on one scale, with escaped labels."""

import re

import numpy as np
import pytest
from driving import HOSTILE, absent_later, escaped

from app import figures

SCALES = {"square root": np.sqrt, "linear": np.array}


def weights(m: int) -> np.ndarray:
    """Rows that sum to one over the items they may attend to."""
    uneven = np.tril(np.random.default_rng(0).random((m, m)) + 0.01)
    return uneven / uneven.sum(axis=1, keepdims=True)


def draw_map(titles, *, values=None, name="Map", scale="linear"):
    values = weights(len(titles)) if values is None else values
    return figures.attention_map(values, titles, name=name, scale=scale)


def draw_bars(titles):
    return figures.attribution_bars(np.linspace(-1, 2, len(titles)), titles, color="#123456")


FIGURES = pytest.mark.parametrize("draw", [draw_map, draw_bars], ids=["map", "bars"])


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("m", [1, 2, 7, 50])
def test_a_map_reads_out_its_weights_and_colours_them_by_the_scale(m, scale):
    values = weights(m)
    (trace,) = draw_map(["Film"] * m, values=values, scale=scale).data
    expected = absent_later(values)
    np.testing.assert_array_equal(trace.customdata, expected)
    np.testing.assert_array_equal(trace.z, SCALES[scale](expected))
    assert "%{customdata" in trace.hovertemplate
    assert "%{z" not in trace.hovertemplate


def test_later_keys_are_absent_even_if_the_numbers_say_otherwise():
    (trace,) = draw_map(["Film"] * 4, values=np.full((4, 4), 0.25)).data
    assert np.isnan(trace.z[np.triu_indices(4, k=1)]).all()
    assert np.isfinite(trace.z[np.tril_indices(4)]).all()
    assert trace.hoverongaps is False


@pytest.mark.parametrize("scale", SCALES)
def test_maps_share_one_scale_whatever_their_weights(scale):
    """A colour means the same weight in a map of large weights and in one of small ones."""
    (large,) = draw_map(["Film"] * 2, scale=scale).data
    (small,) = draw_map(["Film"] * 50, scale=scale).data
    for trace in (large, small):
        assert (trace.zmin, trace.zmax) == (0, 1)
        ticks = [float(text) for text in trace.colorbar.ticktext]
        np.testing.assert_allclose(trace.colorbar.tickvals, SCALES[scale](np.array(ticks)))
    assert large.colorscale == small.colorscale
    assert set(figures.SCALES) == set(SCALES)


@FIGURES
def test_items_run_from_older_to_newer_and_repeats_stay_apart(draw):
    figure = draw(["B", "A", "B"])
    assert list(figure.data[0].y) == ["1. B", "2. A", "3. B"]
    assert figure.layout.yaxis.autorange == "reversed"  # the first one above
    assert figure.layout.yaxis.type == "category"
    assert list(figure.layout.yaxis.tickvals) == ["1. B", "2. A", "3. B"]
    assert list(figure.layout.yaxis.ticktext) == ["B 1", "A 2", "B 3"]


def test_a_map_has_the_same_items_both_ways():
    figure = draw_map(["B", "A", "B"])
    assert figure.data[0].x == figure.data[0].y
    assert figure.layout.xaxis.autorange is None
    assert figure.layout.xaxis.ticktext == figure.layout.yaxis.ticktext
    assert "key" in figure.layout.xaxis.title.text
    assert "query" in figure.layout.yaxis.title.text


def test_bars_are_the_signed_values():
    (trace,) = draw_bars(["A", "B", "C"]).data
    np.testing.assert_array_equal(trace.x, [-1, 0.5, 2])
    assert (trace.orientation, trace.marker.color) == ("h", "#123456")


@FIGURES
def test_titles_are_text_and_never_markup(draw):
    figure = draw(HOSTILE)
    names = [f"{i}. {escaped(title)}" for i, title in enumerate(HOSTILE, 1)]
    assert list(figure.data[0].y) == list(figure.layout.yaxis.tickvals) == names
    for label, title in zip(figure.layout.yaxis.ticktext, HOSTILE, strict=True):
        assert not re.search("[<>]", label)
        assert label[:3] == escaped(title)[:3]


def test_the_name_of_a_map_is_text_too():
    (trace,) = draw_map(["A"], name="<i>x</i> & y").data
    assert trace.hovertemplate.startswith("<b>&lt;i&gt;x&lt;/i&gt; &amp; y</b>")


@pytest.mark.parametrize(
    ("title", "clipped"),
    [
        ("12345678", "12345678"),
        ("123456789", "1234567\u2026"),
        ("123456 89", "123456\u2026"),
        ("1234567&&", "1234567\u2026"),
        ("123456&&&", "123456&amp;\u2026"),
        ("", ""),
    ],
)
def test_long_titles_are_cut_before_they_are_escaped(title, clipped):
    assert figures.clip(title, 8) == clipped


@pytest.mark.parametrize("m", [1, 50])
@FIGURES
def test_a_figure_grows_with_its_history_and_stays_readable(draw, m):
    figure = draw(["Film"] * m)
    assert figure.layout.yaxis.tickfont.size >= 7
    assert figure.layout.height / m >= figure.layout.yaxis.tickfont.size
