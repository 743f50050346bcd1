"""The state of the board's widget: what the script reports is a selection in Python."""

import re
import sys

import pytest

from awrsr import board
from awrsr.errors import AwrsrError, DataError
from awrsr.ranking.recommendation import trace

pytest.importorskip("anywidget", reason="anywidget is not installed")
PANELS = [{"source": "A", "layer": 0, "head": "mean", "kind": "refined"}]


@pytest.fixture
def widget(make_model, tiny_dataset):
    traced = trace(make_model("sasrec", "additive"), [3, 1, 4])
    return board.widget(traced, dataset=tiny_dataset)


def test_a_report_of_the_script_is_a_selection(widget):
    """`set_state` is what a message of the browser calls."""
    seen = []
    widget.observe(lambda change: seen.append(change["new"]), "selection")
    assert widget.selection is None
    widget.set_state({"lock": {"query": 2, "key": 0, "panels": PANELS}})
    found = widget.selection
    assert (found.query, found.key, found.query_item, found.key_item) == (2, 0, 4, 3)
    assert found.panels == tuple(PANELS)
    widget.set_state({"lock": {"query": 1, "key": None, "panels": PANELS}})
    assert (widget.selection.query_item, widget.selection.key_item) == (1, None)
    widget.set_state({"lock": None})
    assert widget.selection is None
    assert [one and one.query for one in seen] == [2, 1, None]


@pytest.mark.parametrize("lock", [{}, {"query": 3, "key": 0}, {"query": 0, "key": "0"}])
def test_a_report_of_no_cell_is_refused(widget, lock):
    import traitlets

    with pytest.raises(traitlets.TraitError, match=r"accepted: places below 3"):
        widget.lock = lock
    assert widget.selection is None


def test_the_widget_shows_the_page_of_show(make_model, tiny_dataset):
    traced = trace(make_model("sasrec", "additive"), [3, 1, 4])
    widget = board.widget(traced, dataset=tiny_dataset, title="a title")
    assert widget.page == board.show(traced, dataset=tiny_dataset, title="a title").page
    assert {"page", "lock"} <= {*widget.get_state()} and "selection" not in widget.get_state()
    with pytest.raises(DataError, match="1 or 2 traces; received 0"):
        board.widget()


def test_the_module_is_what_anywidget_mounts(widget):
    assert re.search(r"^export default \{ render \};$", widget._esm, re.MULTILINE)
    assert "import" not in widget._esm and "://" not in widget._esm


def test_without_anywidget_the_error_says_what_to_install(make_model, monkeypatch):
    monkeypatch.setitem(sys.modules, "anywidget", None)
    monkeypatch.delitem(sys.modules, "awrsr.board.live", raising=False)
    with pytest.raises(AwrsrError, match=r"pip install 'awrsr\[notebook\]'"):
        board.widget(trace(make_model(), [3, 1, 4]))
