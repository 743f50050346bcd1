"""Bars: the given numbers in their order, one scale per unit, escaped labels."""

import re

import numpy as np
import pytest
from checking import escaped
from driving import HOSTILE

from awrsr import figures
from awrsr.figures import PANELS_A_ROW, BarPanel


def panel(values, slots=None, **changes):
    settings = {"title": "Method", "model": "A", "scale": "one", "color": "#123456", **changes}
    return BarPanel(
        values=np.array(values, dtype=float),
        slots=slots or list(range(1, len(values) + 1)),
        **settings,
    )


def draw(titles, panels=None):
    panels = panels or [panel(np.linspace(-1, 2, len(titles)))]
    return figures.attribution_bars(panels, dict(enumerate(titles, start=1)))


def axes(figure, letter):
    """The axes of all panels, in their order."""
    found = [name for name in figure.layout if re.fullmatch(f"{letter}axis[0-9]*", name)]
    return [figure.layout[name] for name in sorted(found, key=lambda name: int(name[5:] or 1))]


def test_bars_are_the_signed_values():
    (trace,) = draw(["A", "B", "C"]).data
    np.testing.assert_array_equal(trace.x, [-1, 0.5, 2])
    assert (trace.orientation, trace.marker.color) == ("h", "#123456")
    assert "%{x:+.4f}" in trace.hovertemplate


def test_items_run_from_older_to_newer_and_repeats_stay_apart():
    figure = draw(["B", "A", "B"])
    assert list(figure.data[0].y) == ["1. B", "2. A", "3. B"]
    axis = figure.layout.yaxis
    assert axis.range[0] > axis.range[1]  # the first item is on top
    assert (axis.type, axis.categoryorder) == ("category", "array")
    assert list(axis.categoryarray) == list(axis.tickvals) == ["1. B", "2. A", "3. B"]
    assert list(axis.ticktext) == ["B 1", "A 2", "B 3"]


def test_a_model_that_saw_fewer_items_has_them_in_the_same_rows():
    figure = draw(["A", "B", "C"], [panel([1, 2, 3]), panel([5], slots=[3], model="B")])
    assert [list(trace.y) for trace in figure.data] == [["1. A", "2. B", "3. C"], ["3. C"]]
    assert all(list(a.categoryarray) == ["1. A", "2. B", "3. C"] for a in axes(figure, "y"))


def test_panels_of_one_unit_share_their_range_and_zero_is_in_it():
    figure = draw(
        ["A", "B"],
        [panel([1, 2]), panel([-3, 4], model="B"), panel([90, 91], scale="other")],
    )
    first, second, other = (axis.range for axis in axes(figure, "x"))
    assert first == second
    assert first[0] < -3 and first[1] > 4
    assert other[0] < 0 and other[1] > 91


def test_whiskers_are_the_errors_and_lie_within_the_range():
    plain, drawn = panel([1, 2]), panel([-1, 4], model="B", errors=np.array([3.0, 0.5]))
    bars, whiskered = draw(["A", "B"], [plain, drawn]).data
    assert bars.error_x.array is None and "error" not in bars.hovertemplate
    np.testing.assert_array_equal(whiskered.error_x.array, [3, 0.5])
    np.testing.assert_array_equal(whiskered.customdata, [3, 0.5])
    assert "standard error %{customdata:.4f}" in whiskered.hovertemplate
    low, high = axes(draw(["A", "B"], [plain, drawn]), "x")[0].range
    assert low < -4 and high > 4.5


def test_all_zero_values_still_have_a_range():
    assert draw(["A"], [panel([0])]).layout.xaxis.range == (-1, 1)


@pytest.mark.parametrize("count", [1, 2, PANELS_A_ROW, PANELS_A_ROW + 1, 12])
@pytest.mark.parametrize("m", [1, 10, 50])
def test_a_figure_grows_with_its_items_and_rows_and_stays_readable(count, m):
    figure = draw(["Film"] * m, [panel(np.ones(m), model=str(i)) for i in range(count)])
    rows = -(-count // PANELS_A_ROW)
    assert len(figure.data) == count
    assert len(axes(figure, "x")) == count  # no empty frames
    assert figure.layout.yaxis.tickfont.size >= 8
    assert figure.layout.height / m / rows >= figure.layout.yaxis.tickfont.size
    assert [note.text for note in figure.layout.annotations] == [
        f"Method<br><b>{i}</b>" for i in range(count)
    ]
    places = {tuple(axis.domain) for axis in axes(figure, "y")}
    assert len(places) == rows


def test_titles_are_text_and_never_markup():
    figure = draw(HOSTILE, [panel(np.ones(len(HOSTILE)), title="<i>x</i>")])
    names = [f"{i}. {escaped(title)}" for i, title in enumerate(HOSTILE, 1)]
    assert list(figure.data[0].y) == list(figure.layout.yaxis.tickvals) == names
    for label, title in zip(figure.layout.yaxis.ticktext, HOSTILE, strict=True):
        assert not re.search("[<>]", label)
        assert label[:3] == escaped(title)[:3]
    assert "<i>" not in figure.layout.annotations[0].text + figure.data[0].name


@pytest.mark.parametrize(
    ("title", "clipped"),
    [
        ("12345678", "12345678"),
        ("123456789", "1234567\u2026"),
        ("123456 89", "123456\u2026"),
        ("1234567&&", "1234567\u2026"),
        ("123456&&&", "123456&amp;\u2026"),
        ("", ""),
        ("Emma Woodhouse [838]", "E\u2026 [838]"),
        ("Emma [838]", "E\u2026 [838]"),
        ("Emma [12345678]", "Emma [1\u2026"),
        ("[12345678]", "[123456\u2026"),
    ],
)
def test_long_titles_are_cut_before_they_are_escaped(title, clipped):
    assert figures.clip(title, 8) == clipped
