"""An upload of a model in a real Chromium; another session does not see it."""

import re

import pytest
from browsing import settled, signature, with_board
from helpers import ROOT
from uploading import zipped

pytestmark = pytest.mark.browser
expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect
MODEL = ROOT / "assets" / "planted" / "models" / "sasrec-value_weighted"
NAME = "sasrec-value_weighted-mine"


@pytest.mark.slow
def test_an_uploaded_model_is_drawn_and_belongs_to_its_session(visit):
    page = with_board(visit(dataset="planted"))
    before = signature(page)
    form = page.get_by_test_id("stExpander").filter(has_text="Upload a model")
    assert form.bounding_box()["height"] < 50  # one line
    form.locator("summary").click()
    content = {"name": "mine.zip", "mimeType": "application/zip", "buffer": zipped(MODEL)}
    form.locator("input[type=file]").set_input_files(content)
    expect(page.locator(".ab")).not_to_have_attribute("data-signature", before)
    settled(page)
    expect(page).to_have_url(re.compile(rf"[?&]b={NAME}%40"))
    expect(
        page.get_by_text("A link to this page does not carry an uploaded model.")
    ).to_be_visible()
    expect(form.get_by_role("button", name=f"Remove {NAME}")).to_be_visible()

    other = with_board(visit(page.url))
    expect(other).not_to_have_url(re.compile(NAME))
    assert signature(other) == before

    form.get_by_role("button", name=f"Remove {NAME}").click()
    expect(page).not_to_have_url(re.compile(NAME))
    expect(page.locator(".ab")).to_be_visible()
