"""The order in which Inspect is sent: the first screen, then the rest with only the open tab."""

import pytest
from driving import MAIN, TIMEOUT, address, figures, messages, open_page, run, sent, texts
from streamlit.testing.v1 import AppTest

from app.panels import PANELS
from app.state import Session


def test_the_rest_comes_when_the_browser_asks_for_it():
    page = AppTest.from_file(MAIN, default_timeout=TIMEOUT).run()
    assert messages(page) == []
    assert sent(page, "board") and len(page.dataframe) == 0 and len(page.tabs) == 0
    first = {text for text in texts(page)}
    page.run()  # as after the browser's timer
    full = open_page()
    assert [tab.label for tab in page.tabs] == [tab.label for tab in full.tabs] != []
    assert len(page.dataframe) == len(full.dataframe) > 0
    assert first <= set(texts(page)) == set(texts(full))
    assert sent(page, "board") == sent(full, "board")


@pytest.fixture
def one_tab(all_tabs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the open tab is drawn, as in a browser."""
    monkeypatch.setattr("app.views.inspect.page.is_open", bool)


def test_only_the_open_tab_is_drawn_and_its_name_is_in_the_address(one_tab):
    page = open_page()
    assert any("In both lists" in text for text in texts(page)) and figures(page) == {}
    assert "panel" not in address(page)
    page.session_state[Session.panel.name] = PANELS["attribution"]
    run(page)
    assert "attribution" in figures(page) and not any("In both lists" in t for t in texts(page))
    assert address(page)["panel"] == "attribution"
    linked = open_page(panel="attribution")
    assert "attribution" in figures(linked) and messages(linked) == []


def test_choices_in_a_closed_tab_are_kept(one_tab):
    page = open_page(panel="heads")
    page.session_state[Session.gains.name] = True
    run(page)
    drawn = len(page.dataframe)
    assert drawn
    for label in (PANELS["download"], PANELS["heads"]):
        page.session_state[Session.panel.name] = label
        run(page)
    assert page.session_state[Session.gains.name] and len(page.dataframe) == drawn


def test_an_unknown_tab_in_the_address_is_named(one_tab):
    page = open_page(panel="weights")
    assert any(
        "panel" in text and "recommendations, attribution" in text for text in messages(page)
    )
    assert len(page.dataframe) == 2
