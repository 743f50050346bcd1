"""The first visit: the first screen comes before the rest of Inspect."""

from driving import MAIN, TIMEOUT, messages, open_page, sent, texts
from streamlit.testing.v1 import AppTest

from app.state import Session


def test_the_rest_comes_when_the_browser_asks_for_it():
    page = AppTest.from_file(MAIN, default_timeout=TIMEOUT).run()
    assert messages(page) == []
    assert sent(page, "board") and len(page.dataframe) == 0 and len(page.tabs) == 0
    first = {text for text in texts(page)}
    page.run()  # as by the browser's timer
    whole = open_page()
    assert page.session_state[Session.arrived.name]
    assert [tab.label for tab in page.tabs] == [tab.label for tab in whole.tabs] != []
    assert len(page.dataframe) == len(whole.dataframe) > 0
    assert first <= set(texts(page)) == set(texts(whole))
    assert sent(page, "board") == sent(whole, "board")
