"""Figures for a paper: the numbers of the trace and of the attribution, in their places."""

import re

import numpy as np
import plotly.graph_objects as go
import pytest
from helpers import ROOT

import awrsr
from awrsr.errors import ConfigError, DataError
from awrsr.figures import attribution_figure, map_figure

HISTORY = [3, 1, 4, 1, 5]
HOSTILE = "<script>alert(1)</script><b>"


@pytest.fixture
def trace(make_model):
    return awrsr.trace(make_model("sasrec", "additive"), HISTORY)


@pytest.mark.parametrize("kind", ["first_order", "second_order", "refined"])
@pytest.mark.parametrize("head", [None, 0, 1])
def test_a_map_has_the_weights_of_the_trace(trace, kind, head):
    (drawn,) = map_figure(trace, kind, layer=0, head=head).data
    weights = trace.maps(kind)[0]
    expected = weights.mean(dim=0) if head is None else weights[head]
    np.testing.assert_allclose(np.nan_to_num(drawn.z), expected, rtol=1e-6)
    assert [*drawn.x] == [*drawn.y] == [f"{n}. item {i}" for n, i in enumerate(HISTORY, start=1)]
    assert np.isnan(np.asarray(drawn.z)[np.triu_indices(5, k=1)]).all()


def test_bars_have_the_values_of_the_attribution(make_model):
    model = make_model("sasrec", "additive")
    found = awrsr.attribute(model, HISTORY, 7, method="shapley_value_sampling")
    (drawn,) = attribution_figure(found, titles=[f"Film {item}" for item in HISTORY]).data
    np.testing.assert_allclose(drawn.x, found.values)
    np.testing.assert_allclose(drawn.error_x.array, found.standard_errors)
    assert [*drawn.y] == [f"{n}. Film {i}" for n, i in enumerate(HISTORY, start=1)]


def test_titles_are_escaped(trace, make_model):
    titles = [f"{HOSTILE} {place}" for place in range(5)]
    found = awrsr.attribute(make_model(), HISTORY, 7, method="input_x_gradient")
    for figure in (map_figure(trace, titles=titles), attribution_figure(found, titles=titles)):
        (drawn,) = figure.data
        ticks = figure.layout.yaxis.ticktext
        assert not any("<" in text for text in (*drawn.y, *ticks))
        with pytest.raises(DataError, match="1 titles for 5 items"):
            map_figure(trace, titles=["one"])
        with pytest.raises(DataError, match="6 titles for 5 items"):
            attribution_figure(found, titles=["one"] * 6)


@pytest.mark.parametrize("choice", [{"layer": 2}, {"layer": -3}, {"head": 2}, {"head": -1}])
def test_layers_and_heads_that_are_not_there_are_refused(trace, choice):
    with pytest.raises(ConfigError, match="accepted: layers 0 to 1, heads 0 to 1 or None"):
        map_figure(trace, **choice)


def test_kinds_that_are_not_there_are_refused(trace, make_model):
    with pytest.raises(ConfigError, match="third_order"):
        map_figure(trace, "third_order")
    with pytest.raises(ConfigError, match="no map of the kind 'second_order'"):
        map_figure(awrsr.trace(make_model(), HISTORY), "second_order")


def test_the_code_of_the_page_runs(tmp_path, monkeypatch):
    page = (ROOT / "docs" / "figures.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (tmp_path / "assets").symlink_to(ROOT / "assets")
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(code, names)
    assert all(isinstance(names[name], go.Figure) for name in ("first", "second", "bars", "curves"))
    assert (tmp_path / "curves.html").is_file()
