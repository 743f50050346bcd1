"""What a notebook and a terminal display of a result."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pandas as pd
import pytest

import awrsr
from awrsr.display import LONGEST, ROWS, Card, Displayed
from awrsr.explain.faithfulness import MEASURES, faithfulness_curves
from awrsr.studies import Checks

HOSTILE = "<script>alert(1)</script>\" onmouseover='x' & $\\href{javascript:x}{y}$\n\u202e"


class Result(Displayed):
    def __init__(self, **parts):
        self.parts = parts

    def card(self) -> Card:
        return Card(**self.parts)


def parsed(shown: Displayed) -> ET.Element:
    """The HTML, which is also XML."""
    return ET.fromstring(shown._repr_html_())


def cells(shown: Displayed) -> list[list[str]]:
    rows = parsed(shown).iterfind(".//tbody/tr")
    return [[cell.text or "" for cell in row] for row in rows]


def results(model, dataset) -> dict[str, Displayed]:
    orders = {"newest first": [[2, 1, 0]]}
    return {
        "trace": awrsr.trace(model, [3, 1, 4]),
        "attribution": awrsr.attribute(model, [3, 1, 4], 5, method="integrated_gradients"),
        "evaluation": awrsr.evaluate(model, dataset),
        "checks": awrsr.check_model(model, dataset),
        "curves": faithfulness_curves(model, [3, 1, 4], 5, orders)["newest first"],
    }


@pytest.mark.parametrize("refinement", ["none", "additive"])
def test_every_result_is_a_card_and_one_line(make_model, tiny_dataset, refinement):
    for name, result in results(make_model("sasrec", refinement), tiny_dataset).items():
        assert cells(result), name
        line = repr(result)
        assert "\n" not in line and "tensor(" not in line and len(line) < 1500, name


def test_what_the_cards_say(make_model, tiny_dataset):
    found = results(make_model("sasrec", "additive"), tiny_dataset)
    assert repr(found["trace"]).startswith("<Trace; model: sasrec-additive, items: 3, layers: 2")
    refined = found["trace"].layers[-1].refined[:, -1].mean(dim=0).flip(0)
    assert [row[:2] for row in cells(found["trace"])] == [["2", "4"], ["1", "1"], ["0", "3"]]
    assert [row[-1] for row in cells(found["trace"])] == [f"{weight:.4f}" for weight in refined]
    values = found["attribution"].values.flip(0)
    assert [row[-1] for row in cells(found["attribution"])] == [f"{value:.4f}" for value in values]
    metrics = found["evaluation"].metrics
    assert cells(found["evaluation"]) == [[name, f"{m:.4f}"] for name, m in metrics.items()]
    assert found["evaluation"].protocol["candidates"] in repr(found["evaluation"])
    assert all(title in repr(found["curves"]) for title in MEASURES.values())


def test_a_failed_check_comes_first():
    passed, failed = (awrsr.Check(name=str(ok), passed=ok, measured="0.1") for ok in (True, False))
    checks = Checks([passed, failed])
    assert checks == [passed, failed]
    assert cells(checks) == [["failed", "False", "0.1"], ["passed", "True", "0.1"]]
    assert repr(checks) == "<Checks of a model; passed: 1, failed: 1>"


def test_titles_are_given_to_the_tables(make_model, tiny_dataset):
    model = make_model("sasrec", "additive")
    titles = tiny_dataset.titles([3, 1, 4])
    for result in (awrsr.trace(model, [3, 1, 4]), awrsr.attribute(model, [3, 1, 4], 5)):
        assert result.table(titles)["title"].tolist() == titles[::-1]
        assert "title" not in result.table()


def test_every_text_is_escaped_and_one_line():
    table = pd.DataFrame({HOSTILE: [HOSTILE]})
    shown = Result(title=HOSTILE, facts={HOSTILE: HOSTILE}, table=table, note=HOSTILE)
    html = shown._repr_html_()
    assert "<script" not in html and not re.search(r"<[^>]*onmouseover", html)
    one_line = HOSTILE.replace("\n", " ").replace("\u202e", " ")
    assert cells(shown) == [[one_line]]
    assert "\n" not in repr(shown) and "\u202e" not in repr(shown)
    assert "mathjax_ignore" in html  # a dollar in a title begins no formula


def test_a_list_of_recommendations_is_escaped(make_model, tiny_dataset):
    """It is a frame of pandas, which escapes by itself."""
    listed = awrsr.recommend(make_model(), [3, 1, 4], k=3, dataset=tiny_dataset)
    assert "<script" not in listed.assign(title=HOSTILE)._repr_html_()


def test_the_size_is_bounded():
    table = pd.DataFrame({"value": np.arange(10_000.0), "text": "x" * 5000})
    shown = Result(title="y" * 5000, table=table)
    assert len(cells(shown)) == ROWS and len(cells(shown)[0][1]) == LONGEST
    assert "and 9980 more" in shown._repr_html_()
    assert len(shown._repr_html_()) < 20_000


def test_bars_are_shares_of_the_largest_value():
    numbers = [1.0, -2.0, 0.0, np.nan]
    shown = Result(title="bars", table=pd.DataFrame({"value": numbers}), bars=("value",))
    styles = [cell.get("style") or "" for cell in parsed(shown).iterfind(".//td")]
    lengths = [re.findall(r"([\d.]+)%", style) for style in styles]
    assert lengths == [["50.0"], ["100.0"], ["0.0"], []]
    none = Result(title="bars", table=pd.DataFrame({"value": [0.0]}), bars=("value",))
    assert "gradient" not in none._repr_html_()


def test_it_can_be_read_on_light_and_on_dark():
    """No colour of text or of a ground is set, and bars are see-through."""
    shown = Result(title="bars", table=pd.DataFrame({"value": [1.0, -1.0]}), bars=("value",))
    html = shown._repr_html_()
    assert not re.search(r"[^-]color: (?!inherit)|#[0-9a-f]{3}", html)
    assert all(float(alpha) < 0.5 for alpha in re.findall(r"rgba\([^)]*, ([.\d]+)\)", html))
